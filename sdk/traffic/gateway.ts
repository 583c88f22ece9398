/**
 * Questions to gateways and packets about which they report, each with the very frame that must come back (ARP-3, ND-3,
 * LOCAL-3, ICMP-1 to ICMP-4), built with the packet builders.
 *
 * @module
 */
import { build, encodeFrame, formatIp, isIpv6, parseIp, prefixContains } from '../../twin/packet/index.js'
import type { Ip, Ipv4, Mac, Stack, TraceId } from '../../twin/packet/index.js'
import { addressOf, familyOf } from '../fabric-view.js'
import type { FabricView, Family, Host } from '../fabric-view.js'
import { frameOf } from './frame.js'
import type { Frame } from './frame.js'
import { packetFrame, plainPacket } from './packet.js'
import type { PacketSpec } from './packet.js'
import { macOctets, whoHas } from './neighbour.js'

/** A host and the gateway that it asks. */
export interface Asking {
  readonly host: Host
  readonly gateway: Ip
  readonly gatewayMac: Mac
  readonly source: Ip
}

/** Gateways that a host's own leaf holds, one for each family that both have. */
export function gatewaysOf(host: Host): readonly Asking[] {
  const { gatewayMac, gateways, network, leaf } = host
  if (gatewayMac === undefined || !network.gatewayLeaves.includes(leaf)) return []
  return gateways.flatMap((gateway) => {
    const source = addressOf(host, familyOf(gateway))?.address
    return source === undefined ? [] : [{ host, gateway, gatewayMac, source }]
  })
}

/** An ARP request or neighbour solicitation for the gateway's address. */
export function gatewayQuestion(asking: Asking): Frame | undefined {
  const { host, gateway } = asking
  return whoHas(host, {
    target: gateway,
    expect: { outcome: 'answered', by: 'gateway', answer: () => neighbourAnswer(asking) },
  })
}

function neighbourAnswer({ host, gateway, gatewayMac, source }: Asking): Uint8Array {
  return answerFor({ asker: host.mac, source, mac: gatewayMac, address: gateway, router: true })
}

/** An ARP request or neighbour solicitation of a host for another on its network, which answers, or its leaf in its name. */
export function peerQuestion(from: Host, to: Host, family: Family): Frame | undefined {
  const [source, address] = [addressOf(from, family)?.address, addressOf(to, family)?.address]
  if (source === undefined || address === undefined) return undefined
  const answer = () => answerFor({ asker: from.mac, source, mac: to.mac, address, router: false })
  return whoHas(from, { target: address, expect: { outcome: 'answered', by: 'host', answer } })
}

interface NeighbourAnswer {
  /** Who asked. */
  readonly asker: Mac
  readonly source: Ip
  /** What was asked for, and where it is. */
  readonly address: Ip
  readonly mac: Mac
  readonly router: boolean
}

/** An ARP reply or neighbour advertisement (ARP-3, ARP-4, ND-3, ND-4, HOST-1, HOST-2). */
function answerFor({ asker, source, address, mac, router }: NeighbourAnswer): Uint8Array {
  const ethernet = { dst: asker, src: mac }
  if (isIpv6(address) && isIpv6(source)) {
    const [R, S, O] = [router ? 0x8000_0000 : 0, 0x4000_0000, 0x2000_0000]
    const option = build.ndOption({ type: 2, data: macOctets(mac) })
    const advertisement = build.icmpv6(
      { type: 136, rest: R + S + O },
      build.ndTarget({ target: address }, option),
    )
    return encodeFrame(
      build.ethernet(ethernet, build.ipv6({ src: address, dst: source, hopLimit: 255 }, advertisement)),
    )
  }
  const [spa, tpa] = ipv4Pair(address, source)
  return encodeFrame(build.ethernet(ethernet, build.arp({ operation: 2, sha: mac, spa, tha: asker, tpa })))
}

