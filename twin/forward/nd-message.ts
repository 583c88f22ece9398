/**
 * Neighbour discovery frames (RFC 4861): what makes one valid, and those that nodes and hosts send.
 *
 * @module
 */
import * as ethernet from '../packet/ethernet.js'
import * as icmpv6 from '../packet/icmpv6.js'
import * as ipv6 from '../packet/ipv6.js'
import {
  IPV6_ALL_NODES,
  IPV6_ANY,
  isIpv6Multicast,
  macOfIpv6Group,
  readMac,
  solicitedNodeOf,
  writeIpv6,
  writeMac,
  type Ipv6,
  type Mac,
} from '../packet/address.js'
import { setU32, setU8, u8 } from '../packet/bytes.js'
import { Protocol } from '../packet/ipv4.js'
import type { Irb } from './config.js'
import { newFrame } from './frame-memory.js'
import { IPV6_HEADER, ipv6End, L3_OFFSET } from './parse.js'

const { NEIGHBOUR_ADVERTISEMENT, NEIGHBOUR_SOLICITATION } = icmpv6.Type
const { SOURCE_LINK_LAYER, TARGET_LINK_LAYER } = icmpv6.OptionType
const { ROUTER, SOLICITED, OVERRIDE } = icmpv6.AdvertisementFlag

const ICMP_OFFSET = L3_OFFSET + IPV6_HEADER
const OPTIONS_OFFSET = ICMP_OFFSET + icmpv6.NEIGHBOUR_LENGTH
const OPTION_LENGTH = 8
const SOURCE = L3_OFFSET + 8
const DESTINATION = L3_OFFSET + 24
const HOP_LIMIT = 255

/** A valid solicitation or advertisement (ND-1). */
export interface NeighbourMessage {
  readonly isSolicitation: boolean
  readonly source: Ipv6
  readonly destination: Ipv6
  readonly target: Ipv6
  /** MAC in the option that the type has: source link-layer address, target link-layer address. */
  readonly linkLayer: Mac | undefined
}

/** ND-1: what a frame of EtherType 0x86dd says, `undefined` when it is no valid neighbour message. */
export function readNeighbourMessage(frame: Uint8Array): NeighbourMessage | undefined {
  if (frame.length < OPTIONS_OFFSET || u8(frame, L3_OFFSET + 6) !== Protocol.ICMPV6) return undefined
  const type = u8(frame, ICMP_OFFSET)
  if (type !== NEIGHBOUR_SOLICITATION && type !== NEIGHBOUR_ADVERTISEMENT) return undefined
  const end = ipv6End(frame)
  if (end < OPTIONS_OFFSET) return undefined
  if (u8(frame, L3_OFFSET + 7) !== HOP_LIMIT || u8(frame, ICMP_OFFSET + 1) !== 0) return undefined
  if (!icmpv6.optionsOk(frame, OPTIONS_OFFSET, end)) return undefined
  if (!icmpv6.checksumOk(frame, ICMP_OFFSET, end, SOURCE, DESTINATION)) return undefined
  const target = icmpv6.target(frame, ICMP_OFFSET)
  if (isIpv6Multicast(target)) return undefined
  const isSolicitation = type === NEIGHBOUR_SOLICITATION
  const source = ipv6.src(frame, L3_OFFSET)
  const destination = ipv6.dst(frame, L3_OFFSET)
  const linkLayer = linkLayerOption(frame, end, isSolicitation ? SOURCE_LINK_LAYER : TARGET_LINK_LAYER)
  if (isSolicitation) {
    // RFC 4861 section 7.1.1: duplicate address detection goes to the solicited-node group and tells no MAC.
    if (source === IPV6_ANY && (!isSolicitedNode(destination) || linkLayer !== undefined)) {
      return undefined
    }
  } else if (isIpv6Multicast(destination) && icmpv6.isSolicited(frame, ICMP_OFFSET)) {
    return undefined
  }
  return { isSolicitation, source, destination, target, linkLayer }
}

function linkLayerOption(frame: Uint8Array, end: number, type: number): Mac | undefined {
  const at = icmpv6.findOption(frame, OPTIONS_OFFSET, end, type, 1)
  return at < 0 ? undefined : readMac(frame, at + 2)
}

/** ff02::1:ff00:0/104 */
function isSolicitedNode(address: Ipv6): boolean {
  return solicitedNodeOf(address) === address
}

interface NeighbourFrame {
  readonly type: number
  readonly dstMac: Mac
  readonly srcMac: Mac
  readonly source: Ipv6
  readonly destination: Ipv6
  readonly flags: number
  readonly target: Ipv6
  readonly option: number
  readonly optionMac: Mac
}

function neighbourFrame(fields: NeighbourFrame): Uint8Array {
  const length = icmpv6.NEIGHBOUR_LENGTH + OPTION_LENGTH
  const frame = newFrame(ICMP_OFFSET + length)
  ethernet.write(frame, 0, fields.dstMac, fields.srcMac, ethernet.EtherType.IPV6)
  ipv6.write(frame, L3_OFFSET, {
    trafficClass: 0,
    flowLabel: 0,
    payloadLength: length,
    nextHeader: Protocol.ICMPV6,
    hopLimit: HOP_LIMIT,
    src: fields.source,
    dst: fields.destination,
  })
  setU8(frame, ICMP_OFFSET, fields.type)
  setU32(frame, ICMP_OFFSET + 4, fields.flags)
  writeIpv6(frame, ICMP_OFFSET + 8, fields.target)
  setU8(frame, OPTIONS_OFFSET, fields.option)
  setU8(frame, OPTIONS_OFFSET + 1, 1)
  writeMac(frame, OPTIONS_OFFSET + 2, fields.optionMac)
  icmpv6.updateMessageChecksum(frame, ICMP_OFFSET, frame.length, SOURCE, DESTINATION)
  return frame
}

/** NEIGH-6: asks who has an address, from the link-local address of the system MAC. */
export function solicitation(irb: Irb, address: Ipv6): Uint8Array {
  const group = solicitedNodeOf(address)
  return neighbourFrame({
    type: NEIGHBOUR_SOLICITATION,
    dstMac: macOfIpv6Group(group),
    srcMac: irb.systemMac,
    // An IRB that asks has an IPv6 address (NEIGH-4), and so its link-local ones (IRB-1).
    source: irb.linkLocals?.systemMac ?? IPV6_ANY,
    destination: group,
    flags: 0,
    target: address,
    option: SOURCE_LINK_LAYER,
    optionMac: irb.systemMac,
  })
}

/** What an advertisement says beyond what the solicitation asked. */
export interface AdvertisementOptions {
  readonly srcMac: Mac
  /** MAC of the target. */
  readonly targetMac: Mac
  readonly router: boolean
}

/** ND-3: the answer to a solicitation, to its sender, or to all nodes when that has no address yet. */
export function advertisement(
  asked: Uint8Array,
  message: NeighbourMessage,
  options: AdvertisementOptions,
): Uint8Array {
  const toAll = message.source === IPV6_ANY
  return neighbourFrame({
    type: NEIGHBOUR_ADVERTISEMENT,
    dstMac: toAll ? macOfIpv6Group(IPV6_ALL_NODES) : ethernet.src(asked, 0),
    srcMac: options.srcMac,
    source: message.target,
    destination: toAll ? IPV6_ALL_NODES : message.source,
    flags: OVERRIDE + (options.router ? ROUTER : 0) + (toAll ? 0 : SOLICITED),
    target: message.target,
    option: TARGET_LINK_LAYER,
    optionMac: options.targetMac,
  })
}
