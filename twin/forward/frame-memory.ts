/**
 * Memory for frames. A frame is a view on a larger block: allocating a small `Uint8Array` of its own costs several times
 * as much, and a scenario makes thousands. A block is freed when no frame on it is left.
 *
 * @module
 */
const BLOCK = 64 * 1024

let block = new ArrayBuffer(0)
let used = 0

/** A frame of `length` octets, all zero. */
export function newFrame(length: number): Uint8Array {
  // Longer than a quarter of a block: not worth cutting from one.
  if (length > BLOCK / 4) return new Uint8Array(length)
  if (used + length > block.byteLength) {
    block = new ArrayBuffer(BLOCK)
    used = 0
  }
  const frame = new Uint8Array(block, used, length)
  // On multiples of eight, so that no frame straddles a cache line more than it must.
  used += (length + 7) & ~7
  return frame
}
