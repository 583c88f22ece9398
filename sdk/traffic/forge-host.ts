/**
 * What a hostile host can put on its own port. Each function is one trick and says what must become of it.
 *
 * @module
 */
import {
  build,
  encodeFrame,
  formatIp,
  formatMac,
  isIpv6,
  macFromNumber,
  parseIp,
  prefixContains,
} from '../../twin/packet/index.js'
import type { Ip, Mac, TraceId } from '../../twin/packet/index.js'
import { addressOf } from '../fabric-view.js'
import type { FabricView, Family, Host } from '../fabric-view.js'
import { frameOf } from './frame.js'
import type { Expectation, Forgery, Frame } from './frame.js'
import { describeSpec, ipOf, packetFrame, plainPacket, transportOf } from './packet.js'
import type { PacketSpec } from './packet.js'
import { markedPayload } from './payload.js'
import { tunnelFrame } from './wire.js'

/** Where the IP header begins. */
const IP = 14
const contained: Expectation = { outcome: 'contained' }
const dropped = (...fates: string[]): Expectation => ({ outcome: 'dropped', fates })

function hostFrame(
  from: Host,
  forged: Forgery,
  label: string,
  expect: Expectation,
  bytes: (id: TraceId) => Uint8Array,
): Frame {
  return frameOf({
    label: `${from.id}: ${label}`,
    tenant: from.tenant,
    forged,
    at: { host: from.id },
    expect,
    bytes,
  })
}

/** A host's own address in a family, or undefined. */
function own(host: Host, family: Family): Ip | undefined {
  return addressOf(host, family)?.address
}

/** A packet to any address, sent to a MAC of choice: another tenant's host behind the gateway, or on the same wire. */
export function packetTo(
  from: Host,
  destination: Ip,
  destinationMac: Mac,
  packet: Partial<PacketSpec> = {},
): Frame | undefined {
  const spec = { ...plainPacket, ...packet, family: isIpv6(destination) ? (6 as const) : (4 as const) }
  const source = own(from, spec.family)
  if (source === undefined) return undefined
  return hostFrame(
    from,
    'address',
    `${describeSpec(spec)} to ${formatIp(destination)} by ${formatMac(destinationMac)}`,
    contained,
    (id) => packetFrame({ sourceMac: from.mac, destinationMac, source, destination }, spec, id),
  )
}

/** A packet whose source address is another's; martian ones must be dropped when they are routed. */
export function spoofedSource(
  from: Host,
  source: Ip,
  destination: Ip,
  expect: Expectation,
): Frame | undefined {
  const { gatewayMac } = from
  if (gatewayMac === undefined) return undefined
  const spec = { ...plainPacket, family: isIpv6(source) ? (6 as const) : (4 as const) }
  return hostFrame(from, 'address', `from ${formatIp(source)} to ${formatIp(destination)}`, expect, (id) =>
    packetFrame({ sourceMac: from.mac, destinationMac: gatewayMac, source, destination }, spec, id),
  )
}

/** Source addresses that no gateway may route (ROUTE-2). */
export const martianSources: Readonly<Record<Family, readonly Ip[]>> = {
  4: ['127.0.0.1', '0.1.2.3', '224.0.0.9', '240.0.0.1', '255.255.255.255'].map(parseIp),
  6: ['::1', 'ff02::9', 'ff05::1:3'].map(parseIp),
}

/** A martian source, towards an address outside the host's subnet. */
export function martian(from: Host, source: Ip, destination: Ip): Frame | undefined {
  return spoofedSource(from, source, destination, dropped('martian-source'))
}

/** A frame to a MAC of choice with a source MAC of choice, a packet of the host's own inside. */
export function foreignMacs(
  from: Host,
  macs: { readonly source?: Mac; readonly destination: Mac },
  expect: Expectation = contained,
): Frame | undefined {
  const family: Family = own(from, 4) === undefined ? 6 : 4
  const source = own(from, family)
  if (source === undefined) return undefined
  const sourceMac = macs.source ?? from.mac
  return hostFrame(
    from,
    'mac',
    `frame ${formatMac(sourceMac)} > ${formatMac(macs.destination)}`,
    expect,
    (id) =>
      packetFrame(
        { sourceMac, destinationMac: macs.destination, source, destination: source },
        { ...plainPacket, family },
        id,
      ),
  )
}

/** A frame that claims to come from the gateway (BRIDGE-1). */
export function gatewayMac(from: Host, to: Host): Frame | undefined {
  if (from.gatewayMac === undefined || !from.network.gatewayLeaves.includes(from.leaf)) return undefined
  return foreignMacs(from, { source: from.gatewayMac, destination: to.mac }, dropped('source-mac-local'))
}

/** A frame from a group address (BRIDGE-1). */
export function groupSource(from: Host, to: Host): Frame | undefined {
  const source = macFromNumber(from.mac + 0x0100_0000_0000)
  return foreignMacs(from, { source, destination: to.mac }, dropped('source-mac-invalid'))
}

/** A frame to one of the sixteen reserved group addresses (IEEE 802.1Q-2018 table 8-1). */
export function reservedGroup(from: Host, last: number): Frame | undefined {
  const destination = macFromNumber(0x0180_c200_0000 + (last & 0x0f))
  return foreignMacs(from, { destination }, dropped('reserved-multicast'))
}

/** A frame with an 802.1Q tag on an untagged port, VLAN hopping's first step. */
export function tagged(from: Host, to: Host, vid: number): Frame | undefined {
  const family: Family = own(from, 4) === undefined ? 6 : 4
  const source = own(from, family)
  if (source === undefined) return undefined
  const spec = { ...plainPacket, family }
  return hostFrame(from, 'mac', `tagged with VLAN ${vid} to ${to.id}`, dropped('vlan-tagged'), (id) =>
    encodeFrame(
      build.ethernet(
        { dst: to.mac, src: from.mac },
        build.vlan({ vid }, ipOf(spec, source, source, transportOf(spec, markedPayload(spec.size, id)))),
      ),
    ),
  )
}

