/**
 * WireGuard messages on their way out (WG-21, WG-23).
 *
 * @module
 */
import * as ipv4 from '../packet/ipv4.js'
import * as ipv6 from '../packet/ipv6.js'
import * as udp from '../packet/udp.js'
import { hash, keyedMac, withOctets } from '../packet/wireguard-crypto.js'
import { isIpv6, type Ip } from '../packet/address.js'
import { newFrame } from './frame-memory.js'
import type { Machine } from './machine.js'
import { sendTo } from './neighbour.js'
import { originate } from './originate.js'
import { DESTINATION, IPV4_HEADER, IPV6_HEADER, L3_OFFSET, SOURCE } from './parse.js'
import { SECOND } from './wireguard-events.js'
import { MAC_LENGTH } from './wireguard-message.js'
import type { Endpoint, Peer, Wireguard } from './wireguard-state.js'

/** TOS of initiation, response and cookie reply: AF41, as Linux has it. */
export const HANDSHAKE_TOS = 0x88
const COOKIE_USED_FOR = 115n * SECOND
const LABEL_MAC1 = new TextEncoder().encode('mac1----')

/** The key of mac1 for whoever has a public key (WG-7). */
export function mac1KeyOf(publicKey: Uint8Array): Uint8Array {
  return hash(LABEL_MAC1, publicKey)
}

/** WG-21: writes mac1 and mac2 at the end of a message to a peer. */
export function writeMacs(m: Machine, wg: Wireguard, { publicKey, state }: Peer, message: Uint8Array): void {
  const mac1At = message.length - 2 * MAC_LENGTH
  const mac1 = keyedMac(mac1KeyOf(publicKey), message.subarray(0, mac1At))
  message.set(mac1, mac1At)
  state.mac1 = mac1
  const { cookie } = state
  const isUsed = cookie !== undefined && m.now - cookie.at < COOKIE_USED_FOR
  m.trace?.step('WG-21', wg.id, isUsed ? 'mac1, and mac2 with the cookie' : 'mac1')
  if (!isUsed) return
  const mac2At = message.length - MAC_LENGTH
  message.set(
    withOctets(cookie.value, (octets) => keyedMac(octets, message.subarray(0, mac2At))),
    mac2At,
  )
}

/** WG-23: sends a message to a peer's endpoint. */
export function transmitTo(m: Machine, wg: Wireguard, peer: Peer, message: Uint8Array, tos: number): void {
  if (transmit(m, wg, peer.state.endpoint, message, tos)) peer.state.tx += message.length
}

/** WG-23: sends a message; false behind its fate when nobody knows from where or to where. */
export function transmit(
  m: Machine,
  wg: Wireguard,
  to: Endpoint | undefined,
  message: Uint8Array,
  tos: number,
): boolean {
  const from = to && (to.own ?? (isIpv6(to.address) ? wg.local6 : wg.local4))
  if (to === undefined || from === undefined) {
    m.trace?.step('WG-23', wg.id, to === undefined ? 'no endpoint' : 'no address of its family')
    m.fate('wireguard-no-endpoint')
    return false
  }
  const family = isIpv6(to.address) ? 6 : 4
  const frame = outerOf(wg, from, to, message, tos)
  m.trace?.step('WG-23', wg.id, `a message of ${message.length} octets`)
  m.trace?.step('WG-1', wg.id, wg.lower === undefined ? 'in the underlay VRF' : 'on the port below')
  if (wg.lower === undefined) {
    // A program has one of the two (WG-1).
    if (wg.underlay !== undefined) originate(m, wg.underlay, frame, family)
  } else if (frame.length - L3_OFFSET > wg.lower.mtu) {
    m.fate('mtu-exceeded')
  } else {
    sendTo(m, wg.lower, to.address, { frame, family, receivedOn: undefined })
  }
  return true
}

function outerOf(wg: Wireguard, from: Ip, to: Endpoint, message: Uint8Array, tos: number): Uint8Array {
  const family = isIpv6(to.address) ? 6 : 4
  const at = L3_OFFSET + (family === 4 ? IPV4_HEADER : IPV6_HEADER)
  const length = udp.HEADER_LENGTH + message.length
  const frame = newFrame(at + length)
  writeIp(frame, wg, from, to.address, tos)
  udp.write(frame, at, wg.listenPort, to.port, length)
  frame.set(message, at + udp.HEADER_LENGTH)
  if (family === 4) udp.updateChecksumOverIpv4(frame, at, SOURCE[4])
  else udp.updateChecksumOverIpv6(frame, at, SOURCE[6], DESTINATION[6])
  return frame
}

function writeIp(frame: Uint8Array, wg: Wireguard, src: Ip, dst: Ip, tos: number): void {
  const { UDP } = ipv4.Protocol
  if (!isIpv6(src) && !isIpv6(dst)) {
    const totalLength = frame.length - L3_OFFSET
    ipv4.write(frame, L3_OFFSET, { tos, totalLength, id: 0, df: wg.df, ttl: wg.ttl, protocol: UDP, src, dst })
  } else if (isIpv6(src) && isIpv6(dst)) {
    const payloadLength = frame.length - L3_OFFSET - IPV6_HEADER
    ipv6.write(frame, L3_OFFSET, {
      trafficClass: tos,
      flowLabel: 0,
      payloadLength,
      nextHeader: UDP,
      hopLimit: wg.ttl,
      src,
      dst,
    })
  }
}

/** Does what is nobody's frame: handshakes and keepalives have no lineage. */
export function asNobody(m: Machine, act: () => void): void {
  const { lineage } = m
  m.lineage = 0
  act()
  m.lineage = lineage
}
