/**
 * Which of several routes for one MAC or address holds (TABLE-2), over all networks of a node.
 *
 * @module
 */
import type { EvpnNetwork } from '../../contract/control-plane.js'
import {
  isGroupMac,
  isIpv4Loopback,
  isIpv6,
  isIpv6LinkLocal,
  isIpv6Multicast,
  parseIp,
  parseMac,
} from '../packet/index.js'
import {
  canonicalIp,
  readExtended,
  tryParseEvpnKey,
  type EvpnAttributes,
  type EvpnKey,
} from './evpn-route.js'
import { compareAddresses, isSameFamily } from './order.js'
import type { EvpnBest } from './node.js'

/** A route of others that this node can use. */
export interface ImportedRoute {
  readonly key: EvpnKey
  readonly vtep: string
  readonly attributes: EvpnAttributes
}
export type ImportedMac = ImportedRoute & { readonly key: Extract<EvpnKey, { type: 2 }> }

/** Routes of others by route target. */
export type Imports = Pick<ReadonlyMap<string, readonly ImportedRoute[]>, 'get'>

/** Routes of others, read and by target. */
export function importRoutes(vtep: string, best: EvpnBest): Imports {
  const routes: ImportedRoute[] = []
  for (const [text, path] of best) {
    const [key, end] = [tryParseEvpnKey(text), canonicalIp(path.nextHop)]
    if (key === undefined || end === undefined) continue
    routes.push({ key, vtep: end, attributes: readExtended(path.extended) })
  }
  return byTarget(vtep, routes)
}

/** What a node with this VTEP can import (`isImportable`), by target. */
export function byTarget(vtep: string, routes: Iterable<ImportedRoute>): Imports {
  const imports = new Map<string, ImportedRoute[]>()
  for (const route of routes) {
    if (!isImportable(vtep, route)) continue
    for (const target of new Set(route.attributes.targets)) {
      const present = imports.get(target)
      if (present === undefined) imports.set(target, [route])
      else present.push(route)
    }
  }
  return imports
}

/**
 * Whether a node with this VTEP can import a route. What an engine would refuse (CTRL-6) is left out, for it would refuse the rest with
 * it: tunnel ends of another family than the own VTEP, MACs that no station can have, and link-local addresses, one of which is the IRB's
 * own. Other addresses that no host can have go the same way.
 */
export function isImportable(vtep: string, route: ImportedRoute): boolean {
  if (route.vtep === vtep || !isSameFamily(route.vtep, vtep)) return false
  return route.key.type !== 2 || isHost(route.key)
}

/** Routes are read once and imported many times. */
const hosts = new WeakMap<ImportedMac['key'], boolean>()

function isHost(key: ImportedMac['key']): boolean {
  const known = hosts.get(key)
  if (known !== undefined) return known
  const answer = canBeHost(key)
  hosts.set(key, answer)
  return answer
}

function canBeHost({ mac, ip: text }: ImportedMac['key']): boolean {
  if (!isStation(mac)) return false
  if (text === undefined) return true
  const ip = parseIp(text)
  return isIpv6(ip)
    ? ip > IPV6_LOOPBACK && !isIpv6Multicast(ip) && !isIpv6LinkLocal(ip)
    : ip >>> 24 !== 0 && !isIpv4Loopback(ip) && ip < IPV4_FIRST_GROUP
}

/** `::1`; `::` is below it. */
const IPV6_LOOPBACK = 1n
/** 224.0.0.0: above it are groups, the reserved 240.0.0.0/4 and the limited broadcast. */
const IPV4_FIRST_GROUP = 0xe0000000

/** Neither a group nor all zero. */
export function isStation(mac: string): boolean {
  const number = parseMac(mac)
  return number !== 0 && !isGroupMac(number)
}

export function isMacRoute<R extends ImportedRoute>(route: R): route is R & ImportedMac {
  return route.key.type === 2
}

/** Of all MAC routes of a network the one that holds, by MAC (TABLE-2). */
export function macsOf(imports: Imports, { target }: EvpnNetwork): ReadonlyMap<string, ImportedMac> {
  const routes = imports.get(target)
  if (routes === undefined) return NO_MACS
  const known = macs.get(routes)
  if (known !== undefined) return known
  const chosen = chosenBy(routes.filter(isMacRoute), ({ key }) => key.mac)
  macs.set(routes, chosen)
  return chosen
}

/** By list of routes: lists that nothing has changed in are the same ones. */
const macs = new WeakMap<readonly ImportedRoute[], ReadonlyMap<string, ImportedMac>>()
const NO_MACS: ReadonlyMap<string, ImportedMac> = new Map()

/** TABLE-2's choice among the routes of each group. Routes without a group are passed over. */
export function chosenBy<R extends ImportedRoute>(
  routes: readonly R[],
  groupOf: (route: R) => string | undefined,
): ReadonlyMap<string, R> {
  const chosen = new Map<string, R>()
  for (const route of routes) {
    const group = groupOf(route)
    if (group === undefined) continue
    const present = chosen.get(group)
    if (present === undefined || comparePreference(route, present) < 0) chosen.set(group, route)
  }
  return chosen
}

/** Sticky first, then the highest sequence, then the lowest VTEP (TABLE-2); of one VTEP's, by MAC, so that order does not matter. */
function comparePreference(a: ImportedRoute, b: ImportedRoute): number {
  return (
    Number(b.attributes.sticky) - Number(a.attributes.sticky) ||
    b.attributes.sequence - a.attributes.sequence ||
    compareAddresses(a.vtep, b.vtep) ||
    macNumber(a) - macNumber(b)
  )
}

function macNumber({ key }: ImportedRoute): number {
  return key.type === 2 ? parseMac(key.mac) : 0
}
