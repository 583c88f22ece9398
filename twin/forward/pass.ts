/**
 * PUNT-3: frames that XDP passes to the node's kernel, which the machine would punt and an engine need not see.
 *
 * @module
 */
import { readIpv4, readIpv6 } from '../packet/address.js'
import { u16, u8 } from '../packet/bytes.js'
import * as ethernet from '../packet/ethernet.js'
import { Protocol } from '../packet/ipv4.js'
import type { Port, Vrf } from './config.js'
import { isLinkLocalAt, isMartianAt, isOwnInVrf } from './own-address.js'
import {
  DESTINATION,
  IPV4_HEADER,
  ipv4HeaderLength,
  isIpv4Fragment,
  L3_OFFSET,
  soundEnd,
  SOURCE,
} from './parse.js'

const ARP_LENGTH = 28
/** RFC 826: Ethernet, IPv4, and the lengths of their addresses. */
const ARP_KIND = [0x0001, 0x0800, 0x0604] as const
const TARGET_PROTOCOL_ADDRESS = 24
/** Octet of the protocol, or of the next header. */
const PROTOCOL = { 4: L3_OFFSET + 9, 6: L3_OFFSET + 6 } as const
const LINK_SCOPE = 0xff02

/** Whether a frame that a port receives passes. */
export function passes(port: Port, frame: Uint8Array): boolean {
  const { vrf } = port
  if (!port.passes || vrf === undefined) return false
  if (frame.length < L3_OFFSET || frame.length - L3_OFFSET > port.mtu) return false
  const isToPort = ethernet.dst(frame, 0) === port.mac
  switch (u16(frame, 12)) {
    case ethernet.EtherType.ARP:
      return (isToPort || isBroadcast(frame)) && isArpForNode(vrf, frame)
    case ethernet.EtherType.IPV4:
      return isToPort && isIcmp(frame) && isForNode(vrf, frame, 4)
    case ethernet.EtherType.IPV6:
      return (
        soundEnd(frame, 6) !== 0 &&
        u8(frame, PROTOCOL[6]) === Protocol.ICMPV6 &&
        passes6(vrf, isToPort, frame)
      )
    default:
      return false
  }
}

function isBroadcast(frame: Uint8Array): boolean {
  return [0, 2, 4].every((offset) => u16(frame, offset) === 0xffff)
}

function isArpForNode(vrf: Vrf, frame: Uint8Array): boolean {
  if (frame.length < L3_OFFSET + ARP_LENGTH) return false
  if (!ARP_KIND.every((word, n) => u16(frame, L3_OFFSET + 2 * n) === word)) return false
  return isKernels(vrf, frame, L3_OFFSET + TARGET_PROTOCOL_ADDRESS, 4)
}

/** Well-formed, without options, no fragment. */
function isIcmp(frame: Uint8Array): boolean {
  if (soundEnd(frame, 4) === 0 || ipv4HeaderLength(frame) !== IPV4_HEADER) return false
  return u8(frame, PROTOCOL[4]) === Protocol.ICMP && !isIpv4Fragment(frame)
}

/** ICMPv6: of the link's own traffic all, whoever's address it is about. */
function passes6(vrf: Vrf, isToPort: boolean, frame: Uint8Array): boolean {
  if (u16(frame, DESTINATION[6]) === LINK_SCOPE) return isToPort || (u8(frame, 0) & 1) !== 0
  return isToPort && (isLinkLocalAt(frame, DESTINATION[6]) || isForNode(vrf, frame, 6))
}

/** ROUTE-2, LOCAL-1 */
function isForNode(vrf: Vrf, frame: Uint8Array, family: 4 | 6): boolean {
  const source = SOURCE[family]
  if (isMartianAt(frame, source, family) || isOwnInVrf(vrf, frame, source, family)) return false
  return isKernels(vrf, frame, DESTINATION[family], family)
}

/** An own address that no IRB has and no wire refuses. */
function isKernels(vrf: Vrf, frame: Uint8Array, offset: number, family: 4 | 6): boolean {
  if (!isOwnInVrf(vrf, frame, offset, family) || isMartianAt(frame, offset, family)) return false
  return !vrf.gateways.has(family === 4 ? readIpv4(frame, offset) : readIpv6(frame, offset))
}
