/**
 * The scenario that is counted: what one case of `forAll` costs. A case is drawn by fast-check, the fabric forgets what it has
 * learned, the frames are sent, and their arrivals are judged.
 *
 * @module
 */
import * as fc from 'fast-check'
import { flows } from '../sdk/arb/index.js'
import { judgeDelivery } from '../sdk/judge/delivery.js'
import type { ScenarioTarget } from '../sdk/scenario-target.js'

/** What a number of scenarios came to. */
export interface ScenarioTally {
  readonly scenarios: number
  readonly frames: number
  /** Frames on links. */
  readonly crossings: number
  readonly ms: number
  /** CPU time of this process, ms: what would be left of `ms` on a host with nothing else to do. */
  readonly cpu: number
}

/** Flows of a case: a frame each, between hosts on different leaves, so leaf, spine and leaf at least. */
const FLOWS = { min: 20, max: 24 }

export interface ScenarioOptions {
  readonly count: number
  readonly seed: number
  /** Looks at every frame on every link, so that each is sealed. */
  readonly readWire?: boolean
  readonly signal: AbortSignal
}

/** @throws Error when a frame did not arrive as it should: there is no speed of what does not work */
export async function runScenarios(target: ScenarioTarget, options: ScenarioOptions): Promise<ScenarioTally> {
  const { count, seed, readWire = false, signal } = options
  const tenants = Object.values(target.fabric.tenants)
  let [frames, crossings] = [0, 0]
  const [began, cpuBefore] = [performance.now(), process.cpuUsage()]
  const arbitrary = fc.constantFrom(...tenants).chain((within) => flows({ within, crossing: true, ...FLOWS }))
  for (const drawn of fc.sample(arbitrary, { numRuns: count, seed })) {
    signal.throwIfAborted()
    await target.reset()
    const seen = await target.send(drawn)
    const { judged, findings } = judgeDelivery(seen)
    if (findings.length > 0 || judged < FLOWS.min) {
      throw new Error(`${judged} frames judged: ${findings.map(({ message }) => message).join('; ')}`)
    }
    frames += judged
    // A capture is a second witness of what a journal says.
    crossings += seen.observation.wire.filter(({ seenBy }) => seenBy !== 'capture').length
    if (readWire) readAll(seen.observation.wire)
  }
  const { user, system } = process.cpuUsage(cpuBefore)
  return {
    scenarios: count,
    frames,
    crossings,
    ms: performance.now() - began,
    cpu: (user + system) / 1000,
  }
}

/** Octets of all frames; a frame is sealed when it is read. */
function readAll(wire: readonly { readonly frame: Uint8Array }[]): number {
  return wire.reduce((sum, { frame }) => sum + frame.length, 0)
}

/** What the tallies of all runs say about a scenario. */
export function scenarioDetail(tallies: readonly ScenarioTally[]): Record<string, number> {
  const sum = (of: (tally: ScenarioTally) => number) => tallies.reduce((total, one) => total + of(one), 0)
  return {
    'scenarios a run': sum(({ scenarios }) => scenarios) / tallies.length,
    'frames a scenario': rounded(sum(({ frames }) => frames) / sum(({ scenarios }) => scenarios)),
    'links crossed by a frame and its copies': rounded(
      sum(({ crossings }) => crossings) / sum(({ frames }) => frames),
    ),
  }
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}
