/**
 * IPv6 extension headers (RFC 8200 section 4, RFC 4302 for AH).
 *
 * @module
 */
import { u16, u8 } from './bytes.js'
import { Protocol } from './ipv4.js'

/** Octets of a fragment header. */
const FRAGMENT_LENGTH = 8

/** Why a walk over extension headers stopped. */
export type WalkStop =
  /** At something that is no extension header: an upper-layer protocol, ESP, no-next-header or an unknown number. */
  | 'upper-layer'
  /** Behind the header of a fragment that is not the first: what follows is data. */
  | 'fragment'
  /** At an extension header that does not lie wholly within the packet. */
  | 'truncated'

/** Where the extension headers of a packet end. */
export interface Walk {
  readonly stop: WalkStop
  /** Number of the header at `offset`; for `fragment` the one that the fragment header names. */
  readonly nextHeader: number
  /** Of the first octet behind the last header that was skipped. */
  readonly offset: number
  /** Headers skipped. */
  readonly count: number
  /** A fragment header was among them. */
  readonly fragmented: boolean
}

/** True for the extension headers that have a length here: options, routing, fragment and AH. ESP hides what follows. */
export function isExtension(nextHeader: number): boolean {
  return (
    nextHeader === Protocol.HOP_BY_HOP ||
    nextHeader === Protocol.ROUTING ||
    nextHeader === Protocol.FRAGMENT ||
    nextHeader === Protocol.AH ||
    nextHeader === Protocol.DESTINATION_OPTIONS
  )
}

/**
 * Octets of the extension header `nextHeader` at `offset`, whose first two octets must be there: 8 for fragment,
 * (length + 2) x 4 for AH (RFC 4302 section 2.2), else (length + 1) x 8.
 */
export function lengthOf(nextHeader: number, bytes: Uint8Array, offset: number): number {
  if (nextHeader === Protocol.FRAGMENT) return FRAGMENT_LENGTH
  const units = u8(bytes, offset + 1)
  return nextHeader === Protocol.AH ? (units + 2) * 4 : (units + 1) * 8
}

/** Fragment offset in units of eight octets, of the fragment header at `offset`. */
export function fragmentOffset(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 2) >>> 3
}

/** More-fragments flag of the fragment header at `offset`. */
export function moreFragments(bytes: Uint8Array, offset: number): boolean {
  return (u8(bytes, offset + 3) & 1) !== 0
}

/**
 * Skips extension headers from `offset` on, `nextHeader` being the number of the one there. The packet ends at `end`.
 * Clauses that bound the number of headers look at {@link Walk.count} or give `limit`, behind which the walk stops as
 * `truncated`.
 */
export function walk(
  bytes: Uint8Array,
  nextHeader: number,
  offset: number,
  end: number,
  limit = Number.POSITIVE_INFINITY,
): Walk {
  let header = nextHeader
  let at = offset
  let count = 0
  let fragmented = false
  while (isExtension(header)) {
    if (at + 8 > end || count >= limit)
      return { stop: 'truncated', nextHeader: header, offset: at, count, fragmented }
    const length = lengthOf(header, bytes, at)
    if (at + length > end) return { stop: 'truncated', nextHeader: header, offset: at, count, fragmented }
    const isFragment = header === Protocol.FRAGMENT
    const later = isFragment && fragmentOffset(bytes, at) !== 0
    header = u8(bytes, at)
    at += length
    count++
    fragmented ||= isFragment
    if (later) return { stop: 'fragment', nextHeader: header, offset: at, count, fragmented }
  }
  return { stop: 'upper-layer', nextHeader: header, offset: at, count, fragmented }
}