/** An echo request to the gateway. */
export function echoRequest(asking: Asking, identifier: number): Frame {
  const { host, gateway, gatewayMac, source } = asking
  const spec: PacketSpec = {
    ...plainPacket,
    family: familyOf(gateway),
    protocol: 'icmp',
    sourcePort: identifier,
    destinationPort: 1,
    dscp: 10,
  }
  return frameOf({
    label: `${host.id}: echo request to its gateway ${formatIp(gateway)}`,
    tenant: host.tenant,
    at: { host: host.id },
    expect: {
      outcome: 'answered',
      by: 'gateway',
      // LOCAL-3: DSCP of the request, TTL 64, DF, no ID.
      answer: (id) =>
        packetFrame(
          { sourceMac: gatewayMac, destinationMac: host.mac, source: gateway, destination: source },
          { ...spec, reply: true, ttl: 64 },
          id,
        ),
    },
    bytes: (id) =>
      packetFrame(
        { sourceMac: host.mac, destinationMac: gatewayMac, source, destination: gateway },
        spec,
        id,
      ),
  })
}

/** Why a gateway reports about a packet: RFC 792 and RFC 4443 types and codes. */
const errors = {
  'ttl-exceeded': { 4: [11, 0], 6: [3, 0] },
  'no-route': { 4: [3, 0], 6: [1, 0] },
  'no-listener': { 4: [3, 3], 6: [1, 4] },
} as const

/** What is wrong with a packet. */
export type Reported = keyof typeof errors

/** Largest ICMP errors (ICMP-3, ICMP-4). */
const LARGEST = { 4: 576, 6: 1280 } as const

/** A packet about which the gateway must report to its sender. */
export function reportedPacket(asking: Asking, why: Reported, destination: Ip): Frame {
  const { host, gateway, gatewayMac, source } = asking
  const spec: PacketSpec = {
    ...plainPacket,
    family: familyOf(gateway),
    destinationPort: 33434,
    ttl: why === 'ttl-exceeded' ? 1 : plainPacket.ttl,
  }
  const bytes = (id: TraceId) =>
    packetFrame({ sourceMac: host.mac, destinationMac: gatewayMac, source, destination }, spec, id)
  return frameOf({
    label: `${host.id}: ${why} on the way to ${formatIp(destination)}`,
    tenant: host.tenant,
    at: { host: host.id },
    expect: {
      outcome: 'answered',
      by: 'icmp',
      answer: (id) =>
        encodeFrame(
          build.ethernet(
            { dst: host.mac, src: gatewayMac },
            errorPacket(gateway, source, errors[why][spec.family], bytes(id).subarray(14)),
          ),
        ),
    },
    bytes,
  })
}

/** Addresses of documentation (RFC 5737, RFC 3849) in the gateway's family that no network of the tenant covers: one or none. */
export function unroutable(fabric: FabricView, { host, gateway }: Asking): readonly Ip[] {
  const { networks } = fabric.tenant(host.tenant)
  return ['198.51.100.77', '203.0.113.77', '2001:db8:dead::1', '3fff:dead::1']
    .map(parseIp)
    .filter((address) => familyOf(address) === familyOf(gateway))
    .filter(
      (address) =>
        !networks.some(({ gateways }) => gateways.some(({ prefix }) => prefixContains(prefix, address))),
    )
    .slice(0, 1)
}

function errorPacket(gateway: Ip, to: Ip, [type, code]: readonly [number, number], about: Uint8Array): Stack {
  if (isIpv6(gateway) && isIpv6(to)) {
    const quoted = build.payload(about.subarray(0, LARGEST[6] - 48))
    return build.ipv6(
      { src: gateway, dst: to, trafficClass: 0xc0, hopLimit: 64 },
      build.icmpv6({ type, code }, quoted),
    )
  }
  const [src, dst] = ipv4Pair(gateway, to)
  const quoted = build.payload(about.subarray(0, LARGEST[4] - 28))
  return build.ipv4({ src, dst, tos: 0xc0, ttl: 64, flags: 2 }, build.icmp({ type, code }, quoted))
}

function ipv4Pair(a: Ip, b: Ip): readonly [Ipv4, Ipv4] {
  if (isIpv6(a) || isIpv6(b)) throw new TypeError('an IPv6 address where IPv4 was expected')
  return [a, b]
}
