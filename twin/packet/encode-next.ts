/**
 * Next-protocol fields from the layer that follows.
 *
 * @module
 */
import { PacketError } from './errors.js'
import { EtherType } from './ethernet.js'
import { Protocol } from './ipv4.js'
import type { LayerSpec } from './layer.js'

/** EtherType for the layer behind `layers[i]`. */
export function nextEtherType(layers: readonly LayerSpec[], i: number): number {
  const next = layers[i + 1]
  switch (next?.kind) {
    case 'vlan':
      return EtherType.VLAN
    case 'arp':
      return EtherType.ARP
    case 'ipv4':
      return EtherType.IPV4
    case 'ipv6':
      return EtherType.IPV6
    case 'macsec':
      return EtherType.MACSEC
    default:
      throw unknownNext(layers, i, 'etherType')
  }
}

/** IP protocol number for the layer behind `layers[i]`. */
export function nextProtocol(layers: readonly LayerSpec[], i: number): number {
  const next = layers[i + 1]
  switch (next?.kind) {
    case 'icmp':
      return Protocol.ICMP
    case 'icmpv6':
      return Protocol.ICMPV6
    case 'udp':
      return Protocol.UDP
    case 'tcp':
      return Protocol.TCP
    case 'sctp':
      return Protocol.SCTP
    case 'fragment':
      return Protocol.FRAGMENT
    case 'extension':
      return next.header
    case undefined:
      return Protocol.NO_NEXT
    default:
      throw unknownNext(layers, i, layers[i]?.kind === 'ipv4' ? 'protocol' : 'nextHeader')
  }
}

function unknownNext(layers: readonly LayerSpec[], i: number, field: string): PacketError {
  const own = layers[i]?.kind ?? 'nothing'
  const next = layers[i + 1]?.kind ?? 'nothing'
  return new PacketError('ZT_FRAME_SHAPE', `no ${field} follows from ${next} behind ${own}`, {
    remedy: `give ${field}`,
  })
}
