/**
 * Checksums of encoded layers.
 *
 * @module
 */
import { setU16 } from './bytes.js'
import {
  foldChecksum,
  internetChecksum,
  ipv4PseudoHeaderSum,
  ipv6PseudoHeaderSum,
  sumWords,
  udpChecksumOnWire,
} from './checksum.js'
import { finalDestination } from './decode-ip.js'
import { PacketError } from './errors.js'
import { Protocol } from './ipv4.js'
import type { LayerSpec } from './layer.js'

/** Computes and writes the checksum of `layers[i]` unless the layer has none or gives its own. */
export function sealChecksum(
  bytes: Uint8Array,
  layers: readonly LayerSpec[],
  i: number,
  offsets: readonly number[],
  end: number,
): void {
  const layer = layers[i] as LayerSpec
  const at = offsets[i] as number
  switch (layer.kind) {
    case 'ipv4':
      if (layer.checksum !== undefined) return
      setU16(bytes, at + 10, internetChecksum(bytes, at, at + 20 + (layer.options?.length ?? 0)))
      return
    case 'icmp':
      if (layer.checksum !== undefined) return
      requireWhole(layers, i)
      setU16(bytes, at + 2, internetChecksum(bytes, at, end))
      return
    case 'icmpv6':
      if (layer.checksum !== undefined) return
      setU16(bytes, at + 2, withPseudo(bytes, layers, i, offsets, Protocol.ICMPV6, at, end))
      return
    case 'udp':
      if (layer.checksum !== undefined) return
      setU16(bytes, at + 6, udpChecksumOnWire(withPseudo(bytes, layers, i, offsets, Protocol.UDP, at, end)))
      return
    case 'tcp':
      if (layer.checksum !== undefined) return
      setU16(bytes, at + 16, withPseudo(bytes, layers, i, offsets, Protocol.TCP, at, end))
      return
    default:
  }
}

/** Index of the IP header that `layers[i]` is in. */
function enclosingIp(layers: readonly LayerSpec[], i: number): number {
  for (let j = i - 1; j >= 0; j--) {
    const kind = layers[j]?.kind
    if (kind === 'ipv4' || kind === 'ipv6') return j
    if (kind !== 'extension' && kind !== 'fragment') break
  }
  throw new PacketError('ZT_FRAME_SHAPE', `${layers[i]?.kind ?? 'layer'} without an IP header before it`, {
    remedy: 'put it into ipv4 or ipv6, or give its checksum',
  })
}

/** The checksum of a first fragment covers octets that are not in the frame. */
function requireWhole(layers: readonly LayerSpec[], i: number): void {
  for (let j = enclosingIp(layers, i); j < i; j++) {
    const layer = layers[j] as LayerSpec
    const fragmented =
      (layer.kind === 'fragment' && (layer.moreFragments || layer.fragmentOffset !== 0)) ||
      (layer.kind === 'ipv4' && (((layer.flags ?? 0) & 1) !== 0 || (layer.fragmentOffset ?? 0) !== 0))
    if (fragmented) {
      throw new PacketError(
        'ZT_FRAME_SHAPE',
        `the checksum of ${layers[i]?.kind ?? 'layer'} covers other fragments`,
        {
          remedy: 'give the checksum, or put the fragment in as payload',
        },
      )
    }
  }
}

function withPseudo(
  bytes: Uint8Array,
  layers: readonly LayerSpec[],
  i: number,
  offsets: readonly number[],
  protocol: number,
  at: number,
  end: number,
): number {
  requireWhole(layers, i)
  const ip = enclosingIp(layers, i)
  const ipAt = offsets[ip] as number
  if (layers[ip]?.kind === 'ipv4') {
    return foldChecksum(sumWords(bytes, at, end, ipv4PseudoHeaderSum(bytes, ipAt + 12, protocol, end - at)))
  }
  let destination = ipAt + 24
  for (let j = ip + 1; j < i; j++) {
    const layer = layers[j] as LayerSpec
    if (layer.kind === 'extension' && layer.header === Protocol.ROUTING) {
      destination = finalDestination(bytes, offsets[j] as number, layer.data.length + 2, destination)
    }
  }
  if (destination < 0) {
    throw new PacketError('ZT_FRAME_SHAPE', 'the routing header does not tell the final destination', {
      remedy: 'give the checksum',
    })
  }
  return foldChecksum(
    sumWords(bytes, at, end, ipv6PseudoHeaderSum(bytes, ipAt + 8, destination, protocol, end - at)),
  )
}
