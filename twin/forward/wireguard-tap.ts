/**
 * What the kernel sends on the TAP of a port below a wireguard interface (WG-3): its packets go to peers, and its questions for neighbours,
 * which no peer hears, are answered here.
 *
 * @module
 */
import * as arp from '../packet/arp.js'
import * as ethernet from '../packet/ethernet.js'
import { isIpv6LinkLocal, IPV6_ANY, linkLocalOf, prefixContains, type Ipv6 } from '../packet/address.js'
import { u16 } from '../packet/bytes.js'
import { arpAnswer, isInspectedArp } from './arp-message.js'
import type { Machine } from './machine.js'
import { advertisement, readNeighbourMessage } from './nd-message.js'
import { L3_OFFSET, soundEnd } from './parse.js'
import { punt } from './send.js'
import { sendOnWireguard } from './wireguard-send.js'
import type { Wireguard } from './wireguard-state.js'
import { asNobody } from './wireguard-transmit.js'

const { IPV4, IPV6, ARP } = ethernet.EtherType

/** WG-3 */
export function receiveFromTap(m: Machine, wg: Wireguard, frame: Uint8Array): void {
  const etherType = u16(frame, 12)
  if (etherType === ARP && answerArp(m, wg, frame)) return
  if (etherType === IPV6 && answerSolicitation(m, wg, frame)) return
  const family = etherType === IPV4 ? 4 : 6
  const end = etherType === IPV4 || etherType === IPV6 ? soundEnd(frame, family) : 0
  m.trace?.step('WG-3', wg.id, end === 0 ? 'no packet' : 'a packet of the kernel')
  if (end === 0) m.fate('ethertype-unknown')
  else sendOnWireguard(m, wg, { frame: frame.subarray(0, end), family, receivedOn: undefined })
}

function answerArp(m: Machine, wg: Wireguard, frame: Uint8Array): boolean {
  if (!isInspectedArp(frame) || arp.operation(frame, L3_OFFSET) !== arp.Operation.REQUEST) return false
  const target = arp.tpa(frame, L3_OFFSET)
  const isPeers =
    wg.addresses4.some(({ prefix }) => prefixContains(prefix, target)) &&
    !wg.addresses4.some(({ address }) => address === target)
  if (!isPeers) return false
  m.trace?.step('WG-3', wg.id, 'ARP, answered for the peer')
  m.fate('arp-answered')
  asNobody(m, () => punt(m, wg, arpAnswer(arp.sha(frame, L3_OFFSET), frame, wg.peerMac)))
  return true
}

function answerSolicitation(m: Machine, wg: Wireguard, frame: Uint8Array): boolean {
  const message = readNeighbourMessage(frame)
  if (message?.isSolicitation !== true || message.source === IPV6_ANY) return false
  if (!isPeers(wg, message.target)) return false
  m.trace?.step('WG-3', wg.id, 'a solicitation, answered for the peer')
  m.fate('nd-answered')
  const answer = { srcMac: wg.peerMac, targetMac: wg.peerMac, router: false }
  asNobody(m, () => punt(m, wg, advertisement(frame, message, answer)))
  return true
}

function isPeers(wg: Wireguard, target: Ipv6): boolean {
  if (target === linkLocalOf(wg.mac) || wg.addresses6.some(({ address }) => address === target)) return false
  return isIpv6LinkLocal(target) || wg.addresses6.some(({ prefix }) => prefixContains(prefix, target))
}
