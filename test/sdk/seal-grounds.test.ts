/**
 * The three grounds on which an `encrypt` verdict rests, each with its own result and numbers.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Plan } from '../../contract/plan.js'
import type { Verdict } from '../../record/verdict.js'
import { judgeEncrypt } from '../../sdk/judge/encrypt.js'
import type { ScenarioTarget } from '../../sdk/scenario-target.js'
import { compile } from '../../twin/compile.js'
import { parseFabric } from '../../twin/model/index.js'
import { planOf, twinOf, witnessed, type Tamper } from './testing/demo.js'
import { changed, macsecOf, wireguardOf } from './testing/seals.js'

const macsec = planOf('two-leaves')
const wireguard = withWireguard()

function withWireguard(): Plan {
  const text = readFileSync('topologies/two-leaves.yaml', 'utf8').replace(
    'macsec: gcm-aes-128',
    'wireguard: true',
  )
  const { fabric } = parseFabric(text, 'two-leaves.yaml')
  if (fabric === undefined) throw new TypeError('no fabric')
  return compile(fabric)
}

const encrypt = async (target: ScenarioTarget): Promise<Verdict> => {
  const intent = target.fabric.intent('sealed')
  if (intent.kind !== 'encrypt') throw new TypeError(intent.kind)
  return judgeEncrypt(target, intent)
}
const groundsOf = ({ grounds = [] }: Verdict) =>
  grounds.map(({ ground, judgement }) => `${ground}: ${judgement}`)

describe('[T07] a verdict rests on three grounds', () => {
  const captured: Tamper = (seen) => ({
    ...seen,
    wire: seen.wire.flatMap((one) => [one, { ...one, frame: one.frame, seenBy: 'capture' as const }]),
  })

  test.each([
    ['MACsec', macsec],
    ['WireGuard', wireguard],
  ])('on a sound fabric sealed by %s all hold, each with its numbers', async (_, plan) => {
    const verdict = await encrypt(twinOf(plan, { witness: witnessed(plan), tamper: captured }))
    expect(verdict).toMatchObject({ judgement: 'holds', findings: [] })
    expect(groundsOf(verdict)).toEqual(['plan: holds', 'egress guard: holds', 'capture: holds'])
    const [said, guard, capture] = verdict.grounds ?? []
    expect(said?.counts).toEqual({ links: 2, ends: 4, engines: 3 })
    expect(guard?.counts).toEqual({ ports: 4, guarded: 4, dropped: 0 })
    expect(capture?.counts['opened']).toBeGreaterThan(20)
    expect(capture?.counts['octets searched']).toBeGreaterThan(2000)
    expect(capture?.counts['compared with the twin']).toBeGreaterThan(20)
    expect(verdict.reason).toContain('PACKET_QDISC_BYPASS')
  })

  test('on the twin there is no guard to judge, and the others suffice', async () => {
    const verdict = await encrypt(twinOf(macsec))
    expect(verdict.judgement).toBe('holds')
    expect(groundsOf(verdict)).toEqual(['plan: holds', 'egress guard: unjudged', 'capture: holds'])
  })

  test.each<[string, 'macsec' | 'wireguard', (copy: Plan) => void, RegExp]>([
    ['a mode', 'macsec', (copy) => (macsecOf(copy, 'leaf1').mode = 'check'), /mode is check, not strict/],
    [
      'integrity alone',
      'macsec',
      (copy) => (macsecOf(copy, 'leaf1').confidentiality = 'none'),
      /confidentiality is none, not absent/,
    ],
    [
      'a window',
      'macsec',
      (copy) => (macsecOf(copy, 'leaf1').replayProtect = false),
      /replayProtect is false, not absent/,
    ],
    ['a key', 'macsec', (copy) => (macsecOf(copy, 'leaf1').tx.key = 'lab:other'), /tx is .*lab:other/],
    ['no seal', 'macsec', (copy) => dropSeal(copy, 'leaf1'), /it has no macsec interface/],
    ['prefixes', 'wireguard', (copy) => wireguardOf(copy, 'leaf1').peers[0]?.allowedIps.pop(), /peers is /],
  ])('an engine that runs %s of its own fails the first', async (_, kind, change, message) => {
    const plan = kind === 'macsec' ? macsec : wireguard
    const verdict = await encrypt(twinOf(plan, { witness: witnessed(changed(plan, change)) }))
    expect(groundsOf(verdict)).toEqual(['plan: violated', 'egress guard: holds', 'capture: holds'])
    expect(verdict.findings).toHaveLength(1)
    expect(verdict.findings[0]).toMatchObject({
      invariant: 'INV-SEAL-PLAN',
      node: 'leaf1',
      link: 'leaf1--spine1',
    })
    expect(verdict.findings[0]?.message).toMatch(message)
  })

  test.each<[string, (copy: Plan) => void, RegExp]>([
    [
      'takes clear frames',
      (copy) => (macsecOf(copy, 'leaf1').mode = 'check'),
      /leaf1 takes clear frames \(mode check\)/,
    ],
    ['sends in the clear', (copy) => (macsecOf(copy, 'leaf1').protect = false), /leaf1 sends in the clear/],
    [
      'does not encrypt',
      (copy) => (macsecOf(copy, 'leaf1').confidentiality = 'none'),
      /authenticates and does not encrypt/,
    ],
    [
      'has another suite',
      (copy) => (macsecOf(copy, 'leaf1').cipher = 'gcm-aes-256'),
      /leaf1 uses gcm-aes-256, spine1 gcm-aes-128/,
    ],
    [
      'does not know a channel',
      (copy) => (macsecOf(copy, 'leaf1').rx = []),
      /leaf1 has no receive association for what spine1 sends/,
    ],
    [
      'does not know the next association',
      (copy) => (macsecOf(copy, 'leaf1').standby = [{ an: 1, key: 'lab:next' }]),
      /spine1 has no receive association for what leaf1 sends \(SCI \w+, AN 1, key lab:next\)/,
    ],
  ])('a plan in which one end %s fails the first', async (_, change, message) => {
    const target = twinOf(changed(macsec, change), { runs: macsec })
    const verdict = await encrypt(target)
    expect(verdict.grounds?.[0]?.judgement).toBe('violated')
    expect(verdict.findings[0]?.message).toMatch(message)
  })

  test("frames that open, and are not the twin's, fail the third", async () => {
    const other = changed(macsec, (copy) => {
      for (const { program } of copy.nodes)
        for (const one of program.interfaces) if (one.kind === 'vxlan') one.ttl = 63
    })
    const verdict = await encrypt(
      twinOf(macsec, { runs: other, witness: witnessed(macsec), tamper: captured }),
    )
    expect(groundsOf(verdict)).toEqual(['plan: holds', 'egress guard: holds', 'capture: violated'])
    expect(verdict.findings[0]?.invariant).toBe('INV-AGREE-FABRIC')
  })

  test('what engines write down of themselves is no capture', async () => {
    const journals: Tamper = (seen) => ({
      ...seen,
      wire: seen.wire.map((one) => ({ ...one, frame: one.frame, seenBy: 'journal' as const })),
    })
    const verdict = await encrypt(twinOf(macsec, { witness: witnessed(macsec), tamper: journals }))
    expect(verdict.judgement).toBe('unjudged')
    expect(groundsOf(verdict)[2]).toBe('capture: unjudged')
  })

  test('a port whose kernel may send fails the second, and is named', async () => {
    const witness = witnessed(macsec, (node) => ({ installed: node !== 'leaf2', dropped: 3 }))
    const verdict = await encrypt(twinOf(macsec, { witness, tamper: captured }))
    expect(groundsOf(verdict)).toEqual(['plan: holds', 'egress guard: violated', 'capture: holds'])
    expect(verdict.findings).toMatchObject([{ invariant: 'INV-GUARD', node: 'leaf2', link: 'leaf2--spine1' }])
    expect(verdict.grounds?.[1]?.counts).toEqual({ ports: 4, guarded: 3, dropped: 12 })
  })
})

function dropSeal(copy: Plan, node: string): void {
  const { id } = macsecOf(copy, node)
  const program = copy.nodes.find(({ name }) => name === node)?.program
  if (program !== undefined) program.interfaces = program.interfaces.filter((one) => one.id !== id)
}
