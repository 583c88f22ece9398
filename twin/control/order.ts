/**
 * Orders of texts and addresses. All are total, so that what is sorted does not depend on where it came from.
 *
 * @module
 */
import { isIpv6, parseIp } from '../packet/index.js'

/** By UTF-16 code unit, as `Array.prototype.sort` does without a comparator. */
export function compareCode(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Addresses as numbers, IPv4 before IPv6. */
export function compareAddresses(a: string, b: string): number {
  if (a === b) return 0
  const [left, right] = [parseIp(a), parseIp(b)]
  if (isIpv6(left) !== isIpv6(right)) return isIpv6(left) ? 1 : -1
  return left < right ? -1 : left > right ? 1 : 0
}

/** True when both are IPv4 or both IPv6. Texts of addresses tell by their colons. */
export function isSameFamily(a: string, b: string): boolean {
  return a.includes(':') === b.includes(':')
}
