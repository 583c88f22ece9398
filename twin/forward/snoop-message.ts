/**
 * IGMP (RFC 1112, 2236, 3376) and MLD (RFC 2710, 3810) as a bridge looks at them (SNOOP-1 to SNOOP-3).
 *
 * @module
 */
import { readIpv4, readIpv6, type Ip } from '../packet/address.js'
import { u16, u8 } from '../packet/bytes.js'
import { internetChecksum } from '../packet/checksum.js'
import * as icmpv6 from '../packet/icmpv6.js'
import {
  IPV4_HEADER,
  ipv4HeaderLength,
  IPV6_HEADER,
  ipv6End,
  isIpv4Fragment,
  L3_OFFSET,
  soundEnd,
} from './parse.js'

const IGMP = 2
const ICMPV6 = 58
const HOP_BY_HOP = 0
const HOP_BY_HOP_LENGTH = 8
/** Of every IGMP message, and of a report's part before its records. */
const HEADER = 8
const RECORDS_AT = HEADER
/** Of MLD messages of version 1 and of queries. */
const MLD_LENGTH = 24
const ICMPV6_HEADER = 4

const IGMP_TYPE = { QUERY: 0x11, REPORT_1: 0x12, REPORT_2: 0x16, LEAVE: 0x17, REPORT_3: 0x22 } as const
const MLD_TYPE = { QUERY: 130, REPORT_1: 131, DONE: 132, REPORT_2: 143 } as const
/** Record types of RFC 3376 section 4.2.12 and RFC 3810 section 5.2.12. */
const RECORD = { IS_INCLUDE: 1, IS_EXCLUDE: 2, TO_INCLUDE: 3, TO_EXCLUDE: 4, ALLOW: 5 } as const

/** A group that somebody wants, or wants no more. */
export interface GroupChange {
  readonly group: Ip
  readonly joins: boolean
}

/** A message that SNOOP-1 looks at. */
export interface MembershipMessage {
  /** `other`: reports, leaves and all else with types of IGMP or MLD; `foreign`: ICMPv6 that is no MLD. */
  readonly kind: 'query' | 'other' | 'foreign'
  /** In the order of the message; of groups that are not snooped none. */
  readonly changes: readonly GroupChange[]
}

/** SNOOP-2: multicast, not of 224.0.0.0/24, of IPv6 scope 3 or greater. */
export function isSnooped(frame: Uint8Array, at: number, family: 4 | 6): boolean {
  const first = u8(frame, at)
  if (family === 6) return first === 0xff && (u8(frame, at + 1) & 0xf) >= 3
  return first >>> 4 === 0xe && !(first === 224 && u16(frame, at + 1) === 0)
}

/** SNOOP-1: what an IPv4 or IPv6 frame says, `undefined` when it is not looked at. */
export function readMembershipMessage(frame: Uint8Array, family: 4 | 6): MembershipMessage | undefined {
  return family === 4 ? readIgmp(frame) : readMld(frame)
}

function readIgmp(frame: Uint8Array): MembershipMessage | undefined {
  if (frame.length < L3_OFFSET + IPV4_HEADER || u8(frame, L3_OFFSET + 9) !== IGMP) return undefined
  // RFC 4541 section 2.1.1: neither header may have a wrong checksum.
  const end = soundEnd(frame, 4)
  if (end === 0 || isIpv4Fragment(frame)) return undefined
  const at = L3_OFFSET + ipv4HeaderLength(frame)
  if (end - at < HEADER || internetChecksum(frame, at, end) !== 0) return undefined
  switch (u8(frame, at)) {
    case IGMP_TYPE.QUERY:
      return { kind: 'query', changes: [] }
    case IGMP_TYPE.REPORT_1:
    case IGMP_TYPE.REPORT_2:
      return { kind: 'other', changes: change(frame, at + 4, 4, true) }
    case IGMP_TYPE.LEAVE:
      return { kind: 'other', changes: change(frame, at + 4, 4, false) }
    case IGMP_TYPE.REPORT_3:
      return { kind: 'other', changes: readRecords(frame, at, end, 4) }
    default:
      return { kind: 'other', changes: [] }
  }
}

function readMld(frame: Uint8Array): MembershipMessage | undefined {
  const at = L3_OFFSET + IPV6_HEADER + HOP_BY_HOP_LENGTH
  if (frame.length < at + ICMPV6_HEADER || u8(frame, L3_OFFSET + 6) !== HOP_BY_HOP) return undefined
  const options = L3_OFFSET + IPV6_HEADER
  if (u8(frame, L3_OFFSET + 7) !== 1 || u8(frame, options) !== ICMPV6 || u8(frame, options + 1) !== 0) {
    return undefined
  }
  const end = ipv6End(frame)
  if (end < at + ICMPV6_HEADER) return undefined
  if (!icmpv6.checksumOk(frame, at, end, L3_OFFSET + 8, L3_OFFSET + 24)) return undefined
  const length = end - at
  switch (u8(frame, at)) {
    case MLD_TYPE.QUERY:
      return length < MLD_LENGTH ? undefined : { kind: 'query', changes: [] }
    case MLD_TYPE.REPORT_1:
      return length < MLD_LENGTH ? undefined : { kind: 'other', changes: change(frame, at + 8, 6, true) }
    case MLD_TYPE.DONE:
      return length < MLD_LENGTH ? undefined : { kind: 'other', changes: change(frame, at + 8, 6, false) }
    case MLD_TYPE.REPORT_2:
      return length < HEADER ? undefined : { kind: 'other', changes: readRecords(frame, at, end, 6) }
    default:
      return { kind: 'foreign', changes: [] }
  }
}

function change(frame: Uint8Array, at: number, family: 4 | 6, joins: boolean): readonly GroupChange[] {
  if (!isSnooped(frame, at, family)) return []
  return [{ group: family === 4 ? readIpv4(frame, at) : readIpv6(frame, at), joins }]
}

/** As many records as the message says and holds. */
function readRecords(frame: Uint8Array, message: number, end: number, family: 4 | 6): readonly GroupChange[] {
  const width = family === 4 ? 4 : 16
  const changes: GroupChange[] = []
  let at = message + RECORDS_AT
  for (let left = u16(frame, message + 6); left > 0; left--) {
    if (at + 4 + width > end) break
    const sources = u16(frame, at + 2)
    const next = at + 4 + width + sources * width + u8(frame, at + 1) * 4
    if (next > end) break
    const joins = recordJoins(u8(frame, at), sources)
    if (joins !== undefined) changes.push(...change(frame, at + 4, family, joins))
    at = next
  }
  return changes
}

/** SNOOP-2, SNOOP-3: whether a record asks for its group, or takes that back; `undefined` for neither. */
function recordJoins(type: number, sources: number): boolean | undefined {
  switch (type) {
    case RECORD.IS_EXCLUDE:
    case RECORD.TO_EXCLUDE:
      return true
    case RECORD.IS_INCLUDE:
    case RECORD.TO_INCLUDE:
      return sources > 0
    case RECORD.ALLOW:
      return sources > 0 ? true : undefined
    default:
      return undefined
  }
}
