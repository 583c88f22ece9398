/** Traffic without a pause between hosts of a lab, each frame at its time; what arrived of it. */
import { z } from 'zod'
import type { Lab } from '../../../lab/index.js'
import { findTraceId } from '../../../twin/packet/index.js'
import { udpFrame } from './frames.js'

export interface Flow<Name extends string = string> {
  readonly from: Name
  readonly to: Name
  /** Frames a second. */
  readonly rate: number
}
interface Sent {
  readonly flow: Flow
  /** ns of CLOCK_MONOTONIC, as `process.hrtime` has it. */
  readonly at: bigint
}

/** ns of traffic that the probe is given at once. */
const CHUNK = 250_000_000
const SECOND = 1_000_000_000
const Answer = z.object({ at: z.array(z.number()) })
const Collected = z.object({
  arrivals: z.array(z.object({ host: z.string(), data: z.string() })),
  next: z.int(),
  lost: z.int(),
})

/** Of hosts `tenant/NAME`. */
export class Stream {
  private readonly sent = new Map<number, Sent>()
  private readonly arrived = new Map<number, string[]>()
  private traces = 0
  private next = 0
  private isOver = false
  private running: Promise<void> | undefined

  constructor(
    private readonly lab: Lab,
    private readonly flows: readonly Flow[],
  ) {}

  start(): void {
    this.running = this.run()
    // It is looked at in the end.
    this.running.catch(() => undefined)
  }

  /** Sends no more, and waits for what is under way. */
  async end(): Promise<Seen> {
    this.isOver = true
    await this.running
    for (let before = -1; before !== this.next;) {
      before = this.next
      await new Promise((resolve) => setTimeout(resolve, 300))
      await this.collect()
    }
    return new Seen(this.sent, this.arrived)
  }

  private async run(): Promise<void> {
    while (!this.isOver) {
      await this.send()
      await this.collect()
    }
  }

  private async send(): Promise<void> {
    const frames = this.flows
      .flatMap((flow) => {
        const gap = SECOND / flow.rate
        return Array.from({ length: Math.floor(CHUNK / gap) }, (_, n) => ({ flow, at: Math.round(n * gap) }))
      })
      .sort((a, b) => a.at - b.at)
      .map(({ flow, at }) => {
        const trace = ++this.traces
        const ends = { from: `tenant/${flow.from}`, to: `tenant/${flow.to}` }
        const { frame } = udpFrame(this.lab.plan, { trace, ...ends, size: 100 })
        return { flow, trace, request: { host: ends.from, at, data: Buffer.from(frame).toString('base64') } }
      })
    const request = { op: 'send', frames: frames.map((one) => one.request) }
    const { at } = Answer.parse(await this.lab.probe(request))
    for (const [n, { flow, trace }] of frames.entries()) {
      if (at[n]! < 0) throw new Error(`the probe did not send trace ${trace}`)
      this.sent.set(trace, { flow, at: BigInt(at[n]!) })
    }
  }

  private async collect(): Promise<void> {
    const { arrivals, next, lost } = Collected.parse(await this.lab.probe({ op: 'collect', from: this.next }))
    if (lost > 0) throw new Error(`the probe lost ${lost} arrivals`)
    this.next = next
    for (const { host, data } of arrivals) {
      const trace = findTraceId(Buffer.from(data, 'base64'))?.trace
      // ICMP errors carry what they are about.
      if (trace === undefined) continue
      this.arrived.set(trace, [...(this.arrived.get(trace) ?? []), host])
    }
  }
}

/** What came of a stream. */
class Seen {
  constructor(
    private readonly sent: ReadonlyMap<number, Sent>,
    private readonly arrived: ReadonlyMap<number, readonly string[]>,
  ) {}

  /** Traces of a flow, of those sent within a time: which arrived where they were to, once, never or more often. */
  of(flow: Flow, within?: { readonly from: bigint; readonly to: bigint }) {
    const sent = [...this.sent].flatMap(([trace, one]) =>
      one.flow === flow && (within === undefined || (one.at >= within.from && one.at <= within.to))
        ? [trace]
        : [],
    )
    const times = (trace: number) =>
      (this.arrived.get(trace) ?? []).filter((host) => host === `tenant/${flow.to}`).length
    return {
      sent,
      arrived: sent.filter((trace) => times(trace) > 0),
      lost: sent.filter((trace) => times(trace) === 0),
      twice: sent.filter((trace) => times(trace) > 1),
    }
  }
}
