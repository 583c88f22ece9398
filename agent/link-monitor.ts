/**
 * Follows the network devices of a namespace: tells when one changes, and which have carrier. The kernel takes routes away with their
 * device, IPv4 routes without a word, and gobgpd looks at no device at all, so whoever wants either to be right must look.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { z } from 'zod'
import { Backoff } from './backoff.js'
import type { IpBatch } from './ip-batch.js'

/** ms after which is looked again, for what happened while the monitor began to listen. */
const SECOND_LOOK = 500
/** Operational states (RFC 2863) of a device that cannot send, whatever its flags say. */
const NOT_OPERATIONAL = new Set(['DOWN', 'LOWERLAYERDOWN', 'DORMANT', 'NOTPRESENT'])

interface Link {
  readonly device: string
  readonly carrier: boolean
}

/** A line of `ip -o monitor link`; `undefined` for any other. */
export function parseLink(line: string): Link | undefined {
  const [, deleted, device, flags, state] =
    /^(Deleted )?\d+: ([^:@\s]+)(?:@[^:\s]+)?: <([^>]*)>.*? state (\S+)/.exec(line) ?? []
  if (device === undefined || flags === undefined || state === undefined) return undefined
  return { device, carrier: deleted === undefined && hasCarrier(flags.split(','), state) }
}

/** What `ip -json link show` tells. */
const Listed = z
  .array(z.object({ ifname: z.string(), flags: z.array(z.string()), operstate: z.string() }))
  .transform((links) =>
    links.map(({ ifname, flags, operstate }) => ({ device: ifname, carrier: hasCarrier(flags, operstate) })),
  )

function hasCarrier(flags: readonly string[], state: string): boolean {
  return flags.includes('LOWER_UP') && !NOT_OPERATIONAL.has(state)
}

export class LinkMonitor {
  readonly #argv: readonly string[]
  readonly #batch: Pick<IpBatch, 'ask'>
  readonly #onChange: () => void
  readonly #ended = new AbortController()
  readonly #carriers = new Map<string, boolean>()
  #running: Promise<void> | undefined

  /**
   * Looks which devices have carrier; from {@link follow} on it is told.
   *
   * @param batch of the same namespace
   * @param onChange called when a device may be another than before, or have been one for a while
   */
  constructor(namespace: string | undefined, batch: Pick<IpBatch, 'ask'>, onChange: () => void) {
    this.#argv = [...(namespace === undefined ? [] : ['-n', namespace]), '-o', 'monitor', 'link']
    this.#batch = batch
    this.#onChange = onChange
    void this.#look(this.#ended.signal, false)
  }

  /** Has devices followed, once; what has happened to them since the first look is found too. */
  follow(): void {
    this.#running ??= this.#loop(this.#ended.signal)
  }

  /** Whether a device has carrier; one of which nothing is known has. */
  hasCarrier(device: string): boolean {
    return this.#carriers.get(device) !== false
  }

  async close(): Promise<void> {
    this.#ended.abort()
    await this.#running
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff()
    while (!signal.aborted) {
      await this.#follow(signal, () => backoff.reset())
      if (signal.aborted) return
      await backoff.wait(signal)
    }
  }

  #follow(signal: AbortSignal, onLine: () => void): Promise<void> {
    return new Promise((resolve) => {
      const child = spawn('ip', this.#argv, { stdio: ['ignore', 'pipe', 'ignore'] })
      const again = setTimeout(() => void this.#look(signal, true), SECOND_LOOK)
      const end = () => {
        clearTimeout(again)
        signal.removeEventListener('abort', stop)
        resolve()
      }
      const stop = () => child.kill('SIGTERM')
      signal.addEventListener('abort', stop)
      let rest = ''
      child.stdout.setEncoding('utf8')
      child.stdout.on('data', (text: string) => {
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        onLine()
        this.#take(lines.flatMap((line) => parseLink(line) ?? []))
        // Whatever has happened to a device may have happened to its routes.
        this.#onChange()
      })
      child.once('spawn', () => void this.#look(signal, false))
      child.once('error', end)
      child.once('close', end)
    })
  }

  /**
   * All devices as they are. When it cannot be known, it stays as it was, and the monitor's next line tells.
   *
   * @param missed something may have come and gone before the monitor listened
   */
  async #look(signal: AbortSignal, missed: boolean): Promise<void> {
    if (signal.aborted) return
    const listed = Listed.safeParse(await this.#batch.ask('link show').catch(() => undefined))
    if (!listed.success || signal.aborted) return
    if (this.#take(listed.data) || missed) this.#onChange()
  }

  /** @returns whether one has carrier that was known to have none, or the other way round */
  #take(links: readonly Link[]): boolean {
    let changed = false
    for (const { device, carrier } of links) {
      changed ||= this.hasCarrier(device) !== carrier
      this.#carriers.set(device, carrier)
    }
    return changed
  }
}