/**
 * A tunnel inside the tunnel: the host speaks VXLAN to a VTEP, with any VNI. VTEPs are not in a tenant's VRF, unless its
 * own address space happens to hold the address.
 */
export function tunnelledByHost(
  fabric: FabricView,
  from: Host,
  vtep: Ip,
  vni: number,
  towards: Host,
): Frame | undefined {
  const { gatewayMac } = from
  const source = own(from, isIpv6(vtep) ? 6 : 4)
  if (source === undefined || gatewayMac === undefined) return undefined
  const spec = { ...plainPacket, family: own(towards, 4) === undefined ? (6 as const) : (4 as const) }
  const inner = own(towards, spec.family)
  if (inner === undefined) return undefined
  const { networks, underlay } = fabric.tenant(from.tenant)
  // In the underlay there is a way to VTEPs, which take tunnels from VTEPs alone (VXLAN-5).
  const covered =
    underlay || networks.some(({ gateways }) => gateways.some(({ prefix }) => prefixContains(prefix, vtep)))
  return hostFrame(
    from,
    'vni',
    `VXLAN of VNI ${vni} to VTEP ${formatIp(vtep)} for ${towards.id}`,
    covered ? contained : dropped('no-route'),
    (id) =>
      tunnelFrame({
        sourceMac: from.mac,
        destinationMac: gatewayMac,
        source,
        destination: vtep,
        vni,
        inner: packetFrame(
          { sourceMac: from.mac, destinationMac: towards.mac, source: inner, destination: inner },
          spec,
          id,
        ),
      }),
  )
}

/** A frame cut off in its Ethernet header (PARSE-1). */
export function runt(from: Host, length: number): Frame {
  return hostFrame(from, 'truncate', `a frame of ${length} octets`, dropped('frame-truncated'), (id) =>
    foreignFrame(from, id).subarray(0, length),
  )
}

/** A packet for the gateway of which not even the IP header is whole (PARSE-4, PARSE-5). */
export function cutPacket(from: Host, destination: Ip, octets: number): Frame | undefined {
  const family: Family = isIpv6(destination) ? 6 : 4
  const source = own(from, family)
  const { gatewayMac: gateway } = from
  if (source === undefined || gateway === undefined) return undefined
  const kept = octets % (family === 4 ? 20 : 40)
  const label = `IPv${family} packet cut off after ${kept} octets`
  return hostFrame(from, 'truncate', label, dropped(`ipv${family}-header-invalid`), (id) =>
    packetFrame(
      { sourceMac: from.mac, destinationMac: gateway, source, destination },
      { ...plainPacket, family },
      id,
    ).subarray(0, IP + kept),
  )
}

function foreignFrame(from: Host, id: TraceId): Uint8Array {
  const source = own(from, 4) ?? own(from, 6) ?? parseIp('0.0.0.0')
  return packetFrame(
    { sourceMac: from.mac, destinationMac: from.gatewayMac ?? from.mac, source, destination: source },
    { ...plainPacket, family: isIpv6(source) ? 6 : 4 },
    id,
  )
}

/** A frame longer than the port takes (PARSE-2), by so many octets. */
export function oversize(from: Host, to: Host, excess: number): Frame | undefined {
  const family: Family = own(from, 4) === undefined ? 6 : 4
  const source = own(from, family)
  if (source === undefined) return undefined
  const header = (family === 4 ? 20 : 40) + 8
  const spec = { ...plainPacket, family, size: from.mtu + excess - header }
  return hostFrame(
    from,
    'oversize',
    `${from.mtu + excess} octets where ${from.mtu} fit`,
    dropped('frame-oversize'),
    (id) =>
      packetFrame({ sourceMac: from.mac, destinationMac: to.mac, source, destination: source }, spec, id),
  )
}

/** How an IP header can be wrong. */
export type Malformation = 'version' | 'header length' | 'total length' | 'checksum'

/** A packet for the gateway whose IP header is wrong (PARSE-4, PARSE-5). */
export function malformed(from: Host, destination: Ip, how: Malformation): Frame | undefined {
  const family: Family = isIpv6(destination) ? 6 : 4
  const source = own(from, family)
  const { gatewayMac } = from
  if (source === undefined || gatewayMac === undefined) return undefined
  if (family === 6 && (how === 'header length' || how === 'checksum')) return undefined
  const fate = how === 'checksum' ? 'ipv4-checksum' : `ipv${family}-header-invalid`
  return hostFrame(from, 'malformed', `IPv${family} packet with a wrong ${how}`, dropped(fate), (id) => {
    const bytes = packetFrame(
      { sourceMac: from.mac, destinationMac: gatewayMac, source, destination },
      { ...plainPacket, family },
      id,
    ).slice()
    damage(bytes, family, how)
    return bytes
  })
}

function damage(bytes: Uint8Array, family: Family, how: Malformation): void {
  switch (how) {
    case 'version':
      // The version of neither family, the rest of the octet as it was.
      bytes[IP] = 0x50 | ((bytes[IP] ?? 0) & 0x0f)
      return
    case 'header length':
      bytes[IP] = 0x44
      return
    case 'total length': {
      const at = family === 4 ? IP + 2 : IP + 4
      bytes[at] = 0xff
      return
    }
    case 'checksum':
      bytes[IP + 10] = (bytes[IP + 10] ?? 0) ^ 0x01
      return
  }
}
