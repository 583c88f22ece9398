/**
 * Timers of peers (WG-30).
 *
 * @module
 */
import type { Machine } from './machine.js'
import { KEEPALIVE_AFTER, ZERO_AFTER } from './wireguard-events.js'
import { initiate, initiateAfresh } from './wireguard-initiate.js'
import { endAllHeld, sendKeepalive } from './wireguard-send.js'
import { endSessions } from './wireguard-session.js'
import type { Peer, Timers, Wireguard } from './wireguard-state.js'

const MOST_ATTEMPTS = 18

/** WG-30: what is due by now. Before the first seed nothing is done, and stays due. */
export function wireguardClock(m: Machine): void {
  if (m.seed === undefined) return
  for (const wg of m.config.wireguards) for (const peer of wg.peers.values()) runTimers(m, wg, peer)
}

/** In their order; each is looked at when those before have acted. */
const ACTIONS: readonly (readonly [keyof Timers, (m: Machine, wg: Wireguard, peer: Peer) => void])[] = [
  ['zeroing', zero],
  ['retransmission', retransmit],
  ['newHandshake', startAnew],
  ['keepalive', keepAlive],
  ['persistent', sendKeepalive],
]

function runTimers(m: Machine, wg: Wireguard, peer: Peer): void {
  const { timers } = peer.state
  for (const [name, act] of ACTIONS) {
    const due = timers[name]
    if (due === undefined || due > m.now) continue
    m.trace?.step('WG-30', wg.id, name)
    timers[name] = undefined
    act(m, wg, peer)
  }
}

function zero(m: Machine, wg: Wireguard, peer: Peer): void {
  m.trace?.step('WG-34', wg.id, 'keys of sessions and handshake are given up')
  endSessions(wg, peer)
  m.writes++
}

function retransmit(m: Machine, wg: Wireguard, peer: Peer): void {
  const { state } = peer
  if (state.attempts > MOST_ATTEMPTS) {
    m.trace?.step('WG-30', wg.id, 'the peer does not answer')
    state.timers.keepalive = undefined
    endAllHeld(m, peer, 'wireguard-unanswered')
    state.timers.zeroing ??= m.now + ZERO_AFTER
    return
  }
  state.attempts++
  forgetOwnAddress(peer)
  initiate(m, wg, peer)
}

function startAnew(m: Machine, wg: Wireguard, peer: Peer): void {
  forgetOwnAddress(peer)
  initiateAfresh(m, wg, peer)
}

function forgetOwnAddress({ state }: Peer): void {
  if (state.endpoint !== undefined) state.endpoint = { ...state.endpoint, own: undefined }
}

function keepAlive(m: Machine, wg: Wireguard, peer: Peer): void {
  const { state } = peer
  sendKeepalive(m, wg, peer)
  if (!state.anotherKeepalive) return
  state.anotherKeepalive = false
  state.timers.keepalive = m.now + KEEPALIVE_AFTER
}
