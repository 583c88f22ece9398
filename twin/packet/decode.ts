/**
 * Frames into layers. Nothing here throws on any octets.
 *
 * @module
 */
import * as arp from './arp.js'
import { u16 } from './bytes.js'
import { DecodeContext, problem, truncated } from './decode-context.js'
import { decodeIpv4, decodeIpv6 } from './decode-ip.js'
import * as ethernet from './ethernet.js'
import { EtherType } from './ethernet.js'
import type { Layer, Problem } from './layer.js'
import * as sectag from './sectag.js'
import { Tci } from './sectag.js'
import * as vlan from './vlan.js'

/** Frames inside frames that are taken apart; what lies deeper is payload with a `nesting` problem. */
export const MAX_NESTING = 8

/**
 * Decodes a frame without FCS. The octets of the layers add up to the frame; `payload`, `data` and options are views into
 * `bytes`, not copies. Never throws: what cannot be read is payload with a problem.
 */
export function decodeFrame(bytes: Uint8Array): readonly Layer[] {
  const context = new DecodeContext(bytes)
  decodeEthernet(context, 0, bytes.length, 0)
  return context.finish()
}

/** Decodes from an IP header on, such as the packet that an ICMP error quotes; its end may be cut off. */
export function decodePacket(bytes: Uint8Array): readonly Layer[] {
  const context = new DecodeContext(bytes)
  const version = bytes.length === 0 ? 0 : (bytes[0] as number) >>> 4
  if (version === 6) decodeIpv6(context, 0, bytes.length, -1, decodeNested(0))
  else decodeIpv4(context, 0, bytes.length, -1, decodeNested(0))
  return context.finish()
}

/** What a VXLAN header does with the frame behind it. */
function decodeNested(depth: number): (context: DecodeContext, offset: number, end: number) => void {
  return (context, offset, end) => {
    if (depth < MAX_NESTING) decodeEthernet(context, offset, end, depth + 1)
    else context.payload(offset, end, [problem('nesting', 'vxlan', offset, depth + 1, MAX_NESTING)])
  }
}

function decodeEthernet(context: DecodeContext, offset: number, end: number, depth: number): void {
  const { bytes } = context
  if (end - offset < ethernet.HEADER_LENGTH) {
    context.payload(offset, end, truncated('ethernet', offset, end, ethernet.HEADER_LENGTH))
    return
  }
  const dst = ethernet.dst(bytes, offset)
  const src = ethernet.src(bytes, offset)
  const etherType = ethernet.etherType(bytes, offset)
  const next = offset + ethernet.HEADER_LENGTH
  if (etherType >= ethernet.ETHERTYPE_MIN) {
    const parent = context.add<'ethernet'>(offset, next - offset, { kind: 'ethernet', dst, src, etherType })
    decodeByEtherType(context, etherType, next, end, parent, depth)
    return
  }
  const problems: Problem[] = []
  if (etherType > end - next)
    problems.push(problem('length', 'ieee802.3 length', offset + 12, etherType, end - next))
  const parent = context.add<'ieee802.3'>(
    offset,
    next - offset,
    { kind: 'ieee802.3', dst, src, length: etherType },
    problems,
  )
  const dataEnd = Math.min(next + etherType, end)
  context.trailer('padding', parent, dataEnd, end)
  context.payload(next, dataEnd)
}

