/**
 * How long engines take to load their programs, so that two of them can be had to do it at the same moment.
 *
 * @module
 */

/** ms an octet of a program, before any was loaded. */
const AT_FIRST = 1 / 20_000

export class LoadTimes {
  private readonly known = new Map<string, number>()

  /** ms until a program of so many octets takes effect in a node. */
  expected(node: string, octets: number): number {
    return octets * (this.known.get(node) ?? this.mean())
  }

  /** What it took, ms. */
  note(node: string, octets: number, took: number): void {
    this.known.set(node, took / octets)
  }

  private mean(): number {
    const all = [...this.known.values()]
    return all.length === 0 ? AT_FIRST : all.reduce((sum, one) => sum + one, 0) / all.length
  }
}
