/**
 * Traffic of a target through the probe: frames out, arrivals in.
 *
 * @module
 */
import { z } from 'zod'
import type { Arrival, Injection } from '../record/target.js'
import { findTraceId } from '../twin/packet/index.js'
import { LabError } from './errors.js'
import { linkEndId } from './labd/probe-config.js'
import type { Lab } from './lab.js'

/** What an AF_XDP socket with 2 KiB frames takes. */
const MAX_FRAME = 1792
/** Arrivals of one answer: each at most 2.4 KB of base64, and an answer at most 16 MiB. */
const COLLECT = 4096

const SentAnswer = z.object({ at: z.array(z.number()), sent: z.int() })
const Told = z.object({
  seq: z.int(),
  host: z.string(),
  at: z.number(),
  data: z.base64(),
  foreign: z.boolean(),
})
const Arrivals = z.object({ arrivals: z.array(Told), next: z.int(), lost: z.int() })

export class ProbeTraffic {
  private next = 0
  private lost = 0
  /** When frames were sent, by trace; ns of the probe's clock. */
  private sentAt = new Map<number, number>()

  /** @param isGone whether a host or link has lost a device, which takes nothing then */
  constructor(
    private readonly lab: Pick<Lab, 'probe'>,
    private readonly isGone: (place: string) => boolean,
  ) {}

  /** Arrivals that are collected from now on are told by the frames of this send. */
  begin(): void {
    this.sentAt = new Map()
  }

  /** In order, hosts' frames and links' frames each by their own operation. @throws LabError `ZT_LAB_LOST` when a device is down */
  async send(frames: readonly Injection[]): Promise<void> {
    for (let from = 0; from < frames.length;) {
      const onLink = isOnLink(frames[from])
      let to = from + 1
      while (to < frames.length && isOnLink(frames[to]) === onLink) to++
      const part = frames.slice(from, to)
      const request = { op: onLink ? 'inject' : 'send', frames: part.map(probeFrame) }
      const { at, sent } = SentAnswer.parse(await this.lab.probe(request))
      const nowhere = part.filter(({ at: place }) => this.isGone('host' in place ? place.host : place.link))
      if (sent < part.length - nowhere.length) {
        throw new LabError('ZT_LAB_LOST', `the probe could send ${sent} of ${part.length} frames`, {
          remedy: 'a device is down: look at `ip -n <namespace> link`',
        })
      }
      for (const [n, { trace }] of part.entries()) this.sentAt.set(trace, at[n] ?? -1)
      from = to
    }
  }

  /** What has arrived since. @throws LabError `ZT_LAB_LOST` when the probe had no room for some */
  async collect(): Promise<readonly Arrival[]> {
    const all: Arrival[] = []
    for (;;) {
      const { arrivals, next, lost } = Arrivals.parse(
        await this.lab.probe({ op: 'collect', from: this.next, limit: COLLECT }),
      )
      const fresh = lost - this.lost
      this.lost = lost
      if (fresh > 0) throw new LabError('ZT_LAB_LOST', `the probe had no room for ${fresh} arrivals`)
      all.push(...arrivals.map((told) => arrived(told, this.sentAt)))
      this.next = next
      if (arrivals.length < COLLECT) return all
    }
  }
}

/** @throws LabError `ZT_LAB_PLAN` for a frame that no lab can send */
export function checkLength(frame: Uint8Array): void {
  if (frame.length >= 14 && frame.length <= MAX_FRAME) return
  throw new LabError(
    'ZT_LAB_PLAN',
    `a lab sends frames of 14 to ${MAX_FRAME} octets, this has ${frame.length}`,
    {
      remedy: 'send it in the twin',
    },
  )
}

function isOnLink(injection: Injection | undefined): boolean {
  return injection !== undefined && 'link' in injection.at
}

function probeFrame({ at, frame }: Injection): object {
  const data = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString('base64')
  return 'host' in at ? { host: at.host, data } : { link: linkEndId(at.link, at.to), data }
}

function arrived(
  { host, at, data, foreign }: z.infer<typeof Told>,
  sentAt: ReadonlyMap<number, number>,
): Arrival {
  const frame = new Uint8Array(Buffer.from(data, 'base64'))
  const trace = findTraceId(frame)?.trace
  const sent = trace === undefined ? undefined : sentAt.get(trace)
  return {
    host,
    frame,
    foreign,
    ...(trace === undefined ? {} : { trace }),
    ...(sent === undefined || sent < 0 ? {} : { latency: at - sent }),
  }
}
