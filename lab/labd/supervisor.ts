/**
 * Starts again what ended although nobody asked it to: soon at first, and later each time that it ends again.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { messageOf } from '../errors.js'

/** ms to the first start, and at most. */
const [FIRST, LAST] = [100, 10_000]
/** ms for which one must have run not to count as one that ends again and again. */
const LIVES = 30_000

export interface SupervisorOptions {
  /** What happens, for people. */
  readonly log: (line: string) => void
  readonly now?: () => number
  /** Waits so many ms, or rejects when the signal aborts. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>
}

export class Supervisor {
  private readonly ended = new AbortController()
  /** By name: when it ended last, and how long was waited then. */
  private readonly past = new Map<string, { readonly at: number; readonly waited: number }>()
  private readonly running = new Set<Promise<void>>()

  constructor(private readonly options: SupervisorOptions) {}

  /**
   * @param wanted whether it is still to run when its time has come
   * @param start may throw: then it is tried again
   */
  restart(name: string, wanted: () => boolean, start: (signal: AbortSignal) => Promise<void>): void {
    if (this.ended.signal.aborted) return
    const work = this.again(name, wanted, start).finally(() => this.running.delete(work))
    this.running.add(work)
  }

  /** No more is started. Returns when what is being started has come to its end. */
  async stop(): Promise<void> {
    this.ended.abort()
    await Promise.all(this.running)
  }

  private async again(
    name: string,
    wanted: () => boolean,
    start: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const { log, now = () => performance.now(), pause = wait } = this.options
    const { signal } = this.ended
    for (;;) {
      const before = this.past.get(name)
      const often = before !== undefined && now() - before.at < LIVES
      const waited = often ? Math.min(2 * before.waited, LAST) : FIRST
      this.past.set(name, { at: now(), waited })
      log(`${name} ended; it is started again in ${waited} ms`)
      try {
        await pause(waited, signal)
        if (!wanted()) return
        await start(signal)
        log(`${name} runs again`)
        return
      } catch (error) {
        if (signal.aborted) return
        log(`${name} cannot be started: ${messageOf(error)}`)
      }
    }
  }
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return delay(ms, undefined, { signal })
}
