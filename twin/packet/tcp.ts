/**
 * TCP header (RFC 9293). Accessors take the offset of the source port.
 *
 * @module
 */
import { u16, u32, u8 } from './bytes.js'

/** Octets of a header without options. */
export const HEADER_LENGTH = 20

/** Control bits (RFC 9293 section 3.1, RFC 3168). */
export const Flag = {
  FIN: 0x01,
  SYN: 0x02,
  RST: 0x04,
  PSH: 0x08,
  ACK: 0x10,
  URG: 0x20,
  ECE: 0x40,
  CWR: 0x80,
} as const

export function srcPort(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset)
}

export function dstPort(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 2)
}

export function sequence(bytes: Uint8Array, offset: number): number {
  return u32(bytes, offset + 4)
}

export function acknowledgement(bytes: Uint8Array, offset: number): number {
  return u32(bytes, offset + 8)
}

/** Octets of the header, options included. */
export function headerLength(bytes: Uint8Array, offset: number): number {
  return (u8(bytes, offset + 12) >>> 4) * 4
}

/** The eight control bits, see {@link Flag}. */
export function flags(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset + 13)
}

/** The window field, not scaled. */
export function window(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 14)
}

export function checksum(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 16)
}

export function urgentPointer(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 18)
}
