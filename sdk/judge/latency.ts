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

/** Measurements after which a host is too busy to measure on: the floor of each, of bare forwarders, is above the target. */
const ATTEMPTS = 3
/** Measurements whose median decides when the first is above the target: one burst of other work on the host is no fault of the fabric. */
const DECIDING = 3

/**
 * Judges the intent by a measurement that can be judged: one whose floor, bare forwarders on the same path in the same run, is
 * within the target. The first of these decides if it is within; if not, two more are made and their median decides, and all three are
 * said. A fabric that is slow is so each time.
 */
export async function judgeLatency(target: ScenarioTarget, intent: LatencyIntent): Promise<Verdict> {
  const base = { name: intent.name, kind: 'latency' as const, by: target.on }
  await warmUp(target, intent)
  const request = { from: intent.from, to: intent.to, rate: intent.rate, count: packetsFor(intent) }
  const good: Measured[] = []
  const busy: Measured[] = []
  while (good.length < DECIDING && busy.length < ATTEMPTS) {
    const samples = await target.latency(request)
    if (samples === undefined) {
      const cannot = 'latency cannot be measured here: the twin has no clock of its own'
      return judge({ ...base, judged: 0, controls: 0, findings: [], cannot })
    }
    const measured = measuredBy(samples, intent)
    const { floor } = measured
    if (floor !== undefined && floor > intent.bound) busy.push(measured)
    else good.push(measured)
    const [first] = good
    if (good.length === 1 && first !== undefined && first.value <= intent.bound) break
  }
  const tooBusy = busy.at(-1)
  return busy.length === ATTEMPTS && tooBusy !== undefined
    ? unjudged(base, tooBusy, intent)
    : judged(base, good, intent)
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

type Base = Pick<Verdict, 'name' | 'kind' | 'by'>

function unjudged(base: Base, { samples, floor }: Measured, intent: LatencyIntent): Verdict {
  const cannot =
    `floor above target: bare forwarders alone have p${intent.percentile} ${nanoseconds(floor ?? 0)}, ` +
    `the target is ${nanoseconds(intent.bound)}`
  return judge({ ...base, ...countsOf(samples), findings: [], cannot })
}

/** By the median of the measurements; there is one, or an odd number. */
function judged(base: Base, measurements: readonly Measured[], intent: LatencyIntent): Verdict {
  const { percentile: p, bound, from, to } = intent
  const middle = measurements.toSorted((a, b) => a.value - b.value)[measurements.length >> 1]
  if (middle === undefined) throw new RangeError('there is no measurement')
  const { samples, value, floor } = middle
  const all = measurements.map((one) => nanoseconds(one.value)).join(', ')
  const several =
    measurements.length === 1 ? '' : `, the median of ${measurements.length} measurements (${all})`
  const beside = floor === undefined ? '' : `, floor ${nanoseconds(floor)}`
  const within = `p${p} is ${nanoseconds(value)} of at most ${nanoseconds(bound)}${several}, tier ${samples.tier}${beside}`
  const lost = samples.sent - samples.samples.length
  const missing = lost === 0 ? '' : `, ${lost} of ${samples.sent} lost`
  const findings = value <= bound ? [] : [finding('INV-LATENCY', `${from} > ${to}: ${within}${missing}`)]
  return judge({ ...base, ...countsOf(samples), findings, reason: within })
}

function countsOf(samples: LatencySamples) {
  return { judged: samples.sent, controls: samples.samples.length, latency: figuresOf(samples) }
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
