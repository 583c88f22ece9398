/**
 * IPv6 fixed header (RFC 8200 section 3). Accessors take the offset of the version octet.
 *
 * @module
 */
import { setU16, setU32, setU8, u16, u32, u8 } from './bytes.js'
import { readIpv6, writeIpv6, type Ipv6 } from './ipv6-address.js'

/** Octets of the fixed header. */
export const HEADER_LENGTH = 40

export function version(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset) >>> 4
}

/** DSCP and ECN in one octet. */
export function trafficClass(bytes: Uint8Array, offset: number): number {
  return (u16(bytes, offset) >>> 4) & 0xff
}

export function dscp(bytes: Uint8Array, offset: number): number {
  return (u16(bytes, offset) >>> 6) & 0x3f
}

export function ecn(bytes: Uint8Array, offset: number): number {
  return (u8(bytes, offset + 1) >>> 4) & 3
}

/** 20 bits. */
export function flowLabel(bytes: Uint8Array, offset: number): number {
  return u32(bytes, offset) & 0xf_ffff
}

/** Octets behind the fixed header, extension headers included. */
export function payloadLength(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 4)
}

export function nextHeader(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset + 6)
}

export function hopLimit(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset + 7)
}

export function src(bytes: Uint8Array, offset: number): Ipv6 {
  return readIpv6(bytes, offset + 8)
}

export function dst(bytes: Uint8Array, offset: number): Ipv6 {
  return readIpv6(bytes, offset + 24)
}

/** Takes one from the hop limit; IPv6 has no header checksum. */
export function decrementHopLimit(bytes: Uint8Array, offset: number): void {
  setU8(bytes, offset + 7, u8(bytes, offset + 7) - 1)
}

/** Sets DSCP and ECN. */
export function setTrafficClass(bytes: Uint8Array, offset: number, value: number): void {
  setU16(bytes, offset, (u16(bytes, offset) & 0xf00f) | (value << 4))
}

/** Sets ECN and keeps DSCP. */
export function setEcn(bytes: Uint8Array, offset: number, value: number): void {
  setU8(bytes, offset + 1, (u8(bytes, offset + 1) & 0xcf) | (value << 4))
}

/** What {@link write} needs. */
export interface Ipv6Fields {
  readonly trafficClass: number
  readonly flowLabel: number
  readonly payloadLength: number
  readonly nextHeader: number
  readonly hopLimit: number
  readonly src: Ipv6
  readonly dst: Ipv6
}

/** Writes the 40 octets of the fixed header. */
export function write(bytes: Uint8Array, offset: number, fields: Ipv6Fields): void {
  setU32(bytes, offset, ((6 << 28) | (fields.trafficClass << 20) | fields.flowLabel) >>> 0)
  setU16(bytes, offset + 4, fields.payloadLength)
  setU8(bytes, offset + 6, fields.nextHeader)
  setU8(bytes, offset + 7, fields.hopLimit)
  writeIpv6(bytes, offset + 8, fields.src)
  writeIpv6(bytes, offset + 24, fields.dst)
}
