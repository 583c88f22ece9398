/**
 * Upper-layer protocols into layers: ICMP, ICMPv6 with neighbour discovery, UDP with VXLAN and WireGuard, TCP, SCTP.
 *
 * @module
 */
import { u16, u32, u8 } from './bytes.js'
import {
  foldChecksum,
  ipv4PseudoHeaderSum,
  ipv6PseudoHeaderSum,
  sumWords,
  udpChecksumOnWire,
} from './checksum.js'
import { problem, truncated, type DecodeContext } from './decode-context.js'
import { decodeWireguard, maybeWireguard } from './decode-wireguard.js'
import * as icmp from './icmp.js'
import * as icmpv6 from './icmpv6.js'
import { Protocol } from './ipv4.js'
import { readIpv6 } from './ipv6-address.js'
import type { Problem } from './layer.js'
import * as sctp from './sctp.js'
import * as tcp from './tcp.js'
import * as udp from './udp.js'
import * as vxlan from './vxlan.js'

/** Decodes the frame in a tunnel. */
export type Nested = (context: DecodeContext, offset: number, end: number) => void

/** What the IP layers tell the upper one. */
export interface UpperPlace {
  readonly family: 4 | 6
  /** Offset of the source address. */
  readonly source: number
  /** Offset of the final destination address, or -1 when it is not known. */
  readonly destination: number
  /** All of the datagram is there: no fragment, not cut off. Otherwise lengths and checksums cannot be judged. */
  readonly complete: boolean
  /** Index of the layer before. */
  readonly parent: number
}

/** Decodes what an IP protocol number names; unknown ones, ESP and no-next-header are payload. */
export function decodeUpper(
  context: DecodeContext,
  protocol: number,
  offset: number,
  end: number,
  nested: Nested,
  place: UpperPlace,
): void {
  if (protocol === Protocol.UDP) decodeUdp(context, offset, end, nested, place)
  else if (protocol === Protocol.TCP) decodeTcp(context, offset, end, place)
  else if (protocol === Protocol.ICMP && place.family === 4) decodeIcmp(context, offset, end, place)
  else if (protocol === Protocol.ICMPV6 && place.family === 6) decodeIcmpv6(context, offset, end, place)
  else if (protocol === Protocol.SCTP) decodeSctp(context, offset, end)
  else context.payload(offset, end)
}

/** Folded sum over pseudo header and datagram; 0xffff when the checksum is right. `undefined` when not computable. */
function pseudoSum(
  bytes: Uint8Array,
  place: UpperPlace,
  protocol: number,
  length: number,
): number | undefined {
  if (!place.complete || place.destination < 0) return undefined
  return place.family === 4
    ? ipv4PseudoHeaderSum(bytes, place.source, protocol, length)
    : ipv6PseudoHeaderSum(bytes, place.source, place.destination, protocol, length)
}

/** The problem of a wrong checksum over `bytes[offset..end)`, the field being at `field`. */
function checksumProblem(
  bytes: Uint8Array,
  what: string,
  offset: number,
  end: number,
  field: number,
  pseudo: number | undefined,
): readonly Problem[] {
  if (pseudo === undefined) return []
  const sum = sumWords(bytes, offset, end, pseudo)
  if (foldChecksum(sum) === 0) return []
  const found = u16(bytes, field)
  return [problem('checksum', what, field, found, foldChecksum(sum - found))]
}

function decodeUdp(
  context: DecodeContext,
  offset: number,
  end: number,
  nested: Nested,
  place: UpperPlace,
): void {
  const { bytes } = context
  const available = end - offset
  if (available < udp.HEADER_LENGTH) {
    context.payload(offset, end, truncated('udp', offset, end, udp.HEADER_LENGTH))
    return
  }
  const length = udp.length(bytes, offset)
  const checksum = udp.checksum(bytes, offset)
  const dstPort = udp.dstPort(bytes, offset)
  const lengthOk = length >= udp.HEADER_LENGTH && length <= available
  const dataEnd = lengthOk ? offset + length : end
  const problems: Problem[] = []
  if (!lengthOk && (place.complete || length < udp.HEADER_LENGTH)) {
    const wanted = length > available ? available : udp.HEADER_LENGTH
    problems.push(problem('length', 'udp length', offset + 4, length, wanted))
  }
  if (lengthOk) problems.push(...udpChecksumProblem(bytes, offset, dataEnd, dstPort, place))
  const srcPort = udp.srcPort(bytes, offset)
  const fields = { kind: 'udp', srcPort, dstPort, length, checksum } as const
  context.add<'udp'>(offset, udp.HEADER_LENGTH, fields, problems)
  context.trailer('padding', place.parent, dataEnd, end)
  const data = offset + udp.HEADER_LENGTH
  if (dstPort === vxlan.UDP_PORT) decodeVxlan(context, data, dataEnd, nested)
  else if (place.complete && maybeWireguard(srcPort, dstPort)) decodeWireguard(context, data, dataEnd)
  else context.payload(data, dataEnd)
}

