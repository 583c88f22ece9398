/**
 * Sessions of a peer, and whose an index is (WG-18, WG-20).
 *
 * @module
 */
import type { Machine } from './machine.js'
import type { Handshake, Peer, Session, Wireguard } from './wireguard-state.js'
import { ReplayWindow } from './wireguard-window.js'
import type { Transcript } from './wireguard-noise.js'

const SLOTS = ['previous', 'current', 'next'] as const

/** Sessions of a peer in order, with their roles. */
export function sessionsOf(
  peer: Peer,
): { readonly role: (typeof SLOTS)[number]; readonly session: Session }[] {
  return SLOTS.flatMap((role) => {
    const session = peer.state[role]
    return session === undefined ? [] : [{ role, session }]
  })
}

/** The session of an index. */
export function sessionAt(
  wg: Wireguard,
  index: number,
): { readonly peer: Peer; readonly session: Session } | undefined {
  const peer = wg.indexes.get(index)
  const found = peer && sessionsOf(peer).find(({ session }) => session.index === index)
  return found && { peer, session: found.session }
}

/** The handshake begun here of an index. */
export function handshakeAt(
  wg: Wireguard,
  index: number,
): { readonly peer: Peer; readonly handshake: Handshake } | undefined {
  const peer = wg.indexes.get(index)
  const handshake = peer?.state.handshake
  return peer !== undefined && handshake?.index === index ? { peer, handshake } : undefined
}

/** A handshake begun here is over; its index is free. */
export function endHandshake(wg: Wireguard, { state }: Peer): void {
  if (state.handshake === undefined) return
  wg.indexes.delete(state.handshake.index)
  state.handshake = undefined
}

/** Forgets sessions and handshake (WG-30, WG-33). */
export function endSessions(wg: Wireguard, peer: Peer): void {
  endHandshake(wg, peer)
  for (const role of SLOTS) end(wg, peer, role)
}

function end(wg: Wireguard, { state }: Peer, role: (typeof SLOTS)[number]): void {
  const session = state[role]
  if (session === undefined) return
  wg.indexes.delete(session.index)
  state[role] = undefined
}

/** WG-18: a session comes of a handshake, whose index it takes over. */
export function addSession(
  m: Machine,
  wg: Wireguard,
  peer: Peer,
  transcript: Transcript,
  made: { readonly index: number; readonly peerIndex: number; readonly isInitiator: boolean },
): void {
  const [there, back] = transcript.split()
  const session: Session = {
    ...made,
    born: m.now,
    sending: made.isInitiator ? there : back,
    receiving: made.isInitiator ? back : there,
    sent: 0n,
    window: new ReplayWindow(),
  }
  m.trace?.step('WG-19', wg.id, 'counters begin at 0')
  m.trace?.step('WG-18', wg.id, made.isInitiator ? 'a new current session' : 'a new next session')
  if (made.isInitiator) placeCurrent(wg, peer, session)
  else placeNext(wg, peer, session)
  wg.indexes.set(session.index, peer)
  m.writes++
}

function placeCurrent(wg: Wireguard, peer: Peer, session: Session): void {
  const { state } = peer
  end(wg, peer, 'previous')
  if (state.next === undefined) {
    state.previous = state.current
  } else {
    state.previous = state.next
    state.next = undefined
    end(wg, peer, 'current')
  }
  state.current = session
}

function placeNext(wg: Wireguard, peer: Peer, session: Session): void {
  end(wg, peer, 'previous')
  end(wg, peer, 'next')
  peer.state.next = session
}

/** WG-17: the peer uses the session that waited for it; true when it was that one. */
export function confirm(m: Machine, wg: Wireguard, peer: Peer, session: Session): boolean {
  const { state } = peer
  if (state.next !== session) return false
  m.trace?.step('WG-17', wg.id, 'the next session is current')
  end(wg, peer, 'previous')
  state.previous = state.current
  state.current = session
  state.next = undefined
  m.writes++
  return true
}
