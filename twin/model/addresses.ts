/**
 * Which addresses may be used for what.
 *
 * @module
 */
import {
  formatPrefix,
  isIpv6,
  parsePrefix,
  prefixCovers,
  type Ip,
  type Ipv4,
  type Ipv6,
  type Prefix,
} from '../packet/index.js'
import type { Context } from './context.js'
import type { Path } from './tree.js'

/** Not for nodes and hosts: a machine drops them as martians (ROUTE-2, ROUTE-3) or does not route them (ROUTE-5). */
const unusable: readonly { readonly prefix: Prefix; readonly what: string }[] = [
  { prefix: parsePrefix('0.0.0.0/8'), what: '"this network" (RFC 1122)' },
  { prefix: parsePrefix('127.0.0.0/8'), what: 'loopback (RFC 1122)' },
  { prefix: parsePrefix('169.254.0.0/16'), what: 'link-local (RFC 3927)' },
  { prefix: parsePrefix('224.0.0.0/4'), what: 'multicast' },
  { prefix: parsePrefix('240.0.0.0/4'), what: 'reserved (RFC 1112)' },
  { prefix: parsePrefix('::/127'), what: 'unspecified and loopback (RFC 4291)' },
  { prefix: parsePrefix('::ffff:0:0/96'), what: 'IPv4-mapped (RFC 4291)' },
  { prefix: parsePrefix('fe80::/10'), what: 'link-local (RFC 4291)' },
  { prefix: parsePrefix('ff00::/8'), what: 'multicast' },
]

/** True, and a problem, when a prefix holds addresses that nothing may have. */
export function rejectUnusable(context: Context, path: Path, prefix: Prefix): boolean {
  const found = unusable.find(
    (range) => prefixCovers(range.prefix, prefix) || prefixCovers(prefix, range.prefix),
  )
  if (found === undefined) return false
  context.bad(
    'ZT_FABRIC_ADDRESS',
    path,
    `${formatPrefix(prefix)} holds addresses of ${formatPrefix(found.prefix)}, ${found.what}`,
    prefix.family === 4 ? 'choose another, such as 10.1.0.0/24' : 'choose another, such as fd00:1::/64',
  )
  return true
}

/** First and last address of a prefix. */
export function boundsOf(prefix: Prefix): { readonly first: Ip; readonly last: Ip } {
  if (prefix.family === 6) {
    return {
      first: prefix.address,
      last: (prefix.address | ((1n << BigInt(128 - prefix.length)) - 1n)) as Ipv6,
    }
  }
  return { first: prefix.address, last: (prefix.address + 2 ** (32 - prefix.length) - 1) as Ipv4 }
}

/**
 * True when hosts must not have an address of their own subnet: the first (IPv4 network, IPv6 subnet-router anycast, RFC 4291
 * section 2.6.1) and, for IPv4, the last (broadcast).
 */
export function isReservedIn(prefix: Prefix, address: Ip): boolean {
  const { first, last } = boundsOf(prefix)
  return address === first || (prefix.family === 4 && address === last)
}

/** How many addresses hosts and a gateway can have in a subnet, at most 2^32. */
export function capacityOf(prefix: Prefix): number {
  const size = 2 ** Math.min(32, (prefix.family === 6 ? 128 : 32) - prefix.length)
  return size - (prefix.family === 6 ? 1 : 2)
}

/** The address so many further on. */
export function plus(address: Ip, offset: number): Ip {
  return isIpv6(address) ? ((address + BigInt(offset)) as Ipv6) : ((address + offset) as Ipv4)
}
