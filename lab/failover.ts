/**
 * How long a flow is cut off when something breaks: told by the numbers in its packets, which are sent at a rate whatever becomes of them.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { findTraceId } from '../twin/packet/index.js'
import { LabError } from './errors.js'
import type { Lab } from './lab.js'

const Sent = z.object({ at: z.array(z.number()), started: z.number(), sent: z.int() })
const Arrivals = z.object({
  arrivals: z.array(z.object({ host: z.string(), data: z.base64(), foreign: z.boolean() })),
  next: z.int(),
  lost: z.int(),
})
/** Arrivals of one answer. */
const COLLECT = 4096
/** ms for what is on its way when the last packet has left, besides the delay of links. */
const LINGER = 200
const SECOND = 1_000_000_000
/** Of a flow's packets, at its beginning and its end, among which one must have arrived. */
const EDGE = 0.02

export interface Flow {
  /** A host's id; its packets leave here. */
  readonly from: string
  /** Hosts at which they may arrive: one, or those of an anycast address. */
  readonly to: readonly string[]
  /** The frame with a sequence number, which is the trace of its trace id. */
  readonly frame: (sequence: number) => Uint8Array
  /** Packets a second, open loop. */
  readonly rate: number
  /** ms for which packets are sent before it breaks, and altogether. */
  readonly before: number
  readonly lasts: number
}

/** Packets in a row that did not arrive. */
export interface Gap {
  /** Sequence number of the first one. */
  readonly first: number
  readonly count: number
  /** ms from the sending of the last packet before the gap to that of the first one behind it. */
  readonly ms: number
}

export interface Loss {
  readonly sent: number
  readonly received: number
  /** In order. One that lasts until the end is the last of them. */
  readonly gaps: readonly Gap[]
  /** The longest that was not over when breaking began, ms; 0 when nothing was lost. Of a flow that is not back, at least so long. */
  readonly window: number
  /** The longest of those before, ms: what the host itself loses. */
  readonly noise: number
  /** Packets arrive again at the end. */
  readonly back: boolean
  /** All of them, ms. */
  readonly outage: number
  /** ms from the first packet until breaking it had begun, and until it was done. */
  readonly broke: readonly [number, number]
  /** The most that a packet left later than it should have, ms: a host that stands still for longer than BFD waits breaks sessions by itself. */
  readonly late: number
  /** By host, where packets arrived. */
  readonly arrived: ReadonlyMap<string, number>
}

/**
 * Sends a flow and breaks something meanwhile.
 *
 * @param breakIt begins `before` ms behind the first packet
 * @throws LabError `ZT_LAB_LOST` when packets were not sent, did not arrive before anything was broken, or it was broken too late: there is
 *   no window then
 */
export async function measureLoss(lab: Lab, flow: Flow, breakIt: () => Promise<void>): Promise<Loss> {
  const [loss] = await measureLosses(lab, [flow], flow, breakIt)
  if (loss !== undefined) return loss
  throw lost('no flow was sent')
}

/**
 * As {@link measureLoss}, of several flows at once, each at the same rate.
 *
 * @returns what each has lost, in their order
 */
