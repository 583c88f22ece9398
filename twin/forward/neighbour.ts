/**
 * Neighbours (section 12): how a packet gets its Ethernet header, waits for one, or fails to.
 *
 * @module
 */
import { isIpv6, type Ip, type Mac, writeMac } from '../packet/address.js'
import { setU16 } from '../packet/bytes.js'
import type { Irb, Loopback, Member, Port, Routed } from './config.js'
import type { Machine } from './machine.js'
import type { Macsec } from './macsec-state.js'
import {
  hasRoom,
  lookupDynamic,
  RETRY_AFTER,
  type ControlNeighbour,
  type HeldPacket,
  type IncompleteNeighbour,
} from './neighbour-table.js'
import { arpProbe } from './arp-message.js'
import { solicitation } from './nd-message.js'
import { send } from './send.js'
import { isTunnelEnd } from './tunnel-end.js'
import { whole } from './tunnelled-frame.js'

const ETHERTYPE_OF = { 4: 0x0800, 6: 0x86dd } as const

/** A packet on its way out: a frame that is the callee's, its Ethernet header still to be written. */
export interface Outgoing {
  readonly frame: Uint8Array
  readonly family: 4 | 6
  /** Where it was received, `undefined` when the node itself sends it. */
  readonly receivedOn: Routed | undefined
}

/** NEIGH-3 and NEIGH-4: sends a packet on an interface to a next hop. */
export function sendTo(m: Machine, on: Routed | Loopback, nextHop: Ip, packet: Outgoing): void {
  if (on.kind === 'loopback') {
    m.trace?.step('NEIGH-4', on.id, 'a loopback has no neighbours')
    m.fate('neighbour-missing')
    return
  }
  // Ports and macsec interfaces look at nothing behind the outer headers.
  if (on.kind === 'wireguard' || on.kind === 'irb') whole(packet.frame)
  if (on.kind === 'wireguard') {
    m.upper.sendOnWireguard(m, on, packet)
    return
  }
  const known = on.neighbours.get(nextHop)
  if (known !== undefined) {
    m.trace?.step('NEIGH-3', on.id, 'the next hop is a static neighbour')
    sendWithHeader(m, on, known, packet.frame, packet.family)
    return
  }
  if (on.kind !== 'irb') {
    m.trace?.step('NEIGH-4', on.id, 'the next hop has no MAC')
    m.fate('neighbour-missing')
    return
  }
  const set = on.control.get(nextHop)
  if (set !== undefined) {
    m.trace?.step('NEIGH-8', on.id, 'the next hop is a control neighbour')
    sendWithHeader(m, on, set.mac, packet.frame, packet.family)
    return
  }
  const neighbour = lookupDynamic(on, nextHop, m.now)
  if (neighbour?.state === 'resolved') {
    m.trace?.step('NEIGH-3', on.id, 'the next hop is resolved')
    sendWithHeader(m, on, neighbour.mac, packet.frame, packet.family)
    return
  }
  if (neighbour === undefined && on.dynamic.has(nextHop)) {
    m.trace?.step('NEIGH-2', on.id, 'the neighbour is no longer valid')
  }
  hold(m, on, nextHop, neighbour, { ...packet, lineage: m.lineage })
}

/** NEIGH-3, IRB-4: writes the Ethernet header and sends. */
function sendWithHeader(
  m: Machine,
  on: Port | Macsec | Irb,
  to: Mac,
  frame: Uint8Array,
  family: 4 | 6,
): void {
  if (on.kind === 'irb') {
    sendOutOfIrb(m, on, to, frame, family)
    return
  }
  writeHeader(frame, to, on.mac, family)
  send(m, on, frame)
}

/** IRB-4: writes the Ethernet header of a packet that is routed out of an IRB and hands it to the bridge. */
export function sendOutOfIrb(m: Machine, irb: Irb, to: Mac, frame: Uint8Array, family: 4 | 6): void {
  m.trace?.step('IRB-4', irb.id, 'routed out of the IRB')
  writeHeader(frame, to, irb.mac, family)
  m.upper.enterBridgeFromIrb(m, irb, frame)
}

function writeHeader(frame: Uint8Array, to: Mac, from: Mac, family: 4 | 6): void {
  writeMac(frame, 0, to)
  writeMac(frame, 6, from)
  setU16(frame, 12, ETHERTYPE_OF[family])
}

