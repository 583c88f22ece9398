/**
 * Dynamic and control neighbours of an IRB (section 12).
 *
 * @module
 */
import { isIpv6, type Ip, type Mac } from '../packet/address.js'
import type { Irb, Routed } from './config.js'

/** 1 s, after which a request is sent again (NEIGH-4, NEIGH-7). */
export const RETRY_AFTER = 1_000_000_000n
/** 3 s, after which a neighbour that did not answer is given up (NEIGH-7). */
export const GIVE_UP_AFTER = 3_000_000_000n

/** A packet that waits for its next hop's MAC. */
export interface HeldPacket {
  /** With room for its Ethernet header; TTL is decremented already. */
  readonly frame: Uint8Array
  readonly family: 4 | 6
  /** Where it was received, `undefined` when the node itself sends it (ICMP-5). */
  readonly receivedOn: Routed | undefined
  readonly lineage: number
}

/** Waits for an answer. */
export interface IncompleteNeighbour {
  readonly state: 'incomplete'
  readonly first: bigint
  last: bigint
  held: HeldPacket
}

/** Has a MAC. */
export interface ResolvedNeighbour {
  readonly state: 'resolved'
  mac: Mac
  confirmed: bigint
}

export type Neighbour = IncompleteNeighbour | ResolvedNeighbour

/** Was set by `apply` (NEIGH-8). */
export interface ControlNeighbour {
  readonly mac: Mac
  /** Nothing that is heard changes it. */
  readonly sticky: boolean
}

/** The dynamic neighbour of an address, one no longer valid being as none (NEIGH-2). */
export function lookupDynamic(irb: Irb, address: Ip, now: bigint): Neighbour | undefined {
  const neighbour = irb.dynamic.get(address)
  if (neighbour === undefined || neighbour.state === 'incomplete') return neighbour
  return now - neighbour.confirmed < irb.neighbourLifetime ? neighbour : undefined
}

/** ARP-4, ND-4: the MAC with which an IRB answers for an address, a control neighbour's (NEIGH-8) or a valid dynamic one's. */
export function answerableMac(irb: Irb, address: Ip, now: bigint): Mac | undefined {
  const set = irb.control.get(address)
  if (set !== undefined) return set.mac
  const neighbour = lookupDynamic(irb, address, now)
  return neighbour?.state === 'resolved' ? neighbour.mac : undefined
}

/** NEIGH-5: there is room for one more, invalid ones being removed for it. */
export function hasRoom(irb: Irb, now: bigint): boolean {
  if (irb.dynamic.size < irb.neighbourLimit) return true
  for (const [address, neighbour] of irb.dynamic) {
    if (neighbour.state === 'resolved' && now - neighbour.confirmed >= irb.neighbourLifetime) {
      irb.dynamic.delete(address)
    }
  }
  return irb.dynamic.size < irb.neighbourLimit
}

/** Incomplete neighbours of an IRB, IPv4 before IPv6, by address (NEIGH-7). */
export function incompleteInOrder(irb: Irb): [Ip, IncompleteNeighbour][] {
  const found: [Ip, IncompleteNeighbour][] = []
  for (const [address, neighbour] of irb.dynamic) {
    if (neighbour.state === 'incomplete') found.push([address, neighbour])
  }
  return found.sort(([a], [b]) => compareIp(a, b))
}

/** IPv4 before IPv6, by address. */
export function compareIp(a: Ip, b: Ip): number {
  if (isIpv6(a) !== isIpv6(b)) return isIpv6(a) ? 1 : -1
  if (a === b) return 0
  return a < b ? -1 : 1
}
