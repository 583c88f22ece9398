/**
 * Packets to the node itself (section 14).
 *
 * @module
 */
import * as icmp from '../packet/icmp.js'
import * as icmpv6 from '../packet/icmpv6.js'
import * as ipv4 from '../packet/ipv4.js'
import * as ipv6 from '../packet/ipv6.js'
import { readIpv4, readIpv6, readMac } from '../packet/address.js'
import { setU8, u8 } from '../packet/bytes.js'
import { newFrame } from './frame-memory.js'
import { sendIcmpError, type Offending } from './icmp-error.js'
import type { Machine } from './machine.js'
import { sendOutOfIrb } from './neighbour.js'
import { originate } from './originate.js'
import { isLinkLocalAt } from './own-address.js'
import {
  DESTINATION,
  IPV4_HEADER,
  ipv4HeaderLength,
  IPV6_HEADER,
  isIpv4Fragment,
  L3_OFFSET,
  SOURCE,
} from './parse.js'
import { punt } from './send.js'
import { decapsulate, vxlanFor } from './vxlan.js'
import { receiveWireguard, wireguardFor } from './wireguard-receive.js'

const { Protocol } = ipv4
const ICMP_HEADER = 8
const TTL = 64
const DSCP = 0xfc
const ECHO = {
  4: { protocol: Protocol.ICMP, request: 8, reply: 0 },
  6: { protocol: Protocol.ICMPV6, request: 128, reply: 129 },
} as const

/** ROUTE-4: delivers a packet to an own address. */
export function deliver(m: Machine, packet: Offending): void {
  const { on, vrf, frame, family, end } = packet
  const wg = wireguardFor(m, vrf, packet)
  if (wg !== undefined) {
    m.trace?.step('LOCAL-1', on.id, 'WireGuard')
    m.trace?.step('WG-5', wg.id, 'for this node')
    receiveWireguard(m, wg, packet)
    return
  }
  if (on.kind === 'irb' || isGateway(packet)) {
    deliverToGateway(m, packet)
    return
  }
  const vxlan = vxlanFor(m, frame, family, end)
  const hasKernel = on.kind !== 'wireguard' || on.lower !== undefined
  m.trace?.step(
    'LOCAL-1',
    on.id,
    vxlan !== undefined ? 'VXLAN' : hasKernel ? 'for the kernel' : 'no kernel has it',
  )
  if (vxlan === undefined) {
    if (hasKernel) punt(m, on, frame)
    else deliverToGateway(m, packet)
    return
  }
  m.trace?.step('VXLAN-4', vxlan.id, 'for this node')
  decapsulate(m, vxlan, frame, family, end)
}

/** An IRB's address, which no kernel has (LOCAL-1). */
function isGateway({ vrf, frame, family }: Offending): boolean {
  const at = DESTINATION[family]
  return vrf.gateways.has(family === 4 ? readIpv4(frame, at) : readIpv6(frame, at))
}

function deliverToGateway(m: Machine, packet: Offending): void {
  const { on, frame, family } = packet
  const protocol = u8(frame, L3_OFFSET + (family === 4 ? 9 : 6))
  if (family === 4 ? isIpv4Fragment(frame) : protocol === Protocol.FRAGMENT) {
    m.trace?.step('LOCAL-2', on.id, 'a fragment')
    m.fate('local-fragment')
    return
  }
  if (protocol === ECHO[family].protocol) {
    receiveIcmp(m, packet)
    return
  }
  m.trace?.step('LOCAL-4', on.id, `nothing listens, protocol ${protocol}`)
  m.fate('no-listener')
  if (protocol === Protocol.UDP) sendIcmpError(m, 'portUnreachable', packet)
}

/** LOCAL-3, and LOCAL-4 for ICMP of other types. */
function receiveIcmp(m: Machine, packet: Offending): void {
  const { on, vrf, frame, family, end } = packet
  const at = L3_OFFSET + (family === 4 ? ipv4HeaderLength(frame) : IPV6_HEADER)
  const size = end - at
  if (size >= 2 && (u8(frame, at) !== ECHO[family].request || u8(frame, at + 1) !== 0)) {
    m.trace?.step('LOCAL-4', on.id, 'nothing listens, ICMP of another type')
    m.fate('no-listener')
    return
  }
  if (size < ICMP_HEADER || !isChecksumRight(frame, family, at, end)) {
    m.trace?.step('LOCAL-3', on.id, 'ICMP too short, or the checksum of an echo request is wrong')
    m.fate('icmp-invalid')
    return
  }
  m.trace?.step('LOCAL-3', on.id, 'echo request, answered')
  m.fate('echo-answered')
  const reply = family === 4 ? ipv4EchoReply(frame, at, end) : ipv6EchoReply(frame, at, end)
  if (on.kind === 'irb' && family === 6 && isLinkLocalAt(frame, SOURCE[6])) {
    sendOutOfIrb(m, on, readMac(frame, 6), reply, 6)
  } else {
    originate(m, vrf, reply, family)
  }
}

function isChecksumRight(frame: Uint8Array, family: 4 | 6, at: number, end: number): boolean {
  return family === 4
    ? icmp.checksumOk(frame, at, end)
    : icmpv6.checksumOk(frame, at, end, SOURCE[6], SOURCE[6] + 16)
}

function ipv4EchoReply(frame: Uint8Array, at: number, end: number): Uint8Array {
  const message = L3_OFFSET + IPV4_HEADER
  const reply = newFrame(message + end - at)
  ipv4.write(reply, L3_OFFSET, {
    tos: ipv4.tos(frame, L3_OFFSET) & DSCP,
    totalLength: reply.length - L3_OFFSET,
    id: 0,
    df: true,
    ttl: TTL,
    protocol: Protocol.ICMP,
    src: ipv4.dst(frame, L3_OFFSET),
    dst: ipv4.src(frame, L3_OFFSET),
  })
  reply.set(frame.subarray(at, end), message)
  setU8(reply, message, ECHO[4].reply)
  icmp.updateMessageChecksum(reply, message, reply.length)
  return reply
}

function ipv6EchoReply(frame: Uint8Array, at: number, end: number): Uint8Array {
  const message = L3_OFFSET + IPV6_HEADER
  const reply = newFrame(message + end - at)
  ipv6.write(reply, L3_OFFSET, {
    trafficClass: ipv6.trafficClass(frame, L3_OFFSET) & DSCP,
    flowLabel: 0,
    payloadLength: reply.length - message,
    nextHeader: Protocol.ICMPV6,
    hopLimit: TTL,
    src: ipv6.dst(frame, L3_OFFSET),
    dst: ipv6.src(frame, L3_OFFSET),
  })
  reply.set(frame.subarray(at, end), message)
  setU8(reply, message, ECHO[6].reply)
  icmpv6.updateMessageChecksum(reply, message, reply.length, SOURCE[6], SOURCE[6] + 16)
  return reply
}
