/**
 * Brings the kernel's routes of the underlay to what is wanted (TABLE-7).
 *
 * @module
 */
import { messageOf } from './errors.js'
import type { KernelRoutes, KernelRouteTable } from './kernel-routes.js'
import type { Round } from './worker.js'

export interface WantedRoutes {
  readonly routes: KernelRouteTable
  /** A route that is not wanted is gone; otherwise it is only not known yet. */
  readonly whole: boolean
}

export class KernelSink {
  readonly #kernel: KernelRoutes
  readonly #log: (line: string) => void
  #wanted: WantedRoutes | undefined
  #present: KernelRouteTable | undefined
  #refused: readonly string[] = []
  #error: string | undefined
  /** Counts what has made the kernel's routes doubtful, so that what was read before is not believed after. */
  #doubts = 0
  /** Routes set or removed. */
  changed = 0

  constructor(kernel: KernelRoutes, log: (line: string) => void) {
    this.#kernel = kernel
    this.#log = log
  }

  want(wanted: WantedRoutes): void {
    this.#wanted = wanted
  }

  /** The kernel may have taken routes away: they are read again. */
  doubt(): void {
    this.#doubts++
    this.#present = undefined
  }

  get refused(): readonly string[] {
    return this.#refused
  }

  get error(): string | undefined {
    return this.#error
  }

  get routes(): number {
    return this.#present?.size ?? 0
  }

  async round(): Promise<Round> {
    const wanted = this.#wanted
    if (wanted === undefined) return 'done'
    try {
      const doubts = this.#doubts
      const present = this.#present ?? (await this.#kernel.read())
      const target = wanted.whole ? wanted.routes : new Map([...wanted.routes, ...present])
      const { changed, refused } = await this.#kernel.change(present, target)
      this.#tell(refused.map(({ prefix, why }) => `${prefix}: ${why}`))
      this.changed += changed
      const missing = new Set(refused.map(({ prefix }) => prefix))
      if (doubts === this.#doubts) {
        this.#present = new Map([...target].filter(([prefix]) => !missing.has(prefix)))
      }
      this.#error = undefined
      return refused.length === 0 ? 'done' : 'again'
    } catch (error) {
      this.#present = undefined
      const message = messageOf(error)
      if (message !== this.#error) this.#log(message)
      this.#error = message
      return 'again'
    }
  }

  #tell(refused: readonly string[]): void {
    for (const line of refused) if (!this.#refused.includes(line)) this.#log(`the kernel refused ${line}`)
    this.#refused = refused
  }
}
