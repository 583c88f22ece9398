/**
 * Is a daemon telling more than is worth hearing path by path? gobgpd makes an event of its own of each path that changes, and each event
 * costs it and who hears it some five times as much as a path in a list of all. So when events come without a pause, and so many that
 * the whole table costs less, the whole table is asked for instead.
 *
 * @module
 */

/** ms; a pause of so much between two events, and those before were all there was to tell. A busy host makes shorter ones. */
const PAUSE = 100
/** So many events are not worth a question. */
const LEAST = 256
/** Or fewer events than one for so many keys of the table. */
const KEYS_PER_EVENT = 8

export class Flood {
  #run = 0
  #last = -Infinity

  /**
   * An event has come.
   *
   * @param now ms, on any clock that does not jump. @param keys of the table. @returns whether it is better not to hear the next ones
   */
  event(now: number, keys: number): boolean {
    this.#run = now - this.#last > PAUSE ? 1 : this.#run + 1
    this.#last = now
    return this.#run > Math.max(LEAST, keys / KEYS_PER_EVENT)
  }

  /** What comes now belongs to no run. */
  reset(): void {
    this.#run = 0
    this.#last = -Infinity
  }
}
