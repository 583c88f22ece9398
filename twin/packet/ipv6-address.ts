/**
 * IPv6 addresses: RFC 4291 text in, RFC 5952 text out. See {@link ./address.ts} for the binary form.
 *
 * @module
 */
import { setU128, u128 } from './bytes.js'
import { PacketError } from './errors.js'
import { tryParseIpv4 } from './ipv4-address.js'
import type { Mac } from './mac.js'

declare const ipv6Brand: unique symbol

/** A 128-bit IPv6 address as an unsigned bigint, first octet most significant. */
export type Ipv6 = bigint & { readonly [ipv6Brand]: 'Ipv6' }

/** `::`. */
export const IPV6_ANY = 0n as Ipv6

/** `ff02::1`, all nodes (RFC 4291 section 2.7.1). */
export const IPV6_ALL_NODES = ((0xff02n << 112n) | 1n) as Ipv6

const SOLICITED_NODE = (0xff02n << 112n) | (1n << 32n) | 0xff00_0000n
const LINK_LOCAL = 0xfe80n << 112n
const GROUP_TEXT = /^[0-9a-fA-F]{1,4}$/

/** The address in RFC 4291 section 2.2 text (any of its three forms, no zone), or `undefined`. */
export function tryParseIpv6(text: string): Ipv6 | undefined {
  if (text.length > 45) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [before = '', after] = halves
  const head = groupsOf(before, after === undefined)
  if (head === undefined) return undefined
  if (after === undefined) return head.length === 8 ? fromGroups(head) : undefined
  const tail = groupsOf(after, true)
  if (tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  // RFC 4291 section 2.2: "::" stands for one or more groups.
  if (missing < 1) return undefined
  return fromGroups([...head, ...Array.from({ length: missing }, () => 0), ...tail])
}

/** Groups of a run without `::`; only the last may be dotted decimal, and only where the address ends. */
function groupsOf(run: string, ends: boolean): number[] | undefined {
  if (run === '') return []
  const groups: number[] = []
  const parts = run.split(':')
  for (const [i, part] of parts.entries()) {
    if (GROUP_TEXT.test(part)) {
      groups.push(Number.parseInt(part, 16))
      continue
    }
    const embedded = ends && i === parts.length - 1 ? tryParseIpv4(part) : undefined
    if (embedded === undefined) return undefined
    groups.push(embedded >>> 16, embedded & 0xffff)
  }
  return groups
}

function fromGroups(groups: readonly number[]): Ipv6 {
  let value = 0n
  for (const group of groups) value = (value << 16n) | BigInt(group)
  return value as Ipv6
}

/**
 * Reads RFC 4291 section 2.2 text: full, with `::`, or ending in dotted decimal.
 *
 * @throws {PacketError} `ZT_IPV6_SYNTAX`
 */
export function parseIpv6(text: string): Ipv6 {
  const address = tryParseIpv6(text)
  if (address === undefined) {
    throw new PacketError('ZT_IPV6_SYNTAX', `${JSON.stringify(text)} is not an IPv6 address`, {
      remedy: 'write it by RFC 4291 section 2.2 without a zone, such as fd00::1',
    })
  }
  return address
}

/** RFC 5952 section 4, and section 5 for IPv4-mapped addresses (`::ffff:192.0.2.1`). */
export function formatIpv6(address: Ipv6): string {
  if (address >> 32n === 0xffffn) {
    const low = Number(address & 0xffff_ffffn)
    return `::ffff:${low >>> 24}.${(low >>> 16) & 0xff}.${(low >>> 8) & 0xff}.${low & 0xff}`
  }
  const groups: number[] = []
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(Number((address >> shift) & 0xffffn))
  let bestStart = -1
  let bestLength = 1 // section 4.2.2: a single group of zeros is not shortened
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && groups[end] === 0) end++
    if (end - i > bestLength) {
      bestStart = i
      bestLength = end - i
    }
    if (end > i) i = end
  }
  const text = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':')
  if (bestStart < 0) return text(0, 8)
  return `${text(0, bestStart)}::${text(bestStart + bestLength, 8)}`
}

/** The address in the sixteen octets at `offset`; the caller has checked bounds. */
export function readIpv6(bytes: Uint8Array, offset: number): Ipv6 {
  return u128(bytes, offset) as Ipv6
}

/** Writes sixteen octets at `offset`. */
export function writeIpv6(bytes: Uint8Array, offset: number, address: Ipv6): void {
  setU128(bytes, offset, address)
}

/** ff00::/8. */
export function isIpv6Multicast(address: Ipv6): boolean {
  return address >> 120n === 0xffn
}

/** fe80::/10. */
export function isIpv6LinkLocal(address: Ipv6): boolean {
  return address >> 118n === 0x3fan
}

/** RFC 4291 section 2.7.1: `ff02::1:ff00:0/104` and the low 24 bits of the target. */
export function solicitedNodeOf(target: Ipv6): Ipv6 {
  return (SOLICITED_NODE | (target & 0xff_ffffn)) as Ipv6
}

/** RFC 4291 appendix A and section 2.5.6: `fe80::` and the modified EUI-64 of an Ethernet address. */
export function linkLocalOf(mac: Mac): Ipv6 {
  const value = BigInt(mac)
  const eui64 = ((value >> 24n) << 40n) | 0xff_fe00_0000n | (value & 0xff_ffffn)
  return (LINK_LOCAL | (eui64 ^ (1n << 57n))) as Ipv6
}
