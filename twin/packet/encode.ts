/**
 * Layers into frames.
 *
 * @module
 */
import { setU16, setU32, setU8 } from './bytes.js'
import * as arp from './arp.js'
import { sealChecksum } from './encode-checksum.js'
import { nextEtherType, nextProtocol } from './encode-next.js'
import { writeWireguard } from './encode-wireguard.js'
import { PacketError } from './errors.js'
import * as ethernet from './ethernet.js'
import { Protocol } from './ipv4.js'
import { writeIpv4 } from './ipv4-address.js'
import * as ipv6 from './ipv6.js'
import { writeIpv6 } from './ipv6-address.js'
import type { ExtensionSpec, FragmentSpec, Ipv4Spec, LayerSpec, MacsecSpec, TcpSpec } from './layer.js'
import * as sectag from './sectag.js'
import { Tci } from './sectag.js'
import * as udp from './udp.js'
import * as vlan from './vlan.js'
import * as vxlan from './vxlan.js'
import * as wireguard from './wireguard.js'

/**
 * Octets of a frame without FCS. Lengths, checksums and next-protocol fields that a layer does not give are computed;
 * those it gives are sent as they are, right or wrong, so that `encodeFrame(decodeFrame(bytes))` gives `bytes` back.
 *
 * @throws {PacketError} `ZT_FRAME_SHAPE` when a field cannot be computed from the layers, `ZT_FIELD_RANGE` when a value
 * does not fit its field.
 */
export function encodeFrame(layers: readonly LayerSpec[]): Uint8Array {
  const offsets: number[] = []
  let total = 0
  for (const layer of layers) {
    offsets.push(total)
    total += sizeOf(layer)
  }
  const bytes = new Uint8Array(total)
  const ends = contentEnds(layers, total)
  for (const [i, layer] of layers.entries()) {
    writeLayer(bytes, layers, i, layer, offsets[i] as number, ends[i] as number)
  }
  // Inner checksums first: an outer one may cover them.
  for (let i = layers.length - 1; i >= 0; i--) sealChecksum(bytes, layers, i, offsets, ends[i] as number)
  return bytes
}

/** For each layer the offset behind all that it carries: the frame's end, less the trailers of layers further out. */
function contentEnds(layers: readonly LayerSpec[], total: number): number[] {
  const trailers = layers.filter((layer) => layer.kind === 'trailer')
  return layers.map((_, i) => {
    let end = total
    for (const trailer of trailers) if (trailer.of < i) end -= trailer.data.length
    return end
  })
}

/** Octets of the layer itself. */
function sizeOf(layer: LayerSpec): number {
  switch (layer.kind) {
    case 'ethernet':
    case 'ieee802.3':
      return ethernet.HEADER_LENGTH
    case 'vlan':
      return vlan.HEADER_LENGTH
    case 'arp':
      return arp.LENGTH
    case 'ipv4':
      return 20 + optionsLength(layer.options, 'ipv4')
    case 'ipv6':
      return ipv6.HEADER_LENGTH
    case 'extension':
      return extensionSize(layer)
    case 'fragment':
    case 'icmp':
    case 'icmpv6':
    case 'nd-router':
    case 'udp':
    case 'vxlan':
      return 8
    case 'nd-target':
      return 16
    case 'nd-option':
      return ndOptionSize(layer.data)
    case 'tcp':
      return 20 + optionsLength(layer.options, 'tcp')
    case 'sctp':
      return 12
    case 'wireguard-initiation':
      return wireguard.INITIATION_LENGTH
    case 'wireguard-response':
      return wireguard.RESPONSE_LENGTH
    case 'wireguard-cookie-reply':
      return wireguard.COOKIE_REPLY_LENGTH
    case 'wireguard-data':
      return wireguard.DATA_HEADER_LENGTH
    case 'macsec':
      return (layer.tciAn & Tci.SC) === 0 ? sectag.SHORT_LENGTH - 2 : sectag.LONG_LENGTH - 2
    case 'ethertype':
      return 2
    default:
      return layer.data.length
  }
}

function optionsLength(options: Uint8Array | undefined, what: string): number {
  const length = options?.length ?? 0
  if (length % 4 !== 0 || length > 40) {
    throw new PacketError('ZT_FRAME_SHAPE', `${what} options of ${length} octets`, {
      remedy: 'give a multiple of 4 octets, at most 40; pad with zeros',
    })
  }
  return length
}

function extensionSize(layer: ExtensionSpec): number {
  const size = layer.data.length + 2
  const unit = layer.header === Protocol.AH ? 4 : 8
  if (size < 8 || size % unit !== 0 || size / unit > 256) {
    throw new PacketError('ZT_FRAME_SHAPE', `extension header ${layer.header} of ${size} octets`, {
      remedy: `give data that makes it a multiple of ${unit} octets, at most ${256 * unit}`,
    })
  }
  return size
}

function ndOptionSize(data: Uint8Array): number {
  const size = data.length + 2
  if (size % 8 !== 0 || size / 8 > 255) {
    throw new PacketError('ZT_FRAME_SHAPE', `neighbour discovery option of ${size} octets`, {
      remedy: 'give data that makes it a multiple of 8 octets, at most 2040',
    })
  }
  return size
}

