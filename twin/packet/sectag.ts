/**
 * The MACsec security TAG (IEEE 802.1AE-2018 clause 9). Accessors take the offset of the EtherType 0x88e5.
 *
 * @module
 */
import { setU16, setU32, setU64, setU8, u16, u32, u64, u8 } from './bytes.js'
import { PacketError } from './errors.js'
import { EtherType } from './ethernet.js'
import type { Mac } from './mac.js'

declare const sciBrand: unique symbol

/** Secure channel identifier: 48 bits of system identifier, 16 of port identifier. */
export type Sci = bigint & { readonly [sciBrand]: 'Sci' }

/** Bits of the TCI/AN octet (clause 9.5), the AN's two low bits excluded. */
export const Tci = {
  /** Version, must be clear. */
  V: 0x80,
  /** End station: SCI is source address and port 1. */
  ES: 0x40,
  /** An explicit SCI is in the tag. */
  SC: 0x20,
  /** Single copy broadcast (EPON). */
  SCB: 0x10,
  /** Encrypted. */
  E: 0x08,
  /** Changed text: Secure Data is not the user data. */
  C: 0x04,
} as const

/** Stands where no SCI is sent. */
export const NO_SCI = 0n as Sci

/** Octets of a tag without SCI, EtherType included. */
export const SHORT_LENGTH = 8

/** Octets of a tag with an explicit SCI, EtherType included. */
export const LONG_LENGTH = 16

/** Octets of the integrity check value of GCM-AES-128. */
export const ICV_LENGTH = 16

/** Secure Data below this length has its length in SL (clause 9.7). */
const SHORT_SECURE_DATA = 48

/** TCI and AN in one octet. */
export function tciAn(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset + 2)
}

/** Association number, 0 to 3. */
export function an(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset + 2) & 3
}

/** The SL octet, its two upper bits (which must be clear) included. */
export function shortLength(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset + 3)
}

/** Packet number. */
export function pn(bytes: Uint8Array, offset: number): number {
  return u32(bytes, offset + 4)
}

/** An explicit SCI is there. */
export function hasSci(bytes: Uint8Array, offset: number): boolean {
  return (u8(bytes, offset + 2) & Tci.SC) !== 0
}

/** The explicit SCI. */
export function sci(bytes: Uint8Array, offset: number): Sci {
  return u64(bytes, offset + 8) as Sci
}

/** Octets of the tag at `offset`, EtherType included. */
export function length(bytes: Uint8Array, offset: number): number {
  return hasSci(bytes, offset) ? LONG_LENGTH : SHORT_LENGTH
}

/** SL for Secure Data of `octets` (clause 9.7). */
export function shortLengthOf(octets: number): number {
  return octets < SHORT_SECURE_DATA ? octets : 0
}

/** The SCI of a system's port (clause 7.1.2). */
export function sciOf(system: Mac, port: number): Sci {
  return ((BigInt(system) << 16n) | BigInt(port & 0xffff)) as Sci
}

/** Sixteen lower-case hexadecimal digits, as `ip macsec` prints it. */
export function formatSci(sci: Sci): string {
  return sci.toString(16).padStart(16, '0')
}

/**
 * Reads sixteen hexadecimal digits.
 *
 * @throws {PacketError} `ZT_SCI_SYNTAX`
 */
export function parseSci(text: string): Sci {
  if (!/^[0-9a-fA-F]{16}$/.test(text)) {
    throw new PacketError('ZT_SCI_SYNTAX', `${JSON.stringify(text)} is not a secure channel identifier`, {
      remedy: 'write sixteen hexadecimal digits',
    })
  }
  return BigInt(`0x${text}`) as Sci
}

/** Writes a tag, with the SCI if `tciAn` has the SC bit, and returns its length. */
export function write(
  bytes: Uint8Array,
  offset: number,
  tag: { readonly tciAn: number; readonly shortLength: number; readonly pn: number; readonly sci: Sci },
): number {
  setU16(bytes, offset, EtherType.MACSEC)
  setU8(bytes, offset + 2, tag.tciAn)
  setU8(bytes, offset + 3, tag.shortLength)
  setU32(bytes, offset + 4, tag.pn)
  if ((tag.tciAn & Tci.SC) === 0) return SHORT_LENGTH
  setU64(bytes, offset + 8, tag.sci)
  return LONG_LENGTH
}

/** True when the EtherType at `offset` is MACsec's. */
export function isMacsec(bytes: Uint8Array, offset: number): boolean {
  return u16(bytes, offset) === EtherType.MACSEC
}
