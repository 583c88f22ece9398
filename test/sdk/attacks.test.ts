/**
 * Attacks on links that MACsec seals, on the twin: each is refused for the reason that its kind gives, is counted, and harms nobody, whatever
 * suite, tag, offset and window the link has.
 */
import * as fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Plan } from '../../contract/plan.js'
import { macsecAttacks } from '../../sdk/arb/attacks.js'
import { judgeDelivery } from '../../sdk/judge/delivery.js'
import { judgeFates } from '../../sdk/judge/fate.js'
import type { ScenarioTarget } from '../../sdk/scenario-target.js'
import { bitFlipped, sealedFields, truncatedSeal } from '../../sdk/traffic/attack-macsec.js'
import { macsecAttackFrames, macsecLinks, macsecRefusals, refusalsIn } from '../../sdk/traffic/attacks.js'
import { tapOf } from '../../sdk/traffic/forge-link.js'
import { flow } from '../../sdk/traffic/flow.js'
import { compile } from '../../twin/compile.js'
import { formatProblem, parseFabric } from '../../twin/model/index.js'
import { runSeed } from '../support/run-seed.js'
import { planOf, twinOf } from './testing/demo.js'

const text = readFileSync('topologies/two-leaves.yaml', 'utf8').replace(/^ *sealed: .*\n/m, '')

/** two-leaves with another seal. */
function sealedBy(seal: string): Plan {
  const { fabric, problems } = parseFabric(text.replace('macsec: gcm-aes-128', seal), 'sealed.yaml')
  if (fabric === undefined) throw new Error(problems.map(formatProblem).join('; '))
  return compile(fabric)
}

const honest = ({ fabric }: ScenarioTarget) => [
  flow(fabric, fabric.host('red/a1'), fabric.host('red/a2'), {}, { count: 3 }),
  flow(fabric, fabric.host('red/a2'), fabric.host('red/a1'), {}, { count: 6 }),
  flow(fabric, fabric.host('red/a1'), fabric.host('red/b1'), {}, { count: 3 }),
]
const seed = runSeed('attacks')
const seals = [
  'macsec: gcm-aes-128',
  'macsec: gcm-aes-256, tag: implicit',
  'macsec: gcm-aes-xpn-128, tag: end-station',
  'macsec: gcm-aes-xpn-256, replayWindow: 4',
  'macsec: gcm-aes-128, confidentiality: none',
  'macsec: gcm-aes-256, confidentiality: offset-30, standby: 2',
  'macsec: gcm-aes-xpn-128, confidentiality: offset-50, tag: implicit, replayWindow: 64',
]

describe.each(seals)('[Z38] attacks on a link with %s', (seal) => {
  const plan = sealedBy(seal)

  test('every bit of every field, and every length, is refused for its reason', async () => {
    const target = twinOf(plan)
    const [link] = macsecLinks(target.fabric)
    if (link === undefined) throw new TypeError('nothing is sealed')
    const tap = tapOf(target.reader, link, link.ends[1])
    const seen = await target.send([
      ...sealedFields.flatMap((field) =>
        Array.from({ length: field === 'Secure Data' ? 200 : 128 }, (_, bit) =>
          bitFlipped(tap, target.reader, field, bit),
        ),
      ),
      ...Array.from({ length: 120 }, (_, length) => truncatedSeal(tap, target.reader, 15 + length)),
    ])
    expect(judgeFates(seen).findings.map(({ message }) => message)).toEqual([])
    expect(judgeFates(seen).judged).toBe(8 * 128 + 200 + 120)
  })

  test(
    '[MACSEC-8] drawn ones are refused and counted, and honest frames arrive',
    { timeout: 60_000 },
    async () => {
      const target = twinOf(plan)
      await fc.assert(
        fc.asyncProperty(macsecAttacks(target.fabric), async (attacks) => {
          await target.reset()
          const before = await target.send(honest(target))
          const counted = await macsecRefusals(target)
          const frames = macsecAttackFrames(target, attacks, before)
          const seen = await target.send([...frames, ...honest(target)])
          expect(judgeFates(seen).findings.map(({ message }) => message)).toEqual([])
          expect(judgeDelivery(seen)).toMatchObject({ findings: [], delivered: 12 })
          const after = await macsecRefusals(target)
          const grown = [...after].map(([name, count]) => [name, count - (counted.get(name) ?? 0)] as const)
          expect(new Map(grown.filter(([, count]) => count > 0))).toEqual(refusalsIn(seen))
        }),
        { numRuns: 40, seed },
      )
    },
  )
})

describe('[Z38] a node that gives way is found', () => {
  test.each<[string, (copy: Plan) => void, RegExp]>([
    [
      'takes frames again',
      (copy) => forSeals(copy, (one) => (one.replayProtect = false)),
      /expected macsec-replay/,
    ],
    ['takes clear frames', (copy) => forSeals(copy, (one) => (one.mode = 'check')), /expected macsec-clear/],
    [
      'knows every channel',
      (copy) =>
        forSeals(copy, (one) => one.rx.push(...one.rx.map((rx) => ({ ...rx, sci: '06dead0000000007' })))),
      /expected macsec-sci-unknown; .*: no-route/,
    ],
  ])('one that %s', async (_, change, message) => {
    const plan = planOf('two-leaves')
    const runs = structuredClone(plan)
    change(runs)
    const target = twinOf(plan, { runs })
    const found: string[] = []
    const draw = fc.sample(macsecAttacks(target.fabric, { max: 60 }), { numRuns: 30, seed: 7 })
    const [link] = macsecLinks(target.fabric)
    if (link === undefined) throw new TypeError('nothing is sealed')
    const foreign = { kind: 'channel' as const, sci: '06dead0000000007', link: link.id, to: link.ends[0] }
    for (const attacks of [...draw, [foreign]]) {
      const before = await target.send(honest(target))
      const seen = await target.send(macsecAttackFrames(target, attacks, before))
      found.push(...judgeFates(seen).findings.map((finding) => finding.message))
    }
    expect(found.join('\n')).toMatch(message)
  })
})

function forSeals(
  plan: Plan,
  change: (one: Extract<Plan['nodes'][number]['program']['interfaces'][number], { kind: 'macsec' }>) => void,
): void {
  for (const { program } of plan.nodes)
    for (const one of program.interfaces) if (one.kind === 'macsec') change(one)
}
