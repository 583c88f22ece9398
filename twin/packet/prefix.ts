/**
 * IPv4 and IPv6 prefixes (RFC 4632 and RFC 4291 section 2.3 notation). Host bits are always zero.
 *
 * @module
 */
import { PacketError } from './errors.js'
import { formatIpv4, tryParseIpv4, type Ipv4 } from './ipv4-address.js'
import { formatIpv6, tryParseIpv6, type Ipv6 } from './ipv6-address.js'

/** An address of either family: `typeof` tells which, `number` is IPv4 and `bigint` is IPv6. */
export type Ip = Ipv4 | Ipv6

/** An IPv4 prefix; bits of `address` past `length` are zero. */
export interface Ipv4Prefix {
  readonly family: 4
  readonly address: Ipv4
  /** 0 to 32. */
  readonly length: number
}

/** An IPv6 prefix; bits of `address` past `length` are zero. */
export interface Ipv6Prefix {
  readonly family: 6
  readonly address: Ipv6
  /** 0 to 128. */
  readonly length: number
}

/** A prefix of either family. */
export type Prefix = Ipv4Prefix | Ipv6Prefix

/** True for an IPv6 address. */
export function isIpv6(address: Ip): address is Ipv6 {
  return typeof address === 'bigint'
}

/**
 * Reads an address of either family.
 *
 * @throws {PacketError} `ZT_IP_SYNTAX`
 */
export function parseIp(text: string): Ip {
  const address = tryParseIpv4(text) ?? tryParseIpv6(text)
  if (address === undefined) {
    throw new PacketError('ZT_IP_SYNTAX', `${JSON.stringify(text)} is not an IP address`, {
      remedy: 'write an IPv4 address such as 10.0.0.1 or an IPv6 address such as fd00::1',
    })
  }
  return address
}

/** Dotted decimal or RFC 5952 text. */
export function formatIp(address: Ip): string {
  return isIpv6(address) ? formatIpv6(address) : formatIpv4(address)
}

/** Network mask of an IPv4 prefix length, as an unsigned number. */
export function ipv4Mask(length: number): number {
  return length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0
}

const IPV6_MASKS: readonly bigint[] = Array.from(
  { length: 129 },
  (_, length) => ((1n << BigInt(length)) - 1n) << BigInt(128 - length),
)

/** Network mask of an IPv6 prefix length. */
export function ipv6Mask(length: number): bigint {
  return IPV6_MASKS[length] as bigint
}

/** The prefix of `length` bits that holds `address`; host bits are cleared. */
export function prefixOf(address: Ip, length: number): Prefix {
  const width = isIpv6(address) ? 128 : 32
  if (!Number.isInteger(length) || length < 0 || length > width) {
    throw new PacketError('ZT_FIELD_RANGE', `prefix length ${length} is out of range`, {
      remedy: `give an integer from 0 to ${width}`,
    })
  }
  return isIpv6(address)
    ? { family: 6, address: (address & ipv6Mask(length)) as Ipv6, length }
    : { family: 4, address: ((address & ipv4Mask(length)) >>> 0) as Ipv4, length }
}

/** An address with the prefix length of its network, such as `10.0.0.1/24`. */
export interface InterfaceAddress {
  readonly address: Ip
  readonly prefix: Prefix
}

/**
 * Reads `address/length` where host bits may be set, as on an interface.
 *
 * @throws {PacketError} `ZT_PREFIX_SYNTAX`
 */
export function parseInterfaceAddress(text: string): InterfaceAddress {
  const slash = text.indexOf('/')
  const length = slash < 0 ? '' : text.slice(slash + 1)
  const head = text.slice(0, Math.max(slash, 0))
  const address = tryParseIpv4(head) ?? tryParseIpv6(head)
  if (
    address === undefined ||
    !/^(?:0|[1-9][0-9]{0,2})$/.test(length) ||
    Number(length) > (isIpv6(address) ? 128 : 32)
  ) {
    throw new PacketError('ZT_PREFIX_SYNTAX', `${JSON.stringify(text)} is not a prefix`, {
      remedy: 'write an address, a slash and a length, such as 10.0.0.0/24 or fd00::/64',
    })
  }
  return { address, prefix: prefixOf(address, Number(length)) }
}

/**
 * Reads a prefix; host bits must be zero.
 *
 * @throws {PacketError} `ZT_PREFIX_SYNTAX`, or `ZT_PREFIX_HOST_BITS` with the prefix that was probably meant.
 */
export function parsePrefix(text: string): Prefix {
  const { address, prefix } = parseInterfaceAddress(text)
  if (address !== prefix.address) {
    throw new PacketError('ZT_PREFIX_HOST_BITS', `${text} has bits set past its length`, {
      remedy: `write ${formatPrefix(prefix)}`,
    })
  }
  return prefix
}

/** `address/length`. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatIp(prefix.address)}/${prefix.length}`
}

/** True when `address` is of the prefix's family and inside it. */
export function prefixContains(prefix: Prefix, address: Ip): boolean {
  if (prefix.family === 6) {
    return isIpv6(address) && (address & ipv6Mask(prefix.length)) === prefix.address
  }
  return !isIpv6(address) && (address & ipv4Mask(prefix.length)) >>> 0 === prefix.address
}

/** True when every address of `inner` is in `outer`. */
export function prefixCovers(outer: Prefix, inner: Prefix): boolean {
  return outer.length <= inner.length && prefixContains(outer, inner.address)
}
