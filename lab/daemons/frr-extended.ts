/**
 * Communities as FRR 8.4 writes them, in the text of `contract/rib.ts`.
 *
 * @module
 */
import { formatExtended } from '../../twin/control/evpn-route.js'
import { formatMac, parseMac, tryParseIpv4 } from '../../twin/packet/index.js'

/** FRR has names for well-known communities (`community_str` in `bgpd/bgp_community.c`). */
const WELL_KNOWN: Readonly<Record<string, string>> = {
  internet: '0:0',
  gracefulShutdown: '65535:0',
  acceptown: '65535:1',
  routeFilterTranslatedV4: '65535:2',
  routeFilterV4: '65535:3',
  routeFilterTranslatedV6: '65535:4',
  routeFilterV6: '65535:5',
  llgrStale: '65535:6',
  noLlgr: '65535:7',
  acceptownnexthop: '65535:8',
  blackhole: '65535:666',
  noExport: '65535:65281',
  noAdvertise: '65535:65282',
  localAs: '65535:65283',
  noPeer: '65535:65284',
}

/** Sorted by code unit. */
export function frrCommunities(list: readonly string[]): string[] {
  return list.map((name) => WELL_KNOWN[name] ?? name).toSorted()
}

const MAC = '(?:[0-9a-f]{2}:){5}[0-9a-f]{2}'
/**
 * One extended community. Those whose own text holds what looks like another stand first; the last takes whatever goes on until
 * one begins.
 */
const ONE = new RegExp(
  [
    String.raw`LB:(?<asn>\d+):(?<octets>\d+) \([^)]*\)`,
    String.raw`(?<other>FS:redirect (?:VRF|IP) \S+|LB:\S+ \([^)]*\)|UNK:\d+, \d+|FS:\S+ \S+)`,
    String.raw`(?<kind>RT|SoO):(?<admin>\d+(?:\.\d+){0,3}):(?<number>\d+)`,
    String.raw`ET:(?<tunnel>\d+)`,
    String.raw`MM:(?<sequence>\d+)(?<sticky>, sticky MAC)?`,
    `Rmac:(?<mac>${MAC})`,
    '(?<gateway>Default Gateway)',
    String.raw`(?<rest>\S+)`,
  ].join('|'),
  'g',
)

/**
 * Sorted by code unit. FRR does not tell the octets of what it does not know; such a one is `unreadable:` and FRR's words.
 *
 * @param text FRR's `extendedCommunity.string`
 */
export function frrExtended(text: string): string[] {
  return [...text.matchAll(ONE)].map(({ groups = {}, 0: whole }) => one(groups, whole)).toSorted()
}

function one(groups: Readonly<Record<string, string | undefined>>, whole: string): string {
  const { kind, admin, number, tunnel, sequence, sticky, mac, gateway, asn, octets } = groups
  // FRR does not say whether it is transitive; those that it makes here are not (BGP-13).
  if (asn !== undefined && octets !== undefined) return `bandwidth:${asn}:${octets}`
  if (kind !== undefined && admin !== undefined && number !== undefined)
    return specific(kind === 'RT' ? 2 : 3, admin, Number(number)) ?? `unreadable:${whole}`
  if (tunnel === '8') return formatExtended({ kind: 'vxlan' })
  if (tunnel !== undefined) return unknown(0x030c, hex(Number(tunnel), 4))
  if (sequence !== undefined)
    return formatExtended({ kind: 'mobility', sequence: Number(sequence), sticky: sticky !== undefined })
  if (mac !== undefined) return formatExtended({ kind: 'router-mac', mac: formatMac(parseMac(mac)) })
  if (gateway !== undefined) return formatExtended({ kind: 'default-gateway' })
  return `unreadable:${whole}`
}

/** RFC 4360 section 3.1 and 3.2, RFC 5668: which of the three types it is shows in the administrator. */
function specific(subType: 2 | 3, admin: string, number: number): string | undefined {
  if (admin.includes('.')) {
    const ip = tryParseIpv4(admin)
    return ip === undefined ? undefined : unknown(0x0100 | subType, `${hex(ip, 8)}${hex(number, 4)}`)
  }
  const asn = Number(admin)
  if (asn > 0xffff) return unknown(0x0200 | subType, `${hex(asn, 8)}${hex(number, 4)}`)
  if (subType === 2) return formatExtended({ kind: 'route-target', target: `${asn}:${number}` })
  return unknown(subType, `${hex(asn, 4)}${hex(number, 8)}`)
}

/** @param value hex digits at the end; what lies before them is 0 */
function unknown(type: number, value: string): string {
  return formatExtended({ kind: 'unknown', octets: `${hex(type, 4)}${value.padStart(12, '0')}` })
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
