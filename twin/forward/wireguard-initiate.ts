/**
 * Beginning a handshake (WG-27, WG-28).
 *
 * @module
 */
import { privateKeyOf } from '../packet/wireguard-crypto.js'
import type { Machine } from './machine.js'
import { authenticated, authenticatedSent, REKEY_TIMEOUT, SECOND } from './wireguard-events.js'
import { makeInitiation } from './wireguard-noise.js'
import { delayBy, draw, drawIndex, wallTime } from './wireguard-seed.js'
import { endHandshake } from './wireguard-session.js'
import type { Peer, Wireguard } from './wireguard-state.js'
import { asNobody, HANDSHAKE_TOS, transmitTo, writeMacs } from './wireguard-transmit.js'

const REKEY_AFTER = 120n * SECOND
const REKEY_AFTER_MESSAGES = 1n << 60n
const REFRESH_AFTER = 165n * SECOND
/** 2^62 + 10, which TAI64 begins with in 1970. */
const TAI_EPOCH = (1n << 62n) + 10n
/** Of nanoseconds, so that timestamps tell little of a clock. */
const TIMESTAMP_STEP = 1n << 24n

/** Somebody wants a session anew: attempts are counted from 0. */
export function initiateAfresh(m: Machine, wg: Wireguard, peer: Peer): void {
  peer.state.attempts = 0
  initiate(m, wg, peer)
}

/** WG-27: sends an initiation, unless a handshake was sent just before. */
export function initiate(m: Machine, wg: Wireguard, peer: Peer): void {
  const { state } = peer
  if (m.seed === undefined) return
  if (
    state.endpoint === undefined ||
    (state.lastSent !== undefined && m.now - state.lastSent < REKEY_TIMEOUT)
  ) {
    const why = state.endpoint === undefined ? 'no endpoint' : 'a handshake was sent less than 5 s ago'
    m.trace?.step('WG-27', wg.id, why)
    return
  }
  endHandshake(wg, peer)
  const index = drawIndex(m, wg)
  const ephemeral = drawPrivateKey(m, wg)
  state.lastSent = m.now
  const { publicKey } = wg
  const of = { ephemeral, publicKey, responder: peer.publicKey, shared: peer.shared }
  const made = makeInitiation(of, index, timestampOf(wallTime(m)))
  m.trace?.step('WG-27', wg.id, made === undefined ? 'the key of the peer is none' : 'an initiation')
  if (made === undefined) return
  state.handshake = { index, ephemeral, ...made.transcript.keep() }
  wg.indexes.set(index, peer)
  writeMacs(m, wg, peer, made.message)
  authenticated(m, wg, peer)
  authenticatedSent(m, wg, peer)
  asNobody(m, () => transmitTo(m, wg, peer, made.message, HANDSHAKE_TOS))
  state.timers.retransmission = m.now + REKEY_TIMEOUT + delayBy(index)
}

/** A draw as the private key of an exchange. */
export function drawPrivateKey(m: Machine, wg: Wireguard): ReturnType<typeof privateKeyOf> {
  const octets = draw(m, wg, 32)
  const key = privateKeyOf(octets)
  octets.fill(0)
  return key
}

/** TAI64N, its nanoseconds floored. */
function timestampOf(wall: bigint): Uint8Array {
  const octets = new Uint8Array(12)
  const view = new DataView(octets.buffer)
  const nanoseconds = wall % SECOND
  view.setBigUint64(0, TAI_EPOCH + wall / SECOND)
  view.setUint32(8, Number(nanoseconds - (nanoseconds % TIMESTAMP_STEP)))
  return octets
}

/** WG-28, sending. */
export function keepFreshSending(m: Machine, wg: Wireguard, peer: Peer): void {
  const { current } = peer.state
  if (current === undefined) return
  const isOld = current.isInitiator && m.now - current.born >= REKEY_AFTER
  if (!isOld && current.sent <= REKEY_AFTER_MESSAGES) return
  m.trace?.step('WG-28', wg.id, 'a fresh key, for what is sent')
  initiateAfresh(m, wg, peer)
}

/** WG-28, receiving. */
export function keepFreshReceiving(m: Machine, wg: Wireguard, peer: Peer): void {
  const { state } = peer
  const { current } = state
  if (state.refreshed || current === undefined || !current.isInitiator) return
  if (m.now - current.born < REFRESH_AFTER) return
  m.trace?.step('WG-28', wg.id, 'a fresh key, for what is received')
  state.refreshed = true
  initiateAfresh(m, wg, peer)
}
