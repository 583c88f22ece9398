/**
 * IPv4 and IPv6 headers, extension headers included, into layers.
 *
 * @module
 */
import { u16, u32, u8 } from './bytes.js'
import { internetChecksum } from './checksum.js'
import { problem, truncated, type DecodeContext } from './decode-context.js'
import { decodeUpper, type Nested, type UpperPlace } from './decode-upper.js'
import * as ipv4 from './ipv4.js'
import { Protocol } from './ipv4.js'
import * as extension from './ipv6-extension.js'
import * as ipv6 from './ipv6.js'
import type { Problem } from './layer.js'

/** Decodes an IPv4 packet; octets behind its total length are padding of layer `parent`. */
export function decodeIpv4(
  context: DecodeContext,
  offset: number,
  end: number,
  parent: number,
  nested: Nested,
): void {
  const { bytes } = context
  const available = end - offset
  if (available < ipv4.HEADER_LENGTH) {
    context.payload(offset, end, truncated('ipv4', offset, end, ipv4.HEADER_LENGTH))
    return
  }
  if (ipv4.version(bytes, offset) !== 4) {
    context.payload(offset, end, [problem('version', 'ipv4 version', offset, ipv4.version(bytes, offset), 4)])
    return
  }
  const headerLength = ipv4.headerLength(bytes, offset)
  if (headerLength < ipv4.HEADER_LENGTH || headerLength > available) {
    const wanted = headerLength > available ? available : ipv4.HEADER_LENGTH
    context.payload(offset, end, [problem('length', 'ipv4 header length', offset, headerLength, wanted)])
    return
  }
  const totalLength = ipv4.totalLength(bytes, offset)
  const lengthOk = totalLength >= headerLength && totalLength <= available
  const problems: Problem[] = []
  if (!lengthOk) {
    const wanted = totalLength > available ? available : headerLength
    problems.push(problem('length', 'ipv4 total length', offset + 2, totalLength, wanted))
  }
  if (!ipv4.checksumOk(bytes, offset)) {
    problems.push(
      problem(
        'checksum',
        'ipv4 checksum',
        offset + 10,
        ipv4.checksum(bytes, offset),
        rightChecksum(bytes, offset),
      ),
    )
  }
  const fragmentOffset = ipv4.fragmentOffset(bytes, offset)
  const protocol = ipv4.protocol(bytes, offset)
  const self = context.add<'ipv4'>(
    offset,
    headerLength,
    {
      kind: 'ipv4',
      tos: ipv4.tos(bytes, offset),
      totalLength,
      id: ipv4.id(bytes, offset),
      flags: ipv4.flags(bytes, offset),
      fragmentOffset,
      ttl: ipv4.ttl(bytes, offset),
      protocol,
      checksum: ipv4.checksum(bytes, offset),
      src: ipv4.src(bytes, offset),
      dst: ipv4.dst(bytes, offset),
      options: bytes.subarray(offset + ipv4.HEADER_LENGTH, offset + headerLength),
    },
    problems,
  )
  const dataStart = offset + headerLength
  const dataEnd = lengthOk ? offset + totalLength : end
  context.trailer('padding', parent, dataEnd, end)
  if (fragmentOffset !== 0 || totalLength < headerLength) {
    context.payload(dataStart, dataEnd)
    return
  }
  decodeHeaders(context, protocol, dataStart, dataEnd, nested, {
    family: 4,
    source: offset + 12,
    destination: offset + 16,
    complete: lengthOk && !ipv4.mf(bytes, offset),
    parent: self,
  })
}

function rightChecksum(bytes: Uint8Array, offset: number): number {
  const header = bytes.slice(offset, offset + ipv4.headerLength(bytes, offset))
  header[10] = 0
  header[11] = 0
  return internetChecksum(header, 0, header.length)
}

