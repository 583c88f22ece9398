/**
 * The Internet checksum (RFC 1071), its pseudo headers and its incremental update (RFC 1624).
 *
 * Sums are kept unfolded in a double-safe integer: 65,535 octets add up to less than 2^31, so callers may add several
 * partial sums before {@link foldChecksum}.
 *
 * @module
 */
import { u16 } from './bytes.js'

/**
 * Sum of the 16-bit words of `bytes[start..end)`, added to `sum`; an odd last octet is padded with zero on the right
 * (RFC 1071 section 1). Not folded, not complemented.
 */
export function sumWords(bytes: Uint8Array, start: number, end: number, sum = 0): number {
  let total = sum
  let i = start
  const even = end - ((end - start) & 1)
  const unrolled = even - ((even - start) & 7)
  for (; i < unrolled; i += 8) {
    total +=
      ((octet(bytes, i) + octet(bytes, i + 2) + octet(bytes, i + 4) + octet(bytes, i + 6)) << 8) +
      (octet(bytes, i + 1) + octet(bytes, i + 3) + octet(bytes, i + 5) + octet(bytes, i + 7))
  }
  for (; i < even; i += 2) total += (octet(bytes, i) << 8) | octet(bytes, i + 1)
  if (even < end) total += octet(bytes, even) << 8
  return total
}

/** In this module, because test runners turn each call of an imported function into a look-up. */
function octet(bytes: Uint8Array, offset: number): number {
  return bytes[offset] as number
}

/** Folds a sum to 16 bits by end-around carry, not complemented. */
function foldSum(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x1_0000)
  return folded
}

/** The checksum field's value for a sum: folded and complemented. */
export function foldChecksum(sum: number): number {
  return ~foldSum(sum) & 0xffff
}

/** Checksum of a range whose checksum field holds zero; over a range with a right checksum it gives 0. */
export function internetChecksum(bytes: Uint8Array, start: number, end: number): number {
  return foldChecksum(sumWords(bytes, start, end))
}

/**
 * Sum of the IPv4 pseudo header (RFC 768, RFC 9293 section 3.1).
 *
 * @param addresses - offset of the source address, which the destination follows, in `bytes`.
 * @param length - octets of the upper-layer header and data.
 */
export function ipv4PseudoHeaderSum(
  bytes: Uint8Array,
  addresses: number,
  protocol: number,
  length: number,
): number {
  return sumWords(bytes, addresses, addresses + 8, protocol + length)
}

/**
 * Sum of the IPv6 pseudo header (RFC 8200 section 8.1).
 *
 * @param source - offset of the source address in `bytes`.
 * @param destination - offset of the final destination: in the IPv6 header, or in a routing header.
 * @param nextHeader - the upper-layer protocol, not the IPv6 header's field when extension headers stand between.
 */
export function ipv6PseudoHeaderSum(
  bytes: Uint8Array,
  source: number,
  destination: number,
  nextHeader: number,
  length: number,
): number {
  const words = nextHeader + (length & 0xffff) + Math.floor(length / 0x1_0000)
  return sumWords(bytes, destination, destination + 16, sumWords(bytes, source, source + 16, words))
}

/** RFC 768: a computed UDP checksum of zero is sent as all ones, because zero means "none". */
export function udpChecksumOnWire(checksum: number): number {
  return checksum === 0 ? 0xffff : checksum
}

/** RFC 1624 equation 3: the checksum after the 16-bit word `before` of the covered data became `after`. */
export function updateChecksum(checksum: number, before: number, after: number): number {
  return ~foldSum((~checksum & 0xffff) + (~before & 0xffff) + after) & 0xffff
}

/** As {@link updateChecksum} for a 32-bit field at an even offset of the covered data. */
export function updateChecksum32(checksum: number, before: number, after: number): number {
  const high = updateChecksum(checksum, before >>> 16, after >>> 16)
  return updateChecksum(high, before & 0xffff, after & 0xffff)
}

/**
 * Sets the 16-bit word at `offset` and updates the checksum field at `checksumOffset` that covers it (RFC 1624).
 * Linux's order of operations: the field changes, then the checksum, from the old checksum alone, so a wrong checksum
 * stays wrong.
 */
export function replaceWord(bytes: Uint8Array, offset: number, value: number, checksumOffset: number): void {
  const before = u16(bytes, offset)
  bytes[offset] = value >>> 8
  bytes[offset + 1] = value
  const checksum = updateChecksum(u16(bytes, checksumOffset), before, value)
  bytes[checksumOffset] = checksum >>> 8
  bytes[checksumOffset + 1] = checksum
}
