/**
 * What a frame is that should have been sealed: named as people know it, for what a network says of itself tells as much as a payload.
 *
 * @module
 */
import { decodeFrame, ethernet, firstLayer } from '../../twin/packet/index.js'

/** Neighbour discovery: router solicitation to redirect (RFC 4861). */
const ND = { first: 133, last: 137 }
const BGP = 179
/** RFC 5881, RFC 5883. */
const BFD: ReadonlySet<number> = new Set([3784, 4784])

/** ` (it is ARP in the clear)` of a frame that has no seal at all; nothing of one with a seal of sorts. @param sealPort WireGuard's UDP port on the link */
export function clearKind(frame: Uint8Array, sealPort: number | undefined): string {
  const kind = kindOfFrame(frame, sealPort)
  return kind === undefined ? '' : ` (it is ${kind} in the clear)`
}

/** `ARP`, `ND`, `LLDP`, `BGP`, `BFD`, `VXLAN`, else the outermost protocol; `undefined` for MACsec and WireGuard. */
function kindOfFrame(frame: Uint8Array, sealPort: number | undefined): string | undefined {
  if (frame.length < ethernet.HEADER_LENGTH) return 'a cut frame'
  const layers = decodeFrame(frame)
  if (firstLayer(layers, 'macsec') !== undefined) return undefined
  if (firstLayer(layers, 'vxlan') !== undefined) return 'VXLAN'
  if (firstLayer(layers, 'arp') !== undefined) return 'ARP'
  const icmp = firstLayer(layers, 'icmpv6')
  if (icmp !== undefined) return icmp.type >= ND.first && icmp.type <= ND.last ? 'ND' : 'ICMPv6'
  const tcp = firstLayer(layers, 'tcp')
  if (tcp !== undefined) return tcp.srcPort === BGP || tcp.dstPort === BGP ? 'BGP' : 'TCP'
  const udp = firstLayer(layers, 'udp')
  if (udp !== undefined) {
    if (udp.dstPort === sealPort) return undefined
    return BFD.has(udp.dstPort) ? 'BFD' : 'UDP'
  }
  const type = ethernet.etherType(frame, 0)
  switch (type) {
    case ethernet.EtherType.IPV4:
      return 'IPv4'
    case ethernet.EtherType.IPV6:
      return 'IPv6'
    case ethernet.EtherType.LLDP:
      return 'LLDP'
    default:
      return type === ethernet.EtherType.MACSEC
        ? undefined
        : `EtherType 0x${type.toString(16).padStart(4, '0')}`
  }
}
