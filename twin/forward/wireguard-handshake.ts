/**
 * Handshake messages received whose macs are right (WG-12 to WG-14).
 *
 * @module
 */
import { toHex } from '../packet/bytes.js'
import type { Fate } from './fate.js'
import type { Machine } from './machine.js'
import { authenticated, authenticatedReceived, handshakeComplete, sessionMade } from './wireguard-events.js'
import { drawPrivateKey } from './wireguard-initiate.js'
import { INITIATION, readU32, RESPONSE } from './wireguard-message.js'
import { makeResponse, openResponse, openStatic, openTimestamp, type Transcript } from './wireguard-noise.js'
import { sendKeepalive } from './wireguard-send.js'
import { drawIndex } from './wireguard-seed.js'
import { addSession, endHandshake, handshakeAt } from './wireguard-session.js'
import type { Endpoint, Peer, Wireguard } from './wireguard-state.js'
import { asNobody, HANDSHAKE_TOS, transmitTo, writeMacs } from './wireguard-transmit.js'

/** Between two initiations of a peer. */
const INITIATION_EVERY = 20_000_000n

/** WG-22: the peer is where an authenticated packet came from. */
export function setEndpoint(m: Machine, wg: Wireguard, { state }: Peer, source: Endpoint): void {
  m.trace?.step('WG-22', wg.id, 'the endpoint is where this came from')
  state.endpoint = source
}

/** WG-12 */
export function receiveInitiation(m: Machine, wg: Wireguard, source: Endpoint, message: Uint8Array): void {
  const opened = openStatic(wg.privateKey, wg.publicKey, message)
  const peer = opened && wg.peers.get(toHex(opened.sender))
  const timestamp = peer && openTimestamp(opened.transcript, peer.shared, message)
  if (opened === undefined || peer === undefined || timestamp === undefined) {
    opened?.transcript.wipe()
    refuse(m, wg, 'wireguard-handshake-invalid', peer === undefined ? 'no peer' : 'does not open')
    return
  }
  const { state } = peer
  const isFlood = state.lastInitiation !== undefined && m.now - state.lastInitiation < INITIATION_EVERY
  if (isFlood || !isGreater(timestamp, state.timestamp)) {
    opened.transcript.wipe()
    refuse(m, wg, 'wireguard-handshake-replay', isFlood ? 'too soon' : 'not newer than the last')
    return
  }
  m.trace?.step('WG-12', wg.id, 'an initiation')
  m.fate('wireguard-handshake')
  state.timestamp = timestamp
  state.lastInitiation = m.now
  state.rx += message.length
  m.accepted++
  setEndpoint(m, wg, peer, source)
  respond(m, wg, peer, opened.transcript, message)
}

function refuse(m: Machine, wg: Wireguard, fate: Fate, why: string): void {
  m.trace?.step('WG-12', wg.id, why)
  m.fate(fate)
}

/** As numbers, most significant octet first. Timestamps are no secrets. */
function isGreater(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) > 0
}

/** WG-13 */
function respond(
  m: Machine,
  wg: Wireguard,
  peer: Peer,
  transcript: Transcript,
  initiation: Uint8Array,
): void {
  const index = drawIndex(m, wg)
  const ephemeral = drawPrivateKey(m, wg)
  const of = { ephemeral, initiator: peer.publicKey, presharedKey: peer.presharedKey }
  const message = makeResponse(transcript, initiation, of, index)
  m.trace?.step('WG-13', wg.id, message === undefined ? 'the ephemeral key is none' : 'a response')
  if (message === undefined) return
  writeMacs(m, wg, peer, message)
  const peerIndex = readU32(initiation, INITIATION.sender)
  addSession(m, wg, peer, transcript, { index, peerIndex, isInitiator: false })
  sessionMade(m, wg, peer)
  authenticatedReceived(m, wg, peer)
  authenticated(m, wg, peer)
  peer.state.lastSent = m.now
  asNobody(m, () => transmitTo(m, wg, peer, message, HANDSHAKE_TOS))
}

/** WG-14 */
export function receiveResponse(m: Machine, wg: Wireguard, source: Endpoint, message: Uint8Array): void {
  const begun = handshakeAt(wg, readU32(message, RESPONSE.receiver))
  if (begun === undefined) {
    m.trace?.step('WG-14', wg.id, 'no handshake of this index')
    m.fate('wireguard-index-unknown')
    return
  }
  const { peer, handshake } = begun
  const transcript = openResponse(handshake, wg.privateKey, peer.presharedKey, message)
  m.trace?.step('WG-14', wg.id, transcript === undefined ? 'does not open' : 'a response')
  if (transcript === undefined) {
    m.fate('wireguard-handshake-invalid')
    return
  }
  m.fate('wireguard-handshake')
  peer.state.rx += message.length
  m.accepted++
  setEndpoint(m, wg, peer, source)
  endHandshake(wg, peer)
  const peerIndex = readU32(message, RESPONSE.sender)
  addSession(m, wg, peer, transcript, { index: handshake.index, peerIndex, isInitiator: true })
  authenticatedReceived(m, wg, peer)
  authenticated(m, wg, peer)
  sessionMade(m, wg, peer)
  handshakeComplete(m, wg, peer)
  sendKeepalive(m, wg, peer)
}
