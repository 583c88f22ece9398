/**
 * Waiting between attempts: longer each time, until something has worked.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'

const FIRST = 50
const LAST = 2_000

export class Backoff {
  #next = FIRST

  /** Something has worked. */
  reset(): void {
    this.#next = FIRST
  }

  /** Waits, without holding up the process's end; ends at once when `signal` is aborted. */
  async wait(signal: AbortSignal): Promise<void> {
    const ms = this.#next
    this.#next = Math.min(ms * 2, LAST)
    if (signal.aborted) return
    try {
      await delay(ms, undefined, { signal, ref: false })
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}