/** A value that fits `bits` bits, for fields whose overflow would silently change the frame. */
function fit(what: string, value: number, bits: number): number {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits) {
    throw new PacketError('ZT_FIELD_RANGE', `${what} ${value} does not fit ${bits} bits`, {
      remedy: `give an integer from 0 to ${2 ** bits - 1}`,
    })
  }
  return value
}

function writeLayer(
  bytes: Uint8Array,
  layers: readonly LayerSpec[],
  i: number,
  layer: LayerSpec,
  at: number,
  end: number,
): void {
  switch (layer.kind) {
    case 'ethernet':
      ethernet.write(
        bytes,
        at,
        layer.dst,
        layer.src,
        fit('ethertype', layer.etherType ?? nextEtherType(layers, i), 16),
      )
      return
    case 'ieee802.3': {
      const length = layer.length ?? end - at - ethernet.HEADER_LENGTH - ownTrailers(layers, i)
      ethernet.write(bytes, at, layer.dst, layer.src, fit('ieee802.3 length', length, 16))
      return
    }
    case 'vlan': {
      const tag = {
        pcp: fit('vlan pcp', layer.pcp ?? 0, 3),
        dei: layer.dei ?? false,
        vid: fit('vlan id', layer.vid, 12),
      }
      vlan.write(bytes, at, {
        ...tag,
        etherType: fit('ethertype', layer.etherType ?? nextEtherType(layers, i), 16),
      })
      return
    }
    case 'arp':
      arp.write(bytes, at, { ...layer, operation: fit('arp operation', layer.operation, 16) })
      return
    case 'ipv4':
      writeIpv4Header(
        bytes,
        at,
        layer,
        layer.totalLength ?? end - at,
        layer.protocol ?? nextProtocol(layers, i),
      )
      return
    case 'ipv6':
      ipv6.write(bytes, at, {
        trafficClass: fit('ipv6 traffic class', layer.trafficClass ?? 0, 8),
        flowLabel: fit('ipv6 flow label', layer.flowLabel ?? 0, 20),
        payloadLength: fit('ipv6 payload length', layer.payloadLength ?? end - at - ipv6.HEADER_LENGTH, 16),
        nextHeader: fit('ipv6 next header', layer.nextHeader ?? nextProtocol(layers, i), 8),
        hopLimit: fit('ipv6 hop limit', layer.hopLimit ?? 64, 8),
        src: layer.src,
        dst: layer.dst,
      })
      return
    case 'extension':
      setU8(bytes, at, fit('next header', layer.nextHeader ?? nextProtocol(layers, i), 8))
      setU8(bytes, at + 1, extensionUnits(layer))
      bytes.set(layer.data, at + 2)
      return
    case 'fragment':
      writeFragment(bytes, at, layer, layer.nextHeader ?? nextProtocol(layers, i))
      return
    case 'icmp':
    case 'icmpv6':
      setU8(bytes, at, fit(`${layer.kind} type`, layer.type, 8))
      setU8(bytes, at + 1, fit(`${layer.kind} code`, layer.code ?? 0, 8))
      setU16(bytes, at + 2, fit(`${layer.kind} checksum`, layer.checksum ?? 0, 16))
      setU32(bytes, at + 4, fit(`${layer.kind} rest`, layer.rest ?? 0, 32))
      return
    case 'nd-target':
      writeIpv6(bytes, at, layer.target)
      return
    case 'nd-router':
      setU32(bytes, at, fit('reachable time', layer.reachableTime, 32))
      setU32(bytes, at + 4, fit('retransmit timer', layer.retransTimer, 32))
      return
    case 'nd-option':
      setU8(bytes, at, fit('nd option type', layer.type, 8))
      setU8(bytes, at + 1, (layer.data.length + 2) / 8)
      bytes.set(layer.data, at + 2)
      return
    case 'udp':
      udp.write(
        bytes,
        at,
        fit('udp source port', layer.srcPort, 16),
        fit('udp destination port', layer.dstPort, 16),
        fit('udp length', layer.length ?? end - at, 16),
        fit('udp checksum', layer.checksum ?? 0, 16),
      )
      return
    case 'tcp':
      writeTcp(bytes, at, layer)
      return
    case 'sctp':
      setU16(bytes, at, fit('sctp source port', layer.srcPort, 16))
      setU16(bytes, at + 2, fit('sctp destination port', layer.dstPort, 16))
      setU32(bytes, at + 4, fit('sctp verification tag', layer.verificationTag, 32))
      setU32(bytes, at + 8, fit('sctp checksum', layer.checksum, 32))
      return
    case 'vxlan':
      setU32(
        bytes,
        at,
        ((fit('vxlan flags', layer.flags ?? vxlan.FLAG_VNI, 8) << 24) |
          fit('vxlan reserved', layer.reserved1 ?? 0, 24)) >>>
          0,
      )
      setU32(
        bytes,
        at + 4,
        ((fit('vni', layer.vni, 24) << 8) | fit('vxlan reserved', layer.reserved2 ?? 0, 8)) >>> 0,
      )
      return
    case 'wireguard-initiation':
    case 'wireguard-response':
    case 'wireguard-cookie-reply':
    case 'wireguard-data':
      writeWireguard(bytes, at, layer)
      return
    case 'macsec':
      writeMacsec(bytes, at, layer, end - at - sizeOf(layer) - ownTrailers(layers, i))
      return
    case 'ethertype':
      setU16(bytes, at, fit('ethertype', layer.etherType ?? nextEtherType(layers, i), 16))
      return
    case 'payload':
    case 'trailer':
      bytes.set(layer.data, at)
  }
}

