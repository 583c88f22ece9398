/**
 * VXLAN (section 16; RFC 7348, RFC 6040).
 *
 * @module
 */
import * as ipv4 from '../packet/ipv4.js'
import * as ipv6 from '../packet/ipv6.js'
import * as udp from '../packet/udp.js'
import * as vxlanHeader from '../packet/vxlan.js'
import { isIpv6, readIpv4, readIpv6, type Ip } from '../packet/address.js'
import { u16, u8 } from '../packet/bytes.js'
import type { Vxlan } from './config.js'
import { newFrame } from './frame-memory.js'
import { hashOfEthernet, hashOfPacket, sourcePortOf } from './hash.js'
import type { Machine } from './machine.js'
import { receiveSealed } from './macsec-receive.js'
import { originate } from './originate.js'
import { SealedFrame } from './sealed-frame.js'
import { leaveOut, tailOf, whole } from './tunnelled-frame.js'
import {
  DESTINATION,
  IPV4_HEADER,
  ipv4End,
  ipv4HeaderLength,
  IPV6_HEADER,
  ipv6End,
  isIpv4Fragment,
  L3_OFFSET,
  SOURCE,
} from './parse.js'

const EtherType = { IPV4: 0x0800, IPV6: 0x86dd } as const
const TUNNEL_HEADERS = udp.HEADER_LENGTH + vxlanHeader.HEADER_LENGTH

/** Family of the IP packet in a frame, 0 when it has none that is well-formed (best effort, PARSE-8). */
function innerFamily(frame: Uint8Array): 0 | 4 | 6 {
  switch (u16(frame, 12)) {
    case EtherType.IPV4:
      return ipv4End(frame) === 0 ? 0 : 4
    case EtherType.IPV6:
      return ipv6End(frame) === 0 ? 0 : 6
    default:
      return 0
  }
}

/** VXLAN-1: sends a frame to a remote VTEP. */
export function encapsulate(m: Machine, vxlan: Vxlan, remote: Ip, given: Uint8Array | SealedFrame): void {
  m.trace?.step('VXLAN-1', vxlan.id, `VNI ${vxlan.vni}, ${given.length} octets`)
  if (given.length - L3_OFFSET > vxlan.mtu) {
    m.fate('mtu-exceeded')
    return
  }
  // Of a sealed frame nothing but its header matters here.
  const frame = given instanceof SealedFrame ? given.header : given
  const inner = innerFamily(frame)
  const hash = innerHash(m, vxlan, frame, inner)
  const sourcePort = sourcePortOf(hash)
  const family = isIpv6(vxlan.local) ? 6 : 4
  const outerUdp = L3_OFFSET + (family === 4 ? IPV4_HEADER : IPV6_HEADER)
  const outer = newFrame(outerUdp + TUNNEL_HEADERS + given.length)
  const ecn = inner === 0 ? 0 : inner === 4 ? ipv4.ecn(frame, L3_OFFSET) : ipv6.ecn(frame, L3_OFFSET)
  m.trace?.step('VXLAN-3', vxlan.id, `ECN ${ecn}`)
  m.trace?.step('VXLAN-2', vxlan.id, `source port ${sourcePort}`)
  writeOuterIp(outer, vxlan, remote, vxlan.dscp * 4 + ecn)
  udp.write(outer, outerUdp, sourcePort, vxlan.port, TUNNEL_HEADERS + given.length)
  vxlanHeader.write(outer, outerUdp + udp.HEADER_LENGTH, vxlan.vni)
  if (given instanceof SealedFrame && m.lazySeal && vxlan.udpChecksum === 'zero') leaveOut(outer, given)
  else outer.set(given instanceof SealedFrame ? given.frame : given, outerUdp + TUNNEL_HEADERS)
  if (vxlan.udpChecksum === 'compute') {
    if (family === 4) udp.updateChecksumOverIpv4(outer, outerUdp, SOURCE[4])
    else udp.updateChecksumOverIpv6(outer, outerUdp, SOURCE[6], DESTINATION[6])
  }
  originate(m, vxlan.underlay, outer, family)
}

