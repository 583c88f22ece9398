/**
 * Waiting between attempts: longer each time, until something has worked.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'

const FIRST = 50
const LAST = 2_000

/**
 * Does something that lasts again and again, until `signal` is aborted.
 *
 * @param round one time; calls its argument when it has worked
 * @param failed told of each round that threw
 */
export async function again(
  signal: AbortSignal,
  round: (worked: () => void) => Promise<void>,
  failed: (thrown: unknown) => void,
): Promise<void> {
  const backoff = new Backoff()
  while (!signal.aborted) {
    try {
      await round(() => backoff.reset())
    } catch (error) {
      failed(error)
    }
    await backoff.wait(signal)
  }
}

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
