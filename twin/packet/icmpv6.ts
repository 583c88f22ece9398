/**
 * ICMPv6 (RFC 4443) and neighbour discovery (RFC 4861). Accessors take the offset of the type octet.
 *
 * @module
 */
import { setU16, u16, u32, u8 } from './bytes.js'
import { foldChecksum, ipv6PseudoHeaderSum, sumWords } from './checksum.js'
import { Protocol } from './ipv4.js'
import { readIpv6, type Ipv6 } from './ipv6-address.js'

/** Octets of type, code, checksum and the four octets whose meaning depends on the type. */
export const HEADER_LENGTH = 8

/** Octets of a neighbour solicitation or advertisement without options. */
export const NEIGHBOUR_LENGTH = 24

/** Message types (IANA "ICMPv6 Parameters"). */
export const Type = {
  DESTINATION_UNREACHABLE: 1,
  PACKET_TOO_BIG: 2,
  TIME_EXCEEDED: 3,
  PARAMETER_PROBLEM: 4,
  ECHO_REQUEST: 128,
  ECHO_REPLY: 129,
  MLD_QUERY: 130,
  MLD_REPORT: 131,
  MLD_DONE: 132,
  ROUTER_SOLICITATION: 133,
  ROUTER_ADVERTISEMENT: 134,
  NEIGHBOUR_SOLICITATION: 135,
  NEIGHBOUR_ADVERTISEMENT: 136,
  REDIRECT: 137,
  MLDV2_REPORT: 143,
} as const

/** Neighbour discovery option types (RFC 4861 section 4.6). */
export const OptionType = {
  SOURCE_LINK_LAYER: 1,
  TARGET_LINK_LAYER: 2,
  PREFIX_INFORMATION: 3,
  REDIRECTED_HEADER: 4,
  MTU: 5,
} as const

/** Flags of a neighbour advertisement, as bits of {@link rest}. */
export const AdvertisementFlag = {
  ROUTER: 0x8000_0000,
  SOLICITED: 0x4000_0000,
  OVERRIDE: 0x2000_0000,
} as const

export function type(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset)
}

export function code(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset + 1)
}

export function checksum(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 2)
}

/** Octets 4 to 7: identifier and sequence, MTU, pointer, flags. Unsigned. */
export function rest(bytes: Uint8Array, offset: number): number {
  return u32(bytes, offset + 4)
}

/** Target of a neighbour solicitation, advertisement or redirect. */
export function target(bytes: Uint8Array, offset: number): Ipv6 {
  return readIpv6(bytes, offset + 8)
}

/** R flag of a neighbour advertisement. */
export function isRouter(bytes: Uint8Array, offset: number): boolean {
  return (u8(bytes, offset + 4) & 0x80) !== 0
}

/** S flag of a neighbour advertisement. */
export function isSolicited(bytes: Uint8Array, offset: number): boolean {
  return (u8(bytes, offset + 4) & 0x40) !== 0
}

/** O flag of a neighbour advertisement. */
export function isOverride(bytes: Uint8Array, offset: number): boolean {
  return (u8(bytes, offset + 4) & 0x20) !== 0
}

/** Error messages have types below 128 (RFC 4443 section 2.1). */
export function isError(type: number): boolean {
  return type < 128
}

/**
 * Length of the options of a neighbour discovery message before its options start, or `undefined` for a type that has
 * none.
 */
export function optionsOffset(type: number): number | undefined {
  switch (type) {
    case Type.ROUTER_SOLICITATION:
      return 8
    case Type.ROUTER_ADVERTISEMENT:
      return 16
    case Type.NEIGHBOUR_SOLICITATION:
    case Type.NEIGHBOUR_ADVERTISEMENT:
      return 24
    case Type.REDIRECT:
      return 40
    default:
      return undefined
  }
}

/** Every option in `bytes[start..end)` has a length that is not zero and lies within (RFC 4861 section 4.6). */
export function optionsOk(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start
  while (at < end) {
    if (at + 2 > end) return false
    const length = u8(bytes, at + 1) * 8
    if (length === 0 || at + length > end) return false
    at += length
  }
  return true
}

/**
 * Offset of the first option of `optionType` in `bytes[start..end)`, or -1. With `units` only options of exactly that
 * length, in units of eight octets, count. Options must be {@link optionsOk}.
 */
export function findOption(
  bytes: Uint8Array,
  start: number,
  end: number,
  optionType: number,
  units?: number,
): number {
  let at = start
  while (at + 2 <= end) {
    const length = u8(bytes, at + 1)
    if (length === 0) return -1
    if (u8(bytes, at) === optionType && (units === undefined || units === length)) return at
    at += length * 8
  }
  return -1
}

/**
 * The checksum of the message `bytes[offset..end)` is right. Its addresses lie at `source` and `destination`, 16 octets
 * each.
 */
export function checksumOk(
  bytes: Uint8Array,
  offset: number,
  end: number,
  source: number,
  destination: number,
): boolean {
  const pseudo = ipv6PseudoHeaderSum(bytes, source, destination, Protocol.ICMPV6, end - offset)
  return foldChecksum(sumWords(bytes, offset, end, pseudo)) === 0
}

/** Computes and writes the checksum of the message `bytes[offset..end)`. */
export function updateMessageChecksum(
  bytes: Uint8Array,
  offset: number,
  end: number,
  source: number,
  destination: number,
): void {
  setU16(bytes, offset + 2, 0)
  const pseudo = ipv6PseudoHeaderSum(bytes, source, destination, Protocol.ICMPV6, end - offset)
  setU16(bytes, offset + 2, foldChecksum(sumWords(bytes, offset, end, pseudo)))
}
