/**
 * ICMP (RFC 792, RFC 1191, RFC 1812). Accessors take the offset of the type octet.
 *
 * @module
 */
import { setU16, u16, u32, u8 } from './bytes.js'
import { internetChecksum } from './checksum.js'

/** Octets of type, code, checksum and the four octets whose meaning depends on the type. */
export const HEADER_LENGTH = 8

/** Message types (IANA "ICMP Parameters"). */
export const Type = {
  ECHO_REPLY: 0,
  DESTINATION_UNREACHABLE: 3,
  SOURCE_QUENCH: 4,
  REDIRECT: 5,
  ECHO_REQUEST: 8,
  TIME_EXCEEDED: 11,
  PARAMETER_PROBLEM: 12,
  TIMESTAMP_REQUEST: 13,
  TIMESTAMP_REPLY: 14,
} as const

/** Codes of destination unreachable (RFC 792, RFC 1122 section 3.2.2.1). */
export const UnreachableCode = {
  NET: 0,
  HOST: 1,
  PROTOCOL: 2,
  PORT: 3,
  FRAGMENTATION_NEEDED: 4,
  ADMIN_PROHIBITED: 13,
} as const

export function type(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset)
}

export function code(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset + 1)
}

export function checksum(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 2)
}

/** Octets 4 to 7: identifier and sequence, gateway, pointer or next-hop MTU. */
export function rest(bytes: Uint8Array, offset: number): number {
  return u32(bytes, offset + 4)
}

/** Identifier of an echo message. */
export function echoId(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 4)
}

/** Sequence number of an echo message. */
export function echoSequence(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 6)
}

/** Next-hop MTU of fragmentation needed (RFC 1191 section 4). */
export function nextHopMtu(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 6)
}

/** True for the types that quote the packet they are about. */
export function isError(type: number): boolean {
  return (
    type === Type.DESTINATION_UNREACHABLE ||
    type === Type.SOURCE_QUENCH ||
    type === Type.REDIRECT ||
    type === Type.TIME_EXCEEDED ||
    type === Type.PARAMETER_PROBLEM
  )
}

/** The checksum over `bytes[offset..end)` is right. */
export function checksumOk(bytes: Uint8Array, offset: number, end: number): boolean {
  return internetChecksum(bytes, offset, end) === 0
}

/** Computes and writes the checksum of the message `bytes[offset..end)`. */
export function updateMessageChecksum(bytes: Uint8Array, offset: number, end: number): void {
  setU16(bytes, offset + 2, 0)
  setU16(bytes, offset + 2, internetChecksum(bytes, offset, end))
}