/** HASH-5 */
function innerHash(m: Machine, vxlan: Vxlan, frame: Uint8Array, inner: 0 | 4 | 6): number {
  const seed = m.config.seeds.sourcePort
  if (inner === 0) {
    m.trace?.step('PARSE-8', vxlan.id, 'no flow words in the inner frame')
    m.trace?.step('HASH-3', vxlan.id, 'hashed over Ethernet words')
    m.trace?.step('HASH-5', vxlan.id, 'inner frame is no well-formed IP packet')
    return hashOfEthernet(seed, frame)
  }
  m.trace?.step('PARSE-8', vxlan.id, `inner frame is IPv${inner}`)
  m.trace?.step('PARSE-7', vxlan.id, 'flow words read')
  m.trace?.step('HASH-2', vxlan.id, 'hashed over source, destination, protocol and ports')
  m.trace?.step('HASH-5', vxlan.id, `inner frame is IPv${inner}`)
  return hashOfPacket(seed, frame, inner, inner === 4 ? ipv4End(frame) : ipv6End(frame))
}

/** VXLAN-3 */
function writeOuterIp(outer: Uint8Array, vxlan: Vxlan, remote: Ip, tos: number): void {
  const { local } = vxlan
  if (!isIpv6(local) && !isIpv6(remote)) {
    ipv4.write(outer, L3_OFFSET, {
      tos,
      totalLength: outer.length - L3_OFFSET,
      id: 0,
      df: vxlan.df,
      ttl: vxlan.ttl,
      protocol: ipv4.Protocol.UDP,
      src: local,
      dst: remote,
    })
  } else if (isIpv6(local) && isIpv6(remote)) {
    ipv6.write(outer, L3_OFFSET, {
      trafficClass: tos,
      flowLabel: 0,
      payloadLength: outer.length - L3_OFFSET - IPV6_HEADER,
      nextHeader: ipv4.Protocol.UDP,
      hopLimit: vxlan.ttl,
      src: local,
      dst: remote,
    })
  }
}

/**
 * VXLAN-4: the first vxlan interface that a packet to an own address is for, `undefined` when it is no VXLAN for this
 * node.
 */
export function vxlanFor(m: Machine, frame: Uint8Array, family: 4 | 6, end: number): Vxlan | undefined {
  const protocol = u8(frame, L3_OFFSET + (family === 4 ? 9 : 6))
  if (protocol !== ipv4.Protocol.UDP || (family === 4 && isIpv4Fragment(frame))) return undefined
  const at = udpOffset(frame, family)
  if (at + udp.HEADER_LENGTH > end) return undefined
  const port = udp.dstPort(frame, at)
  const destination = addressAt(frame, DESTINATION[family], family)
  for (const vxlan of m.config.vxlans) {
    if (vxlan.port === port && vxlan.local === destination) return vxlan
  }
  return undefined
}

/** VXLAN-5 to VXLAN-7, for a packet that {@link vxlanFor} found to be for `via`. */
export function decapsulate(m: Machine, via: Vxlan, frame: Uint8Array, family: 4 | 6, end: number): void {
  const at = udpOffset(frame, family)
  const length = udp.length(frame, at)
  if (length < TUNNEL_HEADERS || at + length > end) {
    m.trace?.step('VXLAN-5', via.id, `UDP length ${length}`)
    m.fate('udp-length')
    return
  }
  if (!isUdpChecksumAcceptable(via, frame, at, family)) {
    m.trace?.step('VXLAN-5', via.id, 'UDP checksum')
    m.fate('udp-checksum')
    return
  }
  const header = at + udp.HEADER_LENGTH
  if ((vxlanHeader.flags(frame, header) & vxlanHeader.FLAG_VNI) === 0) {
    m.trace?.step('VXLAN-5', via.id, 'I flag is clear')
    m.fate('vxlan-flags')
    return
  }
  const vni = vxlanHeader.vni(frame, header)
  const vxlan = m.config.vxlans.find((one) => one.vni === vni && one.local === via.local)
  if (vxlan === undefined) {
    m.trace?.step('VXLAN-5', via.id, `VNI ${vni} is not configured here`)
    m.fate('vxlan-vni-unknown')
    return
  }
  const source = addressAt(frame, SOURCE[family], family)
  if (!vxlan.remotes.has(source)) {
    m.trace?.step('VXLAN-5', vxlan.id, 'the outer source is no VTEP of this VNI')
    m.fate('vxlan-source-unknown')
    return
  }
  const inner = innerOf(frame, at + TUNNEL_HEADERS, at + length)
  if (inner.length < L3_OFFSET) {
    m.trace?.step('VXLAN-5', vxlan.id, 'inner frame has no Ethernet header')
    m.fate('frame-truncated')
    return
  }
  if (inner.length - L3_OFFSET > vxlan.mtu) {
    m.trace?.step('VXLAN-5', vxlan.id, 'inner frame is too long')
    m.fate('frame-oversize')
    return
  }
  m.trace?.step('VXLAN-5', vxlan.id, `VNI ${vni}, decapsulated`)
  const outerEcn = family === 4 ? ipv4.ecn(frame, L3_OFFSET) : ipv6.ecn(frame, L3_OFFSET)
  // VXLAN-6 is about packets; what is sealed is none.
  const marked = inner instanceof SealedFrame ? inner : carryEcn(m, vxlan, outerEcn, inner)
  if (marked === undefined) return
  goUp(m, vxlan, source, marked)
}

