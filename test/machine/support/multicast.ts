/**
 * IGMP and MLD in a few words.
 *
 * @module
 */
import {
  build,
  internetChecksum,
  isIpv6,
  macOfIpv4Group,
  macOfIpv6Group,
  parseIp,
  writeIpv4,
  writeIpv6,
  type Ip,
  type Mac,
  type Stack,
} from '../../../twin/packet/index.js'
import { eth, host4, host6, hostMac } from './bench.js'

export const IGMP = { query: 0x11, report1: 0x12, report2: 0x16, leave: 0x17, report3: 0x22 } as const
export const MLD = { query: 130, report1: 131, done: 132, report2: 143 } as const
export const RECORD = {
  isInclude: 1,
  isExclude: 2,
  toInclude: 3,
  toExclude: 4,
  allow: 5,
  block: 6,
} as const

/** A record of an IGMPv3 or MLDv2 report. */
export interface GroupRecord {
  readonly type: number
  readonly group: string
  readonly sources?: readonly string[]
  /** Words of 4 octets. */
  readonly aux?: number
}

/** Octets of an address. */
export function octetsOf(text: string): Uint8Array {
  const address = parseIp(text)
  const octets = new Uint8Array(isIpv6(address) ? 16 : 4)
  if (isIpv6(address)) writeIpv6(octets, 0, address)
  else writeIpv4(octets, 0, address)
  return octets
}

export function records(given: readonly GroupRecord[]): Uint8Array {
  return Uint8Array.from(
    given.flatMap(({ type, group, sources = [], aux = 0 }) => [
      type,
      aux,
      sources.length >>> 8,
      sources.length & 0xff,
      ...octetsOf(group),
      ...sources.flatMap((one) => [...octetsOf(one)]),
      ...new Uint8Array(aux * 4),
    ]),
  )
}

/** An IGMP message with its checksum: type, what stands in octets 4 to 7, and what follows. */
export function igmpMessage(
  type: number,
  rest: Uint8Array,
  data: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const message = Uint8Array.of(type, 0, 0, 0, ...rest, ...data)
  const sum = internetChecksum(message, 0, message.length)
  message[2] = sum >>> 8
  message[3] = sum & 0xff
  return message
}

export const groupMac = (group: string): Mac => {
  const address = parseIp(group)
  return isIpv6(address) ? macOfIpv6Group(address) : macOfIpv4Group(address)
}

/** Where a message goes by its standard. */
function destinationOf(type: number, group: string, family: 4 | 6): string {
  if (family === 4) {
    if (type === IGMP.report3) return '224.0.0.22'
    if (type === IGMP.leave) return '224.0.0.2'
    return type === IGMP.query ? '224.0.0.1' : group
  }
  if (type === MLD.report2) return 'ff02::16'
  if (type === MLD.done) return 'ff02::2'
  return type === MLD.query ? 'ff02::1' : group
}

export interface MessageFields {
  readonly ttl?: number
  readonly to?: string
  readonly mac?: Mac
  /** Header options, or what stands in the hop-by-hop header, 6 octets more or less. */
  readonly options?: Uint8Array
}
const ROUTER_ALERT_4 = Uint8Array.of(0x94, 4, 0, 0)
const ROUTER_ALERT_6 = Uint8Array.of(5, 2, 0, 0, 1, 0)

/** An IGMP message of host n in a frame. */
export function igmpFrame(
  n: number,
  message: Uint8Array,
  to: string,
  fields: MessageFields = {},
): Uint8Array {
  const { ttl = 1, options = ROUTER_ALERT_4 } = fields
  const dst = parseIp(fields.to ?? to) as Extract<Ip, number>
  return eth(
    fields.mac ?? groupMac(fields.to ?? to),
    hostMac(n),
    build.ipv4({ src: host4(n), dst, protocol: 2, ttl, options }, build.payload(message)),
  )
}

/** An MLD message of host n in a frame: type, octets 4 to 7, what follows. */
export function mldFrame(
  n: number,
  { type, rest = 0, data }: { readonly type: number; readonly rest?: number; readonly data: Uint8Array },
  to: string,
  fields: MessageFields = {},
): Uint8Array {
  const { ttl = 1, options = ROUTER_ALERT_6 } = fields
  const dst = parseIp(fields.to ?? to) as Extract<Ip, bigint>
  const message: Stack = build.icmpv6({ type, rest }, build.payload(data))
  return eth(
    fields.mac ?? groupMac(fields.to ?? to),
    hostMac(n),
    build.ipv6({ src: host6(n), dst, hopLimit: ttl }, build.extension({ header: 0, data: options }, message)),
  )
}

const familyOf = (group: string): 4 | 6 => (group.includes(':') ? 6 : 4)

/** Host n asks for a group, or takes that back, as of the first versions of the protocols. */
export function message(
  n: number,
  what: 'report1' | 'report2' | 'leave',
  group: string,
  fields: MessageFields = {},
): Uint8Array {
  if (familyOf(group) === 4) {
    const type = IGMP[what]
    return igmpFrame(n, igmpMessage(type, octetsOf(group)), destinationOf(type, group, 4), fields)
  }
  const type = what === 'leave' ? MLD.done : MLD.report1
  return mldFrame(n, { type, data: octetsOf(group) }, destinationOf(type, group, 6), fields)
}
export const asks = (n: number, group: string, fields: MessageFields = {}) =>
  message(n, 'report2', group, fields)
export const leaves = (n: number, group: string, fields: MessageFields = {}) =>
  message(n, 'leave', group, fields)

/** Host n reports records, of which the message says that there are so many. */
export function reports(
  n: number,
  family: 4 | 6,
  given: readonly GroupRecord[],
  count = given.length,
  fields: MessageFields = {},
): Uint8Array {
  const type = family === 4 ? IGMP.report3 : MLD.report2
  const to = destinationOf(type, '', family)
  return family === 4
    ? igmpFrame(
        n,
        igmpMessage(type, Uint8Array.of(0, 0, count >>> 8, count & 0xff), records(given)),
        to,
        fields,
      )
    : mldFrame(n, { type, rest: count, data: records(given) }, to, fields)
}

/** Host n, a querier, asks who wants what. */
export function query(n: number, family: 4 | 6): Uint8Array {
  return family === 4
    ? igmpFrame(n, igmpMessage(IGMP.query, new Uint8Array(4)), destinationOf(IGMP.query, '', 4))
    : mldFrame(n, { type: MLD.query, data: new Uint8Array(16) }, destinationOf(MLD.query, '', 6))
}

/** Host n sends to a group. */
export function stream(n: number, group: string, mac: Mac = groupMac(group)): Uint8Array {
  const dst = parseIp(group)
  const udp = build.udp({ srcPort: 5000, dstPort: 5004 }, build.payload('tick'))
  return eth(
    mac,
    hostMac(n),
    isIpv6(dst) ? build.ipv6({ src: host6(n), dst }, udp) : build.ipv4({ src: host4(n), dst, ttl: 8 }, udp),
  )
}
