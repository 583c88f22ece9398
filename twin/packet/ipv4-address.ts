/**
 * IPv4 addresses. See {@link ./address.ts} for the binary form.
 *
 * @module
 */
import { setU32, u32 } from './bytes.js'
import { PacketError } from './errors.js'

declare const ipv4Brand: unique symbol

/** A 32-bit IPv4 address as an unsigned number, first octet most significant. */
export type Ipv4 = number & { readonly [ipv4Brand]: 'Ipv4' }

/** `0.0.0.0`. */
export const IPV4_ANY = 0 as Ipv4

/** No leading zeros: `010` is octal to some readers and decimal to others (RFC 6943 section 3.1.1). */
const OCTET = '(0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])'
const IPV4_TEXT = new RegExp(`^${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}$`)

/** The address in strict dotted decimal, or `undefined`. */
export function tryParseIpv4(text: string): Ipv4 | undefined {
  const match = IPV4_TEXT.exec(text)
  if (match === null) return undefined
  return (((Number(match[1]) << 24) |
    (Number(match[2]) << 16) |
    (Number(match[3]) << 8) |
    Number(match[4])) >>>
    0) as Ipv4
}

/**
 * Reads four decimal octets without leading zeros.
 *
 * @throws {PacketError} `ZT_IPV4_SYNTAX`
 */
export function parseIpv4(text: string): Ipv4 {
  const address = tryParseIpv4(text)
  if (address === undefined) {
    throw new PacketError('ZT_IPV4_SYNTAX', `${JSON.stringify(text)} is not an IPv4 address`, {
      remedy: 'write four decimal octets without leading zeros, such as 10.0.0.1',
    })
  }
  return address
}

/** Dotted decimal. */
export function formatIpv4(address: Ipv4): string {
  return `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`
}

/** The address in the four octets at `offset`; the caller has checked bounds. */
export function readIpv4(bytes: Uint8Array, offset: number): Ipv4 {
  return u32(bytes, offset) as Ipv4
}

/** Writes four octets at `offset`. */
export function writeIpv4(bytes: Uint8Array, offset: number, address: Ipv4): void {
  setU32(bytes, offset, address)
}

/** 224.0.0.0/4 (RFC 5771). */
export function isIpv4Multicast(address: Ipv4): boolean {
  return address >>> 28 === 0xe
}

/** 127.0.0.0/8 (RFC 1122 section 3.2.1.3). */
export function isIpv4Loopback(address: Ipv4): boolean {
  return address >>> 24 === 127
}

/** 169.254.0.0/16 (RFC 3927). */
export function isIpv4LinkLocal(address: Ipv4): boolean {
  return address >>> 16 === 0xa9fe
}