/** Zero says "none" over IPv4 (RFC 768); over IPv6 only tunnels may say so (RFC 6935 section 5). */
function udpChecksumProblem(
  bytes: Uint8Array,
  offset: number,
  end: number,
  dstPort: number,
  place: UpperPlace,
): readonly Problem[] {
  const none = udp.checksum(bytes, offset) === 0
  if (none && (place.family === 4 || dstPort === vxlan.UDP_PORT)) return []
  const pseudo = pseudoSum(bytes, place, Protocol.UDP, end - offset)
  const problems = checksumProblem(bytes, 'udp checksum', offset, end, offset + 6, pseudo)
  if (none && pseudo !== undefined && problems.length === 0) {
    return [problem('checksum', 'udp checksum', offset + 6, 0, 0xffff)]
  }
  return problems.map(({ code, what, offset, found, wanted }) =>
    problem(code, what, offset, found, udpChecksumOnWire(wanted)),
  )
}

function decodeVxlan(context: DecodeContext, offset: number, end: number, nested: Nested): void {
  const { bytes } = context
  if (end - offset < vxlan.HEADER_LENGTH) {
    context.payload(offset, end, truncated('vxlan', offset, end, vxlan.HEADER_LENGTH))
    return
  }
  const flags = vxlan.flags(bytes, offset)
  const invalid = (flags & vxlan.FLAG_VNI) === 0
  context.add<'vxlan'>(
    offset,
    vxlan.HEADER_LENGTH,
    {
      kind: 'vxlan',
      flags,
      reserved1: vxlan.reserved1(bytes, offset),
      vni: vxlan.vni(bytes, offset),
      reserved2: vxlan.reserved2(bytes, offset),
    },
    invalid ? [problem('reserved', 'vxlan flags', offset, flags, vxlan.FLAG_VNI)] : [],
  )
  nested(context, offset + vxlan.HEADER_LENGTH, end)
}

function decodeTcp(context: DecodeContext, offset: number, end: number, place: UpperPlace): void {
  const { bytes } = context
  const available = end - offset
  if (available < tcp.HEADER_LENGTH) {
    context.payload(offset, end, truncated('tcp', offset, end, tcp.HEADER_LENGTH))
    return
  }
  const headerLength = tcp.headerLength(bytes, offset)
  if (headerLength < tcp.HEADER_LENGTH || headerLength > available) {
    const wanted = headerLength > available ? available : tcp.HEADER_LENGTH
    context.payload(offset, end, [problem('length', 'tcp data offset', offset + 12, headerLength, wanted)])
    return
  }
  const pseudo = pseudoSum(bytes, place, Protocol.TCP, available)
  context.add<'tcp'>(
    offset,
    headerLength,
    {
      kind: 'tcp',
      srcPort: tcp.srcPort(bytes, offset),
      dstPort: tcp.dstPort(bytes, offset),
      sequence: tcp.sequence(bytes, offset),
      acknowledgement: tcp.acknowledgement(bytes, offset),
      reserved: u8(bytes, offset + 12) & 0x0f,
      flags: tcp.flags(bytes, offset),
      window: tcp.window(bytes, offset),
      checksum: tcp.checksum(bytes, offset),
      urgentPointer: tcp.urgentPointer(bytes, offset),
      options: bytes.subarray(offset + tcp.HEADER_LENGTH, offset + headerLength),
    },
    checksumProblem(bytes, 'tcp checksum', offset, end, offset + 16, pseudo),
  )
  context.payload(offset + headerLength, end)
}

