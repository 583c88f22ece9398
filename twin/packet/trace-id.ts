/**
 * Trace ids: the mark at the end of an innermost payload by which a frame is known again wherever it arrives, however it
 * was encapsulated.
 *
 * Sixteen octets, big endian: `ZTTR`, run, trace, CRC-32 of the twelve before. The CRC keeps a chance pattern, or a mark
 * whose bits were altered on the way, from being taken for a frame that was sent.
 *
 * @module
 */
import { setU32, u32 } from './bytes.js'
import { crc32 } from './crc32.js'

/** Octets of a mark. */
export const TRACE_ID_LENGTH = 16

/** `ZTTR`. */
const MAGIC = 0x5a54_5452

/** What a mark says. */
export interface TraceId {
  /** Tells runs apart, 32 bits. */
  readonly run: number
  /** Number of the frame within its run, 32 bits. */
  readonly trace: number
}

/** Writes a mark into the sixteen octets at `offset`. Checksums over them are the caller's. */
export function writeTraceId(bytes: Uint8Array, offset: number, id: TraceId): void {
  setU32(bytes, offset, MAGIC)
  setU32(bytes, offset + 4, id.run)
  setU32(bytes, offset + 8, id.trace)
  setU32(bytes, offset + 12, crc32(bytes, offset, offset + 12))
}

/** A mark as the end of a payload. */
export function encodeTraceId(id: TraceId): Uint8Array {
  const bytes = new Uint8Array(TRACE_ID_LENGTH)
  writeTraceId(bytes, 0, id)
  return bytes
}

/** The mark at `offset`, or `undefined` when there is none that is whole. */
export function readTraceId(bytes: Uint8Array, offset: number): TraceId | undefined {
  if (offset < 0 || offset + TRACE_ID_LENGTH > bytes.length || u32(bytes, offset) !== MAGIC) return undefined
  if (u32(bytes, offset + 12) !== crc32(bytes, offset, offset + 12)) return undefined
  return { run: u32(bytes, offset + 4), trace: u32(bytes, offset + 8) }
}

/**
 * The last mark of a frame: at its very end, or before padding. An ICMP error that quotes a marked frame whole carries
 * its mark. A sealed frame shows none until it is opened.
 */
export function findTraceId(frame: Uint8Array): TraceId | undefined {
  for (let offset = frame.length - TRACE_ID_LENGTH; offset >= 0; offset--) {
    if (frame[offset] !== 0x5a) continue
    const id = readTraceId(frame, offset)
    if (id !== undefined) return id
  }
  return undefined
}
