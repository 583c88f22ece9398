/**
 * Our layers in tshark's fields, for comparison value by value.
 *
 * @module
 */
import {
  decodePacket,
  formatIpv4,
  formatIpv6,
  formatMac,
  icmp,
  icmpv6,
  ipv4,
  macFromNumber,
  toHex,
  type Ipv4,
  type Layer,
  type LayerKind,
  type LayerOf,
} from '../../twin/packet/index.js'

/** Values of fields in order; a field that no layer of a frame has is absent. */
export type FieldValues = ReadonlyMap<string, readonly string[]>

/** The fields that {@link tsharkExpectations} speaks of. */
export const TSHARK_FIELDS: readonly string[] = `
  eth.dst eth.src eth.type eth.len
  vlan.priority vlan.dei vlan.id
  ieee8021ad.priority ieee8021ad.dei ieee8021ad.id
  arp.opcode arp.src.hw_mac arp.src.proto_ipv4 arp.dst.hw_mac arp.dst.proto_ipv4
  ip.hdr_len ip.dsfield ip.len ip.id ip.flags.df ip.flags.mf ip.frag_offset ip.ttl ip.proto
  ip.checksum ip.checksum.status ip.src ip.dst
  ipv6.tclass ipv6.flow ipv6.plen ipv6.nxt ipv6.hlim ipv6.src ipv6.dst ipv6.hopopts.nxt
  ipv6.dstopts.nxt ipv6.routing.nxt ipv6.routing.type ipv6.routing.segleft ipv6.fraghdr.nxt
  ipv6.fraghdr.offset ipv6.fraghdr.more ipv6.fraghdr.ident
  icmp.type icmp.code icmp.checksum icmp.checksum.status icmp.mtu icmp.redir_gw
  icmpv6.type icmpv6.code icmpv6.checksum icmpv6.checksum.status icmpv6.mtu icmpv6.echo.identifier
  icmpv6.echo.sequence_number icmpv6.pointer icmpv6.nd.ns.target_address
  icmpv6.nd.na.target_address icmpv6.nd.na.flag.r icmpv6.nd.na.flag.s icmpv6.nd.na.flag.o
  icmpv6.nd.ra.cur_hop_limit icmpv6.nd.ra.router_lifetime icmpv6.nd.ra.reachable_time
  icmpv6.nd.ra.retrans_timer icmpv6.opt.type icmpv6.opt.length
  udp.srcport udp.dstport udp.length udp.checksum udp.checksum.status
  tcp.srcport tcp.dstport tcp.seq_raw tcp.ack_raw tcp.hdr_len tcp.flags tcp.window_size_value
  tcp.checksum tcp.checksum.status tcp.urgent_pointer
  sctp.srcport sctp.dstport sctp.verification_tag sctp.checksum
  vxlan.flags vxlan.vni
  wg.type wg.reserved wg.sender wg.receiver wg.ephemeral wg.mac1 wg.mac2 wg.nonce wg.encrypted_cookie wg.counter
  macsec.TCI macsec.AN macsec.SL macsec.PN macsec.SCI.system_identifier macsec.SCI.port_identifier
`
  .trim()
  .split(/\s+/)

const GOOD = '1'
const BAD = '0'
const UNVERIFIED = '2'
const NOT_PRESENT = '3'
/** No UDP checksum over IPv6, which RFC 6935 allows tunnels. */
const ILLEGAL = '4'