function decodeSctp(context: DecodeContext, offset: number, end: number): void {
  const { bytes } = context
  if (end - offset < sctp.HEADER_LENGTH) {
    context.payload(offset, end, truncated('sctp', offset, end, sctp.HEADER_LENGTH))
    return
  }
  context.add<'sctp'>(offset, sctp.HEADER_LENGTH, {
    kind: 'sctp',
    srcPort: sctp.srcPort(bytes, offset),
    dstPort: sctp.dstPort(bytes, offset),
    verificationTag: sctp.verificationTag(bytes, offset),
    checksum: sctp.checksum(bytes, offset),
  })
  context.payload(offset + sctp.HEADER_LENGTH, end)
}

function decodeIcmp(context: DecodeContext, offset: number, end: number, place: UpperPlace): void {
  const { bytes } = context
  if (end - offset < icmp.HEADER_LENGTH) {
    context.payload(offset, end, truncated('icmp', offset, end, icmp.HEADER_LENGTH))
    return
  }
  context.add<'icmp'>(
    offset,
    icmp.HEADER_LENGTH,
    {
      kind: 'icmp',
      type: icmp.type(bytes, offset),
      code: icmp.code(bytes, offset),
      checksum: icmp.checksum(bytes, offset),
      rest: icmp.rest(bytes, offset),
    },
    checksumProblem(bytes, 'icmp checksum', offset, end, offset + 2, place.complete ? 0 : undefined),
  )
  context.payload(offset + icmp.HEADER_LENGTH, end)
}

function decodeIcmpv6(context: DecodeContext, offset: number, end: number, place: UpperPlace): void {
  const { bytes } = context
  if (end - offset < icmpv6.HEADER_LENGTH) {
    context.payload(offset, end, truncated('icmpv6', offset, end, icmpv6.HEADER_LENGTH))
    return
  }
  const type = icmpv6.type(bytes, offset)
  const pseudo = pseudoSum(bytes, place, Protocol.ICMPV6, end - offset)
  context.add<'icmpv6'>(
    offset,
    icmpv6.HEADER_LENGTH,
    {
      kind: 'icmpv6',
      type,
      code: icmpv6.code(bytes, offset),
      checksum: icmpv6.checksum(bytes, offset),
      rest: icmpv6.rest(bytes, offset),
    },
    checksumProblem(bytes, 'icmpv6 checksum', offset, end, offset + 2, pseudo),
  )
  decodeNeighbourDiscovery(context, type, offset, end)
}

/** The fixed part behind the ICMPv6 header, then options; other types are payload. */
function decodeNeighbourDiscovery(context: DecodeContext, type: number, offset: number, end: number): void {
  const { bytes } = context
  const body = offset + icmpv6.HEADER_LENGTH
  const size = neighbourBodySize(type)
  if (size === undefined) {
    context.payload(body, end)
    return
  }
  if (end - body < size) {
    context.payload(body, end, truncated('icmpv6', body, end, size))
    return
  }
  if (size === 16) {
    context.add<'nd-target'>(body, size, { kind: 'nd-target', target: readIpv6(bytes, body) })
  } else if (size === 8) {
    const reachableTime = u32(bytes, body)
    const retransTimer = u32(bytes, body + 4)
    context.add<'nd-router'>(body, size, { kind: 'nd-router', reachableTime, retransTimer })
  }
  decodeOptions(context, body + size, end)
}

/** Octets between ICMPv6 header and options, for the types taken apart here. */
function neighbourBodySize(type: number): number | undefined {
  switch (type) {
    case icmpv6.Type.ROUTER_SOLICITATION:
      return 0
    case icmpv6.Type.ROUTER_ADVERTISEMENT:
      return 8
    case icmpv6.Type.NEIGHBOUR_SOLICITATION:
    case icmpv6.Type.NEIGHBOUR_ADVERTISEMENT:
      return 16
    default:
      return undefined
  }
}

function decodeOptions(context: DecodeContext, start: number, end: number): void {
  const { bytes } = context
  let at = start
  while (at < end) {
    const size = end - at < 2 ? 0 : u8(bytes, at + 1) * 8
    if (size === 0 || at + size > end) {
      context.payload(at, end, [problem('length', 'nd option length', at + 1, size, end - at)])
      return
    }
    const data = bytes.subarray(at + 2, at + size)
    context.add<'nd-option'>(at, size, { kind: 'nd-option', type: u8(bytes, at), data })
    at += size
  }
}
