/**
 * Own addresses (section 13), read where they stand in a packet.
 *
 * @module
 */
import { isIpv6, readIpv4, readIpv6, writeIpv4, writeIpv6, type Ip } from '../packet/address.js'
import { u16, u32, u8 } from '../packet/bytes.js'
import type { Routed, Vrf } from './config.js'

/** fe80::/10 at `offset`. */
export function isLinkLocalAt(frame: Uint8Array, offset: number): boolean {
  return (u16(frame, offset) & 0xffc0) === 0xfe80
}

/** ROUTE-2 and ROUTE-3, own addresses left out. */
export function isMartianAt(frame: Uint8Array, offset: number, family: 4 | 6): boolean {
  const first = u8(frame, offset)
  if (family === 4) return first === 0 || first === 127 || first >= 224
  if (first === 0xff) return true
  // :: and ::1
  return (
    u32(frame, offset) === 0 &&
    u32(frame, offset + 4) === 0 &&
    u32(frame, offset + 8) === 0 &&
    u32(frame, offset + 12) <= 1
  )
}

/** An address of the VRF's interfaces at `offset`; link-local addresses of IRBs are none. */
export function isOwnInVrf(vrf: Vrf, frame: Uint8Array, offset: number, family: 4 | 6): boolean {
  return family === 4 ? vrf.own4.has(readIpv4(frame, offset)) : vrf.own6.lookup(frame, offset) !== undefined
}

/** The same of an address. */
export function isOwnAddress(vrf: Vrf, address: Ip): boolean {
  const family = isIpv6(address) ? 6 : 4
  const octets = new Uint8Array(16)
  if (isIpv6(address)) writeIpv6(octets, 0, address)
  else writeIpv4(octets, 0, address)
  return isOwnInVrf(vrf, octets, 0, family)
}

/** As {@link isOwnInVrf}, or a link-local address of the IRB on which the packet was received. */
export function isOwn(on: Routed, vrf: Vrf, frame: Uint8Array, offset: number, family: 4 | 6): boolean {
  if (isOwnInVrf(vrf, frame, offset, family)) return true
  if (family === 4 || on.kind !== 'irb' || on.linkLocals === undefined) return false
  if (!isLinkLocalAt(frame, offset)) return false
  const address = readIpv6(frame, offset)
  return (
    address === on.linkLocals.mac ||
    address === on.linkLocals.systemMac ||
    on.addresses6.some((own) => own.address === address)
  )
}
