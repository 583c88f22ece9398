/**
 * A layer in words: a short form for one line a frame, a full form with every field.
 *
 * @module
 */
import { toHex } from './bytes.js'
import { formatMac, MAC_BROADCAST } from './mac.js'
import { EtherType } from './ethernet.js'
import { formatIpv4 } from './ipv4-address.js'
import { formatIpv6 } from './ipv6-address.js'
import * as icmp from './icmp.js'
import * as icmpv6 from './icmpv6.js'
import { Protocol } from './ipv4.js'
import type { Layer, LayerOf, Problem } from './layer.js'
import { formatSci, Tci } from './sectag.js'
import { Flag } from './tcp.js'

const ETHERTYPE_NAMES = new Map<number, string>(
  Object.entries(EtherType).map(([name, value]) => [value, name]),
)
const PROTOCOL_NAMES = new Map<number, string>(Object.entries(Protocol).map(([name, value]) => [value, name]))
const ICMP_NAMES = new Map<number, string>(Object.entries(icmp.Type).map(([name, value]) => [value, name]))
const ICMPV6_NAMES = new Map<number, string>(
  Object.entries(icmpv6.Type).map(([name, value]) => [value, name]),
)

const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`
const words = (name: string): string => name.toLowerCase().replaceAll('_', ' ')
const named = (names: ReadonlyMap<number, string>, value: number): string =>
  words(names.get(value) ?? String(value))
const index = (value: number): string => hex(value, 8)
const octets = (data: Uint8Array): string => (data.length === 0 ? 'none' : toHex(data))

/** A few words with what tells one frame from another. */
export function summariseLayer(layer: Layer): string {
  switch (layer.kind) {
    case 'ethernet':
      return `${formatMac(layer.src)} > ${layer.dst === MAC_BROADCAST ? 'broadcast' : formatMac(layer.dst)}${etherTypeIfUnknown(layer.etherType)}`
    case 'ieee802.3':
      return `${formatMac(layer.src)} > ${formatMac(layer.dst)} 802.3 length ${layer.length}`
    case 'vlan':
      return `vlan ${layer.vid}${etherTypeIfUnknown(layer.etherType)}`
    case 'arp':
      return summariseArp(layer)
    case 'ipv4':
      return `${formatIpv4(layer.src)} > ${formatIpv4(layer.dst)} ttl ${layer.ttl}${ipv4Fragment(layer)}`
    case 'ipv6':
      return `${formatIpv6(layer.src)} > ${formatIpv6(layer.dst)} hlim ${layer.hopLimit}`
    case 'extension':
      return named(PROTOCOL_NAMES, layer.header)
    case 'fragment':
      return `fragment ${hex(layer.id, 8)} offset ${layer.fragmentOffset * 8}${layer.moreFragments ? '+' : ''}`
    case 'icmp':
      return `icmp ${named(ICMP_NAMES, layer.type)}${icmpDetail(layer)}`
    case 'icmpv6':
      return `icmpv6 ${named(ICMPV6_NAMES, layer.type)}${icmpv6Detail(layer)}`
    case 'nd-target':
      return `target ${formatIpv6(layer.target)}`
    case 'nd-router':
      return `reachable ${layer.reachableTime} ms retransmit ${layer.retransTimer} ms`
    case 'nd-option':
      return `option ${layer.type}`
    case 'udp':
      return `udp ${layer.srcPort} > ${layer.dstPort}`
    case 'tcp':
      return `tcp ${layer.srcPort} > ${layer.dstPort} [${tcpFlags(layer.flags)}] seq ${layer.sequence} ack ${layer.acknowledgement}`
    case 'sctp':
      return `sctp ${layer.srcPort} > ${layer.dstPort}`
    case 'vxlan':
      return `vxlan vni ${layer.vni}`
    case 'wireguard-initiation':
      return `wireguard initiation from index ${index(layer.sender)}`
    case 'wireguard-response':
      return `wireguard response from index ${index(layer.sender)} to ${index(layer.receiver)}`
    case 'wireguard-cookie-reply':
      return `wireguard cookie reply to index ${index(layer.receiver)}`
    case 'wireguard-data':
      return `wireguard data to index ${index(layer.receiver)} counter ${layer.counter}`
    case 'macsec':
      return `macsec ${macsecBits(layer.tciAn)} an ${layer.tciAn & 3} pn ${layer.pn}${layer.sci === undefined ? '' : ` sci ${formatSci(layer.sci)}`}`
    case 'ethertype':
      return named(ETHERTYPE_NAMES, layer.etherType)
    case 'payload':
      return `payload ${layer.size}`
    default:
      return `${layer.role} ${layer.size}`
  }
}

/** Every field, `name value` with commas. */
export function detailLayer(layer: Layer): string {
  switch (layer.kind) {
    case 'ethernet':
      return `Ethernet: src ${formatMac(layer.src)}, dst ${formatMac(layer.dst)}, type ${ethertype(layer.etherType)}`
    case 'ieee802.3':
      return `IEEE 802.3: src ${formatMac(layer.src)}, dst ${formatMac(layer.dst)}, length ${layer.length}`
    case 'vlan':
      return `IEEE 802.1Q: pcp ${layer.pcp}, dei ${Number(layer.dei)}, vid ${layer.vid}, type ${ethertype(layer.etherType)}`
    case 'arp':
      return `ARP: operation ${layer.operation}, sender ${formatMac(layer.sha)} ${formatIpv4(layer.spa)}, target ${formatMac(layer.tha)} ${formatIpv4(layer.tpa)}`
    case 'ipv4':
      return `IPv4: src ${formatIpv4(layer.src)}, dst ${formatIpv4(layer.dst)}, tos ${hex(layer.tos, 2)}, total length ${layer.totalLength}, id ${layer.id}, flags [${ipv4Flags(layer.flags)}], offset ${layer.fragmentOffset * 8}, ttl ${layer.ttl}, protocol ${protocol(layer.protocol)}, checksum ${hex(layer.checksum, 4)}, options ${octets(layer.options)}`
    case 'ipv6':
      return `IPv6: src ${formatIpv6(layer.src)}, dst ${formatIpv6(layer.dst)}, traffic class ${hex(layer.trafficClass, 2)}, flow label ${hex(layer.flowLabel, 5)}, payload length ${layer.payloadLength}, next header ${protocol(layer.nextHeader)}, hop limit ${layer.hopLimit}`
    case 'extension':
      return `Extension ${protocol(layer.header)}: next header ${protocol(layer.nextHeader)}, data ${octets(layer.data)}`
    case 'fragment':
      return `Fragment: next header ${protocol(layer.nextHeader)}, offset ${layer.fragmentOffset * 8}, more ${Number(layer.moreFragments)}, id ${hex(layer.id, 8)}`
    case 'icmp':
      return `ICMP: type ${layer.type} (${named(ICMP_NAMES, layer.type)}), code ${layer.code}, checksum ${hex(layer.checksum, 4)}, rest ${hex(layer.rest, 8)}${icmpDetail(layer)}`
    case 'icmpv6':
      return `ICMPv6: type ${layer.type} (${named(ICMPV6_NAMES, layer.type)}), code ${layer.code}, checksum ${hex(layer.checksum, 4)}, rest ${hex(layer.rest, 8)}${icmpv6Detail(layer)}`
    case 'nd-target':
      return `ND target: ${formatIpv6(layer.target)}`
    case 'nd-router':
      return `ND router: reachable ${layer.reachableTime} ms, retransmit ${layer.retransTimer} ms`
    case 'nd-option':
      return `ND option: type ${layer.type}, data ${octets(layer.data)}`
    case 'udp':
      return `UDP: src ${layer.srcPort}, dst ${layer.dstPort}, length ${layer.length}, checksum ${hex(layer.checksum, 4)}`
    case 'tcp':
      return `TCP: src ${layer.srcPort}, dst ${layer.dstPort}, seq ${layer.sequence}, ack ${layer.acknowledgement}, flags [${tcpFlags(layer.flags)}], window ${layer.window}, checksum ${hex(layer.checksum, 4)}, urgent ${layer.urgentPointer}, options ${octets(layer.options)}`
    case 'sctp':
      return `SCTP: src ${layer.srcPort}, dst ${layer.dstPort}, tag ${hex(layer.verificationTag, 8)}, checksum ${hex(layer.checksum, 8)}`
    case 'vxlan':
      return `VXLAN: flags ${hex(layer.flags, 2)}, vni ${layer.vni}, reserved ${hex(layer.reserved1, 6)} ${hex(layer.reserved2, 2)}`
    case 'wireguard-initiation':
      return `WireGuard initiation: sender ${index(layer.sender)}, ephemeral ${octets(layer.ephemeral)}, static ${octets(layer.static)}, timestamp ${octets(layer.timestamp)}, mac1 ${octets(layer.mac1)}, mac2 ${octets(layer.mac2)}`
    case 'wireguard-response':
      return `WireGuard response: sender ${index(layer.sender)}, receiver ${index(layer.receiver)}, ephemeral ${octets(layer.ephemeral)}, empty ${octets(layer.empty)}, mac1 ${octets(layer.mac1)}, mac2 ${octets(layer.mac2)}`
    case 'wireguard-cookie-reply':
      return `WireGuard cookie reply: receiver ${index(layer.receiver)}, nonce ${octets(layer.nonce)}, cookie ${octets(layer.cookie)}`
    case 'wireguard-data':
      return `WireGuard data: receiver ${index(layer.receiver)}, counter ${layer.counter}`
    case 'macsec':
      return `MACsec: tci [${macsecBits(layer.tciAn)}], an ${layer.tciAn & 3}, sl ${layer.shortLength}, pn ${layer.pn}${layer.sci === undefined ? '' : `, sci ${formatSci(layer.sci)}`}`
    case 'ethertype':
      return `Protected type: ${ethertype(layer.etherType)}`
    case 'payload':
      return `Payload: ${layer.size} octets`
    default:
      return layer.role === 'icv' ? `ICV: ${octets(layer.data)}` : `Padding: ${layer.size} octets`
  }
}

/** `ipv4 checksum 0x1234, should be 0x5678`. */
export function describeProblem(problem: Problem): string {
  const { code, what, offset, found, wanted } = problem
  switch (code) {
    case 'truncated':
      return `${what} cut off at octet ${offset}: ${found} octets where ${wanted} are needed`
    case 'checksum':
      return `${what} ${hex(found, 4)}, should be ${hex(wanted, 4)}`
    case 'length':
      return `${what} ${found}, but ${wanted}`
    case 'version':
      return `${what} ${found}, should be ${wanted}`
    case 'reserved':
      return `${what} ${hex(found, 2)}, should be ${hex(wanted, 2)}`
    default:
      return `${what} nested deeper than ${wanted}`
  }
}

function ethertype(value: number): string {
  const name = ETHERTYPE_NAMES.get(value)
  return name === undefined ? hex(value, 4) : `${hex(value, 4)} (${words(name)})`
}

function etherTypeIfUnknown(value: number): string {
  return ETHERTYPE_NAMES.has(value) ? '' : ` type ${hex(value, 4)}`
}

function protocol(value: number): string {
  const name = PROTOCOL_NAMES.get(value)
  return name === undefined ? String(value) : `${value} (${words(name)})`
}

function summariseArp(layer: LayerOf<'arp'>): string {
  if (layer.operation === 1) return `arp who has ${formatIpv4(layer.tpa)} tell ${formatIpv4(layer.spa)}`
  if (layer.operation === 2) return `arp ${formatIpv4(layer.spa)} is at ${formatMac(layer.sha)}`
  return `arp operation ${layer.operation}`
}

function ipv4Flags(flags: number): string {
  return [flags & 4 && 'reserved', flags & 2 && 'DF', flags & 1 && 'MF'].filter(Boolean).join(' ')
}

function ipv4Fragment(layer: LayerOf<'ipv4'>): string {
  const more = (layer.flags & 1) !== 0
  if (!more && layer.fragmentOffset === 0) return ''
  return ` fragment ${layer.id} offset ${layer.fragmentOffset * 8}${more ? '+' : ''}`
}

function icmpDetail(layer: LayerOf<'icmp'>): string {
  switch (layer.type) {
    case icmp.Type.ECHO_REQUEST:
    case icmp.Type.ECHO_REPLY:
      return ` id ${layer.rest >>> 16} seq ${layer.rest & 0xffff}`
    case icmp.Type.DESTINATION_UNREACHABLE:
      return layer.code === icmp.UnreachableCode.FRAGMENTATION_NEEDED
        ? ` code 4 mtu ${layer.rest & 0xffff}`
        : ` code ${layer.code}`
    case icmp.Type.REDIRECT:
      return ` code ${layer.code} gateway ${layer.rest >>> 24}.${(layer.rest >>> 16) & 0xff}.${(layer.rest >>> 8) & 0xff}.${layer.rest & 0xff}`
    case icmp.Type.PARAMETER_PROBLEM:
      return ` code ${layer.code} pointer ${layer.rest >>> 24}`
    default:
      return layer.code === 0 ? '' : ` code ${layer.code}`
  }
}

function icmpv6Detail(layer: LayerOf<'icmpv6'>): string {
  switch (layer.type) {
    case icmpv6.Type.ECHO_REQUEST:
    case icmpv6.Type.ECHO_REPLY:
      return ` id ${layer.rest >>> 16} seq ${layer.rest & 0xffff}`
    case icmpv6.Type.PACKET_TOO_BIG:
      return ` mtu ${layer.rest}`
    case icmpv6.Type.PARAMETER_PROBLEM:
      return ` code ${layer.code} pointer ${layer.rest}`
    case icmpv6.Type.NEIGHBOUR_ADVERTISEMENT: {
      const { ROUTER, SOLICITED, OVERRIDE } = icmpv6.AdvertisementFlag
      const set = [layer.rest & ROUTER && 'R', layer.rest & SOLICITED && 'S', layer.rest & OVERRIDE && 'O']
      return ` [${set.filter(Boolean).join('')}]`
    }
    default:
      return layer.code === 0 ? '' : ` code ${layer.code}`
  }
}

/** tcpdump's letters: S F R P . U E W. */
function tcpFlags(flags: number): string {
  const letters: readonly (readonly [number, string])[] = [
    [Flag.SYN, 'S'],
    [Flag.FIN, 'F'],
    [Flag.RST, 'R'],
    [Flag.PSH, 'P'],
    [Flag.ACK, '.'],
    [Flag.URG, 'U'],
    [Flag.ECE, 'E'],
    [Flag.CWR, 'W'],
  ]
  return letters.map(([bit, letter]) => ((flags & bit) === 0 ? '' : letter)).join('')
}

function macsecBits(tciAn: number): string {
  return Object.entries(Tci)
    .filter(([, bit]) => (tciAn & bit) !== 0)
    .map(([name]) => name)
    .join(' ')
}
