/**
 * A lab that somebody breaks by hand: `verify --lab` judges it as it is, says that twin and lab differ, which intent is hit, and
 * leaves a packet to show.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Interface } from '../../contract/program.js'
import { readCapture } from '../../twin/packet/index.js'
import { shippedFile, shipped } from './support/fabrics.js'
import { needsRoot } from './support/host.js'
import { troubles, verifiedOf, Workplace, type Verified } from './support/command.js'

const plan = shipped('demo')
const leaf1 = plan.nodes.find(({ name }) => name === 'leaf1')!
const find = <Kind extends Interface['kind']>(
  kind: Kind,
  matches: (one: Extract<Interface, { kind: Kind }>) => boolean,
) =>
  leaf1.program.interfaces.find(
    (one): one is Extract<Interface, { kind: Kind }> =>
      one.kind === kind && matches(one as Extract<Interface, { kind: Kind }>),
  )!

const Verification = z.looseObject({
  exit: z.int(),
  lab: z.object({ id: z.string(), attached: z.boolean() }),
})

beforeEach(needsRoot)

describe('[T03] [T06] [T07] [B02] a running lab that is broken through its control socket', () => {
  let at: Workplace
  let file: string
  let lab: string
  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    at = new Workplace()
    file = at.file('demo.yaml')
    // Without its latency, which a busy host breaks too.
    writeFileSync(file, readFileSync(shippedFile('demo'), 'utf8').replace(/^ +web-fast:.*\n/m, ''))
    lab = await at.labUp(file)
  })
  afterAll(async () => {
    if (process.getuid?.() === 0) await at.close()
  })

  const control = async (request: object) => {
    const { status, stderr } = await at.ztos('lab', 'control', lab, 'leaf1', JSON.stringify(request))
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  }
  const verify = async () =>
    at.ztos('verify', file, '--lab', lab, '--runs', at.file('runs'), '--cases', '3', '--json')

  /** What must be said of an intent that only the lab breaks. */
  function expectDisputed(verified: Verified, name: string): void {
    const verdict = verified.verdicts.find((one) => one.name === name)
    const by = (who: string) => verdict?.verdicts.find((one) => one.by === who)
    expect({
      combined: verdict?.combined,
      twin: by('twin')?.judgement,
      lab: by('netns')?.judgement,
    }).toEqual({ combined: 'disputed', twin: 'holds', lab: 'violated' })
    expect(by('netns')?.findings.some(({ frame }) => (frame?.length ?? 0) >= 28)).toBe(true)
    const record = Verification.parse(
      JSON.parse(readFileSync(path.join(verified.directory, 'verification.json'), 'utf8')),
    )
    expect(record).toMatchObject({ exit: 5, lab: { id: lab, attached: true } })
    const captures = readdirSync(path.join(verified.directory, 'pcap')).filter((one) =>
      one.endsWith('.pcapng'),
    )
    const packets = captures.flatMap(
      (one) => readCapture(readFileSync(path.join(verified.directory, 'pcap', one))).packets,
    )
    expect(packets.length).toBeGreaterThan(0)
    for (const page of ['report.html', 'junit.xml'])
      expect(readFileSync(path.join(verified.directory, page), 'utf8')).toContain(name)
  }
  const expectSound = async () => {
    const called = await verify()
    const verified = verifiedOf(called)
    expect({ troubles: troubles(verified), status: called.status }).toEqual({ troubles: [], status: 0 })
  }

  it('a VNI of a leaf: what needs its network is violated in the lab, disputed in all; put right, it holds', async () => {
    // The network of bank/sync1, which reaches bank/sync2 on leaf2 by this VNI alone.
    const { id, vni } = find('vxlan', (one) => one.vni === 20030)
    await control({ op: 'set-vni', interface: id, vni: 20031 })
    const called = await verify()
    expect(called.status).toBe(5)
    expectDisputed(verifiedOf(called), 'sync-pair')
    await control({ op: 'set-vni', interface: id, vni })
    await expectSound()
  })

  it('MACsec switched off on one link: its seal is violated in the lab, disputed in all; put right, it holds', async () => {
    const { id } = find('macsec', (one) => one.mode === 'strict')
    await control({ op: 'set-macsec-mode', interface: id, mode: 'disabled' })
    const called = await verify()
    expect(called.status).toBe(5)
    expectDisputed(verifiedOf(called), 'core-sealed')
    await control({ op: 'set-macsec-mode', interface: id, mode: 'strict' })
    await expectSound()
  })
})
