/**
 * Waiting for what may be so whenever work has come to an end: asked then, and at no other time.
 *
 * @module
 */
import { AgentError } from './errors.js'

/** What is still otherwise, if anything. */
export type Lack = () => string | undefined

export class Rest {
  readonly #waiting = new Set<() => void>()

  /** Work has come to an end. */
  come(): void {
    for (const look of this.#waiting) look()
  }

  /**
   * Returns when nothing is lacking.
   *
   * @param what is waited for, for people
   * @param timeout ms
   * @throws AgentError `ZT_AGENT_DEADLINE` with what is lacking
   */
  async until(what: string, lack: Lack, timeout: number): Promise<void> {
    if (lack() === undefined) return
    let look: () => void = () => undefined
    let timer: NodeJS.Timeout | undefined
    const rest = new Promise<void>((resolve, reject) => {
      look = () => {
        if (lack() === undefined) resolve()
      }
      timer = setTimeout(() => {
        const lacks = lack()
        if (lacks === undefined) resolve()
        else reject(new AgentError('ZT_AGENT_DEADLINE', `${what} not within ${timeout} ms: ${lacks}`))
      }, timeout)
    })
    this.#waiting.add(look)
    try {
      await rest
    } finally {
      this.#waiting.delete(look)
      clearTimeout(timer)
    }
  }
}
