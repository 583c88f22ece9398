/**
 * Unicast packets between hosts: what the generator sends and what the judge expects to arrive, both built from the same
 * few numbers with the packet builders, neither with the forwarder.
 *
 * @module
 */
import { build, encodeFrame, isIpv6 } from '../../twin/packet/index.js'
import type { Ip, Mac, Stack, TraceId } from '../../twin/packet/index.js'
import type { Family } from '../fabric-view.js'
import { markedPayload } from './payload.js'

/** What a generated packet may carry. */
export type Protocol = 'udp' | 'tcp' | 'icmp'

/** Everything about a packet but who sends it to whom. */
export interface PacketSpec {
  readonly family: Family
  readonly protocol: Protocol
  /** TCP and UDP: ports. ICMP: echo identifier and sequence number. */
  readonly sourcePort: number
  readonly destinationPort: number
  /** TTL or hop limit. */
  readonly ttl: number
  /** 6 bits. */
  readonly dscp: number
  /** 2 bits. */
  readonly ecn: number
  /** Octets behind the transport header; 32 and more hold canary and mark. */
  readonly size: number
  /** ICMP: an echo reply, not a request. */
  readonly reply?: boolean
}

/** A packet as everybody sends it. */
export const plainPacket: PacketSpec = {
  family: 4,
  protocol: 'udp',
  sourcePort: 40000,
  destinationPort: 7,
  ttl: 64,
  dscp: 0,
  ecn: 0,
  size: 64,
}

/** Addresses of a frame. */
export interface Endpoints {
  readonly sourceMac: Mac
  readonly destinationMac: Mac
  readonly source: Ip
  readonly destination: Ip
}

/** Octets of the transport headers that are built here. */
const TRANSPORT_HEADER: Readonly<Record<Protocol, number>> = { udp: 8, tcp: 20, icmp: 8 }

/** Octets of an IP packet of a spec: header, transport header, payload. */
export function packetLength(spec: PacketSpec): number {
  return (spec.family === 4 ? 20 : 40) + TRANSPORT_HEADER[spec.protocol] + spec.size
}

/** TCP flags of generated segments: PSH and ACK. */
const TCP_DATA = 0x18
const DONT_FRAGMENT = 2

/** Transport header and payload. */
export function transportOf(spec: PacketSpec, payload: Uint8Array): Stack {
  const { sourcePort: srcPort, destinationPort: dstPort } = spec
  const body = build.payload(payload)
  switch (spec.protocol) {
    case 'udp':
      return build.udp({ srcPort, dstPort }, body)
    case 'tcp':
      return build.tcp({ srcPort, dstPort, flags: TCP_DATA }, body)
    case 'icmp': {
      const rest = srcPort * 0x1_0000 + dstPort
      const reply = spec.reply ?? false
      return spec.family === 4
        ? build.icmp({ type: reply ? 0 : 8, rest }, body)
        : build.icmpv6({ type: reply ? 129 : 128, rest }, body)
    }
  }
}

/** IP packet layers around some transport. */
export function ipOf(spec: PacketSpec, source: Ip, destination: Ip, transport: Stack): Stack {
  const marks = spec.dscp * 4 + spec.ecn
  if (isIpv6(source) && isIpv6(destination)) {
    return build.ipv6({ src: source, dst: destination, trafficClass: marks, hopLimit: spec.ttl }, transport)
  }
  if (isIpv6(source) || isIpv6(destination)) throw new TypeError('addresses of two families in one packet')
  return build.ipv4(
    { src: source, dst: destination, tos: marks, ttl: spec.ttl, flags: DONT_FRAGMENT },
    transport,
  )
}

/** The frame of a packet. */
export function packetFrame(ends: Endpoints, spec: PacketSpec, id: TraceId): Uint8Array {
  return encodeFrame(
    build.ethernet(
      { dst: ends.destinationMac, src: ends.sourceMac },
      ipOf(spec, ends.source, ends.destination, transportOf(spec, markedPayload(spec.size, id))),
    ),
  )
}

/** `udp 40000>7`, for labels. */
export function describeSpec(spec: PacketSpec): string {
  const ports =
    spec.protocol === 'icmp'
      ? `icmp echo${spec.reply === true ? ' reply' : ''}`
      : `${spec.protocol} ${spec.sourcePort}>${spec.destinationPort}`
  const extras = [
    spec.ttl === plainPacket.ttl ? '' : ` ttl ${spec.ttl}`,
    spec.dscp === 0 && spec.ecn === 0 ? '' : ` dscp ${spec.dscp} ecn ${spec.ecn}`,
    spec.size === plainPacket.size ? '' : ` ${spec.size} octets`,
  ]
  return `IPv${spec.family} ${ports}${extras.join('')}`
}
