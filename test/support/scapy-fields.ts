/**
 * Our layers in scapy's words, for comparison field by field.
 *
 * @module
 */
import {
  formatIpv4,
  formatMac,
  ipv4,
  parseIpv6,
  sectag,
  toHex,
  type Layer,
  type LayerOf,
} from '../../twin/packet/index.js'
import type { ScapyLayer } from './scapy.js'

/** What scapy must say of a layer: its class and some of its fields. */
export interface ScapyExpectation {
  readonly name: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** Scapy has a class for each message and option; their type fields tell them apart here. */
function nameOf(layer: ScapyLayer): string {
  return layer.name.replace(/^(ICMPv6NDOpt|ICMPv6)\w*$/, '$1')
}

/** Text of an IPv6 address as a number, so that two canonical forms may differ. */
function comparable(said: unknown, expected: unknown): unknown {
  return typeof expected === 'bigint' && typeof said === 'string' ? parseIpv6(said) : said
}

/** What scapy says of the fields that are expected, for the headers it found; payload, padding and quotes are no headers. */
export function scapySays(
  dissected: readonly ScapyLayer[],
  expected: readonly ScapyExpectation[],
): readonly ScapyExpectation[] {
  const headers = dissected.filter(
    ({ name }) => !/^(?:Raw|Padding|SCTPChunk\w*|\w+error6?|LLC|SNAP)$/.test(name),
  )
  return headers.map((layer, i) => {
    const fields = Object.entries(expected[i]?.fields ?? {})
    return {
      name: nameOf(layer),
      fields: Object.fromEntries(fields.map(([key, value]) => [key, comparable(layer[key], value)])),
    }
  })
}

/** What scapy must say of each header of a frame; payload and trailers have no fields. */
export function scapyExpectations(layers: readonly Layer[]): readonly ScapyExpectation[] {
  const expected: ScapyExpectation[] = []
  for (const [i, layer] of layers.entries()) {
    expected.push(...wireguardExpectation(layers, i))
    const one = expectation(layer, layers[i - 1], layers[i + 1])
    if (one !== undefined) expected.push(one)
    // Scapy does not look into Secure Data, encrypted or not.
    if (layer.kind === 'macsec') break
  }
  return expected
}

function expectation(
  layer: Layer,
  before: Layer | undefined,
  next: Layer | undefined,
): ScapyExpectation | undefined {
  switch (layer.kind) {
    case 'ethernet':
      return {
        name: 'Ether',
        fields: { dst: formatMac(layer.dst), src: formatMac(layer.src), type: layer.etherType },
      }
    case 'ieee802.3':
      return {
        name: 'Dot3',
        fields: { dst: formatMac(layer.dst), src: formatMac(layer.src), len: layer.length },
      }
    case 'vlan':
      return {
        name: before?.kind === 'ethernet' && before.etherType === 0x88a8 ? 'Dot1AD' : 'Dot1Q',
        fields: { prio: layer.pcp, id: Number(layer.dei), vlan: layer.vid, type: layer.etherType },
      }
    case 'arp':
      return {
        name: 'ARP',
        fields: {
          hwtype: 1,
          ptype: 0x0800,
          hwlen: 6,
          plen: 4,
          op: layer.operation,
          hwsrc: formatMac(layer.sha),
          psrc: formatIpv4(layer.spa),
          hwdst: formatMac(layer.tha),
          pdst: formatIpv4(layer.tpa),
        },
      }
    case 'ipv4':
      return {
        name: 'IP',
        fields: {
          version: 4,
          ihl: layer.size / 4,
          tos: layer.tos,
          len: layer.totalLength,
          id: layer.id,
          flags: layer.flags,
          frag: layer.fragmentOffset,
          ttl: layer.ttl,
          proto: layer.protocol,
          chksum: layer.checksum,
          src: formatIpv4(layer.src),
          dst: formatIpv4(layer.dst),
        },
      }
    case 'ipv6':
      return {
        name: 'IPv6',
        fields: {
          version: 6,
          tc: layer.trafficClass,
          fl: layer.flowLabel,
          plen: layer.payloadLength,
          nh: layer.nextHeader,
          hlim: layer.hopLimit,
          src: layer.src,
          dst: layer.dst,
        },
      }
    case 'extension':
      return extensionExpectation(layer)
    case 'fragment':
      return {
        name: 'IPv6ExtHdrFragment',
        fields: {
          nh: layer.nextHeader,
          res1: layer.reserved >>> 2,
          offset: layer.fragmentOffset,
          res2: layer.reserved & 3,
          m: Number(layer.moreFragments),
          id: layer.id,
        },
      }
    case 'icmp':
      return {
        name: 'ICMP',
        fields: { type: layer.type, code: layer.code, chksum: layer.checksum, ...icmpRest(layer) },
      }
    case 'icmpv6':
      return {
        name: 'ICMPv6',
        fields: { type: layer.type, code: layer.code, cksum: layer.checksum, ...icmpv6Rest(layer, next) },
      }
    case 'nd-option':
      return { name: 'ICMPv6NDOpt', fields: { type: layer.type, len: layer.size / 8 } }
    case 'udp':
      return {
        name: 'UDP',
        fields: { sport: layer.srcPort, dport: layer.dstPort, len: layer.length, chksum: layer.checksum },
      }
    case 'tcp':
      return {
        name: 'TCP',
        fields: {
          sport: layer.srcPort,
          dport: layer.dstPort,
          seq: layer.sequence,
          ack: layer.acknowledgement,
          dataofs: layer.size / 4,
          // Scapy counts the last reserved bit (once NS) among the flags.
          reserved: layer.reserved >>> 1,
          flags: layer.flags | ((layer.reserved & 1) << 8),
          window: layer.window,
          chksum: layer.checksum,
          urgptr: layer.urgentPointer,
        },
      }
    case 'sctp':
      return {
        name: 'SCTP',
        fields: {
          sport: layer.srcPort,
          dport: layer.dstPort,
          tag: layer.verificationTag,
          chksum: layer.checksum,
        },
      }
    case 'vxlan':
      return { name: 'VXLAN', fields: { flags: layer.flags, vni: layer.vni, reserved2: layer.reserved2 } }
    case 'macsec':
      return macsecExpectation(layer)
    default:
      return undefined
  }
}

function extensionExpectation(layer: LayerOf<'extension'>): ScapyExpectation {
  const fields = { nh: layer.nextHeader, len: layer.size / 8 - 1 }
  switch (layer.header) {
    case ipv4.Protocol.HOP_BY_HOP:
      return { name: 'IPv6ExtHdrHopByHop', fields }
    case ipv4.Protocol.DESTINATION_OPTIONS:
      return { name: 'IPv6ExtHdrDestOpt', fields }
    default:
      return { name: 'IPv6ExtHdrRouting', fields: { ...fields, type: layer.data[0], segleft: layer.data[1] } }
  }
}

function icmpRest(layer: LayerOf<'icmp'>): Record<string, unknown> {
  if (layer.type === 0 || layer.type === 8) return { id: layer.rest >>> 16, seq: layer.rest & 0xffff }
  if (layer.type === 3 && layer.code === 4) return { nexthopmtu: layer.rest & 0xffff }
  if (layer.type === 5) return { gw: formatIpv4(layer.rest as Parameters<typeof formatIpv4>[0]) }
  return layer.type === 12 ? { ptr: layer.rest >>> 24 } : {}
}

function icmpv6Rest(layer: LayerOf<'icmpv6'>, next: Layer | undefined): Record<string, unknown> {
  const { rest } = layer
  switch (layer.type) {
    case 2:
      return { mtu: rest }
    case 4:
      return { ptr: rest }
    case 128:
    case 129:
      return { id: rest >>> 16, seq: rest & 0xffff }
    case 134:
      return {
        chlim: rest >>> 24,
        M: (rest >>> 23) & 1,
        O: (rest >>> 22) & 1,
        routerlifetime: rest & 0xffff,
        ...(next?.kind === 'nd-router'
          ? { reachabletime: next.reachableTime, retranstimer: next.retransTimer }
          : {}),
      }
    case 135:
      return next?.kind === 'nd-target' ? { tgt: next.target } : {}
    case 136:
      return {
        R: rest >>> 31,
        S: (rest >>> 30) & 1,
        O: (rest >>> 29) & 1,
        ...(next?.kind === 'nd-target' ? { tgt: next.target } : {}),
      }
    default:
      return {}
  }
}

/** Type and reserved octets, which scapy has as a layer, then the message; all that is sealed behind a data header. */
function wireguardExpectation(layers: readonly Layer[], i: number): readonly ScapyExpectation[] {
  const layer = layers[i] as Layer
  const message = (
    type: number,
    name: string,
    fields: Readonly<Record<string, unknown>>,
  ): readonly ScapyExpectation[] => [
    { name: 'Wireguard', fields: { message_type: type, reserved_zero: 0 } },
    { name: `Wireguard${name}`, fields },
  ]
  switch (layer.kind) {
    case 'wireguard-initiation':
      return message(1, 'Initiation', {
        sender_index: layer.sender,
        unencrypted_ephemeral: toHex(layer.ephemeral),
        encrypted_static: toHex(layer.static),
        encrypted_timestamp: toHex(layer.timestamp),
        mac1: toHex(layer.mac1),
        mac2: toHex(layer.mac2),
      })
    case 'wireguard-response':
      return message(2, 'Response', {
        sender_index: layer.sender,
        receiver_index: layer.receiver,
        unencrypted_ephemeral: toHex(layer.ephemeral),
        encrypted_nothing: toHex(layer.empty),
        mac1: toHex(layer.mac1),
        mac2: toHex(layer.mac2),
      })
    case 'wireguard-cookie-reply':
      return message(3, 'CookieReply', {
        receiver_index: layer.receiver,
        nonce: toHex(layer.nonce),
        encrypted_cookie: toHex(layer.cookie),
      })
    case 'wireguard-data':
      return message(4, 'Transport', {
        receiver_index: layer.receiver,
        counter: layer.counter > Number.MAX_SAFE_INTEGER ? String(layer.counter) : Number(layer.counter),
        encrypted_encapsulated_packet: sealedOf(layers, i),
      })
    default:
      return []
  }
}

function sealedOf(layers: readonly Layer[], i: number): string {
  const text = layers[i + 1]
  const tag = layers.find((layer) => layer.kind === 'trailer' && layer.role === 'icv' && layer.of === i)
  const parts = [text?.kind === 'payload' ? text.data : [], tag?.kind === 'trailer' ? tag.data : []]
  return toHex(Uint8Array.from(parts.flatMap((part) => [...part])))
}

function macsecExpectation(layer: LayerOf<'macsec'>): ScapyExpectation {
  const bit = (mask: number): number => Number((layer.tciAn & mask) !== 0)
  const { Tci } = sectag
  const sci = new Uint8Array(8)
  new DataView(sci.buffer).setBigUint64(0, layer.sci ?? 0n)
  return {
    name: 'MACsec',
    fields: {
      Ver: bit(Tci.V),
      ES: bit(Tci.ES),
      SC: bit(Tci.SC),
      SCB: bit(Tci.SCB),
      E: bit(Tci.E),
      C: bit(Tci.C),
      AN: layer.tciAn & 3,
      SL: layer.shortLength,
      PN: layer.pn,
      ...(layer.sci === undefined ? {} : { SCI: Buffer.from(sci).toString('hex') }),
    },
  }
}
