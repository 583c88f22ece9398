/**
 * Follows the network devices of a namespace: tells when one changes, and which have carrier. The kernel takes routes away with their
 * device, IPv4 routes without a word, and gobgpd looks at no device at all, so whoever wants either to be right must look.
 *
 * @module
 */
import { execFile, spawn } from 'node:child_process'
import { Backoff } from './backoff.js'

/** ms. */
const LOOK_TIMEOUT = 5_000
/** ms after which is looked again, for what happened while the monitor began to listen. */
const SECOND_LOOK = 500
/** Operational states (RFC 2863) of a device that cannot send, whatever its flags say. */
const NOT_OPERATIONAL = new Set(['DOWN', 'LOWERLAYERDOWN', 'DORMANT', 'NOTPRESENT'])

/** A line of `ip -o link` or `ip -o monitor link`; `undefined` for any other. */
export function parseLink(line: string): { readonly device: string; readonly carrier: boolean } | undefined {
  const [, deleted, device, flags, state] =
    /^(Deleted )?\d+: ([^:@\s]+)(?:@[^:\s]+)?: <([^>]*)>.*? state (\S+)/.exec(line) ?? []
  if (device === undefined || flags === undefined || state === undefined) return undefined
  const has = flags.split(',').includes('LOWER_UP')
  return { device, carrier: deleted === undefined && has && !NOT_OPERATIONAL.has(state) }
}

export class LinkMonitor {
  readonly #where: readonly string[]
  readonly #onChange: () => void
  readonly #ended = new AbortController()
  readonly #carriers = new Map<string, boolean>()
  readonly #running: Promise<void>

  /** @param onChange also when the monitor has started anew, for what it may have missed */
  constructor(namespace: string | undefined, onChange: () => void) {
    this.#where = namespace === undefined ? [] : ['-n', namespace]
    this.#onChange = onChange
    this.#running = this.#loop(this.#ended.signal)
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
      const child = spawn('ip', [...this.#where, '-o', 'monitor', 'link'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      const again = setTimeout(() => this.#look(signal), SECOND_LOOK)
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
        this.#take(lines)
      })
      child.once('spawn', () => this.#look(signal))
      child.once('error', end)
      child.once('close', end)
    })
  }

  /** All devices as they are. When it cannot be known, it stays as it was, and the monitor's next line tells. */
  #look(signal: AbortSignal): void {
    execFile('ip', [...this.#where, '-o', 'link'], { signal, timeout: LOOK_TIMEOUT }, (error, stdout) => {
      if (error === null && !signal.aborted) this.#take(stdout.split('\n'))
    })
  }

  #take(lines: readonly string[]): void {
    for (const line of lines) {
      const link = parseLink(line)
      if (link !== undefined) this.#carriers.set(link.device, link.carrier)
    }
    this.#onChange()
  }
}
