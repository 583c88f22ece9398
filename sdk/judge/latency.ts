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
import { controlFlow } from '../traffic/flow.js'
import { finding } from './finding.js'

type LatencyIntent = Extract<PlanIntent, { kind: 'latency' }>

/** Seconds of sending at the asked rate, if that gives enough packets for the percentile. */
const SECONDS = 1
/** Packets that should lie beyond the percentile: fewer make it a matter of luck. */
const BEYOND = 20
const MAX_PACKETS = 200_000

/** Judges the intent. */
export async function judgeLatency(target: ScenarioTarget, intent: LatencyIntent): Promise<Verdict> {
  const base = { name: intent.name, kind: 'latency' as const, by: target.on, findings: [] }
  await warmUp(target, intent)
  const count = packetsFor(intent)
  const measured = await target.latency({ from: intent.from, to: intent.to, rate: intent.rate, count })
  if (measured === undefined) {
    return judge({
      ...base,
      judged: 0,
      controls: 0,
      cannot: 'latency cannot be measured here: the twin has no clock of its own',
    })
  }
  const latency = figuresOf(measured)
  const of = (samples: readonly number[], sent: number) =>
    percentile(sorted(samples), sent, intent.percentile)
  const value = of(measured.samples, measured.sent)
  const floor = measured.floor === undefined ? undefined : of(measured.floor, measured.floor.length)
  const counts = { judged: measured.sent, controls: measured.samples.length, latency }
  if (floor !== undefined && floor > intent.bound) {
    return judge({
      ...base,
      ...counts,
      cannot: `floor above target: bare forwarders alone have p${intent.percentile} ${nanoseconds(floor)}, the target is ${nanoseconds(intent.bound)}`,
    })
  }
  const within = `p${intent.percentile} is ${nanoseconds(value)} of at most ${nanoseconds(intent.bound)}, tier ${measured.tier}${floor === undefined ? '' : `, floor ${nanoseconds(floor)}`}`
  const lost = measured.sent - measured.samples.length
  const findings =
    value <= intent.bound
      ? []
      : [
          finding(
            'INV-LATENCY',
            `${intent.from} > ${intent.to}: ${within}${lost === 0 ? '' : `, ${lost} of ${measured.sent} lost`}`,
          ),
        ]
  return judge({ ...base, ...counts, findings, grounds: within })
}

/** The measurement is of forwarding, not of the first packet's wait for a neighbour. */
async function warmUp(target: ScenarioTarget, intent: LatencyIntent): Promise<void> {
  const tenant = target.fabric.tenant(target.fabric.host(intent.from).tenant)
  const control = controlFlow(target.fabric, tenant)
  await target.reset()
  if (control !== undefined) await target.send(control)
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
