/**
 * Work that is done one at a time and again when it was asked for meanwhile; what fails is tried again.
 *
 * @module
 */
const FIRST_RETRY = 100
const LAST_RETRY = 5_000

/** What a round has come to: all is done, or some of it is to be tried again. */
export type Round = 'done' | 'again'

export class Worker {
  readonly #round: () => Promise<Round>
  readonly #onRest: () => void
  #asked = false
  #running: Promise<void> | undefined
  #retry: NodeJS.Timeout | undefined
  #delay = FIRST_RETRY
  #closed = false

  /** @param round must not throw. @param onRest called after the last round that was asked for */
  constructor(round: () => Promise<Round>, onRest: () => void) {
    this.#round = round
    this.#onRest = onRest
  }

  /** Nothing runs and nothing is asked for; what is to be tried again later does not count. */
  get resting(): boolean {
    return this.#running === undefined
  }

  wake(): void {
    if (this.#closed) return
    this.#asked = true
    this.#running ??= this.#run()
  }

  /** Lets the round that runs come to its end. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#retry)
    await this.#running
  }

  async #run(): Promise<void> {
    let last: Round = 'done'
    while (this.#asked && !this.#closed) {
      this.#asked = false
      clearTimeout(this.#retry)
      last = await this.#round()
    }
    this.#running = undefined
    if (last === 'done') this.#delay = FIRST_RETRY
    else if (!this.#closed) this.#later()
    this.#onRest()
  }

  #later(): void {
    this.#retry = setTimeout(() => this.wake(), this.#delay)
    this.#retry.unref()
    this.#delay = Math.min(this.#delay * 2, LAST_RETRY)
  }
}
