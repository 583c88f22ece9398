/**
 * What events do to a peer's timers (WG-29).
 *
 * @module
 */
import type { Machine } from './machine.js'
import { delayBy, wallTime } from './wireguard-seed.js'
import type { Peer, Session, Wireguard } from './wireguard-state.js'

export const SECOND = 1_000_000_000n
/** After which sessions are gone. */
export const ZERO_AFTER = 540n * SECOND
/** Between two handshakes sent, and until one is sent again. */
export const REKEY_TIMEOUT = 5n * SECOND
/** After which an answer to what was received is due. */
export const KEEPALIVE_AFTER = 10n * SECOND

export function dataSent(m: Machine, wg: Wireguard, { state: { timers } }: Peer, session: Session): void {
  if (timers.newHandshake !== undefined) return
  m.trace?.step('WG-29', wg.id, 'data sent: an answer is expected')
  timers.newHandshake = m.now + KEEPALIVE_AFTER + REKEY_TIMEOUT + delayBy(session.index)
}

export function dataReceived(m: Machine, wg: Wireguard, { state }: Peer): void {
  m.trace?.step('WG-29', wg.id, 'data received: a keepalive is due')
  if (state.timers.keepalive === undefined) state.timers.keepalive = m.now + KEEPALIVE_AFTER
  else state.anotherKeepalive = true
}

export function authenticatedSent(m: Machine, wg: Wireguard, { state: { timers } }: Peer): void {
  m.trace?.step('WG-29', wg.id, 'authenticated packet sent: no keepalive is due')
  timers.keepalive = undefined
}

export function authenticatedReceived(m: Machine, wg: Wireguard, { state: { timers } }: Peer): void {
  m.trace?.step('WG-29', wg.id, 'authenticated packet received: the peer answers')
  timers.newHandshake = undefined
}

/** Sent or received. */
export function authenticated(m: Machine, wg: Wireguard, peer: Peer): void {
  if (peer.persistentKeepalive === undefined) return
  m.trace?.step('WG-29', wg.id, 'authenticated packet: the next persistent keepalive')
  peer.state.timers.persistent = m.now + BigInt(peer.persistentKeepalive) * SECOND
}

export function sessionMade(m: Machine, wg: Wireguard, { state: { timers } }: Peer): void {
  m.trace?.step('WG-29', wg.id, 'session made: zeroing in 540 s')
  timers.zeroing = m.now + ZERO_AFTER
}

export function handshakeComplete(m: Machine, wg: Wireguard, { state }: Peer): void {
  m.trace?.step('WG-29', wg.id, 'handshake complete')
  state.timers.retransmission = undefined
  state.attempts = 0
  state.refreshed = false
  state.latestHandshake = wallTime(m)
}
