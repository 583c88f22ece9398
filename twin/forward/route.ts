/**
 * Routing (section 13): packets received in a VRF.
 *
 * @module
 */
import * as ipv4 from '../packet/ipv4.js'
import * as ipv6 from '../packet/ipv6.js'
import { prefixContains, readIpv4, readIpv6 } from '../packet/address.js'
import { newFrame } from './frame-memory.js'
import { sendIcmpError, type Offending } from './icmp-error.js'
import { deliver } from './local.js'
import type { Machine } from './machine.js'
import { sendTo } from './neighbour.js'
import { chooseNextHop } from './next-hop.js'
import { isDirectedBroadcast, lookupRoute, mtuOf, nextHopOf } from './originate.js'
import { isLinkLocalAt, isMartianAt, isOwn } from './own-address.js'
import { DESTINATION, L3_OFFSET, SOURCE } from './parse.js'
import { copyTo } from './tunnelled-frame.js'

/** ROUTE-1 to ROUTE-10. The packet is well-formed. */
export function route(m: Machine, packet: Offending): void {
  const { on, vrf, frame, family, end } = packet
  m.trace?.step('ROUTE-1', on.id, `received in VRF ${vrf.name}`)
  m.trace?.step('PARSE-6', on.id, `packet of ${end - L3_OFFSET} octets`)
  const isMartianSource =
    isMartianAt(frame, SOURCE[family], family) ||
    isOwn(on, vrf, frame, SOURCE[family], family) ||
    isForeign(packet)
  m.trace?.step('ROUTE-2', on.id, isMartianSource ? 'cannot be a source' : 'source is possible')
  if (isMartianSource) {
    m.fate('martian-source')
    return
  }
  const isMartianDestination = isMartianAt(frame, DESTINATION[family], family)
  m.trace?.step(
    'ROUTE-3',
    on.id,
    isMartianDestination ? 'cannot be a destination' : 'destination is possible',
  )
  if (isMartianDestination) {
    m.fate('martian-destination')
    return
  }
  if (isOwn(on, vrf, frame, DESTINATION[family], family)) {
    m.trace?.step('ROUTE-4', on.id, 'an own address')
    deliver(m, packet)
    return
  }
  if (family === 6 && (isLinkLocalAt(frame, SOURCE[6]) || isLinkLocalAt(frame, DESTINATION[6]))) {
    m.trace?.step('ROUTE-5', on.id, 'link-local')
    m.fate('link-local-not-routed')
    return
  }
  forward(m, packet)
}

/**
 * ROUTE-2: a host beside the underlay with an address of another network. With a VTEP's it would pass for that VTEP (VXLAN-5).
 */
function isForeign({ on, vrf, frame, family }: Offending): boolean {
  if (on.kind !== 'irb' || vrf.id !== 0) return false
  if (family === 4) {
    const source = readIpv4(frame, SOURCE[4])
    return !on.addresses4.some(({ prefix }) => prefixContains(prefix, source))
  }
  if (isLinkLocalAt(frame, SOURCE[6])) return false
  const source = readIpv6(frame, SOURCE[6])
  return !on.addresses6.some(({ prefix }) => prefixContains(prefix, source))
}

/** ROUTE-6 to ROUTE-10 */
function forward(m: Machine, packet: Offending): void {
  const { on, vrf, frame, family, end } = packet
  const entry = lookupRoute(vrf, frame, family)
  if (entry === undefined) {
    m.trace?.step('ROUTE-6', on.id, `no route in VRF ${vrf.name}`)
    m.fate('no-route')
    sendIcmpError(m, 'netUnreachable', packet)
    return
  }
  m.trace?.step('ROUTE-6', on.id, `${entry.kind} route in VRF ${vrf.name}`)
  if (entry.kind === 'blackhole') {
    m.fate('blackhole')
    return
  }
  if (isDirectedBroadcast(entry, frame)) {
    m.trace?.step('ROUTE-7', on.id, 'the destination is a subnet broadcast')
    m.fate('directed-broadcast')
    return
  }
  const ttl = family === 4 ? ipv4.ttl(frame, L3_OFFSET) : ipv6.hopLimit(frame, L3_OFFSET)
  m.trace?.step('ROUTE-8', on.id, `TTL ${ttl}`)
  if (ttl <= 1) {
    m.fate('ttl-exceeded')
    sendIcmpError(m, 'timeExceeded', packet)
    return
  }
  const member = chooseNextHop(m, entry, frame, family, end)
  const mtu = mtuOf(member)
  m.trace?.step('ROUTE-9', member.interface.id, `${end - L3_OFFSET} octets, MTU ${mtu}`)
  if (end - L3_OFFSET > mtu) {
    if (family === 4 && !ipv4.df(frame, L3_OFFSET)) {
      m.fate('fragmentation-unsupported')
    } else {
      m.fate('mtu-exceeded')
      sendIcmpError(m, 'tooBig', packet, mtu)
    }
    return
  }
  m.trace?.step('ROUTE-10', member.interface.id, 'TTL is one less')
  const forwarded = newFrame(end)
  copyTo(forwarded, frame)
  if (family === 4) ipv4.decrementTtl(forwarded, L3_OFFSET)
  else ipv6.decrementHopLimit(forwarded, L3_OFFSET)
  sendTo(m, member.interface, nextHopOf(member, frame, family), {
    frame: forwarded,
    family,
    receivedOn: on,
  })
}
