/**
 * What has been made of octets, kept for as long as the same octets come again. Bounded: who sends ever new ones makes it slow, not large.
 *
 * @module
 */
export class OctetCache<T> {
  readonly #limit: number
  /** What was asked for lately, and before that. */
  #recent = new Map<string, T>()
  #older = new Map<string, T>()

  /** @param limit entries of a generation; there are two */
  constructor(limit: number) {
    this.#limit = limit
  }

  get(octets: string, make: () => T): T {
    const known = this.#recent.get(octets)
    if (known !== undefined) return known
    const made = this.#older.get(octets) ?? make()
    if (this.#recent.size >= this.#limit) {
      this.#older = this.#recent
      this.#recent = new Map()
    }
    this.#recent.set(octets, made)
    return made
  }

  get size(): number {
    return this.#recent.size + this.#older.size
  }
}
