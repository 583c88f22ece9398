/**
 * EVPN routes as text (`contract/rib.ts`): keys, which are NLRI without labels, ESI and gateway, and extended communities.
 *
 * @module
 */
import {
  formatIp,
  formatMac,
  formatPrefix,
  parseIp,
  parseMac,
  parsePrefix,
  tryParseIpv4,
  tryParseIpv6,
} from '../packet/index.js'
import { ControlPlaneError } from './errors.js'

/** NLRI of the route types that are used here (RFC 7432 section 7, RFC 9136 section 3), Ethernet tag 0. */
export type EvpnKey =
  /** MAC/IP advertisement; `ip` is absent where the MAC alone is announced. */
  | { readonly type: 2; readonly rd: string; readonly mac: string; readonly ip?: string }
  /** Inclusive multicast Ethernet tag. */
  | { readonly type: 3; readonly rd: string; readonly originator: string }
  /** IP prefix. */
  | { readonly type: 5; readonly rd: string; readonly prefix: string }

/** `[2][10.255.0.1:7][0][02:00:00:00:00:01][10.0.0.1]` and its like. */
export function formatEvpnKey(key: EvpnKey): string {
  const head = `[${key.type}][${key.rd}][0]`
  switch (key.type) {
    case 2:
      return `${head}[${key.mac}]${key.ip === undefined ? '' : `[${key.ip}]`}`
    case 3:
      return `${head}[${key.originator}]`
    case 5:
      return `${head}[${key.prefix}]`
  }
}

const RD = /^(\d{1,10}(?:\.\d{1,3}){0,3}):(\d{1,10})$/

/** The key that a text is, in canonical text of its addresses, or `undefined`. */
export function tryParseEvpnKey(text: string): EvpnKey | undefined {
  if (!/^(?:\[[^[\]]+\]){4,5}$/.test(text)) return undefined
  const [type, rd, tag, first, second] = text.slice(1, -1).split('][')
  if (rd === undefined || !isDistinguisher(rd) || tag !== '0' || first === undefined) return undefined
  if (type === '2') return macIpKey(rd, first, second)
  if (second !== undefined) return undefined
  if (type === '3') {
    const originator = canonicalIp(first)
    return originator === undefined ? undefined : { type: 3, rd, originator }
  }
  if (type !== '5') return undefined
  const prefix = tryCanonical(() => formatPrefix(parsePrefix(first)))
  return prefix === undefined ? undefined : { type: 5, rd, prefix }
}

/**
 * The key that a text is.
 *
 * @throws {ControlPlaneError} `ZT_EVPN_KEY_SYNTAX`
 */
export function parseEvpnKey(text: string): EvpnKey {
  const key = tryParseEvpnKey(text)
  if (key === undefined) {
    throw new ControlPlaneError('ZT_EVPN_KEY_SYNTAX', `${JSON.stringify(text)} is no key of an EVPN route`, {
      remedy: 'write it as [2][10.255.0.1:7][0][02:00:00:00:00:01] or as contract/rib.ts has it',
    })
  }
  return key
}

/** RFC 4364 section 4.2: types 0, 1 and 2. */
function isDistinguisher(rd: string): boolean {
  const [, administrator, number] = RD.exec(rd) ?? []
  if (administrator === undefined) return false
  if (administrator.includes('.'))
    return tryParseIpv4(administrator) !== undefined && Number(number) <= 0xffff
  const limit = Number(administrator) <= 0xffff ? 0xffff_ffff : 0xffff
  return Number(administrator) <= 0xffff_ffff && Number(number) <= limit
}

function macIpKey(rd: string, macText: string, ipText: string | undefined): EvpnKey | undefined {
  const mac = tryCanonical(() => formatMac(parseMac(macText)))
  if (mac === undefined) return undefined
  if (ipText === undefined) return { type: 2, rd, mac }
  const ip = canonicalIp(ipText)
  return ip === undefined ? undefined : { type: 2, rd, mac, ip }
}

