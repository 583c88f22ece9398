/**
 * Packets that the node sends itself (ROUTE-11), and what they share with those it forwards: choosing a next hop.
 *
 * @module
 */
import { readIpv4, readIpv6, type Ip } from '../packet/address.js'
import { u32 } from '../packet/bytes.js'
import type { RouteEntry, RouteMember, Vrf } from './config.js'
import type { Machine } from './machine.js'
import { sendTo } from './neighbour.js'
import { chooseNextHop } from './next-hop.js'
import { isLinkLocalAt, isOwnInVrf } from './own-address.js'
import { DESTINATION, L3_OFFSET } from './parse.js'

/** Longest prefix match for the packet's destination. */
export function lookupRoute(vrf: Vrf, frame: Uint8Array, family: 4 | 6): RouteEntry | undefined {
  return (family === 4 ? vrf.routes4 : vrf.routes6).lookup(frame, DESTINATION[family])
}

/** ROUTE-7 */
export function isDirectedBroadcast(route: RouteEntry, frame: Uint8Array): boolean {
  const { broadcasts } = route
  if (broadcasts === undefined) return false
  const destination = u32(frame, DESTINATION[4])
  return destination === broadcasts.first || destination === broadcasts.last
}

/** The gateway, or the destination itself when it is connected. */
export function nextHopOf(member: RouteMember, frame: Uint8Array, family: 4 | 6): Ip {
  if (member.gateway !== undefined) return member.gateway
  return family === 4 ? readIpv4(frame, DESTINATION[4]) : readIpv6(frame, DESTINATION[6])
}

/** Octets of the longest packet that goes out of an interface; loopbacks send nothing, and say so by NEIGH-4. */
export function mtuOf(member: RouteMember): number {
  return member.interface.kind === 'loopback' ? Number.POSITIVE_INFINITY : member.interface.mtu
}

/**
 * ROUTE-11: sends a packet of the node's own in a VRF.
 *
 * @param frame - the packet behind 14 octets of room, to its end; the callee's from now on.
 */
export function originate(m: Machine, vrf: Vrf, frame: Uint8Array, family: 4 | 6): void {
  if (isOwnInVrf(vrf, frame, DESTINATION[family], family)) {
    m.trace?.step('ROUTE-11', 0, 'the destination is an own address')
    m.fate('no-route')
    return
  }
  if (family === 6 && isLinkLocalAt(frame, DESTINATION[6])) {
    m.trace?.step('ROUTE-11', 0, 'the destination is link-local')
    m.fate('no-route')
    return
  }
  const route = lookupRoute(vrf, frame, family)
  if (route === undefined || route.kind === 'blackhole') {
    m.trace?.step('ROUTE-11', 0, route === undefined ? 'no route' : 'a blackhole route')
    m.fate('no-route')
    return
  }
  if (isDirectedBroadcast(route, frame)) {
    m.trace?.step('ROUTE-7', 0, 'the destination is a subnet broadcast')
    m.fate('directed-broadcast')
    return
  }
  const member = chooseNextHop(m, route, frame, family, frame.length)
  m.trace?.step('ROUTE-11', member.interface.id, `sent in VRF ${vrf.name}`)
  if (frame.length - L3_OFFSET > mtuOf(member)) {
    m.fate('mtu-exceeded')
    return
  }
  sendTo(m, member.interface, nextHopOf(member, frame, family), {
    frame,
    family,
    receivedOn: undefined,
  })
}
