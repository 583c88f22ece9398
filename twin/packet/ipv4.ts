/**
 * IPv4 header (RFC 791, RFC 2474, RFC 3168). Accessors take the offset of the version octet.
 *
 * @module
 */
import { setU16, setU8, u16, u8 } from './bytes.js'
import { internetChecksum, replaceWord } from './checksum.js'
import { readIpv4, writeIpv4, type Ipv4 } from './ipv4-address.js'

/** Octets of a header without options. */
export const HEADER_LENGTH = 20

/** IP protocol numbers known here (IANA "Protocol Numbers"); IPv6 next headers share the space. */
export const Protocol = {
  HOP_BY_HOP: 0,
  ICMP: 1,
  TCP: 6,
  UDP: 17,
  IPV6: 41,
  ROUTING: 43,
  FRAGMENT: 44,
  ESP: 50,
  AH: 51,
  ICMPV6: 58,
  NO_NEXT: 59,
  DESTINATION_OPTIONS: 60,
  SCTP: 132,
} as const

/** Explicit congestion notification codepoints (RFC 3168 section 5). */
export const Ecn = { NOT_ECT: 0, ECT1: 1, ECT0: 2, CE: 3 } as const

export function version(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset) >>> 4
}

/** Internet header length in 32-bit words. */
export function ihl(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset) & 0x0f
}

/** Octets of the header, options included. */
export function headerLength(bytes: Uint8Array, offset: number): number {
  return (u8(bytes, offset) & 0x0f) * 4
}

/** DSCP and ECN in one octet. */
export function tos(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset + 1)
}

export function dscp(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset + 1) >>> 2
}

export function ecn(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset + 1) & 3
}

/** Octets of header and data. */
export function totalLength(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 2)
}

export function id(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 4)
}

/** The three flag bits: 4 reserved, 2 DF, 1 MF. */
export function flags(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset + 6) >>> 5
}

/** Don't fragment. */
export function df(bytes: Uint8Array, offset: number): boolean {
  return (u8(bytes, offset + 6) & 0x40) !== 0
}

/** More fragments. */
export function mf(bytes: Uint8Array, offset: number): boolean {
  return (u8(bytes, offset + 6) & 0x20) !== 0
}

/** Fragment offset in units of eight octets. */
export function fragmentOffset(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 6) & 0x1fff
}

/** MF is set or the offset is not zero. */
export function isFragment(bytes: Uint8Array, offset: number): boolean {
  return (u16(bytes, offset + 6) & 0x3fff) !== 0
}

export function ttl(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset + 8)
}

export function protocol(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset + 9)
}

export function checksum(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 10)
}

export function src(bytes: Uint8Array, offset: number): Ipv4 {
  return readIpv4(bytes, offset + 12)
}

export function dst(bytes: Uint8Array, offset: number): Ipv4 {
  return readIpv4(bytes, offset + 16)
}

/** The header checksum is right; {@link headerLength} octets must be there. */
export function checksumOk(bytes: Uint8Array, offset: number): boolean {
  return internetChecksum(bytes, offset, offset + headerLength(bytes, offset)) === 0
}

/** Computes and writes the header checksum. */
export function updateHeaderChecksum(bytes: Uint8Array, offset: number): void {
  setU16(bytes, offset + 10, 0)
  setU16(bytes, offset + 10, internetChecksum(bytes, offset, offset + headerLength(bytes, offset)))
}

/** Takes one from the TTL and updates the checksum incrementally (RFC 1624). */
export function decrementTtl(bytes: Uint8Array, offset: number): void {
  replaceWord(bytes, offset + 8, u16(bytes, offset + 8) - 0x100, offset + 10)
}

/** Sets DSCP and ECN and updates the checksum incrementally (RFC 1624). */
export function setTos(bytes: Uint8Array, offset: number, value: number): void {
  replaceWord(bytes, offset, (u8(bytes, offset) << 8) | value, offset + 10)
}

/** Sets ECN, keeps DSCP, and updates the checksum incrementally (RFC 1624). */
export function setEcn(bytes: Uint8Array, offset: number, value: number): void {
  setTos(bytes, offset, (u8(bytes, offset + 1) & 0xfc) | value)
}

/** What {@link write} needs. */
export interface Ipv4Fields {
  readonly tos: number
  readonly totalLength: number
  readonly id: number
  readonly df: boolean
  readonly ttl: number
  readonly protocol: number
  readonly src: Ipv4
  readonly dst: Ipv4
}

/** Writes a 20-octet header of an unfragmented packet, checksum included. */
export function write(bytes: Uint8Array, offset: number, fields: Ipv4Fields): void {
  setU8(bytes, offset, 0x45)
  setU8(bytes, offset + 1, fields.tos)
  setU16(bytes, offset + 2, fields.totalLength)
  setU16(bytes, offset + 4, fields.id)
  setU16(bytes, offset + 6, fields.df ? 0x4000 : 0)
  setU8(bytes, offset + 8, fields.ttl)
  setU8(bytes, offset + 9, fields.protocol)
  writeIpv4(bytes, offset + 12, fields.src)
  writeIpv4(bytes, offset + 16, fields.dst)
  updateHeaderChecksum(bytes, offset)
}
