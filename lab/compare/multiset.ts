/**
 * Multisets of octet strings, and what two of them do not have in common.
 *
 * @module
 */

/** Entries of one bag, each with what it came from. */
export class Bag<T> {
  private readonly entries = new Map<string, { readonly bytes: Uint8Array; readonly sources: T[] }>()

  add(bytes: Uint8Array, source: T): void {
    const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    const entry = this.entries.get(key)
    if (entry === undefined) this.entries.set(key, { bytes, sources: [source] })
    else entry.sources.push(source)
  }

  get size(): number {
    let size = 0
    for (const { sources } of this.entries.values()) size += sources.length
    return size
  }

  /** What is here and not in the other, with multiplicity. */
  minus(other: Bag<T>): readonly { readonly bytes: Uint8Array; readonly source: T }[] {
    const left: { bytes: Uint8Array; source: T }[] = []
    for (const [key, { bytes, sources }] of this.entries) {
      const common = other.entries.get(key)?.sources.length ?? 0
      for (const source of sources.slice(common)) left.push({ bytes, source })
    }
    return left
  }
}