const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`
const flag = (set: boolean): string => (set ? '1' : '0')

/** Collects values; quotes of ICMP errors are walked as tshark walks them. */
class Collector {
  /** Of the packet that a redirect quotes, tshark reads header and 64 bits (RFC 792) and cannot judge more of its UDP. */
  inRedirect = false
  readonly values = new Map<string, string[]>()

  put(fields: Readonly<Record<string, string | number>>): void {
    for (const [field, value] of Object.entries(fields)) {
      const list = this.values.get(field) ?? []
      list.push(String(value))
      this.values.set(field, list)
    }
  }
}

/** What tshark must say of a frame. */
export function tsharkExpectations(layers: readonly Layer[]): FieldValues {
  const collector = new Collector()
  walk(layers, collector)
  return collector.values
}

function walk(layers: readonly Layer[], out: Collector): void {
  let family: LayerKind = 'ipv4'
  for (const [i, layer] of layers.entries()) {
    const before = layers[i - 1]
    if (layer.kind === 'ipv4' || layer.kind === 'ipv6') family = layer.kind
    if (layer.kind === 'payload' && before !== undefined && isErrorLayer(before)) {
      out.inRedirect = before.kind === 'icmp' && before.type === icmp.Type.REDIRECT
      walk(decodePacket(layer.data), out)
      out.inRedirect = false
    } else {
      collect(layer, before, family, out)
    }
  }
}

function isErrorLayer(layer: Layer): boolean {
  return (
    (layer.kind === 'icmp' && icmp.isError(layer.type)) ||
    (layer.kind === 'icmpv6' && icmpv6.isError(layer.type))
  )
}

function checksumStatus(layer: Layer): string {
  return layer.problems.some((problem) => problem.code === 'checksum') ? BAD : GOOD
}

function collect(layer: Layer, before: Layer | undefined, family: LayerKind, out: Collector): void {
  switch (layer.kind) {
    case 'ethernet':
      out.put({
        'eth.dst': formatMac(layer.dst),
        'eth.src': formatMac(layer.src),
        'eth.type': hex(layer.etherType, 4),
      })
      return
    case 'ieee802.3':
      out.put({ 'eth.dst': formatMac(layer.dst), 'eth.src': formatMac(layer.src), 'eth.len': layer.length })
      return
    case 'vlan': {
      const tag =
        (before?.kind === 'ethernet' || before?.kind === 'ethertype') && before.etherType === 0x88a8
          ? 'ieee8021ad'
          : 'vlan'
      out.put({ [`${tag}.priority`]: layer.pcp, [`${tag}.dei`]: flag(layer.dei), [`${tag}.id`]: layer.vid })
      return
    }
    case 'arp':
      out.put({
        'arp.opcode': layer.operation,
        'arp.src.hw_mac': formatMac(layer.sha),
        'arp.src.proto_ipv4': formatIpv4(layer.spa),
        'arp.dst.hw_mac': formatMac(layer.tha),
        'arp.dst.proto_ipv4': formatIpv4(layer.tpa),
      })
      return
    case 'ipv4':
      out.put({
        'ip.hdr_len': layer.size,
        'ip.dsfield': hex(layer.tos, 2),
        'ip.len': layer.totalLength,
        'ip.id': hex(layer.id, 4),
        'ip.flags.df': flag((layer.flags & 2) !== 0),
        'ip.flags.mf': flag((layer.flags & 1) !== 0),
        'ip.frag_offset': layer.fragmentOffset,
        'ip.ttl': layer.ttl,
        'ip.proto': layer.protocol,
        'ip.checksum': hex(layer.checksum, 4),
        'ip.checksum.status': checksumStatus(layer),
        'ip.src': formatIpv4(layer.src),
        'ip.dst': formatIpv4(layer.dst),
      })
      return
    case 'ipv6':
      out.put({
        'ipv6.tclass': hex(layer.trafficClass, 8),
        'ipv6.flow': hex(layer.flowLabel, 6),
        'ipv6.plen': layer.payloadLength,
        'ipv6.nxt': layer.nextHeader,
        'ipv6.hlim': layer.hopLimit,
        'ipv6.src': formatIpv6(layer.src),
        'ipv6.dst': formatIpv6(layer.dst),
      })
      return
    case 'extension':
      collectExtension(layer, out)
      return
    case 'fragment':
      out.put({
        'ipv6.fraghdr.nxt': layer.nextHeader,
        'ipv6.fraghdr.offset': layer.fragmentOffset,
        'ipv6.fraghdr.more': flag(layer.moreFragments),
        'ipv6.fraghdr.ident': hex(layer.id, 8),
      })
      return
    case 'icmp':
      out.put({
        'icmp.type': layer.type,
        'icmp.code': layer.code,
        'icmp.checksum': hex(layer.checksum, 4),
        'icmp.checksum.status': checksumStatus(layer),
      })
      if (layer.type === 3 && layer.code === 4) out.put({ 'icmp.mtu': layer.rest & 0xffff })
      if (layer.type === 5) out.put({ 'icmp.redir_gw': formatIpv4(layer.rest as Ipv4) })
      return
    case 'icmpv6':
      out.put({
        'icmpv6.type': layer.type,
        'icmpv6.code': layer.code,
        'icmpv6.checksum': hex(layer.checksum, 4),
        'icmpv6.checksum.status': checksumStatus(layer),
      })
      collectIcmpv6Rest(layer, out)
      return
    case 'nd-target': {
      const type = before?.kind === 'icmpv6' && before.type === 135 ? 'ns' : 'na'
      out.put({ [`icmpv6.nd.${type}.target_address`]: formatIpv6(layer.target) })
      return
    }
    case 'nd-router':
      out.put({
        'icmpv6.nd.ra.reachable_time': layer.reachableTime,
        'icmpv6.nd.ra.retrans_timer': layer.retransTimer,
      })
      return
    case 'nd-option':
      out.put({ 'icmpv6.opt.type': layer.type, 'icmpv6.opt.length': layer.size / 8 })
      return
    case 'udp':
      out.put({
        'udp.srcport': layer.srcPort,
        'udp.dstport': layer.dstPort,
        'udp.length': layer.length,
        'udp.checksum': hex(layer.checksum, 4),
        'udp.checksum.status': udpStatus(layer, family, out.inRedirect),
      })
      return
    case 'tcp':
      out.put({
        'tcp.srcport': layer.srcPort,
        'tcp.dstport': layer.dstPort,
        'tcp.seq_raw': layer.sequence,
        'tcp.ack_raw': layer.acknowledgement,
        'tcp.hdr_len': layer.size,
        'tcp.flags': hex((layer.reserved << 8) | layer.flags, 4),
        'tcp.window_size_value': layer.window,
        'tcp.checksum': hex(layer.checksum, 4),
        'tcp.checksum.status': checksumStatus(layer),
        'tcp.urgent_pointer': layer.urgentPointer,
      })
      return
    case 'sctp':
      out.put({
        'sctp.srcport': layer.srcPort,
        'sctp.dstport': layer.dstPort,
        'sctp.verification_tag': hex(layer.verificationTag, 8),
        'sctp.checksum': hex(layer.checksum, 8),
      })
      return
    case 'vxlan':
      out.put({
        'vxlan.flags': hex((layer.flags << 8) | (layer.reserved1 >>> 16), 4),
        'vxlan.vni': layer.vni,
      })
      return
    case 'wireguard-initiation':
    case 'wireguard-response':
    case 'wireguard-cookie-reply':
    case 'wireguard-data':
      collectWireguard(layer, out)
      return
    case 'macsec':
      out.put({
        'macsec.TCI': hex(layer.tciAn >>> 2, 2),
        'macsec.AN': hex(layer.tciAn & 3, 2),
        'macsec.SL': layer.shortLength,
        'macsec.PN': layer.pn,
      })
      if (layer.sci !== undefined) {
        const system = formatMac(macFromNumber(Number(layer.sci >> 16n)))
        out.put({
          'macsec.SCI.system_identifier': system,
          'macsec.SCI.port_identifier': Number(layer.sci & 0xffffn),
        })
      }
      return
    default:
  }
}

function collectExtension(layer: LayerOf<'extension'>, out: Collector): void {
  switch (layer.header) {
    case ipv4.Protocol.HOP_BY_HOP:
      out.put({ 'ipv6.hopopts.nxt': layer.nextHeader })
      return
    case ipv4.Protocol.DESTINATION_OPTIONS:
      out.put({ 'ipv6.dstopts.nxt': layer.nextHeader })
      return
    case ipv4.Protocol.ROUTING:
      out.put({
        'ipv6.routing.nxt': layer.nextHeader,
        'ipv6.routing.type': layer.data[0] ?? -1,
        'ipv6.routing.segleft': layer.data[1] ?? -1,
      })
      return
    default:
  }
}

function collectWireguard(
  layer: Extract<Layer, { readonly kind: `wireguard-${string}` }>,
  out: Collector,
): void {
  const type = { initiation: 1, response: 2, 'cookie-reply': 3, data: 4 }[
    layer.kind.slice('wireguard-'.length) as 'initiation' | 'response' | 'cookie-reply' | 'data'
  ]
  out.put({ 'wg.type': type, 'wg.reserved': '000000' })
  if ('sender' in layer) out.put({ 'wg.sender': hex(layer.sender, 8) })
  if ('receiver' in layer) out.put({ 'wg.receiver': hex(layer.receiver, 8) })
  if ('ephemeral' in layer) out.put({ 'wg.ephemeral': Buffer.from(layer.ephemeral).toString('base64') })
  if ('mac1' in layer) out.put({ 'wg.mac1': toHex(layer.mac1), 'wg.mac2': toHex(layer.mac2) })
  if ('nonce' in layer)
    out.put({ 'wg.nonce': toHex(layer.nonce), 'wg.encrypted_cookie': toHex(layer.cookie) })
  if ('counter' in layer) out.put({ 'wg.counter': String(layer.counter) })
}

function collectIcmpv6Rest(layer: LayerOf<'icmpv6'>, out: Collector): void {
  const { rest } = layer
  switch (layer.type) {
    case 2:
      out.put({ 'icmpv6.mtu': rest })
      return
    case 4:
      out.put({ 'icmpv6.pointer': rest })
      return
    case 128:
    case 129:
      out.put({ 'icmpv6.echo.identifier': hex(rest >>> 16, 4), 'icmpv6.echo.sequence_number': rest & 0xffff })
      return
    case 134:
      out.put({ 'icmpv6.nd.ra.cur_hop_limit': rest >>> 24, 'icmpv6.nd.ra.router_lifetime': rest & 0xffff })
      return
    case 136:
      out.put({
        'icmpv6.nd.na.flag.r': rest >>> 31,
        'icmpv6.nd.na.flag.s': (rest >>> 30) & 1,
        'icmpv6.nd.na.flag.o': (rest >>> 29) & 1,
      })
      return
    default:
  }
}

function udpStatus(layer: LayerOf<'udp'>, family: LayerKind, inRedirect: boolean): string {
  if (layer.checksum === 0) return family === 'ipv6' ? ILLEGAL : NOT_PRESENT
  if (inRedirect && layer.length > 8) return UNVERIFIED
  return checksumStatus(layer)
}
