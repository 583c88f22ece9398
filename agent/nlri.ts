/**
 * NLRI: GoBGP's messages ↔ the keys of `contract/rib.ts`.
 *
 * @module
 */
import {
  formatIp,
  formatMac,
  formatPrefix,
  isIpv6,
  parseIp,
  parseMac,
  prefixOf,
  tryParseIpv4,
  writeIpv4,
  writeIpv6,
} from '../twin/packet/index.js'
import { parseEvpnKey, type EvpnKey } from '../twin/control/evpn-route.js'
import type { ApiNlri, ApiRouteDistinguisher, TableName } from './gobgp-api.js'

/**
 * The key of what GoBGP tells, in canonical text; `undefined` for route types that have none here (RFC 7432 types 1 and 4).
 * Where the Ethernet tag is not 0 it stands in its place all the same.
 *
 * @throws PacketError for an address, a MAC or a prefix length that is none
 */
export function nlriKey(table: TableName, nlri: ApiNlri): string | undefined {
  if (table !== 'evpn') {
    return nlri.prefix === undefined ? undefined : prefixText(nlri.prefix.prefix, nlri.prefix.prefixLen)
  }
  if (nlri.evpnMacadv !== undefined) {
    const { rd, ethernetTag, macAddress, ipAddress } = nlri.evpnMacadv
    const mac = formatMac(parseMac(macAddress ?? ''))
    const ip = ipAddress === undefined || ipAddress === '' ? '' : `[${formatIp(parseIp(ipAddress))}]`
    return head(2, rd, ethernetTag, `[${mac}]${ip}`)
  }
  if (nlri.evpnMulticast !== undefined) {
    const { rd, ethernetTag, ipAddress } = nlri.evpnMulticast
    return head(3, rd, ethernetTag, `[${formatIp(parseIp(ipAddress ?? ''))}]`)
  }
  if (nlri.evpnIpPrefix !== undefined) {
    const { rd, ethernetTag, ipPrefix, ipPrefixLen } = nlri.evpnIpPrefix
    return head(5, rd, ethernetTag, `[${prefixText(ipPrefix, ipPrefixLen)}]`)
  }
  return undefined
}

function head(
  type: number,
  rd: ApiRouteDistinguisher | undefined,
  tag: number | undefined,
  rest: string,
): string | undefined {
  const text = distinguisherText(rd)
  return text === undefined ? undefined : `[${type}][${text}][${tag ?? 0}]${rest}`
}

function prefixText(address: string | undefined, length: number | undefined): string {
  return formatPrefix(prefixOf(parseIp(address ?? ''), length ?? 0))
}

/** RFC 4364 section 4.2: administrator and number of all three types. */
function distinguisherText(rd: ApiRouteDistinguisher | undefined): string | undefined {
  const as = rd?.twoOctetAsn ?? rd?.fourOctetAsn
  if (as !== undefined) return `${as.admin ?? 0}:${as.assigned ?? 0}`
  const ip = rd?.ipAddress
  return ip === undefined ? undefined : `${formatIp(parseIp(ip.admin ?? ''))}:${ip.assigned ?? 0}`
}

/** The VNIs in the label fields of an EVPN route. */
export function nlriLabels(nlri: ApiNlri): readonly number[] {
  if (nlri.evpnMacadv !== undefined) return nlri.evpnMacadv.labels ?? []
  if (nlri.evpnIpPrefix !== undefined) return [nlri.evpnIpPrefix.label ?? 0]
  return []
}

/** An ESI of type 0 and nothing else. All nine octets must be there: GoBGP compares them. */
const NO_SEGMENT = { type: 0, value: Buffer.alloc(9) }

/**
 * What GoBGP is told.
 *
 * @throws PacketError, ControlPlaneError for a key that is none
 */
export function apiNlri(table: TableName, key: string, labels: readonly number[]): ApiNlri {
  if (table !== 'evpn') {
    const [address, length] = key.split('/')
    return { prefix: { prefix: address ?? '', prefixLen: Number(length) } }
  }
  const route = parseEvpnKey(key)
  const rd = apiDistinguisher(route.rd)
  switch (route.type) {
    case 2:
      return {
        evpnMacadv: {
          rd,
          esi: NO_SEGMENT,
          ethernetTag: 0,
          macAddress: route.mac,
          ...(route.ip === undefined ? {} : { ipAddress: route.ip }),
          labels,
        },
      }
    case 3:
      return { evpnMulticast: { rd, ethernetTag: 0, ipAddress: route.originator } }
    case 5:
      return apiPrefixRoute(route, rd, labels)
  }
}

/** RFC 9136 section 3.1; interface-less: no overlay index, so no gateway address. */
function apiPrefixRoute(
  { prefix }: Extract<EvpnKey, { type: 5 }>,
  rd: ApiRouteDistinguisher,
  labels: readonly number[],
): ApiNlri {
  const [ipPrefix, length] = prefix.split('/')
  return {
    evpnIpPrefix: {
      rd,
      esi: NO_SEGMENT,
      ethernetTag: 0,
      ipPrefix: ipPrefix ?? '',
      ipPrefixLen: Number(length),
      gwAddress: prefix.includes(':') ? '::' : '0.0.0.0',
      label: labels[0] ?? 0,
    },
  }
}

function apiDistinguisher(text: string): ApiRouteDistinguisher {
  const at = text.lastIndexOf(':')
  const admin = text.slice(0, at)
  const assigned = Number(text.slice(at + 1))
  if (tryParseIpv4(admin) !== undefined) return { ipAddress: { admin, assigned } }
  const number = Number(admin)
  const as = { admin: number, assigned }
  return number > 0xffff ? { fourOctetAsn: as } : { twoOctetAsn: as }
}

/** Four or sixteen octets, as in a PMSI tunnel's identifier (RFC 6514 section 5). */
export function addressOctets(text: string): Buffer {
  const ip = parseIp(text)
  const octets = Buffer.alloc(isIpv6(ip) ? 16 : 4)
  if (isIpv6(ip)) writeIpv6(octets, 0, ip)
  else writeIpv4(octets, 0, ip)
  return octets
}
