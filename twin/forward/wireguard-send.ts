/**
 * Packets sent on wireguard interfaces (WG-24 to WG-26, WG-31).
 *
 * @module
 */
import * as ipv4 from '../packet/ipv4.js'
import * as ipv6 from '../packet/ipv6.js'
import { sealAead } from '../packet/wireguard-crypto.js'
import { reportUnreachable } from './icmp-error.js'
import type { Fate } from './fate.js'
import type { Machine } from './machine.js'
import { DESTINATION, L3_OFFSET } from './parse.js'
import { authenticated, authenticatedSent, dataSent, SECOND } from './wireguard-events.js'
import { initiateAfresh, keepFreshSending } from './wireguard-initiate.js'
import { DATA, MessageType, writeU32 } from './wireguard-message.js'
import type { HeldText, Peer, Session, ToSeal, Wireguard } from './wireguard-state.js'
import { transmitTo } from './wireguard-transmit.js'
import { REJECT_AFTER } from './wireguard-window.js'

/** WG-16, WG-26: older sessions neither send nor receive. */
export const REJECT_AFTER_TIME = 180n * SECOND
const MOST_HELD = 128
const NOTHING = new Uint8Array(0)

/** WG-24: sends a packet on the interface, whatever its next hop. */
export function sendOnWireguard(m: Machine, wg: Wireguard, packet: ToSeal): void {
  const { frame, family } = packet
  const peer = (family === 4 ? wg.allowed4 : wg.allowed6).lookup(frame, DESTINATION[family])
  if (peer?.state.endpoint === undefined) {
    m.trace?.step('WG-24', wg.id, peer === undefined ? 'no peer has the destination' : 'no endpoint')
    m.fate(peer === undefined ? 'wireguard-no-peer' : 'wireguard-no-endpoint')
    reportUnreachable(m, packet)
    return
  }
  m.trace?.step('WG-24', wg.id, 'a peer has the destination')
  if (m.seed === undefined) {
    m.trace?.step('WG-4', wg.id, 'no seed yet')
    m.fate('wireguard-unready')
    return
  }
  hold(m, wg, peer, { text: frame.subarray(L3_OFFSET), family, lineage: m.lineage })
  sendHeld(m, wg, peer)
}

/** WG-25 */
function hold(m: Machine, wg: Wireguard, { state }: Peer, one: HeldText): void {
  m.trace?.step('WG-25', wg.id, `held behind ${state.held.length}`)
  if (state.held.length >= MOST_HELD) endHeld(m, state.held.shift()!, 'wireguard-queue')
  state.held.push(one)
  m.heldByPeers++
}

/** WG-31: sends an empty text, or what is held already. */
export function sendKeepalive(m: Machine, wg: Wireguard, peer: Peer): void {
  if (peer.state.held.length === 0) {
    m.trace?.step('WG-31', wg.id, 'an empty text')
    hold(m, wg, peer, { text: NOTHING, family: 4, lineage: 0 })
  }
  sendHeld(m, wg, peer)
}

function endHeld(m: Machine, { lineage: of }: HeldText, fate: Fate): void {
  const { lineage } = m
  m.heldByPeers--
  m.lineage = of
  m.fate(fate)
  m.lineage = lineage
}

/** All that a peer holds ends. */
export function endAllHeld(m: Machine, { state }: Peer, fate: Fate): void {
  const { held } = state
  state.held = []
  for (const one of held) endHeld(m, one, fate)
}

/** WG-26 */
export function sendHeld(m: Machine, wg: Wireguard, peer: Peer): void {
  const { state } = peer
  while (state.held.length > 0) {
    const { current } = state
    if (!maySend(m, current)) {
      m.trace?.step('WG-26', wg.id, `no session, ${state.held.length} held`)
      initiateAfresh(m, wg, peer)
      return
    }
    m.heldByPeers--
    sendSealed(m, wg, peer, current, state.held.shift()!)
  }
}

function maySend(m: Machine, session: Session | undefined): session is Session {
  return session !== undefined && m.now - session.born < REJECT_AFTER_TIME && session.sent < REJECT_AFTER
}

function sendSealed(m: Machine, wg: Wireguard, peer: Peer, session: Session, held: HeldText): void {
  const { lineage } = m
  const isKeepalive = held.text.length === 0
  m.trace?.step('WG-26', wg.id, `sealed with counter ${session.sent}`)
  m.lineage = held.lineage
  const message = sealText(wg, session, held.text)
  transmitTo(m, wg, peer, message, isKeepalive ? 0 : ecnOf(held))
  m.lineage = lineage
  authenticated(m, wg, peer)
  authenticatedSent(m, wg, peer)
  if (!isKeepalive) dataSent(m, wg, peer, session)
  keepFreshSending(m, wg, peer)
}

function sealText(wg: Wireguard, session: Session, text: Uint8Array): Uint8Array {
  const whole = Math.ceil(text.length / 16) * 16
  const padded = new Uint8Array(Math.max(text.length, Math.min(whole, wg.mtu)))
  padded.set(text)
  const counter = session.sent++
  const sealed = sealAead(session.sending, counter, padded)
  const message = new Uint8Array(DATA.text + sealed.length)
  writeU32(message, 0, MessageType.DATA)
  writeU32(message, DATA.receiver, session.peerIndex)
  new DataView(message.buffer).setBigUint64(DATA.counter, counter, true)
  message.set(sealed, DATA.text)
  return message
}

function ecnOf({ text, family }: HeldText): number {
  return family === 4 ? ipv4.ecn(text, 0) : ipv6.ecn(text, 0)
}
