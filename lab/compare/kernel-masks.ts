/**
 * Masks `outer-source-port`, `outer-ip-id` and `outer-ecn-ce`: what the Linux kernel's vxlan chooses for itself.
 *
 * @module
 */
import { ethernet, ipv4, ipv6, udp, vxlan } from '../../twin/packet/index.js'

/** A VXLAN frame with those fields zero, and with them the checksums that cover them, if these are right; others unchanged. */
export function maskKernel(frame: Uint8Array): Uint8Array {
  const at = ethernet.HEADER_LENGTH
  if (frame.length < at + ipv6.HEADER_LENGTH + udp.HEADER_LENGTH) return frame
  const etherType = ethernet.etherType(frame, 0)
  if (etherType === ethernet.EtherType.IPV4) return maskIpv4(frame, at)
  return etherType === ethernet.EtherType.IPV6 ? maskIpv6(frame, at) : frame
}

function maskIpv4(frame: Uint8Array, at: number): Uint8Array {
  const plain =
    ipv4.version(frame, at) === 4 &&
    ipv4.headerLength(frame, at) === ipv4.HEADER_LENGTH &&
    !ipv4.isFragment(frame, at)
  const datagram = at + ipv4.HEADER_LENGTH
  if (!plain || ipv4.protocol(frame, at) !== ipv4.Protocol.UDP || !isVxlan(frame, datagram)) return frame
  if (!ipv4.checksumOk(frame, at)) return frame
  const copy = Uint8Array.from(frame)
  copy.fill(0, at + 4, at + 6)
  copy.fill(0, at + 10, at + 12)
  copy.fill(0, datagram, datagram + 2)
  if (isMarked(frame, datagram) && ipv4.ecn(frame, at) === ipv4.Ecn.ECT0)
    copy[at + 1] = ipv4.tos(frame, at) | ipv4.Ecn.CE
  return copy
}

function maskIpv6(frame: Uint8Array, at: number): Uint8Array {
  const datagram = at + ipv6.HEADER_LENGTH
  if (ipv6.nextHeader(frame, at) !== ipv4.Protocol.UDP || !isVxlan(frame, datagram)) return frame
  const checksum = udp.checksum(frame, datagram)
  const copy = Uint8Array.from(frame)
  copy.fill(0, datagram, datagram + 2)
  if (isMarked(frame, datagram) && ipv6.ecn(frame, at) === ipv4.Ecn.ECT0) {
    ipv6.setTrafficClass(copy, at, ipv6.trafficClass(frame, at) | ipv4.Ecn.CE)
  }
  // A checksum of zero says that there is none (RFC 6935), and is compared as it is.
  if (checksum === 0) return copy
  if (udp.length(frame, datagram) > frame.length - datagram) return frame
  if (!udp.checksumOkOverIpv6(frame, datagram, at + 8, at + 24)) return frame
  // Not zero, which would say that there is none.
  copy.fill(0xff, datagram + 6, datagram + 8)
  return copy
}

function isVxlan(frame: Uint8Array, datagram: number): boolean {
  return udp.dstPort(frame, datagram) === vxlan.UDP_PORT
}

/** Does the packet inside carry CE? */
function isMarked(frame: Uint8Array, datagram: number): boolean {
  const inner = datagram + udp.HEADER_LENGTH + vxlan.HEADER_LENGTH
  const packet = inner + ethernet.HEADER_LENGTH
  if (frame.length < packet + 2) return false
  const etherType = ethernet.etherType(frame, inner)
  if (etherType === ethernet.EtherType.IPV4) return ipv4.ecn(frame, packet) === ipv4.Ecn.CE
  return etherType === ethernet.EtherType.IPV6 && ipv6.ecn(frame, packet) === ipv4.Ecn.CE
}
