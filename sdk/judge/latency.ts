/**
 * Judges a `latency` intent by an open-loop measurement in the lab. What is lost counts as infinitely late.
 *
 * @module
 */
import type { PlanIntent } from '../../contract/plan.js'
import type { LatencySamples } from '../../record/target.js'
import { judge } from '../../record/judge.js'
import type { LatencyFigures, Verdict } from '../../record/verdict.js'
import type { ScenarioTarget } from '../scenario-target.js'
import { flow, reverse } from '../traffic/flow.js'
import { pathBetween } from '../traffic/path.js'
import { finding } from './finding.js'

type LatencyIntent = Extract<PlanIntent, { kind: 'latency' }>

/** Seconds of sending at the asked rate, if that gives enough packets for the percentile. */
const SECONDS = 1
/** Packets that should lie beyond the percentile: fewer make it a matter of luck. */
const BEYOND = 20
const MAX_PACKETS = 200_000

/** What else runs on the host can only make packets later, never earlier: of several measurements the best speaks for the fabric. */
const ATTEMPTS = 3

/** Judges the intent: holds with the first measurement that is within the target, is violated when none is. */
export async function judgeLatency(target: ScenarioTarget, intent: LatencyIntent): Promise<Verdict> {
  const base = { name: intent.name, kind: 'latency' as const, by: target.on }
  await warmUp(target, intent)
  const request = { from: intent.from, to: intent.to, rate: intent.rate, count: packetsFor(intent) }
  let best: Measured | undefined
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const samples = await target.latency(request)
    if (samples === undefined) {
      const cannot = 'latency cannot be measured here: the twin has no clock of its own'
      return judge({ ...base, judged: 0, controls: 0, findings: [], cannot })
    }
    const measured = measuredBy(samples, intent)
    if (best === undefined || better(measured, best, intent)) best = measured
    if (isJudgeable(best, intent) && best.value <= intent.bound) break
  }
  if (best === undefined) throw new TypeError('no measurement was made')
  return judged(base, best, intent)
}

/** A measurement, and the percentile that is asked for: of the fabric, and of bare forwarders on the same path. */
interface Measured {
  readonly samples: LatencySamples
  readonly value: number
  readonly floor: number | undefined
}

function measuredBy(samples: LatencySamples, { percentile: p }: LatencyIntent): Measured {
  return {
    samples,
    value: percentile(sorted(samples.samples), samples.sent, p),
    floor:
      samples.floor === undefined ? undefined : percentile(sorted(samples.floor), samples.floor.length, p),
  }
}

/** With a floor above the target nothing can be said about the fabric. */
function isJudgeable({ floor }: Measured, { bound }: LatencyIntent): boolean {
  return floor === undefined || floor <= bound
}

function better(one: Measured, other: Measured, intent: LatencyIntent): boolean {
  const [mine, theirs] = [isJudgeable(one, intent), isJudgeable(other, intent)]
  return mine === theirs ? one.value < other.value : mine
}

function judged(
  base: Pick<Verdict, 'name' | 'kind' | 'by'>,
  { samples, value, floor }: Measured,
  intent: LatencyIntent,
): Verdict {
  const { percentile: p, bound, from, to } = intent
  const counts = { judged: samples.sent, controls: samples.samples.length, latency: figuresOf(samples) }
  if (floor !== undefined && floor > bound) {
    const cannot = `floor above target: bare forwarders alone have p${p} ${nanoseconds(floor)}, the target is ${nanoseconds(bound)}`
    return judge({ ...base, ...counts, findings: [], cannot })
  }
  const beside = floor === undefined ? '' : `, floor ${nanoseconds(floor)}`
  const within = `p${p} is ${nanoseconds(value)} of at most ${nanoseconds(bound)}, tier ${samples.tier}${beside}`
  const lost = samples.sent - samples.samples.length
  const missing = lost === 0 ? '' : `, ${lost} of ${samples.sent} lost`
  const findings = value <= bound ? [] : [finding('INV-LATENCY', `${from} > ${to}: ${within}${missing}`)]
  return judge({ ...base, ...counts, findings, grounds: within })
}

/** The measurement is of forwarding, not of the first packet's wait for a neighbour: both ends speak first. */
async function warmUp(target: ScenarioTarget, intent: LatencyIntent): Promise<void> {
  const { fabric } = target
  const [from, to] = [fabric.host(intent.from), fabric.host(intent.to)]
  const tenant = fabric.tenant(from.tenant)
  const flows = ([4, 6] as const)
    .filter((family) => pathBetween(tenant, from, to, family).kind !== 'none')
    .map((family) => flow(fabric, from, to, { family }))
  await target.reset()
  await target.send(flows.flatMap((one) => [one, reverse(fabric, one)]))
}

function packetsFor({ percentile, rate }: LatencyIntent): number {
  const needed = Math.ceil((BEYOND * 100) / (100 - percentile))
  return Math.min(MAX_PACKETS, Math.max(rate * SECONDS, needed))
}

/** Figures of a measurement; lost packets are in `count` of nothing but make percentiles infinite. */
export function figuresOf({ tier, samples, sent, floor }: LatencySamples): LatencyFigures {
  const values = sorted(samples)
  const at = (p: number) => finite(percentile(values, sent, p))
  const below = floor === undefined ? undefined : sorted(floor)
  const floorAt = (p: number) => finite(percentile(below ?? [], below?.length ?? 0, p))
  return {
    tier,
    count: samples.length,
    p50: at(50),
    p90: at(90),
    p99: at(99),
    p999: at(99.9),
    max: values.at(-1) ?? 0,
    ...(below === undefined || below.length === 0
      ? {}
      : { floor: { p50: floorAt(50), p99: floorAt(99), max: below.at(-1) ?? 0, count: below.length } }),
  }
}

/** JSON has no infinity; a percentile beyond what arrived is the largest number there is. */
function finite(value: number): number {
  return Number.isFinite(value) ? value : Number.MAX_SAFE_INTEGER
}

/** The smallest value that at least p percent of all that was sent do not exceed (nearest rank). */
function percentile(values: readonly number[], sent: number, p: number): number {
  if (sent === 0) return Number.POSITIVE_INFINITY
  return values[Math.max(0, Math.ceil((p / 100) * sent) - 1)] ?? Number.POSITIVE_INFINITY
}

function sorted(samples: readonly number[]): readonly number[] {
  return samples.toSorted((a, b) => a - b)
}

function nanoseconds(value: number): string {
  if (!Number.isFinite(value)) return 'never'
  if (value >= 1e9) return `${(value / 1e9).toFixed(2)} s`
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} ms`
  if (value >= 1e3) return `${(value / 1e3).toFixed(1)} us`
  return `${value} ns`
}
