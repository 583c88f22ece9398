/**
 * Macs and cookies of handshake messages received (WG-7 to WG-11, WG-15).
 *
 * @module
 */
import {
  hash,
  keyedMac,
  openXaead,
  sameOctets,
  sealXaead,
  takeSecret,
  withOctets,
} from '../packet/wireguard-crypto.js'
import { isIpv6, writeIpv4, writeIpv6, type Ip, type Ipv6 } from '../packet/address.js'
import { setU16 } from '../packet/bytes.js'
import type { Machine } from './machine.js'
import { SECOND } from './wireguard-events.js'
import { COOKIE, MAC_LENGTH, MessageType, readU32, writeU32 } from './wireguard-message.js'
import { fieldOf } from './wireguard-noise.js'
import { draw } from './wireguard-seed.js'
import type { Endpoint, Peer, Wireguard } from './wireguard-state.js'
import { asNobody, HANDSHAKE_TOS, mac1KeyOf, transmit } from './wireguard-transmit.js'

const LABEL_COOKIE = new TextEncoder().encode('cookie--')
const SECRET_FOR = 120n * SECOND
const MILLISECOND = 1_000_000n
const MOST_CREDIT = 250n * MILLISECOND
const COST = 50n * MILLISECOND
const MOST_SOURCES = 8192

function cookieKeyOf(publicKey: Uint8Array): Uint8Array {
  return hash(LABEL_COOKIE, publicKey)
}

/** WG-7 to WG-11 of an initiation or response from `source`; false behind its fate. */
export function checkMacs(m: Machine, wg: Wireguard, source: Endpoint, message: Uint8Array): boolean {
  const mac1At = message.length - 2 * MAC_LENGTH
  const expected = keyedMac(mac1KeyOf(wg.publicKey), message.subarray(0, mac1At))
  const isRight = sameOctets(expected, fieldOf(message, mac1At, MAC_LENGTH))
  m.trace?.step('WG-7', wg.id, isRight ? 'mac1 is right' : 'mac1 is wrong')
  if (!isRight) {
    m.fate('wireguard-mac1')
    return false
  }
  const isUnderLoad = countLoad(m, wg)
  m.trace?.step('WG-8', wg.id, isUnderLoad ? 'under load' : 'not under load')
  if (m.seed === undefined && (isUnderLoad || readU32(message, 0) === MessageType.INITIATION)) {
    m.trace?.step('WG-4', wg.id, 'no seed yet')
    m.fate('wireguard-unready')
    return false
  }
  return !isUnderLoad || (checkCookie(m, wg, source, message) && checkRate(m, wg, source.address))
}

/** WG-8 */
function countLoad(m: Machine, wg: Wireguard): boolean {
  const second = m.now / SECOND
  const { load } = wg.state
  if (load.second !== second) {
    const before = load.second === second - 1n ? load.count : 0
    wg.state.load = { second, count: 0, before }
  }
  wg.state.load.count++
  return wg.state.load.count > wg.loadLimit || wg.state.load.before > wg.loadLimit
}

/** WG-9 */
function cookieOf(m: Machine, wg: Wireguard, { address, port }: Endpoint): Uint8Array {
  const { state } = wg
  const isNew = state.secret === undefined || m.now - state.secret.born >= SECRET_FOR
  m.trace?.step('WG-9', wg.id, isNew ? 'a new secret' : 'the secret')
  if (isNew) state.secret = { value: takeSecret(draw(m, wg, 32)), born: m.now }
  const length = isIpv6(address) ? 16 : 4
  const source = new Uint8Array(length + 2)
  if (isIpv6(address)) writeIpv6(source, 0, address)
  else writeIpv4(source, 0, address)
  setU16(source, length, port)
  return withOctets(state.secret!.value, (secret) => keyedMac(secret, source))
}

/** WG-10 */
function checkCookie(m: Machine, wg: Wireguard, source: Endpoint, message: Uint8Array): boolean {
  const cookie = cookieOf(m, wg, source)
  const mac2At = message.length - MAC_LENGTH
  const expected = keyedMac(cookie, message.subarray(0, mac2At))
  const isRight = sameOctets(expected, fieldOf(message, mac2At, MAC_LENGTH))
  m.trace?.step('WG-10', wg.id, isRight ? 'mac2 is right' : 'no mac2, a cookie is sent')
  if (isRight) return true
  m.fate('wireguard-under-load')
  const nonce = draw(m, wg, 24)
  const mac1 = fieldOf(message, mac2At - MAC_LENGTH, MAC_LENGTH)
  const reply = new Uint8Array(COOKIE.length)
  writeU32(reply, 0, MessageType.COOKIE)
  // The sender index of both kinds of messages.
  writeU32(reply, COOKIE.receiver, readU32(message, 4))
  reply.set(nonce, COOKIE.nonce)
  reply.set(sealXaead(cookieKeyOf(wg.publicKey), nonce, cookie, mac1), COOKIE.cookie)
  asNobody(m, () => transmit(m, wg, source, reply, HANDSHAKE_TOS))
  return false
}

/** WG-11 */
function checkRate(m: Machine, wg: Wireguard, address: Ip): boolean {
  const { credits } = wg.state
  const source = isIpv6(address) ? ((address >> 64n) as Ipv6) : address
  const known = credits.get(source) ?? { credit: MOST_CREDIT, at: m.now }
  const isKept = credits.has(source) || makeRoom(m, credits)
  const credit = creditNow(m, known)
  const isEnough = isKept && credit >= COST
  m.trace?.step('WG-11', wg.id, isEnough ? 'the source has credit' : 'the source has no credit')
  if (isKept) credits.set(source, { credit: isEnough ? credit - COST : credit, at: m.now })
  if (!isEnough) m.fate('wireguard-rate-limited')
  return isEnough
}

function creditNow(m: Machine, { credit, at }: { readonly credit: bigint; readonly at: bigint }): bigint {
  const gained = credit + m.now - at
  return gained > MOST_CREDIT ? MOST_CREDIT : gained
}

/** Room for one more source, those with full credit being forgotten for it. */
function makeRoom(m: Machine, credits: Wireguard['state']['credits']): boolean {
  if (credits.size < MOST_SOURCES) return true
  for (const [source, known] of credits) if (creditNow(m, known) === MOST_CREDIT) credits.delete(source)
  return credits.size < MOST_SOURCES
}

/** WG-15: a cookie reply for a peer. */
export function receiveCookie(m: Machine, wg: Wireguard, message: Uint8Array): void {
  const peer = wg.indexes.get(readU32(message, COOKIE.receiver))
  if (peer === undefined) {
    m.trace?.step('WG-15', wg.id, 'no handshake or session of this index')
    m.fate('wireguard-index-unknown')
    return
  }
  const cookie = openCookie(peer, message)
  m.trace?.step('WG-15', wg.id, cookie === undefined ? 'does not open' : 'a cookie')
  if (cookie === undefined) {
    m.fate('wireguard-cookie-invalid')
    return
  }
  m.fate('wireguard-cookie')
  peer.state.cookie = { value: takeSecret(cookie), at: m.now }
  peer.state.mac1 = undefined
}

function openCookie({ publicKey, state }: Peer, message: Uint8Array): Uint8Array | undefined {
  if (state.mac1 === undefined) return undefined
  const nonce = fieldOf(message, COOKIE.nonce, 24)
  return openXaead(cookieKeyOf(publicKey), nonce, message.subarray(COOKIE.cookie), state.mac1)
}
