/**
 * Fabrics nobody has seen, in the lab: drawn anew in each run, every intent judged there, what each judge sent held against the
 * twin frame by frame, and every journal replayed.
 */
import { sample } from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { compareNodes, FabricComparer, labUp } from '../../lab/index.js'
import type { FabricDifference, Lab } from '../../lab/index.js'
import type { Plan } from '../../contract/plan.js'
import type { Target } from '../../record/target.js'
import { fabric as arbFabric } from '../../sdk/arb/index.js'
import type { FabricOptions, GeneratedFabric } from '../../sdk/arb/fabric.js'
import { judgeIntent } from '../../sdk/judge/intent.js'
import type { Keys } from '../../sdk/traffic/wire.js'
import { openTarget } from '../../sdk/vitest/open-target.js'
import { twinTarget } from '../../twin/target.js'
import { runSeed } from '../support/run-seed.js'
import { newSeed } from './support/fabrics.js'
import { needsRoot, nothing, tracesOf } from './support/host.js'

/** Small enough for a minute in all, and each different in kind: family, seal, one tenant more each. */
const kinds: readonly FabricOptions[] = [
  { spines: [1, 2], leaves: [2, 3], tenants: [2, 2], underlay: 4, sealed: true },
  { spines: [2, 3], leaves: [2, 4], tenants: [2, 3], underlay: 6, sealed: true },
  { spines: [1, 3], leaves: [3, 4], tenants: [3, 3], sealed: false },
]
const seed = runSeed('generated fabrics in the lab')

function draw(index: number): GeneratedFabric {
  const [drawn] = sample(arbFabric(kinds[index]), { seed: (seed + index) | 0, numRuns: 1 })
  if (drawn === undefined) throw new Error('nothing was drawn')
  return drawn
}

beforeEach(needsRoot)

interface BesideTwin {
  readonly target: Target
  readonly differences: readonly FabricDifference[]
  readonly compared: () => number
}

/** A target that sends everything in the twin too, and notes what differs. */
function besideTwin(target: Target, plan: Plan, keys: Keys): BesideTwin {
  const twin = twinTarget(plan, keys)
  const comparer = new FabricComparer(plan, keys)
  const differences: FabricDifference[] = []
  let compared = 0
  const latency = target.latency?.bind(target)
  return {
    differences,
    compared: () => compared,
    target: {
      interpreter: target.interpreter,
      plan,
      send: async (frames, options) => {
        const expected = await twin.send(frames)
        const seen = await target.send(frames)
        const comparison = comparer.compare(expected, seen)
        differences.push(...comparison.differences)
        compared += comparison.compared
        const wanted = options?.wire === undefined ? undefined : new Set(options.wire)
        return wanted === undefined
          ? seen
          : { ...seen, wire: seen.wire.filter(({ link }) => wanted.has(link)) }
      },
      reset: async () => {
        await twin.reset()
        await target.reset()
      },
      advanceTime: async (ns) => {
        await twin.advanceTime(ns)
        await target.advanceTime(ns)
      },
      ...(latency === undefined ? {} : { latency }),
      close: async () => {
        await twin.close()
        await target.close()
      },
    },
  }
}

describe('[T05] [T06] [Z03] [Z08] [B02] generated fabrics in the lab', () => {
  it.each([0, 1, 2])('fabric %d: every intent holds, twin and lab see the same', async (index) => {
    const { plan, text } = draw(index)
    const said = `ZT_SEED=${seed}\n${text}`
    let lab: Lab | undefined
    try {
      let both: BesideTwin | undefined
      let keys: Keys = new Map()
      const target = await openTarget(plan, { on: 'netns', lab: undefined }, async (of, given) => {
        keys = given
        lab = await labUp(of, { keysSeed: newSeed(), keys })
        both = besideTwin(await lab.target(), of, keys)
        return both.target
      })
      if (lab === undefined || both === undefined) throw new Error('no lab was opened')
      let crossTenant = 0
      for (const intent of target.fabric.intents) {
        const verdict = await judgeIntent(target, intent)
        expect(verdict, `${intent.name}, ${said}`).toMatchObject({ judgement: 'holds', findings: [] })
        expect(verdict.controls, `${intent.name}: positive controls, ${said}`).toBeGreaterThan(0)
        if (intent.kind === 'isolate') crossTenant += verdict.judged
      }
      expect(crossTenant, `attempts to cross tenants, ${said}`).toBeGreaterThan(0)
      expect(
        both.differences.slice(0, 3).map(({ message, twin, lab: got }) => ({ message, twin, got })),
        `what differs, ${said}`,
      ).toEqual([])
      expect(both.compared(), `compared, ${said}`).toBeGreaterThan(20)
      const nodes = compareNodes(await lab.journals(), keys)
      expect(
        nodes.nodes.flatMap(({ node, mismatches }) =>
          mismatches.slice(0, 1).map(({ message }) => `${node}: ${message}`),
        ),
        `what differs, ${said}`,
      ).toEqual([])
      expect(nodes.nodes.length).toBe(plan.nodes.length)
      await target.close()
      await lab.down()
      expect(tracesOf(lab.id)).toEqual(nothing)
    } finally {
      await lab?.down()
    }
  })
})
