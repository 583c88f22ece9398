/**
 * WireGuard messages received (WG-2, WG-5, WG-6, WG-16, WG-17).
 *
 * @module
 */
import * as ethernet from '../packet/ethernet.js'
import * as ipv4 from '../packet/ipv4.js'
import * as ipv6 from '../packet/ipv6.js'
import * as udp from '../packet/udp.js'
import { openAead } from '../packet/wireguard-crypto.js'
import { readIpv4, readIpv6, type Ip } from '../packet/address.js'
import { u16, u8 } from '../packet/bytes.js'
import type { Port, Vrf } from './config.js'
import { newFrame } from './frame-memory.js'
import type { Machine } from './machine.js'
import {
  DESTINATION,
  ipv4End,
  ipv4HeaderLength,
  IPV6_HEADER,
  ipv6End,
  isIpv4Fragment,
  L3_OFFSET,
  soundEnd,
  SOURCE,
} from './parse.js'
import { whole } from './tunnelled-frame.js'
import { authenticated, authenticatedReceived, dataReceived, handshakeComplete } from './wireguard-events.js'
import { receiveInitiation, receiveResponse, setEndpoint } from './wireguard-handshake.js'
import { keepFreshReceiving } from './wireguard-initiate.js'
import { checkMacs, receiveCookie } from './wireguard-macs.js'
import { DATA, MessageType, readU32, typeOf } from './wireguard-message.js'
import { REJECT_AFTER_TIME, sendHeld } from './wireguard-send.js'
import { confirm, sessionAt } from './wireguard-session.js'
import type { Endpoint, Peer, Wireguard } from './wireguard-state.js'

const ETHERTYPE = { 4: ethernet.EtherType.IPV4, 6: ethernet.EtherType.IPV6 } as const

/** A packet that is WireGuard for this node. */
interface Outer {
  readonly frame: Uint8Array
  readonly family: 4 | 6
  /** Where it ends in `frame`. */
  readonly end: number
}

/** WG-2: a frame on the port below. */
export function receiveBelow(m: Machine, wg: Wireguard, port: Port, frame: Uint8Array): void {
  const outer = ethernet.dst(frame, 0) === port.mac ? outerOf(frame) : undefined
  if (outer === undefined || !isForLink(wg, outer)) {
    m.trace?.step('WG-2', wg.id, 'clear frame on a sealed port')
    m.fate('wireguard-clear')
    return
  }
  m.trace?.step('WG-2', wg.id, 'WireGuard')
  receiveWireguard(m, wg, outer)
}

function outerOf(frame: Uint8Array): Outer | undefined {
  const etherType = u16(frame, 12)
  if (etherType !== ETHERTYPE[4] && etherType !== ETHERTYPE[6]) return undefined
  const family = etherType === ETHERTYPE[4] ? 4 : 6
  const end = soundEnd(frame, family)
  return end === 0 ? undefined : { frame, family, end }
}

function isForLink(wg: Wireguard, outer: Outer): boolean {
  const destination = addressAt(outer, DESTINATION[outer.family])
  if (destination !== wg.local4 && destination !== wg.local6) return false
  return isUdp(outer) && udp.dstPort(outer.frame, udpOffset(outer)) === wg.listenPort
}

function addressAt({ frame, family }: Outer, at: number): Ip {
  return family === 4 ? readIpv4(frame, at) : readIpv6(frame, at)
}

function udpOffset({ frame, family }: Outer): number {
  return L3_OFFSET + (family === 4 ? ipv4HeaderLength(frame) : IPV6_HEADER)
}

/** No fragment, and 8 octets of UDP at least. */
function isUdp(outer: Outer): boolean {
  const { frame, family, end } = outer
  if (u8(frame, L3_OFFSET + (family === 4 ? 9 : 6)) !== ipv4.Protocol.UDP) return false
  if (family === 4 && isIpv4Fragment(frame)) return false
  return udpOffset(outer) + udp.HEADER_LENGTH <= end
}

/** WG-5: whose a packet to an own address of a VRF is, `undefined` when it is no WireGuard for this node. */
export function wireguardFor(m: Machine, vrf: Vrf, outer: Outer): Wireguard | undefined {
  const { wireguards } = m.config
  if (wireguards.length === 0 || !isUdp(outer)) return undefined
  const port = udp.dstPort(outer.frame, udpOffset(outer))
  return wireguards.find((wg) => wg.underlay === vrf && wg.listenPort === port)
}

/** WG-6: a packet that WG-2 or WG-5 found to be for `wg`. */
export function receiveWireguard(m: Machine, wg: Wireguard, outer: Outer): void {
  const { end } = outer
  const frame = whole(outer.frame)
  const at = udpOffset(outer)
  const length = udp.length(frame, at)
  if (length < udp.HEADER_LENGTH || at + length > end) {
    m.trace?.step('WG-6', wg.id, `UDP length ${length}`)
    m.fate('udp-length')
    return
  }
  if (!isUdpChecksumRight(outer, at)) {
    m.trace?.step('WG-6', wg.id, 'UDP checksum')
    m.fate('udp-checksum')
    return
  }
  const message = frame.subarray(at + udp.HEADER_LENGTH, at + length)
  const type = typeOf(message)
  m.trace?.step('WG-6', wg.id, type === undefined ? 'no message' : `a message of type ${type}`)
  if (type === undefined) {
    m.fate('wireguard-malformed')
    return
  }
  dispatch(m, wg, outer, message, type)
}

