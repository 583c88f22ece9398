/**
 * WireGuard messages (Donenfeld, NDSS 2017, section 5.4): four kinds, told apart by their first four octets. Accessors take
 * the offset of those; integers are little-endian, unlike all others on the wire. Nothing is sealed or opened here.
 *
 * @module
 */
import { u8 } from './bytes.js'

/** The UDP port that WireGuard's own tools propose; nothing is assigned. */
export const UDP_PORT = 51820

/** Message types. */
export const Type = { INITIATION: 1, RESPONSE: 2, COOKIE_REPLY: 3, DATA: 4 } as const

/** Octets of the messages that have one length. */
export const INITIATION_LENGTH = 148
export const RESPONSE_LENGTH = 92
export const COOKIE_REPLY_LENGTH = 64

/** Octets before the sealed text of a data message. */
export const DATA_HEADER_LENGTH = 16

/** Octets of the tag behind a sealed text. */
export const TAG_LENGTH = 16

/** Where the octet strings of handshake messages lie: offset and octets. */
export const Initiation = {
  ephemeral: [8, 32],
  static: [40, 48],
  timestamp: [88, 28],
  mac1: [116, 16],
  mac2: [132, 16],
} as const
export const Response = { ephemeral: [12, 32], empty: [44, 16], mac1: [60, 16], mac2: [76, 16] } as const
export const CookieReply = { nonce: [8, 24], cookie: [32, 32] } as const

/** The type, with the three octets behind it that are sent as zero. */
export function type(bytes: Uint8Array, offset: number): number {
  return u32le(bytes, offset)
}

/** The sender's index, of an initiation or response. */
export function sender(bytes: Uint8Array, offset: number): number {
  return u32le(bytes, offset + 4)
}

/** The receiver's index, of anything but an initiation. */
export function receiver(bytes: Uint8Array, offset: number): number {
  return u32le(bytes, offset + (type(bytes, offset) === Type.RESPONSE ? 8 : 4))
}

/** The counter of a data message. */
export function counter(bytes: Uint8Array, offset: number): bigint {
  return (BigInt(u32le(bytes, offset + 12)) << 32n) | BigInt(u32le(bytes, offset + 8))
}

/** One of the strings of {@link Initiation}, {@link Response} or {@link CookieReply}, as a view. */
export function field(
  bytes: Uint8Array,
  offset: number,
  [at, length]: readonly [number, number],
): Uint8Array {
  return bytes.subarray(offset + at, offset + at + length)
}

/** The type of the message `bytes[offset..end)`, or `undefined` if it is none or its length does not fit (WG-6). */
export function messageType(bytes: Uint8Array, offset: number, end: number): number | undefined {
  const length = end - offset
  if (length < 4) return undefined
  const found = type(bytes, offset)
  switch (found) {
    case Type.INITIATION:
      return length === INITIATION_LENGTH ? found : undefined
    case Type.RESPONSE:
      return length === RESPONSE_LENGTH ? found : undefined
    case Type.COOKIE_REPLY:
      return length === COOKIE_REPLY_LENGTH ? found : undefined
    case Type.DATA:
      return length >= DATA_HEADER_LENGTH + TAG_LENGTH ? found : undefined
    default:
      return undefined
  }
}

/** Writes a 32-bit unsigned number, little-endian. */
export function setU32le(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value
  bytes[offset + 1] = value >>> 8
  bytes[offset + 2] = value >>> 16
  bytes[offset + 3] = value >>> 24
}

/** Writes a 64-bit unsigned number, little-endian. */
export function setU64le(bytes: Uint8Array, offset: number, value: bigint): void {
  setU32le(bytes, offset, Number(value & 0xffff_ffffn))
  setU32le(bytes, offset + 4, Number((value >> 32n) & 0xffff_ffffn))
}

function u32le(bytes: Uint8Array, offset: number): number {
  return (
    (u8(bytes, offset) |
      (u8(bytes, offset + 1) << 8) |
      (u8(bytes, offset + 2) << 16) |
      (u8(bytes, offset + 3) << 24)) >>>
    0
  )
}
