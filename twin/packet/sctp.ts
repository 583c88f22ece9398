/**
 * SCTP common header (RFC 9260 section 3.1). Chunks are opaque here. Accessors take the offset of the source port.
 *
 * @module
 */
import { u16, u32 } from './bytes.js'

/** Octets of the common header. */
export const HEADER_LENGTH = 12

export function srcPort(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset)
}

export function dstPort(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 2)
}

export function verificationTag(bytes: Uint8Array, offset: number): number {
  return u32(bytes, offset + 4)
}

/** CRC32c, kept as read; it is not verified here. */
export function checksum(bytes: Uint8Array, offset: number): number {
  return u32(bytes, offset + 8)
}
