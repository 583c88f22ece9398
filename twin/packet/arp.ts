/**
 * ARP for IPv4 over Ethernet (RFC 826, RFC 5227). Accessors take the offset of the hardware type.
 *
 * @module
 */
import { setU16, setU8, u16, u8 } from './bytes.js'
import { EtherType } from './ethernet.js'
import { readIpv4, writeIpv4, type Ipv4 } from './ipv4-address.js'
import { readMac, writeMac, type Mac } from './mac.js'

/** Octets of an IPv4 over Ethernet message. */
export const LENGTH = 28

/** Operations (IANA "ARP Parameters"). */
export const Operation = { REQUEST: 1, REPLY: 2 } as const

/** Hardware type of Ethernet. */
const HARDWARE_ETHERNET = 1

/** Hardware type. */
function hardwareType(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset)
}

/** Protocol type, an EtherType. */
function protocolType(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 2)
}

/** Octets of a hardware address. */
function hardwareLength(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset + 4)
}

/** Octets of a protocol address. */
function protocolLength(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset + 5)
}

/** Operation code. */
export function operation(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 6)
}

/** Hardware and protocol types and lengths are those of IPv4 over Ethernet; bounds are the caller's. */
export function isIpv4OverEthernet(bytes: Uint8Array, offset: number): boolean {
  return (
    hardwareType(bytes, offset) === HARDWARE_ETHERNET &&
    protocolType(bytes, offset) === EtherType.IPV4 &&
    hardwareLength(bytes, offset) === 6 &&
    protocolLength(bytes, offset) === 4
  )
}

/** Sender hardware address. */
export function sha(bytes: Uint8Array, offset: number): Mac {
  return readMac(bytes, offset + 8)
}

/** Sender protocol address. */
export function spa(bytes: Uint8Array, offset: number): Ipv4 {
  return readIpv4(bytes, offset + 14)
}

/** Target hardware address. */
export function tha(bytes: Uint8Array, offset: number): Mac {
  return readMac(bytes, offset + 18)
}

/** Target protocol address. */
export function tpa(bytes: Uint8Array, offset: number): Ipv4 {
  return readIpv4(bytes, offset + 24)
}

/** What {@link write} needs. */
export interface ArpFields {
  readonly operation: number
  readonly sha: Mac
  readonly spa: Ipv4
  readonly tha: Mac
  readonly tpa: Ipv4
}

/** Writes the 28 octets of an IPv4 over Ethernet message. */
export function write(bytes: Uint8Array, offset: number, fields: ArpFields): void {
  setU16(bytes, offset, HARDWARE_ETHERNET)
  setU16(bytes, offset + 2, EtherType.IPV4)
  setU8(bytes, offset + 4, 6)
  setU8(bytes, offset + 5, 4)
  setU16(bytes, offset + 6, fields.operation)
  writeMac(bytes, offset + 8, fields.sha)
  writeIpv4(bytes, offset + 14, fields.spa)
  writeMac(bytes, offset + 18, fields.tha)
  writeIpv4(bytes, offset + 24, fields.tpa)
}
