/**
 * Frames whose end is a sealed frame that nobody has looked at yet: what a macsec interface on a tunnel sends (MACSEC-10) while
 * sealing is lazy. Their octets are there up to it, and behind that zeros until {@link whole} is called, which may be done at
 * any time: whoever reads more of a frame than its outer headers does so first.
 *
 * @module
 */
import type { SealedFrame } from './sealed-frame.js'

const tails = new WeakMap<Uint8Array, SealedFrame>()
/** Nodes without such tunnels pay nothing. */
let isUsed = false

/** The last octets of a frame are those of a sealed one, from the next {@link whole} on. */
export function leaveOut(frame: Uint8Array, tail: SealedFrame): void {
  isUsed = true
  tails.set(frame, tail)
}

/** What was left out, `undefined` when all octets are there. */
export function tailOf(frame: Uint8Array): SealedFrame | undefined {
  return isUsed ? tails.get(frame) : undefined
}

/** A frame with all its octets: the same, filled in where something was left out. */
export function whole(frame: Uint8Array): Uint8Array {
  const tail = tailOf(frame)
  if (tail === undefined) return frame
  tails.delete(frame)
  frame.set(tail.frame, frame.length - tail.length)
  return frame
}

/** Copies a frame, or as much of it as there is room for. */
export function copyTo(copy: Uint8Array, frame: Uint8Array): void {
  if (copy.length < frame.length) {
    copy.set(whole(frame).subarray(0, copy.length))
    return
  }
  const tail = tailOf(frame)
  if (tail !== undefined) leaveOut(copy, tail)
  copy.set(frame)
}

/** Such a frame on a link, computed on first use. */
export class TunnelledFrame {
  constructor(
    /** Not {@link whole} yet. */
    readonly bytes: Uint8Array,
  ) {}

  get length(): number {
    return this.bytes.length
  }

  /** The octets on the wire. */
  get frame(): Uint8Array {
    return whole(this.bytes)
  }

  /** Nothing seals the link itself. */
  get clear(): Uint8Array {
    return whole(this.bytes)
  }
}

/** A frame that is computed when somebody looks. */
export type LazyFrame = SealedFrame | TunnelledFrame
