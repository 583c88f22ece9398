/**
 * Which counters of a session were received (WG-16; RFC 6479 as Linux has it).
 *
 * @module
 */

const WORDS = 256
/** Bits of a word: a number's bitwise operations have 32. Linux has 128 words of 64. */
const WORD = 32
/** So far below the greatest one a counter may be. */
const REACH = 8128n
/** 2^64 - 2^13 - 1: no counter from here on is sent or received. */
export const REJECT_AFTER = (1n << 64n) - (1n << 13n) - 1n

/** Counters received. */
export class ReplayWindow {
  private readonly words = new Uint32Array(WORDS)
  /** The greatest one received plus 1. */
  received = 0n

  /** Takes a counter in; false when it was received before, or cannot be. */
  accept(counter: bigint): boolean {
    if (counter >= REJECT_AFTER || counter + REACH + 1n < this.received) return false
    if (counter >= this.received) this.advance(counter)
    const slot = Number(counter % BigInt(WORDS * WORD))
    const bit = (1 << (slot % WORD)) >>> 0
    const word = Math.floor(slot / WORD)
    if ((this.words[word]! & bit) !== 0) return false
    this.words[word] = this.words[word]! | bit
    return true
  }

  /** Forgets what lies a whole ring before the words that are new. */
  private advance(counter: bigint): void {
    const from = this.received === 0n ? 0n : (this.received - 1n) / BigInt(WORD)
    const to = counter / BigInt(WORD)
    const steps = to - from > BigInt(WORDS) ? WORDS : Number(to - from)
    for (let step = 1; step <= steps; step++) this.words[Number((from + BigInt(step)) % BigInt(WORDS))] = 0
    this.received = counter + 1n
  }
}
