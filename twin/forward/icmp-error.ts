/**
 * ICMP errors (section 15; RFC 792, RFC 1812, RFC 4443).
 *
 * @module
 */
import * as icmp from '../packet/icmp.js'
import * as icmpv6 from '../packet/icmpv6.js'
import * as ipv4 from '../packet/ipv4.js'
import * as ipv6 from '../packet/ipv6.js'
import type { Ipv4, Ipv6 } from '../packet/address.js'
import { setU32, setU8, u16, u8 } from '../packet/bytes.js'
import type { Routed, Vrf } from './config.js'
import { newFrame } from './frame-memory.js'
import type { Machine } from './machine.js'
import type { HeldPacket } from './neighbour-table.js'
import { originate } from './originate.js'
import { isLinkLocalAt } from './own-address.js'
import { IPV4_HEADER, ipv4HeaderLength, IPV6_HEADER, L3_OFFSET, SOURCE } from './parse.js'
import { whole } from './tunnelled-frame.js'

/** RFC 1812 section 4.3.2.3 in its oldest, smallest form: the most an IPv4 error measures. */
const MOST_IPV4 = 576
/** RFC 4443 section 2.4 (c): the minimum IPv6 MTU. */
const MOST_IPV6 = 1280
const ICMP_HEADER = 8
/** RFC 1812 section 4.3.2.5: precedence 6, internetwork control. */
const TOS = 0xc0
const TTL = 64
/** Echo reply, echo, timestamp, timestamp reply: what is no error and no answer to one. */
const IPV4_TYPES_WITH_ERRORS: ReadonlySet<number> = new Set([0, 8, 13, 14])

/** Errors by what happened: type and code in each family. */
export const IcmpError = {
  netUnreachable: { 4: [3, 0], 6: [1, 0] },
  hostUnreachable: { 4: [3, 1], 6: [1, 3] },
  portUnreachable: { 4: [3, 3], 6: [1, 4] },
  tooBig: { 4: [3, 4], 6: [2, 0] },
  timeExceeded: { 4: [11, 0], 6: [3, 0] },
} as const

/** One of {@link IcmpError}. */
export type IcmpErrorKind = keyof typeof IcmpError

/** The packet that an error is about, as it was received. */
export interface Offending {
  readonly frame: Uint8Array
  readonly family: 4 | 6
  /** Where the packet ends in `frame` (PARSE-6). */
  readonly end: number
  /** Interface i of ICMP-1 and its VRF. */
  readonly on: Routed
  readonly vrf: Vrf
}

/** ICMP-1: sends an error about a packet, unless ICMP-2 forbids it or there is no address to send it from. */
export function sendIcmpError(m: Machine, kind: IcmpErrorKind, packet: Offending, mtu = 0): void {
  if (forbidden(packet)) {
    m.trace?.step('ICMP-2', packet.on.id, 'no error is sent about this packet')
    return
  }
  const [type, code] = IcmpError[kind][packet.family]
  const frame = packet.family === 4 ? ipv4Error(packet, type, code, mtu) : ipv6Error(packet, type, code, mtu)
  if (frame === undefined) {
    m.trace?.step('ICMP-1', packet.on.id, 'no address to send an error from')
    return
  }
  m.trace?.step('ICMP-1', packet.on.id, `error ${type}/${code}`)
  m.trace?.step(packet.family === 4 ? 'ICMP-3' : 'ICMP-4', packet.on.id, `${frame.length - L3_OFFSET} octets`)
  originate(m, packet.vrf, frame, packet.family)
}

/** ICMP-5: about a packet that was to be sent, as it is; none when the node itself sent it. */
export function reportUnreachable(
  m: Machine,
  { frame, family, receivedOn }: Pick<HeldPacket, 'frame' | 'family' | 'receivedOn'>,
): void {
  if (receivedOn?.vrf === undefined) {
    m.trace?.step('ICMP-5', 0, "the node's own packet causes no error")
    return
  }
  m.trace?.step('ICMP-5', receivedOn.id, 'about the packet as it is')
  const packet = { frame, family, end: frame.length, on: receivedOn, vrf: receivedOn.vrf }
  sendIcmpError(m, 'hostUnreachable', packet)
}

