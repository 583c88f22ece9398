/**
 * Ethernet addresses (IEEE 802, EUI-48). See {@link ./address.ts} for the binary form.
 *
 * @module
 */
import { setU48, u48 } from './bytes.js'
import { PacketError } from './errors.js'

declare const macBrand: unique symbol

/** A 48-bit Ethernet address as a number, most significant octet first on the wire. */
export type Mac = number & { readonly [macBrand]: 'Mac' }

/** `ff:ff:ff:ff:ff:ff`. */
export const MAC_BROADCAST = 0xffff_ffff_ffff as Mac

/** `00:00:00:00:00:00`, never a sender. */
export const MAC_ZERO = 0 as Mac

const MAC_TEXT = /^[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}$/
const GROUP_BIT = 0x0100_0000_0000
const LOCAL_BIT = 0x0200_0000_0000
const IPV4_MULTICAST_BASE = 0x0100_5e00_0000
const IPV6_MULTICAST_BASE = 0x3333_0000_0000

/**
 * Reads `02:00:00:00:00:01`: six octets of two digits, colons, either case.
 *
 * @throws {PacketError} `ZT_MAC_SYNTAX`
 */
export function parseMac(text: string): Mac {
  if (!MAC_TEXT.test(text)) {
    throw new PacketError('ZT_MAC_SYNTAX', `${JSON.stringify(text)} is not an Ethernet address`, {
      remedy: 'write six octets of two hexadecimal digits with colons, such as 02:00:00:00:00:01',
    })
  }
  return Number.parseInt(text.replaceAll(':', ''), 16) as Mac
}

/** Lower case with colons. */
export function formatMac(mac: Mac): string {
  const digits = mac.toString(16).padStart(12, '0')
  return `${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4, 6)}:${digits.slice(6, 8)}:${digits.slice(8, 10)}:${digits.slice(10)}`
}

/**
 * A number as an Ethernet address.
 *
 * @throws {PacketError} `ZT_FIELD_RANGE` unless it is an integer from 0 to 2^48-1.
 */
export function macFromNumber(value: number): Mac {
  if (!Number.isInteger(value) || value < 0 || value > MAC_BROADCAST) {
    throw new PacketError('ZT_FIELD_RANGE', `${value} is not a 48-bit number`, {
      remedy: 'give an integer from 0 to 2^48-1',
    })
  }
  return value as Mac
}

/** The address in the six octets at `offset`; the caller has checked bounds. */
export function readMac(bytes: Uint8Array, offset: number): Mac {
  return u48(bytes, offset) as Mac
}

/** Writes six octets at `offset`. */
export function writeMac(bytes: Uint8Array, offset: number, mac: Mac): void {
  setU48(bytes, offset, mac)
}

/** Group address: I/G bit set, broadcast included. */
export function isGroupMac(mac: Mac): boolean {
  return Math.floor(mac / GROUP_BIT) % 2 === 1
}

/** Locally administered: U/L bit set. */
export function isLocalMac(mac: Mac): boolean {
  return Math.floor(mac / LOCAL_BIT) % 2 === 1
}

/** RFC 1112 section 6.4: `01:00:5e` and the low 23 bits of an IPv4 group, here given as a number. */
export function macOfIpv4Group(group: number): Mac {
  return (IPV4_MULTICAST_BASE + (group & 0x7f_ffff)) as Mac
}

/** RFC 2464 section 7: `33:33` and the low 32 bits of an IPv6 group, here given as a number. */
export function macOfIpv6Group(group: bigint): Mac {
  return (IPV6_MULTICAST_BASE + Number(group & 0xffff_ffffn)) as Mac
}