/** NEIGH-4 and NEIGH-5 on an IRB whose next hop is not resolved. */
function hold(
  m: Machine,
  irb: Irb,
  nextHop: Ip,
  waiting: IncompleteNeighbour | undefined,
  packet: HeldPacket,
): void {
  const addresses = isIpv6(nextHop) ? irb.addresses6 : irb.addresses4
  if (addresses.length === 0) {
    m.trace?.step('NEIGH-4', irb.id, "the IRB has no address of the next hop's family")
    m.fate('neighbour-missing')
    return
  }
  if (waiting !== undefined) {
    m.trace?.step('NEIGH-4', irb.id, 'takes the place of the packet that waited')
    endHeld(m, waiting.held, 'neighbour-queue')
    waiting.held = packet
    m.held++
    if (m.now - waiting.last >= RETRY_AFTER) {
      waiting.last = m.now
      request(m, irb, nextHop)
    }
    return
  }
  // An entry that is no longer valid gives its room to the new one.
  if (!irb.dynamic.has(nextHop) && !hasRoom(irb, m.now)) {
    m.trace?.step('NEIGH-5', irb.id, 'the neighbour table is full')
    m.fate('neighbour-full')
    return
  }
  m.trace?.step('NEIGH-4', irb.id, 'held, the next hop is asked for')
  irb.dynamic.set(nextHop, { state: 'incomplete', first: m.now, last: m.now, held: packet })
  m.held++
  m.writes++
  request(m, irb, nextHop)
}

/** Ends a held packet. */
export function endHeld(
  m: Machine,
  packet: HeldPacket,
  fate: 'neighbour-queue' | 'neighbour-unresolved' | 'program-changed',
): void {
  const { lineage } = m
  m.held--
  m.lineage = packet.lineage
  m.fate(fate)
  m.lineage = lineage
}

/** NEIGH-6: asks for the MAC of an address. */
export function request(m: Machine, irb: Irb, address: Ip): void {
  m.trace?.step('NEIGH-6', irb.id, isIpv6(address) ? 'neighbour solicitation' : 'ARP probe')
  const { lineage } = m
  // The request is the node's own, whoever's packet it is for.
  m.lineage = 0
  const frame = isIpv6(address) ? solicitation(irb, address) : arpProbe(irb, address)
  m.upper.enterBridgeFromIrb(m, irb, frame)
  m.lineage = lineage
}

/** ARP-2, ND-2, NEIGH-5, NEIGH-8: an address was heard to have a MAC, in a frame that entered from `from`. */
export function bind(m: Machine, irb: Irb, from: Member, address: Ip, mac: Mac): void {
  if (irb.neighbours.has(address)) return
  const set = irb.control.get(address)
  if (set !== undefined && !yields(m, irb, set, from)) return
  const known = irb.dynamic.get(address)
  if (known === undefined && !hasRoom(irb, m.now)) {
    m.trace?.step('NEIGH-5', irb.id, 'the neighbour table is full, nothing is bound')
    return
  }
  if (known?.state === 'resolved') {
    m.trace?.step('NEIGH-5', irb.id, 'confirmed')
    if (known.mac !== mac || lookupDynamic(irb, address, m.now) === undefined) m.writes++
    known.mac = mac
    known.confirmed = m.now
    return
  }
  m.writes++
  irb.control.delete(address)
  irb.dynamic.set(address, { state: 'resolved', mac, confirmed: m.now })
  if (known === undefined) m.trace?.step('NEIGH-5', irb.id, 'bound')
  else release(m, irb, mac, known.held)
}

/** NEIGH-8: a binding from there takes the place of a control neighbour. */
function yields(m: Machine, irb: Irb, set: ControlNeighbour, from: Member): boolean {
  const does = !set.sticky && !isTunnelEnd(from)
  const stays = set.sticky
    ? 'a sticky neighbour stays'
    : 'a control neighbour stays, whatever is heard behind a tunnel'
  m.trace?.step('NEIGH-8', irb.id, does ? 'a control neighbour yields to what is heard on a port' : stays)
  return does
}

/** NEIGH-5, CTRL-6: sends the packet that waited for a neighbour which has a MAC now. */
function release(m: Machine, irb: Irb, mac: Mac, held: HeldPacket): void {
  m.trace?.step('NEIGH-5', irb.id, 'resolved, the held packet is sent')
  const { lineage } = m
  m.held--
  m.lineage = held.lineage
  sendOutOfIrb(m, irb, mac, held.frame, held.family)
  m.lineage = lineage
}

/** CTRL-6: a control neighbour in place of whatever is there; a packet held for it is sent. */
export function setControlNeighbour(m: Machine, irb: Irb, address: Ip, neighbour: ControlNeighbour): void {
  const before = irb.dynamic.get(address)
  irb.neighbours.delete(address)
  irb.dynamic.delete(address)
  irb.control.set(address, neighbour)
  if (before?.state === 'incomplete') release(m, irb, neighbour.mac, before.held)
}

/** CTRL-6: removes a static or control neighbour; a dynamic one stays. */
export function removeSetNeighbour(irb: Irb, address: Ip): void {
  irb.neighbours.delete(address)
  irb.control.delete(address)
}
