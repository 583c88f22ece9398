/**
 * Ethernet II and IEEE 802.3 length frames, without FCS. Accessors take the offset of the destination address.
 *
 * @module
 */
import { setU16, u16, u8 } from './bytes.js'
import { readMac, writeMac, type Mac } from './mac.js'

/** Octets of destination, source and EtherType. */
export const HEADER_LENGTH = 14

/** Below this the third field is the length of an IEEE 802.3 frame (IEEE 802.3 clause 3.2.6). */
export const ETHERTYPE_MIN = 0x0600

/** EtherTypes known here (IANA "IEEE 802 Numbers"). */
export const EtherType = {
  IPV4: 0x0800,
  ARP: 0x0806,
  VLAN: 0x8100,
  IPV6: 0x86dd,
  /** IEEE 802.1ad service tag. */
  QINQ: 0x88a8,
  LLDP: 0x88cc,
  MACSEC: 0x88e5,
  /** Pre-standard outer tag, still sent by some switches. */
  QINQ_OLD: 0x9100,
} as const

/** Destination address. */
export function dst(bytes: Uint8Array, offset: number): Mac {
  return readMac(bytes, offset)
}

/** Source address. */
export function src(bytes: Uint8Array, offset: number): Mac {
  return readMac(bytes, offset + 6)
}

/** EtherType, or length when below {@link ETHERTYPE_MIN}. */
export function etherType(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 12)
}

/** Sets the destination address. */
export function setDst(bytes: Uint8Array, offset: number, mac: Mac): void {
  writeMac(bytes, offset, mac)
}

/** Sets the source address. */
export function setSrc(bytes: Uint8Array, offset: number, mac: Mac): void {
  writeMac(bytes, offset + 6, mac)
}

/** Sets the EtherType or length. */
export function setEtherType(bytes: Uint8Array, offset: number, value: number): void {
  setU16(bytes, offset + 12, value)
}

/** Group bit of the destination, without reading the whole address. */
export function isGroupDst(bytes: Uint8Array, offset: number): boolean {
  return (u8(bytes, offset) & 1) !== 0
}

/** Writes the 14 octets of a header. */
export function write(bytes: Uint8Array, offset: number, dst: Mac, src: Mac, etherType: number): void {
  writeMac(bytes, offset, dst)
  writeMac(bytes, offset + 6, src)
  setU16(bytes, offset + 12, etherType)
}
