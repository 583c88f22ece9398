/**
 * The routes of a VRF, by prefix of either family.
 *
 * @module
 */
import { writeIpv4, writeIpv6, type Prefix } from '../packet/address.js'
import type { RouteEntry, Vrf } from './config.js'
import type { RouteTable } from './route-table.js'

/** Adds the route of a prefix; false when the VRF has one for it already. */
export function addRoute(vrf: Vrf, route: RouteEntry): boolean {
  return tableOf(vrf, route.prefix).add(keyOf(route.prefix), route.prefix.length, route)
}

/** Gives a prefix a route, in place of what is there (CTRL-6). */
export function setRoute(vrf: Vrf, route: RouteEntry): void {
  tableOf(vrf, route.prefix).set(keyOf(route.prefix), route.prefix.length, route)
}

/** Removes the route of a prefix, if there is one (CTRL-6). */
export function removeRoute(vrf: Vrf, prefix: Prefix): boolean {
  return tableOf(vrf, prefix).remove(keyOf(prefix), prefix.length)
}

function tableOf(vrf: Vrf, { family }: Prefix): RouteTable<RouteEntry> {
  return family === 4 ? vrf.routes4 : vrf.routes6
}

function keyOf(prefix: Prefix): Uint8Array {
  const key = new Uint8Array(prefix.family === 4 ? 4 : 16)
  if (prefix.family === 4) writeIpv4(key, 0, prefix.address)
  else writeIpv6(key, 0, prefix.address)
  return key
}