function isUdpChecksumRight({ frame, family }: Outer, at: number): boolean {
  if (udp.checksum(frame, at) === 0) return family === 4
  return family === 4
    ? udp.checksumOkOverIpv4(frame, at, SOURCE[4])
    : udp.checksumOkOverIpv6(frame, at, SOURCE[6], DESTINATION[6])
}

function dispatch(m: Machine, wg: Wireguard, outer: Outer, message: Uint8Array, type: 1 | 2 | 3 | 4): void {
  const source: Endpoint = {
    address: addressAt(outer, SOURCE[outer.family]),
    port: udp.srcPort(outer.frame, udpOffset(outer)),
    own: addressAt(outer, DESTINATION[outer.family]),
  }
  if (type === MessageType.COOKIE) {
    receiveCookie(m, wg, message)
  } else if (type === MessageType.DATA) {
    receiveData(m, wg, source, message, outer)
  } else if (checkMacs(m, wg, source, message)) {
    if (type === MessageType.INITIATION) receiveInitiation(m, wg, source, message)
    else receiveResponse(m, wg, source, message)
  }
}

/** WG-16 */
function receiveData(m: Machine, wg: Wireguard, source: Endpoint, message: Uint8Array, outer: Outer): void {
  const found = sessionAt(wg, readU32(message, DATA.receiver))
  if (found === undefined) {
    m.trace?.step('WG-16', wg.id, 'no session of this index')
    m.fate('wireguard-index-unknown')
    return
  }
  const { peer, session } = found
  if (m.now - session.born >= REJECT_AFTER_TIME) {
    m.trace?.step('WG-16', wg.id, 'the session is too old')
    m.fate('wireguard-key-expired')
    return
  }
  const counter = new DataView(message.buffer, message.byteOffset).getBigUint64(DATA.counter, true)
  const text = openAead(session.receiving, counter, message.subarray(DATA.text))
  if (text === undefined) {
    m.trace?.step('WG-16', wg.id, 'does not open')
    m.fate('wireguard-auth')
    return
  }
  const isNew = session.window.accept(counter)
  m.trace?.step('WG-16', wg.id, isNew ? `counter ${counter}` : `counter ${counter} is not new`)
  if (!isNew) {
    m.fate('wireguard-replay')
    return
  }
  m.accepted++
  peer.state.rx += message.length
  setEndpoint(m, wg, peer, source)
  if (confirm(m, wg, peer, session)) {
    handshakeComplete(m, wg, peer)
    sendHeld(m, wg, peer)
  }
  keepFreshReceiving(m, wg, peer)
  authenticatedReceived(m, wg, peer)
  authenticated(m, wg, peer)
  receiveText(m, wg, peer, text, outer)
}

/** WG-17, from where the text is looked at. */
function receiveText(m: Machine, wg: Wireguard, peer: Peer, text: Uint8Array, outer: Outer): void {
  if (text.length === 0) {
    m.trace?.step('WG-17', wg.id, 'a keepalive')
    m.fate('wireguard-keepalive')
    return
  }
  dataReceived(m, wg, peer)
  const inner = innerOf(wg, text)
  if (inner === undefined) {
    m.trace?.step('WG-17', wg.id, 'no packet inside')
    m.fate('wireguard-inner-invalid')
    return
  }
  const { frame, family } = inner
  if ((family === 4 ? wg.allowed4 : wg.allowed6).lookup(frame, SOURCE[family]) !== peer) {
    m.trace?.step('WG-17', wg.id, "the source is not this peer's")
    m.fate('wireguard-source-not-allowed')
    return
  }
  carryEcn(m, wg, outer, frame, family)
  if (frame.length - L3_OFFSET > wg.mtu) {
    m.trace?.step('WG-17', wg.id, `${frame.length - L3_OFFSET} octets, MTU ${wg.mtu}`)
    m.fate('frame-oversize')
    return
  }
  m.trace?.step('WG-17', wg.id, `a packet of ${frame.length - L3_OFFSET} octets`)
  m.upper.receiveOpened(m, wg, frame, family)
}

/** The packet that a text is, cut to its length, behind the Ethernet header of PUNT-1. */
function innerOf(
  wg: Wireguard,
  text: Uint8Array,
): { readonly frame: Uint8Array; readonly family: 4 | 6 } | undefined {
  const version = u8(text, 0) >>> 4
  if (version !== 4 && version !== 6) return undefined
  const frame = newFrame(L3_OFFSET + text.length)
  frame.set(text, L3_OFFSET)
  const end = version === 4 ? ipv4End(frame) : ipv6End(frame)
  if (end === 0) return undefined
  ethernet.write(frame, 0, wg.mac, wg.peerMac, ETHERTYPE[version])
  return { frame: frame.subarray(0, end), family: version }
}

/** WG-17: congestion that the outer header tells of. */
function carryEcn(m: Machine, wg: Wireguard, outer: Outer, inner: Uint8Array, family: 4 | 6): void {
  const { ECT0, ECT1, CE } = ipv4.Ecn
  const marked = outer.family === 4 ? ipv4.ecn(outer.frame, L3_OFFSET) : ipv6.ecn(outer.frame, L3_OFFSET)
  const before = family === 4 ? ipv4.ecn(inner, L3_OFFSET) : ipv6.ecn(inner, L3_OFFSET)
  if (marked !== CE || (before !== ECT0 && before !== ECT1)) return
  m.trace?.step('WG-17', wg.id, 'outer CE, inner becomes CE')
  if (family === 4) ipv4.setEcn(inner, L3_OFFSET, CE)
  else ipv6.setEcn(inner, L3_OFFSET, CE)
}
