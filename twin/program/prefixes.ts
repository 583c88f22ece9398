/**
 * Prefixes and addresses as programs write them.
 *
 * @module
 */
import type { Network } from '../model/index.js'
import { formatIp, formatPrefix, isIpv6, prefixOf, type Ip, type Prefix } from '../packet/index.js'

/** Subnets of a network in which it has a gateway. */
export function routedPrefixes({ subnets }: Network): readonly string[] {
  return subnets.flatMap(({ prefix, gateway }) => (gateway === undefined ? [] : [formatPrefix(prefix)]))
}

/** `10.1.0.1/24`: an address with the length of its subnet. */
export function cidr(address: Ip, subnet: Prefix): string {
  return `${formatIp(address)}/${subnet.length}`
}

/** `10.255.0.65/32`. */
export function hostRoute(address: Ip): string {
  return formatPrefix(prefixOf(address, isIpv6(address) ? 128 : 32))
}
