/**
 * UDP (RFC 768, RFC 8200 section 8.1). Accessors take the offset of the source port.
 *
 * @module
 */
import { setU16, u16 } from './bytes.js'
import {
  foldChecksum,
  ipv4PseudoHeaderSum,
  ipv6PseudoHeaderSum,
  sumWords,
  udpChecksumOnWire,
} from './checksum.js'
import { Protocol } from './ipv4.js'

/** Octets of the header. */
export const HEADER_LENGTH = 8

export function srcPort(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset)
}

export function dstPort(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 2)
}

/** Octets of header and data. */
export function length(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 4)
}

/** 0 says "none". */
export function checksum(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 6)
}

/** Writes the header; a checksum can be put in later by one of the functions below. */
export function write(
  bytes: Uint8Array,
  offset: number,
  srcPort: number,
  dstPort: number,
  length: number,
  checksum = 0,
): void {
  setU16(bytes, offset, srcPort)
  setU16(bytes, offset + 2, dstPort)
  setU16(bytes, offset + 4, length)
  setU16(bytes, offset + 6, checksum)
}

/**
 * The checksum over the datagram `bytes[offset..offset + UDP length)` is right; a zero one is not looked at and is the
 * caller's to judge. Source and destination address lie one behind the other at `addresses`.
 */
export function checksumOkOverIpv4(bytes: Uint8Array, offset: number, addresses: number): boolean {
  const octets = length(bytes, offset)
  const pseudo = ipv4PseudoHeaderSum(bytes, addresses, Protocol.UDP, octets)
  return foldChecksum(sumWords(bytes, offset, offset + octets, pseudo)) === 0
}

/** As {@link checksumOkOverIpv4}, for the addresses of an IPv6 header; `destination` is the final one. */
export function checksumOkOverIpv6(
  bytes: Uint8Array,
  offset: number,
  source: number,
  destination: number,
): boolean {
  const octets = length(bytes, offset)
  const pseudo = ipv6PseudoHeaderSum(bytes, source, destination, Protocol.UDP, octets)
  return foldChecksum(sumWords(bytes, offset, offset + octets, pseudo)) === 0
}

/** Computes and writes the checksum of the datagram at `offset`; a computed 0 becomes 0xffff. */
export function updateChecksumOverIpv4(bytes: Uint8Array, offset: number, addresses: number): void {
  setU16(bytes, offset + 6, 0)
  const octets = length(bytes, offset)
  const pseudo = ipv4PseudoHeaderSum(bytes, addresses, Protocol.UDP, octets)
  setU16(bytes, offset + 6, udpChecksumOnWire(foldChecksum(sumWords(bytes, offset, offset + octets, pseudo))))
}

/** As {@link updateChecksumOverIpv4}, for the addresses of an IPv6 header; `destination` is the final one. */
export function updateChecksumOverIpv6(
  bytes: Uint8Array,
  offset: number,
  source: number,
  destination: number,
): void {
  setU16(bytes, offset + 6, 0)
  const octets = length(bytes, offset)
  const pseudo = ipv6PseudoHeaderSum(bytes, source, destination, Protocol.UDP, octets)
  setU16(bytes, offset + 6, udpChecksumOnWire(foldChecksum(sumWords(bytes, offset, offset + octets, pseudo))))
}
