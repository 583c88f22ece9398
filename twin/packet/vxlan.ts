/**
 * VXLAN header (RFC 7348 section 5). Accessors take the offset of the flags octet.
 *
 * @module
 */
import { setU24, setU32, u24, u8 } from './bytes.js'

/** Octets of the header. */
export const HEADER_LENGTH = 8

/** IANA's UDP destination port. */
export const UDP_PORT = 4789

/** The I flag, without which the VNI means nothing. */
export const FLAG_VNI = 0x08

/** The flags octet. */
export function flags(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset)
}

/** The 24 reserved bits behind the flags. */
export function reserved1(bytes: Uint8Array, offset: number): number {
  return u24(bytes, offset + 1)
}

/** VXLAN network identifier, 24 bits. */
export function vni(bytes: Uint8Array, offset: number): number {
  return u24(bytes, offset + 4)
}

/** The reserved octet behind the VNI. */
export function reserved2(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset + 7)
}

/** Writes a header with the I flag and reserved bits zero. */
export function write(bytes: Uint8Array, offset: number, vni: number): void {
  setU32(bytes, offset, FLAG_VNI << 24)
  setU24(bytes, offset + 4, vni)
  bytes[offset + 7] = 0
}
