/**
 * Fabrics nobody has seen: drawn anew in each run, every size and family of them, judged by every intent on the twin, and
 * the same traffic replayed by the engine node by node.
 */
import { sample } from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import type { Injection, Target } from '../../../record/target.js'
import { TwinFabric } from '../../../twin/forward/index.js'
import { twinTarget } from '../../../twin/target.js'
import { fabric as arbFabric } from '../../../sdk/arb/index.js'
import type { GeneratedFabric } from '../../../sdk/arb/index.js'
import { judgeIntent } from '../../../sdk/judge/intent.js'
import type { Keys } from '../../../sdk/traffic/wire.js'
import { openTarget } from '../../../sdk/vitest/open-target.js'
import { FabricJournals } from '../../support/fabric-journals.js'
import { runSeed } from '../../support/run-seed.js'
import { EngineBench } from '../machine/engine.js'

/** `ZT_FABRICS` draws more. */
const COUNT = Number(process.env['ZT_FABRICS'] ?? 50)
/** Frames of a fabric that the engine replays. */
const REPLAYED = 400

const seed = runSeed('generated fabrics')
const bench = new EngineBench()
afterAll(() => bench.remove())

/** Every size and both families come up: the n-th fabric's are counted through, all else is drawn. */
function draw(index: number): GeneratedFabric {
  const spines = 1 + (index % 4)
  const leaves = 2 + (index % 5)
  const tenants = 1 + (Math.floor(index / 2) % 5)
  const options = {
    spines: [spines, spines],
    leaves: [leaves, leaves],
    tenants: [tenants, tenants],
    underlay: Math.floor(index / 4) % 2 === 0 ? 4 : 6,
  } as const
  const [fabric] = sample(arbFabric(options), { seed: (seed + index) | 0, numRuns: 1 })
  if (fabric === undefined) throw new Error('nothing was drawn')
  return fabric
}

/** Remembers what judges send. */
function recording(target: Target, sent: Injection[]): Target {
  return {
    ...target,
    send: async (frames, options) => {
      sent.push(...frames)
      return target.send(frames, options)
    },
  }
}

/** Sends the frames through a fresh twin and has the engine replay each node's journal. @returns nodes that differ */
function replayByEngine(
  fabric: GeneratedFabric,
  keys: Keys,
  frames: readonly Injection[],
): readonly string[] {
  const observer = new FabricJournals(fabric.plan)
  const twin = new TwinFabric(fabric.plan, keys, { observer })
  twin.send(frames)
  return [...observer.journals].flatMap(([node, journal]) => {
    const failure = bench.run({ journal: journal.bytes(), tables: twin.node(node).tables() }, keys, {
      cache: 'on',
      vector: 7,
    })
    return failure === undefined
      ? []
      : [`${node}: status ${failure.status}: ${failure.stderr}${failure.tables.join('; ')}`]
  })
}

describe(`[T05] [T01] ${COUNT} generated fabrics`, () => {
  const seen = {
    spines: new Set<number>(),
    leaves: new Set<number>(),
    tenants: new Set<number>(),
    underlay: new Set<string>(),
  }

  for (let index = 0; index < COUNT; index++) {
    test(`fabric ${index + 1}: every intent holds on the twin, and the engine does the same [Z03] [T06]`, async () => {
      const fabric = draw(index)
      const { plan } = fabric
      const role = (name: string) => plan.nodes.filter((node) => node.role === name).length
      seen.spines.add(role('spine'))
      seen.leaves.add(role('leaf'))
      seen.tenants.add(plan.tenants.length)
      seen.underlay.add(plan.underlay)

      const sent: Injection[] = []
      let keys: Keys = new Map()
      const target = await openTarget(plan, { on: 'twin', lab: undefined }, (of, given) => {
        keys = given
        return recording(twinTarget(of, given), sent)
      })
      for (const intent of target.fabric.intents) {
        const verdict = await judgeIntent(target, intent)
        expect(verdict, `${intent.name}, seed ${seed}\n${fabric.text}`).toMatchObject({
          judgement: 'holds',
          findings: [],
        })
        expect(verdict.controls, `${intent.name}: positive controls`).toBeGreaterThan(0)
      }
      await target.close()
      const chosen = sent.filter((_, at) => at % Math.max(1, Math.floor(sent.length / REPLAYED)) === 0)
      expect(replayByEngine(fabric, keys, chosen), `seed ${seed}\n${fabric.text}`).toEqual([])
    })
  }

  test('every size and family was drawn', () => {
    expect(seen.spines).toEqual(new Set([1, 2, 3, 4]))
    expect(seen.leaves).toEqual(new Set([2, 3, 4, 5, 6]))
    expect(seen.tenants).toEqual(new Set([1, 2, 3, 4, 5]))
    expect(seen.underlay).toEqual(new Set(['ipv4', 'ipv6']))
  })
})
