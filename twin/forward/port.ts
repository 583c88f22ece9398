/**
 * Frames received on ports and from their TAPs (sections 2 and 4).
 *
 * @module
 */
import * as ethernet from '../packet/ethernet.js'
import { u16, u8 } from '../packet/bytes.js'
import { enterBridge } from './bridge.js'
import type { Port, Vrf } from './config.js'
import type { Machine } from './machine.js'
import { receiveSealed } from './macsec-receive.js'
import type { Macsec } from './macsec-state.js'
import { isLinkLocalAt } from './own-address.js'
import { DESTINATION, L3_OFFSET, wellFormedEnd } from './parse.js'
import { route } from './route.js'
import { punt, send } from './send.js'
import { TunnelledFrame, whole, type LazyFrame } from './tunnelled-frame.js'
import { receiveBelow } from './wireguard-receive.js'
import type { Wireguard } from './wireguard-state.js'
import { receiveFromTap } from './wireguard-tap.js'

/** PARSE-1, PARSE-2, PORT-1, PORT-6: a frame was received on a port. */
export function receive(m: Machine, port: Port, frame: Uint8Array | LazyFrame): void {
  if (m.withoutCarrier.has(port.id)) {
    m.trace?.step('PORT-6', port.id, 'without carrier nothing is received')
    return
  }
  if (frame.length < L3_OFFSET) {
    m.trace?.step('PARSE-1', port.id, `${frame.length} octets`)
    m.fate('frame-truncated')
    return
  }
  if (frame.length - L3_OFFSET > port.mtu) {
    m.trace?.step('PARSE-2', port.id, `${frame.length} octets, MTU ${port.mtu}`)
    m.fate('frame-oversize')
    return
  }
  if (port.upper !== undefined) {
    receiveOnUpper(m, port, port.upper, frame)
    return
  }
  const bytes = octetsOf(frame)
  if (port.bridge !== undefined) {
    m.trace?.step('PORT-1', port.id, `to bridge ${port.bridge.name}`)
    enterBridge(m, port.bridge, port, undefined, whole(bytes))
  } else if (port.vrf !== undefined) {
    m.trace?.step('PORT-1', port.id, `to VRF ${port.vrf.name}`)
    receiveRouted(m, port, port.vrf, bytes)
  }
}

/** The octets of a frame, what was left out of a tunnelled one still not there. */
function octetsOf(frame: Uint8Array | LazyFrame): Uint8Array {
  if (frame instanceof Uint8Array) return frame
  return frame instanceof TunnelledFrame ? frame.bytes : frame.frame
}

/** PORT-1 */
function receiveOnUpper(
  m: Machine,
  port: Port,
  upper: Macsec | Wireguard,
  frame: Uint8Array | LazyFrame,
): void {
  m.trace?.step('PORT-1', port.id, `to the ${upper.kind} interface`)
  if (upper.kind === 'wireguard') {
    receiveBelow(m, upper, port, whole(octetsOf(frame)))
    return
  }
  const opened = receiveSealed(m, upper, frame instanceof TunnelledFrame ? frame.bytes : frame)
  if (opened === undefined) return
  if (upper.bridge !== undefined) enterBridge(m, upper.bridge, upper, undefined, whole(opened))
  else if (upper.vrf !== undefined) receiveRouted(m, upper, upper.vrf, opened)
}

/** WG-17: with a port below as PORT-4 has it, without at ROUTE-1. */
export function receiveOpened(m: Machine, wg: Wireguard, frame: Uint8Array, family: 4 | 6): void {
  if (wg.lower !== undefined) {
    receiveIp(m, wg, wg.vrf, frame, family)
    return
  }
  const end = wellFormedEnd(m, wg.id, frame, family)
  if (end !== 0) route(m, { on: wg, vrf: wg.vrf, frame, family, end })
}

/** PORT-2 and PORT-3 */
function receiveRouted(m: Machine, on: Port | Macsec, vrf: Vrf, frame: Uint8Array): void {
  const isGroup = (u8(frame, 0) & 1) !== 0
  if (!isGroup && ethernet.dst(frame, 0) !== on.mac) {
    m.trace?.step('PORT-2', on.id, 'for another')
    m.fate('mac-not-for-us')
    return
  }
  m.trace?.step('PORT-2', on.id, isGroup ? 'for a group' : 'for this interface')
  const etherType = u16(frame, 12)
  m.trace?.step('PORT-3', on.id, `EtherType 0x${etherType.toString(16).padStart(4, '0')}`)
  switch (etherType) {
    case ethernet.EtherType.IPV4:
      receiveIp(m, on, vrf, frame, 4)
      return
    case ethernet.EtherType.IPV6:
      receiveIp(m, on, vrf, frame, 6)
      return
    case ethernet.EtherType.ARP:
    case ethernet.EtherType.LLDP:
      punt(m, on, frame)
      return
    case ethernet.EtherType.MACSEC:
      m.fate('macsec-unexpected')
      return
    default:
      if (etherType < ethernet.ETHERTYPE_MIN) m.trace?.step('PARSE-3', on.id, 'IEEE 802.3 length')
      m.fate('ethertype-unknown')
  }
}

/** PORT-4 */
function receiveIp(
  m: Machine,
  on: Port | Macsec | Wireguard,
  vrf: Vrf,
  frame: Uint8Array,
  family: 4 | 6,
): void {
  const end = wellFormedEnd(m, on.id, frame, family)
  if (end === 0) return
  if (isForKernel(frame, family)) {
    m.trace?.step('PORT-4', on.id, 'multicast, limited broadcast or link-local')
    punt(m, on, frame)
  } else if ((u8(frame, 0) & 1) !== 0) {
    m.trace?.step('PORT-4', on.id, 'a unicast packet for a group')
    m.fate('l2-group-ip-unicast')
  } else {
    m.trace?.step('PORT-4', on.id, 'to be routed')
    route(m, { on, vrf, frame, family, end })
  }
}

/** Destinations that are the kernel's business: routing protocols, neighbour discovery. */
function isForKernel(frame: Uint8Array, family: 4 | 6): boolean {
  const first = u8(frame, DESTINATION[family])
  if (family === 6) return first === 0xff || isLinkLocalAt(frame, DESTINATION[6])
  if (first >>> 4 === 0xe) return true
  return u16(frame, DESTINATION[4]) === 0xffff && u16(frame, DESTINATION[4] + 2) === 0xffff
}

/** PUNT-2: a frame from the TAP of a port. */
export function receivePunted(m: Machine, port: Port, frame: Uint8Array): void {
  const on = port.upper ?? port
  if (frame.length < L3_OFFSET) {
    m.trace?.step('PUNT-2', on.id, `${frame.length} octets`)
    m.fate('frame-truncated')
  } else if (frame.length - L3_OFFSET > on.mtu) {
    m.trace?.step('PUNT-2', on.id, `${frame.length} octets, MTU ${on.mtu}`)
    m.fate('mtu-exceeded')
  } else {
    m.trace?.step('PUNT-2', on.id, 'from the kernel')
    if (on.kind === 'wireguard') receiveFromTap(m, on, frame)
    else send(m, on, frame)
  }
}