/**
 * ICMP-2. Packets in group-addressed frames and those that the node originated never come here: PORT-4 and IRB-2 end
 * the former, ROUTE-11 the latter.
 */
function forbidden({ frame, family, end }: Offending): boolean {
  if (family === 6) {
    if (isLinkLocalAt(frame, SOURCE[6])) return true
    if (u8(frame, L3_OFFSET + 6) !== ipv4.Protocol.ICMPV6) return false
    const type = L3_OFFSET + IPV6_HEADER
    return type >= end || icmpv6.isError(u8(frame, type))
  }
  if ((u16(frame, L3_OFFSET + 6) & 0x1fff) !== 0) return true
  if (ipv4.protocol(frame, L3_OFFSET) !== ipv4.Protocol.ICMP) return false
  const type = L3_OFFSET + ipv4HeaderLength(frame)
  return type >= end || !IPV4_TYPES_WITH_ERRORS.has(u8(frame, type))
}

function ipv4Error(packet: Offending, type: number, code: number, mtu: number): Uint8Array | undefined {
  const source = ipv4Source(packet)
  if (source === undefined) return undefined
  const quoted = Math.min(packet.end - L3_OFFSET, MOST_IPV4 - IPV4_HEADER - ICMP_HEADER)
  const frame = newFrame(L3_OFFSET + IPV4_HEADER + ICMP_HEADER + quoted)
  ipv4.write(frame, L3_OFFSET, {
    tos: TOS,
    totalLength: frame.length - L3_OFFSET,
    id: 0,
    df: true,
    ttl: TTL,
    protocol: ipv4.Protocol.ICMP,
    src: source,
    dst: ipv4.src(packet.frame, L3_OFFSET),
  })
  const message = L3_OFFSET + IPV4_HEADER
  writeMessage(frame, message, type, code, mtu, packet, quoted)
  icmp.updateMessageChecksum(frame, message, frame.length)
  return frame
}

function ipv6Error(packet: Offending, type: number, code: number, mtu: number): Uint8Array | undefined {
  const source = ipv6Source(packet)
  if (source === undefined) return undefined
  const quoted = Math.min(packet.end - L3_OFFSET, MOST_IPV6 - IPV6_HEADER - ICMP_HEADER)
  const frame = newFrame(L3_OFFSET + IPV6_HEADER + ICMP_HEADER + quoted)
  ipv6.write(frame, L3_OFFSET, {
    trafficClass: TOS,
    flowLabel: 0,
    payloadLength: frame.length - L3_OFFSET - IPV6_HEADER,
    nextHeader: ipv4.Protocol.ICMPV6,
    hopLimit: TTL,
    src: source,
    dst: ipv6.src(packet.frame, L3_OFFSET),
  })
  const message = L3_OFFSET + IPV6_HEADER
  writeMessage(frame, message, type, code, mtu, packet, quoted)
  icmpv6.updateMessageChecksum(frame, message, frame.length, SOURCE[6], SOURCE[6] + 16)
  return frame
}

function writeMessage(
  frame: Uint8Array,
  at: number,
  type: number,
  code: number,
  mtu: number,
  packet: Offending,
  quoted: number,
): void {
  setU8(frame, at, type)
  setU8(frame, at + 1, code)
  setU32(frame, at + 4, mtu)
  frame.set(whole(packet.frame).subarray(L3_OFFSET, L3_OFFSET + quoted), at + ICMP_HEADER)
}

function ipv4Source({ on, vrf }: Offending): Ipv4 | undefined {
  const from = on.addresses4.length > 0 ? on : vrf.interfaces.find((i) => i.addresses4.length > 0)
  return from?.addresses4[0]?.address
}

function ipv6Source({ on, vrf }: Offending): Ipv6 | undefined {
  for (const candidate of [on, ...vrf.interfaces]) {
    const global = candidate.addresses6.find((address) => !address.linkLocal)
    if (global !== undefined) return global.address
  }
  return undefined
}
