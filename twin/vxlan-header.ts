/**
 * The outermost VXLAN of a frame.
 *
 * @module
 */
import { ethernet, formatIp, ipv4, ipv6, udp, vxlan } from './packet/index.js'

export interface VxlanHeader {
  readonly vni: number
  readonly source: string
  readonly destination: string
  /** Octet where the UDP header begins. */
  readonly udp: number
  /** Where the inner frame begins, and where it ends. */
  readonly at: number
  readonly end: number
}

/** Of a frame as a node sends it (VXLAN-2, VXLAN-3): no options, no fragment, what checksums there are right. */
export function findVxlan(frame: Uint8Array): VxlanHeader | undefined {
  const ip = ethernet.HEADER_LENGTH
  if (frame.length < ip + ipv4.HEADER_LENGTH) return undefined
  switch (ethernet.etherType(frame, 0)) {
    case ethernet.EtherType.IPV4: {
      const datagram = ip + ipv4.HEADER_LENGTH
      const isPlain =
        ipv4.headerLength(frame, ip) === ipv4.HEADER_LENGTH &&
        !ipv4.isFragment(frame, ip) &&
        ipv4.protocol(frame, ip) === ipv4.Protocol.UDP &&
        ipv4.checksumOk(frame, ip) &&
        isTunnelled(frame, datagram) &&
        // Zero says that there is none (RFC 768).
        (udp.checksum(frame, datagram) === 0 || udp.checksumOkOverIpv4(frame, datagram, ip + 12))
      const [source, destination] = [ipv4.src(frame, ip), ipv4.dst(frame, ip)].map(formatIp)
      return isPlain ? headerAt(frame, datagram, source, destination) : undefined
    }
    case ethernet.EtherType.IPV6: {
      const datagram = ip + ipv6.HEADER_LENGTH
      const isPlain =
        frame.length >= datagram &&
        ipv6.nextHeader(frame, ip) === ipv4.Protocol.UDP &&
        isTunnelled(frame, datagram) &&
        udp.checksumOkOverIpv6(frame, datagram, ip + 8, ip + 24)
      if (!isPlain) return undefined
      const [source, destination] = [ipv6.src(frame, ip), ipv6.dst(frame, ip)].map(formatIp)
      return headerAt(frame, datagram, source, destination)
    }
    default:
      return undefined
  }
}

function isTunnelled(frame: Uint8Array, datagram: number): boolean {
  const shortest = udp.HEADER_LENGTH + vxlan.HEADER_LENGTH
  if (frame.length < datagram + shortest || udp.dstPort(frame, datagram) !== vxlan.UDP_PORT) return false
  const length = udp.length(frame, datagram)
  return length >= shortest && datagram + length <= frame.length
}

function headerAt(frame: Uint8Array, datagram: number, source = '', destination = ''): VxlanHeader {
  const at = datagram + udp.HEADER_LENGTH
  return {
    vni: vxlan.vni(frame, at),
    source,
    destination,
    udp: datagram,
    at: at + vxlan.HEADER_LENGTH,
    end: datagram + udp.length(frame, datagram),
  }
}