function decodeByEtherType(
  context: DecodeContext,
  firstType: number,
  firstOffset: number,
  end: number,
  firstParent: number,
  depth: number,
): void {
  const { bytes } = context
  let type = firstType
  let offset = firstOffset
  let parent = firstParent
  while (vlan.isTpid(type)) {
    if (end - offset < vlan.HEADER_LENGTH) {
      context.payload(offset, end, truncated('vlan', offset, end, vlan.HEADER_LENGTH))
      return
    }
    type = vlan.etherType(bytes, offset)
    parent = context.add<'vlan'>(offset, vlan.HEADER_LENGTH, {
      kind: 'vlan',
      pcp: vlan.pcp(bytes, offset),
      dei: vlan.dei(bytes, offset),
      vid: vlan.vid(bytes, offset),
      etherType: type,
    })
    offset += vlan.HEADER_LENGTH
  }
  switch (type) {
    case EtherType.IPV4:
      decodeIpv4(context, offset, end, parent, decodeNested(depth))
      return
    case EtherType.IPV6:
      decodeIpv6(context, offset, end, parent, decodeNested(depth))
      return
    case EtherType.ARP:
      decodeArp(context, offset, end, parent)
      return
    case EtherType.MACSEC:
      decodeMacsec(context, offset, end, depth)
      return
    default:
      context.payload(offset, end)
  }
}

function decodeArp(context: DecodeContext, offset: number, end: number, parent: number): void {
  const { bytes } = context
  if (end - offset < arp.LENGTH) {
    context.payload(offset, end, truncated('arp', offset, end, arp.LENGTH))
    return
  }
  if (!arp.isIpv4OverEthernet(bytes, offset)) {
    context.payload(offset, end)
    return
  }
  context.trailer('padding', parent, offset + arp.LENGTH, end)
  context.add<'arp'>(offset, arp.LENGTH, {
    kind: 'arp',
    operation: arp.operation(bytes, offset),
    sha: arp.sha(bytes, offset),
    spa: arp.spa(bytes, offset),
    tha: arp.tha(bytes, offset),
    tpa: arp.tpa(bytes, offset),
  })
}

/** `offset` is behind the EtherType, so the tag's accessors start two octets before. */
function decodeMacsec(context: DecodeContext, offset: number, end: number, depth: number): void {
  const { bytes } = context
  const tag = offset - 2
  const size = end - tag < sectag.SHORT_LENGTH ? sectag.SHORT_LENGTH : sectag.length(bytes, tag)
  if (end - tag < size) {
    context.payload(offset, end, truncated('macsec', offset, end, size - 2))
    return
  }
  const tciAn = sectag.tciAn(bytes, tag)
  const shortLength = sectag.shortLength(bytes, tag)
  const pn = sectag.pn(bytes, tag)
  const dataStart = tag + size
  const dataLength = end - dataStart - sectag.ICV_LENGTH
  const fields = { kind: 'macsec', tciAn, shortLength, pn } as const
  const parent = context.add<'macsec'>(
    offset,
    size - 2,
    sectag.hasSci(bytes, tag) ? { ...fields, sci: sectag.sci(bytes, tag) } : fields,
    macsecProblems(fields, tag, dataLength),
  )
  if (dataLength < 0) {
    context.payload(dataStart, end)
    return
  }
  const dataEnd = end - sectag.ICV_LENGTH
  context.trailer('icv', parent, dataEnd, end)
  if ((tciAn & (Tci.E | Tci.C)) !== 0 || dataLength < 2) {
    context.payload(dataStart, dataEnd)
    return
  }
  const etherType = u16(bytes, dataStart)
  const inner = context.add<'ethertype'>(dataStart, 2, { kind: 'ethertype', etherType })
  decodeByEtherType(context, etherType, dataStart + 2, dataEnd, inner, depth)
}

function macsecProblems(
  fields: { readonly tciAn: number; readonly shortLength: number; readonly pn: number },
  tag: number,
  dataLength: number,
): Problem[] {
  const problems: Problem[] = []
  if ((fields.tciAn & Tci.V) !== 0) problems.push(problem('version', 'macsec version', tag + 2, 1, 0))
  if (fields.pn === 0) problems.push(problem('reserved', 'macsec packet number', tag + 4, 0, 1))
  if (dataLength < 2) {
    problems.push(problem('truncated', 'macsec secure data', tag, Math.max(dataLength, 0), 2))
  } else if (fields.shortLength !== sectag.shortLengthOf(dataLength)) {
    const wanted = sectag.shortLengthOf(dataLength)
    problems.push(problem('length', 'macsec short length', tag + 3, fields.shortLength, wanted))
  }
  return problems
}