/** What a packet carries; sealed still, if nobody has looked at it. */
function innerOf(frame: Uint8Array, start: number, end: number): Uint8Array | SealedFrame {
  const tail = tailOf(frame)
  if (tail !== undefined && end === frame.length && end - start === tail.length) return tail
  return whole(frame).subarray(start, end)
}

/** VXLAN-7 */
function goUp(m: Machine, vxlan: Vxlan, source: Ip, frame: Uint8Array | SealedFrame): void {
  const { id, bridge, upper } = vxlan
  if (bridge !== undefined) {
    m.trace?.step('VXLAN-7', id, `enters bridge ${bridge.name}`)
    m.upper.enterBridge(m, bridge, vxlan, source, frame instanceof SealedFrame ? frame.frame : frame)
  } else if (upper?.bridge !== undefined) {
    m.trace?.step('VXLAN-7', id, 'to the macsec interface')
    m.trace?.step('MACSEC-10', upper.id, 'received below')
    const opened = receiveSealed(m, upper, frame)
    if (opened !== undefined) m.upper.enterBridge(m, upper.bridge, upper, undefined, whole(opened))
  }
}

function udpOffset(frame: Uint8Array, family: 4 | 6): number {
  return L3_OFFSET + (family === 4 ? ipv4HeaderLength(frame) : IPV6_HEADER)
}

function addressAt(frame: Uint8Array, offset: number, family: 4 | 6): Ip {
  return family === 4 ? readIpv4(frame, offset) : readIpv6(frame, offset)
}

function isUdpChecksumAcceptable(via: Vxlan, frame: Uint8Array, at: number, family: 4 | 6): boolean {
  if (udp.checksum(frame, at) === 0) return family === 4 || via.udpChecksum === 'zero'
  return family === 4
    ? udp.checksumOkOverIpv4(frame, at, SOURCE[4])
    : udp.checksumOkOverIpv6(frame, at, SOURCE[6], DESTINATION[6])
}

/** VXLAN-6: the inner frame with the congestion that the outer header tells of, `undefined` after its fate. */
function carryEcn(m: Machine, vxlan: Vxlan, outer: number, inner: Uint8Array): Uint8Array | undefined {
  const { NOT_ECT, ECT0, ECT1, CE } = ipv4.Ecn
  const family = outer === CE || outer === ECT1 ? innerFamily(inner) : 0
  if (family === 0) return inner
  const before = family === 4 ? ipv4.ecn(inner, L3_OFFSET) : ipv6.ecn(inner, L3_OFFSET)
  if (outer === CE && before === NOT_ECT) {
    m.trace?.step('VXLAN-6', vxlan.id, 'outer CE, inner Not-ECT')
    m.fate('ecn-invalid')
    return undefined
  }
  const after = outer === CE ? CE : before === ECT0 ? ECT1 : before
  m.trace?.step('VXLAN-6', vxlan.id, `outer ECN ${outer}, inner ${before} becomes ${after}`)
  if (after === before) return inner
  const marked = newFrame(inner.length)
  marked.set(inner)
  if (family === 4) ipv4.setEcn(marked, L3_OFFSET, after)
  else ipv6.setEcn(marked, L3_OFFSET, after)
  return marked
}