export async function measureLosses(
  lab: Lab,
  flows: readonly Pick<Flow, 'from' | 'to' | 'frame'>[],
  { rate, before, lasts }: Pick<Flow, 'rate' | 'before' | 'lasts'>,
  breakIt: () => Promise<void>,
): Promise<readonly Loss[]> {
  const count = Math.floor((rate * lasts) / 1000)
  // Of the n-th packets of all flows the numbers stand side by side.
  const frames = Array.from({ length: count }, (_, sequence) =>
    flows.map((flow, n) => ({
      host: flow.from,
      data: Buffer.from(flow.frame(sequence * flows.length + n)).toString('base64'),
      at: Math.round((sequence * SECOND) / rate),
    })),
  ).flat()
  // What arrived before is nobody's here.
  let next = (await collect(lab, 0)).next
  const sending = lab.probe({ op: 'send', frames })
  const broken = (async (): Promise<readonly [bigint, bigint]> => {
    await delay(before)
    const began = process.hrtime.bigint()
    await breakIt()
    return [began, process.hrtime.bigint()]
  })()
  const [answer, [began, done]] = await Promise.all([sending, broken])
  const { at, started, sent } = Sent.parse(answer)
  const longest = Math.max(0, ...lab.plan.links.map((link) => link.delay ?? 0))
  await delay(LINGER + (longest * lab.plan.links.length) / 1e6)
  const received = flows.map(() => new Map<number, string>())
  for (;;) {
    const part = await collect(lab, next)
    for (const { host, data, foreign } of part.arrivals) {
      const trace = findTraceId(Buffer.from(data, 'base64'))?.trace
      if (foreign || trace === undefined) continue
      const n = trace % flows.length
      if (flows[n]?.to.includes(host) === true) received[n]?.set(Math.floor(trace / flows.length), host)
    }
    next = part.next
    if (part.arrivals.length < COLLECT) break
  }
  if (sent !== frames.length) throw lost(`${sent} of ${frames.length} packets could be sent`)
  const since = (time: bigint) => (Number(time) - started) / 1e6
  const broke = [since(began), since(done)] as const
  if (broke[0] > lasts / 2)
    throw lost(
      `it was broken ${Math.round(broke[0])} ms behind the first packet, too late to see what comes of it`,
    )
  return received.map((of, n) =>
    lossOf({ at: at.filter((_, index) => index % flows.length === n), received: of, broke, rate }),
  )
}

/** From when packets left, -1 for none, and where they arrived. */
export function lossOf(seen: {
  readonly at: readonly number[]
  readonly received: ReadonlyMap<number, string>
  readonly broke: readonly [number, number]
  /** Packets a second that were to leave. */
  readonly rate: number
}): Loss {
  const { at, received, broke, rate } = seen
  const [first, last] = [Math.min(...received.keys()), Math.max(...received.keys())]
  // A host that is busy may lose one or two anywhere.
  const edge = at.length * EDGE
  if (!(first <= edge))
    throw lost('the first packets did not arrive: the flow was cut off before anything broke')
  const back = last >= at.length - 1 - edge
  const timeOf = (sequence: number) => ((at[sequence] ?? NaN) - (at[0] ?? NaN)) / 1e6
  const end = back ? last : at.length - 1
  const gaps: Gap[] = []
  for (let sequence = first; sequence <= end; sequence++) {
    if (received.has(sequence)) continue
    const began = sequence
    while (sequence <= end && !received.has(sequence)) sequence++
    const until = Math.min(sequence, at.length - 1)
    gaps.push({ first: began, count: sequence - began, ms: timeOf(until) - timeOf(began - 1) })
  }
  const isBefore = (gap: Gap) => timeOf(gap.first - 1) + gap.ms <= broke[0]
  const longest = (some: readonly Gap[]) => Math.max(0, ...some.map(({ ms }) => ms))
  const arrived = new Map<string, number>()
  for (const host of received.values()) arrived.set(host, (arrived.get(host) ?? 0) + 1)
  return {
    sent: at.length,
    received: received.size,
    gaps,
    window: longest(gaps.filter((gap) => !isBefore(gap))),
    noise: longest(gaps.filter(isBefore)),
    back,
    outage: gaps.reduce((sum, { ms }) => sum + ms, 0),
    broke,
    late: Math.max(
      0,
      ...at.map((_, sequence) => timeOf(sequence) - (sequence * 1000) / rate).filter(isFinite),
    ),
    arrived,
  }
}

/** Whether a loss can be held against a bound in ms: a flow that is not back has been away for longer, or nobody has looked for long enough. */
export function isTold({ back, window }: Loss, bound: number): boolean {
  return back || window > bound
}

async function collect(lab: Lab, from: number): Promise<z.infer<typeof Arrivals>> {
  // From 0 on: all that is kept, of which only the end is wanted.
  for (let at = from; ;) {
    const part = Arrivals.parse(await lab.probe({ op: 'collect', from: at, limit: COLLECT }))
    if (part.lost > 0) throw lost(`the probe had no room for ${part.lost} arrivals`)
    if (from !== 0 || part.arrivals.length < COLLECT) return part
    at = part.next
  }
}

function lost(what: string): LabError {
  return new LabError('ZT_LAB_LOST', what, {
    remedy: 'measure on a quieter host, or for longer than it takes to come back',
  })
}