/** Octets of the trailers that belong to layer `i` itself. */
function ownTrailers(layers: readonly LayerSpec[], i: number): number {
  let octets = 0
  for (const layer of layers) if (layer.kind === 'trailer' && layer.of === i) octets += layer.data.length
  return octets
}

function writeIpv4Header(
  bytes: Uint8Array,
  at: number,
  layer: Ipv4Spec,
  totalLength: number,
  protocol: number,
): void {
  const options = layer.options ?? new Uint8Array(0)
  setU8(bytes, at, 0x40 | (5 + options.length / 4))
  setU8(bytes, at + 1, fit('ipv4 tos', layer.tos ?? 0, 8))
  setU16(bytes, at + 2, fit('ipv4 total length', totalLength, 16))
  setU16(bytes, at + 4, fit('ipv4 id', layer.id ?? 0, 16))
  const flags = fit('ipv4 flags', layer.flags ?? 0, 3)
  setU16(bytes, at + 6, (flags << 13) | fit('ipv4 fragment offset', layer.fragmentOffset ?? 0, 13))
  setU8(bytes, at + 8, fit('ipv4 ttl', layer.ttl ?? 64, 8))
  setU8(bytes, at + 9, fit('ipv4 protocol', protocol, 8))
  setU16(bytes, at + 10, fit('ipv4 checksum', layer.checksum ?? 0, 16))
  writeIpv4(bytes, at + 12, layer.src)
  writeIpv4(bytes, at + 16, layer.dst)
  bytes.set(options, at + 20)
}

function extensionUnits(layer: ExtensionSpec): number {
  const size = layer.data.length + 2
  return layer.header === Protocol.AH ? size / 4 - 2 : size / 8 - 1
}

function writeFragment(bytes: Uint8Array, at: number, layer: FragmentSpec, nextHeader: number): void {
  const reserved = fit('fragment reserved', layer.reserved ?? 0, 10)
  setU8(bytes, at, fit('next header', nextHeader, 8))
  setU8(bytes, at + 1, reserved >>> 2)
  const fragmentOffset = fit('fragment offset', layer.fragmentOffset, 13)
  setU16(bytes, at + 2, (fragmentOffset << 3) | ((reserved & 3) << 1) | (layer.moreFragments ? 1 : 0))
  setU32(bytes, at + 4, fit('fragment id', layer.id, 32))
}

function writeTcp(bytes: Uint8Array, at: number, layer: TcpSpec): void {
  const options = layer.options ?? new Uint8Array(0)
  setU16(bytes, at, fit('tcp source port', layer.srcPort, 16))
  setU16(bytes, at + 2, fit('tcp destination port', layer.dstPort, 16))
  setU32(bytes, at + 4, fit('tcp sequence', layer.sequence ?? 0, 32))
  setU32(bytes, at + 8, fit('tcp acknowledgement', layer.acknowledgement ?? 0, 32))
  setU8(bytes, at + 12, ((5 + options.length / 4) << 4) | fit('tcp reserved', layer.reserved ?? 0, 4))
  setU8(bytes, at + 13, fit('tcp flags', layer.flags ?? 0, 8))
  setU16(bytes, at + 14, fit('tcp window', layer.window ?? 0xffff, 16))
  setU16(bytes, at + 16, fit('tcp checksum', layer.checksum ?? 0, 16))
  setU16(bytes, at + 18, fit('tcp urgent pointer', layer.urgentPointer ?? 0, 16))
  bytes.set(options, at + 20)
}

/** `at` is behind the EtherType, which the layer before writes. */
function writeMacsec(bytes: Uint8Array, at: number, layer: MacsecSpec, secureData: number): void {
  const explicit = (layer.tciAn & Tci.SC) !== 0
  if (explicit && layer.sci === undefined) {
    throw new PacketError('ZT_FRAME_SHAPE', 'a SecTAG with the SC bit and no SCI', { remedy: 'give sci' })
  }
  const shortLength = fit('macsec short length', layer.shortLength ?? sectag.shortLengthOf(secureData), 8)
  const pn = fit('macsec packet number', layer.pn, 32)
  const tciAn = fit('macsec tci', layer.tciAn, 8)
  sectag.write(bytes, at - 2, { tciAn, shortLength, pn, sci: layer.sci ?? sectag.NO_SCI })
}
