/**
 * Frames that carry no trace id because a machine sends them on its own: a closed list. They are counted and not compared; a
 * frame without trace id that is none of these is compared octet by octet.
 *
 * @module
 */
import { decodeFrame, type Layer, type LayerOf } from '../../twin/packet/index.js'

export const untracedKinds = {
  arp: "ARP (RFC 826), bare or inside VXLAN: requests for hosts, answers, the underlay kernel's own",
  nd: 'neighbour and router discovery (RFC 4861)',
  mld: 'multicast listener reports (RFC 2710, RFC 3810)',
  bgp: 'BGP (RFC 4271), TCP port 179',
  bfd: 'BFD (RFC 5881, RFC 5883), UDP ports 3784, 3785 and 4784',
  lldp: 'LLDP (IEEE 802.1AB)',
  'wireguard-handshake': 'initiations, responses and cookie replies of WireGuard, by type and length',
  'wireguard-keepalive': 'data messages of WireGuard that open to nothing',
} as const
export type UntracedKind = keyof typeof untracedKinds

const ETHERTYPE_LLDP = 0x88cc
const MLD_TYPES: ReadonlySet<number> = new Set([130, 131, 132, 143])
const ND_TYPES: ReadonlySet<number> = new Set([133, 134, 135, 136, 137])
const BGP_PORT = 179
const BFD_PORTS: ReadonlySet<number> = new Set([3784, 3785, 4784])

/** What the innermost frame of a clear frame is, if it is on the list. */
export function untracedKind(clear: Uint8Array): UntracedKind | undefined {
  const layers = decodeFrame(clear)
  const inner = layers.slice(layers.findLastIndex(({ kind }) => kind === 'ethernet'))
  const find = <K extends Layer['kind']>(kind: K) =>
    inner.find((layer): layer is LayerOf<K> => layer.kind === kind)
  if (find('arp') !== undefined) return 'arp'
  if (find('ethernet')?.etherType === ETHERTYPE_LLDP) return 'lldp'
  const type = find('icmpv6')?.type
  if (type !== undefined && ND_TYPES.has(type)) return 'nd'
  if (type !== undefined && MLD_TYPES.has(type)) return 'mld'
  const tcp = find('tcp')
  if (tcp?.srcPort === BGP_PORT || tcp?.dstPort === BGP_PORT) return 'bgp'
  const port = find('udp')?.dstPort
  return port !== undefined && BFD_PORTS.has(port) ? 'bfd' : undefined
}