/** Decodes an IPv6 packet; octets behind its payload length are padding of layer `parent`. */
export function decodeIpv6(
  context: DecodeContext,
  offset: number,
  end: number,
  parent: number,
  nested: Nested,
): void {
  const { bytes } = context
  if (end - offset < ipv6.HEADER_LENGTH) {
    context.payload(offset, end, truncated('ipv6', offset, end, ipv6.HEADER_LENGTH))
    return
  }
  if (ipv6.version(bytes, offset) !== 6) {
    context.payload(offset, end, [problem('version', 'ipv6 version', offset, ipv6.version(bytes, offset), 6)])
    return
  }
  const payloadLength = ipv6.payloadLength(bytes, offset)
  const dataStart = offset + ipv6.HEADER_LENGTH
  const available = end - dataStart
  const lengthOk = payloadLength <= available
  const nextHeader = ipv6.nextHeader(bytes, offset)
  const self = context.add<'ipv6'>(
    offset,
    ipv6.HEADER_LENGTH,
    {
      kind: 'ipv6',
      trafficClass: ipv6.trafficClass(bytes, offset),
      flowLabel: ipv6.flowLabel(bytes, offset),
      payloadLength,
      nextHeader,
      hopLimit: ipv6.hopLimit(bytes, offset),
      src: ipv6.src(bytes, offset),
      dst: ipv6.dst(bytes, offset),
    },
    lengthOk ? [] : [problem('length', 'ipv6 payload length', offset + 4, payloadLength, available)],
  )
  const dataEnd = lengthOk ? dataStart + payloadLength : end
  context.trailer('padding', parent, dataEnd, end)
  decodeHeaders(context, nextHeader, dataStart, dataEnd, nested, {
    family: 6,
    source: offset + 8,
    destination: offset + 24,
    complete: lengthOk,
    parent: self,
  })
}

/** Extension headers, then the upper layer. Behind IPv4 only AH is one (RFC 4302). */
function decodeHeaders(
  context: DecodeContext,
  firstHeader: number,
  firstOffset: number,
  end: number,
  nested: Nested,
  place: UpperPlace,
): void {
  const { bytes } = context
  let header = firstHeader
  let offset = firstOffset
  let { destination, complete, parent } = place
  while (extension.isExtension(header) && (place.family === 6 || header === Protocol.AH)) {
    const size = end - offset < 8 ? 8 : extension.lengthOf(header, bytes, offset)
    if (offset + size > end) {
      context.payload(offset, end, truncated(`extension ${header}`, offset, end, size))
      return
    }
    const nextHeader = u8(bytes, offset)
    if (header === Protocol.FRAGMENT) {
      const fragmentOffset = extension.fragmentOffset(bytes, offset)
      const moreFragments = extension.moreFragments(bytes, offset)
      parent = context.add<'fragment'>(offset, size, {
        kind: 'fragment',
        nextHeader,
        reserved: (u8(bytes, offset + 1) << 2) | ((u16(bytes, offset + 2) >>> 1) & 3),
        fragmentOffset,
        moreFragments,
        id: u32(bytes, offset + 4),
      })
      complete &&= !moreFragments
      if (fragmentOffset !== 0) {
        context.payload(offset + size, end)
        return
      }
    } else {
      const data = bytes.subarray(offset + 2, offset + size)
      parent = context.add<'extension'>(offset, size, { kind: 'extension', header, nextHeader, data })
      if (header === Protocol.ROUTING) destination = finalDestination(bytes, offset, size, destination)
    }
    header = nextHeader
    offset += size
  }
  decodeUpper(context, header, offset, end, nested, { ...place, destination, complete, parent })
}

/**
 * Offset of the address that the pseudo header takes (RFC 8200 section 8.1): of the last segment while any is left, or
 * -1 when the routing type does not tell it. Types 0 (RFC 5095, deprecated), 2 (RFC 6275) and 4 (RFC 8754).
 */
export function finalDestination(
  bytes: Uint8Array,
  offset: number,
  size: number,
  destination: number,
): number {
  const segmentsLeft = u8(bytes, offset + 3)
  if (segmentsLeft === 0) return destination
  const first = offset + 8
  const fits = size >= 24
  switch (u8(bytes, offset + 2)) {
    case 0:
      return fits ? first + (Math.floor((size - 8) / 16) - 1) * 16 : -1
    case 2:
    case 4:
      return fits ? first : -1
    default:
      return -1
  }
}
