/**
 * Hosts at the edge (section 18): they answer ARP and neighbour discovery for themselves, and nothing else.
 *
 * @module
 */
import type { PlanHost } from '../../contract/plan.js'
import * as arp from '../packet/arp.js'
import * as ethernet from '../packet/ethernet.js'
import {
  linkLocalOf,
  MAC_BROADCAST,
  parseInterfaceAddress,
  parseMac,
  type Ip,
  type Mac,
} from '../packet/address.js'
import { u16, u8 } from '../packet/bytes.js'
import { arpReply, isInspectedArp } from './arp-message.js'
import { advertisement, readNeighbourMessage } from './nd-message.js'
import { L3_OFFSET } from './parse.js'
import type { ClauseId } from './tracer.js'

/** What a host does with a frame. */
export type Reception =
  /** It answers, and counts it (HOST-3). */
  | { readonly kind: 'answered'; readonly clause: ClauseId; readonly reply: Uint8Array }
  /** It records it. */
  | { readonly kind: 'recorded'; readonly foreign: boolean }

const RECORDED: Reception = { kind: 'recorded', foreign: false }
const FOREIGN: Reception = { kind: 'recorded', foreign: true }

/** A host. */
export class Host {
  readonly id: string
  readonly mac: Mac
  private readonly addresses = new Set<Ip>()

  constructor(host: PlanHost) {
    this.id = host.id
    this.mac = parseMac(host.mac)
    for (const text of host.addresses) this.addresses.add(parseInterfaceAddress(text).address)
    this.addresses.add(linkLocalOf(this.mac))
  }

  /** Takes a frame. */
  receive(frame: Uint8Array): Reception {
    if (frame.length < L3_OFFSET) return RECORDED
    if ((u8(frame, 0) & 1) === 0 && ethernet.dst(frame, 0) !== this.mac) return FOREIGN
    switch (u16(frame, 12)) {
      case ethernet.EtherType.ARP:
        return this.receiveArp(frame)
      case ethernet.EtherType.IPV6:
        return this.receiveNd(frame)
      default:
        return RECORDED
    }
  }

  /** HOST-1 */
  private receiveArp(frame: Uint8Array): Reception {
    if (!isInspectedArp(frame) || arp.operation(frame, L3_OFFSET) !== arp.Operation.REQUEST) return RECORDED
    if (!this.addresses.has(arp.tpa(frame, L3_OFFSET))) return RECORDED
    // To broadcast or its MAC: an ARP request to another group is not answered.
    const destination = ethernet.dst(frame, 0)
    if (destination !== this.mac && destination !== MAC_BROADCAST) return RECORDED
    return { kind: 'answered', clause: 'HOST-1', reply: arpReply(frame, this.mac) }
  }

  /** HOST-2 */
  private receiveNd(frame: Uint8Array): Reception {
    const message = readNeighbourMessage(frame)
    if (message === undefined || !message.isSolicitation) return RECORDED
    if (!this.addresses.has(message.target)) return RECORDED
    const options = { srcMac: this.mac, targetMac: this.mac, router: false }
    return { kind: 'answered', clause: 'HOST-2', reply: advertisement(frame, message, options) }
  }
}
