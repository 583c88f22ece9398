/**
 * Fixed-width big-endian reads and writes on a `Uint8Array`, and hexadecimal text.
 *
 * All numbers on the wire are big endian (RFC 791 appendix B). None of the readers checks bounds: they are for offsets
 * whose bounds the caller has checked, and sit in the hottest loop of the twin.
 *
 * @module
 */
import { PacketError } from './errors.js'

const TWO_32 = 0x1_0000_0000

/** One octet. */
export function u8(bytes: Uint8Array, offset: number): number {
  // In bounds by the caller's promise.
  return bytes[offset] as number
}

/** 16-bit unsigned, big endian. */
export function u16(bytes: Uint8Array, offset: number): number {
  return (u8(bytes, offset) << 8) | u8(bytes, offset + 1)
}

/** 24-bit unsigned, big endian. */
export function u24(bytes: Uint8Array, offset: number): number {
  return (u8(bytes, offset) << 16) | (u8(bytes, offset + 1) << 8) | u8(bytes, offset + 2)
}

/** 32-bit unsigned, big endian. */
export function u32(bytes: Uint8Array, offset: number): number {
  return (
    ((u8(bytes, offset) << 24) |
      (u8(bytes, offset + 1) << 16) |
      (u8(bytes, offset + 2) << 8) |
      u8(bytes, offset + 3)) >>>
    0
  )
}

/** 48-bit unsigned, big endian; exact in a double. */
export function u48(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset) * TWO_32 + u32(bytes, offset + 2)
}

/** 64-bit unsigned, big endian. */
export function u64(bytes: Uint8Array, offset: number): bigint {
  return (BigInt(u32(bytes, offset)) << 32n) | BigInt(u32(bytes, offset + 4))
}

/** 128-bit unsigned, big endian. */
export function u128(bytes: Uint8Array, offset: number): bigint {
  return (u64(bytes, offset) << 64n) | u64(bytes, offset + 8)
}

/** Writes one octet, the low 8 bits of `value`. */
export function setU8(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value
}

/** Writes the low 16 bits of `value`, big endian. */
export function setU16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8
  bytes[offset + 1] = value
}

/** Writes the low 24 bits of `value`, big endian. */
export function setU24(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 16
  bytes[offset + 1] = value >>> 8
  bytes[offset + 2] = value
}

/** Writes the low 32 bits of `value`, big endian. */
export function setU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24
  bytes[offset + 1] = value >>> 16
  bytes[offset + 2] = value >>> 8
  bytes[offset + 3] = value
}

/** Writes a 48-bit unsigned number, big endian. */
export function setU48(bytes: Uint8Array, offset: number, value: number): void {
  setU16(bytes, offset, Math.floor(value / TWO_32))
  setU32(bytes, offset + 2, value % TWO_32)
}

/** Writes a 64-bit unsigned number, big endian. */
export function setU64(bytes: Uint8Array, offset: number, value: bigint): void {
  setU32(bytes, offset, Number((value >> 32n) & 0xffff_ffffn))
  setU32(bytes, offset + 4, Number(value & 0xffff_ffffn))
}

/** Writes a 128-bit unsigned number, big endian. */
export function setU128(bytes: Uint8Array, offset: number, value: bigint): void {
  setU64(bytes, offset, value >> 64n)
  setU64(bytes, offset + 8, value & 0xffff_ffff_ffff_ffffn)
}

/** True when both hold the same octets. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Lower-case hexadecimal, two digits an octet, no separators. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/**
 * Octets from hexadecimal text of either case; white space between octets is allowed.
 *
 * @throws {PacketError} `ZT_HEX_SYNTAX` on any other character or an odd number of digits.
 */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, '')
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(digits)) {
    throw new PacketError('ZT_HEX_SYNTAX', 'not an even number of hexadecimal digits', {
      remedy: 'write two digits for each octet, white space between octets is allowed',
    })
  }
  return new Uint8Array(Buffer.from(digits, 'hex'))
}