/** The address that a text is, in canonical text, or `undefined`. */
export function canonicalIp(text: string): string | undefined {
  return tryParseIpv4(text) === undefined && tryParseIpv6(text) === undefined
    ? undefined
    : formatIp(parseIp(text))
}

/** The codecs throw for text of people; here it may be anybody's. */
function tryCanonical(read: () => string): string | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** An extended community (RFC 4360), of those that EVPN uses here. */
export type ExtendedCommunity =
  /** RFC 4360 section 4, two-octet AS: `65000:10010`. */
  | { readonly kind: 'route-target'; readonly target: string }
  /** RFC 9012 section 4.1, tunnel type 8. */
  | { readonly kind: 'vxlan' }
  /** RFC 9135 section 8.1. */
  | { readonly kind: 'router-mac'; readonly mac: string }
  /** RFC 7432 section 7.7. */
  | { readonly kind: 'mobility'; readonly sequence: number; readonly sticky: boolean }
  /** RFC 7432 section 7.8. */
  | { readonly kind: 'default-gateway' }
  /** Sixteen hex digits, lower case. */
  | { readonly kind: 'unknown'; readonly octets: string }

/** As `contract/rib.ts` writes it. */
export function formatExtended(community: ExtendedCommunity): string {
  switch (community.kind) {
    case 'route-target':
      return `rt:${community.target}`
    case 'vxlan':
      return 'encap:vxlan'
    case 'router-mac':
      return `rmac:${community.mac}`
    case 'mobility':
      return `mobility:${community.sequence}${community.sticky ? ':sticky' : ''}`
    case 'default-gateway':
      return 'default-gateway'
    case 'unknown':
      return `unknown:${community.octets}`
  }
}

/** The extended community that a text is, or `undefined`. */
export function tryParseExtended(text: string): ExtendedCommunity | undefined {
  if (text === 'encap:vxlan') return { kind: 'vxlan' }
  if (text === 'default-gateway') return { kind: 'default-gateway' }
  const target = /^rt:(\d{1,5}):(\d{1,10})$/.exec(text)
  if (target !== null) {
    const [, asn, number] = target
    const fits = Number(asn) <= 0xffff && Number(number) <= 0xffff_ffff
    return fits ? { kind: 'route-target', target: `${asn}:${number}` } : undefined
  }
  const mac = /^rmac:((?:[0-9a-f]{2}:){5}[0-9a-f]{2})$/.exec(text)?.[1]
  if (mac !== undefined) return { kind: 'router-mac', mac }
  const mobility = /^mobility:(\d{1,10})(:sticky)?$/.exec(text)
  if (mobility !== null) {
    const sequence = Number(mobility[1])
    return sequence > 0xffff_ffff
      ? undefined
      : { kind: 'mobility', sequence, sticky: mobility[2] !== undefined }
  }
  const octets = /^unknown:([0-9a-f]{16})$/.exec(text)?.[1]
  return octets === undefined ? undefined : { kind: 'unknown', octets }
}

/** What the extended communities of a route say. */
export interface EvpnAttributes {
  readonly targets: readonly string[]
  readonly routerMac?: string
  /** 0 where there is no mobility community (RFC 7432 section 15). */
  readonly sequence: number
  readonly sticky: boolean
  readonly defaultGateway: boolean
}

/** Of several communities of one kind the first counts; text that is none is passed over. */
export function readExtended(extended: readonly string[]): EvpnAttributes {
  const all = extended.flatMap((text) => tryParseExtended(text) ?? [])
  const mobility = all.find((one) => one.kind === 'mobility')
  const router = all.find((one) => one.kind === 'router-mac')
  return {
    targets: all.flatMap((one) => (one.kind === 'route-target' ? one.target : [])),
    ...(router === undefined ? {} : { routerMac: router.mac }),
    sequence: mobility?.sequence ?? 0,
    sticky: mobility?.sticky ?? false,
    defaultGateway: all.some((one) => one.kind === 'default-gateway'),
  }
}

/** In the order of `contract/rib.ts`. */
export function formatExtendedAll(communities: readonly ExtendedCommunity[]): string[] {
  return communities.map(formatExtended).toSorted()
}
