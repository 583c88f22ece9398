/**
 * What section 2 reads from a frame. Offsets are from the start of the Ethernet frame, untagged.
 *
 * @module
 */
import { internetChecksum } from '../packet/checksum.js'
import { u16, u8 } from '../packet/bytes.js'
import type { Machine } from './machine.js'

/** Octets of the Ethernet header: where ARP, IP and the rest start. */
export const L3_OFFSET = 14
export const IPV4_HEADER = 20
export const IPV6_HEADER = 40
/** Where the destination address of a packet stands. */
export const DESTINATION = { 4: L3_OFFSET + 16, 6: L3_OFFSET + 24 } as const
/** Where the source address of a packet stands. */
export const SOURCE = { 4: L3_OFFSET + 12, 6: L3_OFFSET + 8 } as const

/** PARSE-4 without the checksum: where the packet ends (PARSE-6), or 0 when it is not well-formed. */
export function ipv4End(frame: Uint8Array): number {
  const available = frame.length - L3_OFFSET
  if (available < IPV4_HEADER) return 0
  const first = u8(frame, L3_OFFSET)
  const header = (first & 0xf) * 4
  const total = u16(frame, L3_OFFSET + 2)
  if (first >>> 4 !== 4 || header < IPV4_HEADER || header > total || total > available) return 0
  return L3_OFFSET + total
}

/** PARSE-5: where the packet ends (PARSE-6), or 0 when it is not well-formed. */
export function ipv6End(frame: Uint8Array): number {
  const available = frame.length - L3_OFFSET
  if (available < IPV6_HEADER || u8(frame, L3_OFFSET) >>> 4 !== 6) return 0
  const total = IPV6_HEADER + u16(frame, L3_OFFSET + 4)
  return total > available ? 0 : L3_OFFSET + total
}

/** PARSE-4, the checksum included, and PARSE-5, where no fate depends on it: where the packet ends, or 0. */
export function soundEnd(frame: Uint8Array, family: 4 | 6): number {
  if (family === 6) return ipv6End(frame)
  const end = ipv4End(frame)
  return end !== 0 && isIpv4ChecksumRight(frame) ? end : 0
}

function isIpv4ChecksumRight(frame: Uint8Array): boolean {
  return internetChecksum(frame, L3_OFFSET, L3_OFFSET + ipv4HeaderLength(frame)) === 0
}

/** Octets of the IPv4 header, options included. */
export function ipv4HeaderLength(frame: Uint8Array): number {
  return (u8(frame, L3_OFFSET) & 0xf) * 4
}

/** MF set or offset not zero. */
export function isIpv4Fragment(frame: Uint8Array): boolean {
  return (u16(frame, L3_OFFSET + 6) & 0x3fff) !== 0
}

/**
 * PARSE-4 and PARSE-5 where a packet is to be routed: where it ends, or 0 after the fate was decided.
 */
export function wellFormedEnd(m: Machine, interfaceId: number, frame: Uint8Array, family: 4 | 6): number {
  if (family === 6) {
    const end = ipv6End(frame)
    m.trace?.step('PARSE-5', interfaceId, end === 0 ? 'not well-formed' : 'well-formed')
    if (end === 0) m.fate('ipv6-header-invalid')
    return end
  }
  const end = ipv4End(frame)
  if (end === 0) {
    m.trace?.step('PARSE-4', interfaceId, 'not well-formed')
    m.fate('ipv4-header-invalid')
    return 0
  }
  if (!isIpv4ChecksumRight(frame)) {
    m.trace?.step('PARSE-4', interfaceId, 'wrong header checksum')
    m.fate('ipv4-checksum')
    return 0
  }
  m.trace?.step('PARSE-4', interfaceId, 'well-formed')
  return end
}
