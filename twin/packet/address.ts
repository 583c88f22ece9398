/**
 * Addresses, in one binary form each:
 *
 * | type | form | text |
 * |---|---|---|
 * | {@link Mac} | `number`, 48 bits | `02:00:00:00:00:01` |
 * | {@link Ipv4} | `number`, 32 bits, unsigned | `10.0.0.1` |
 * | {@link Ipv6} | `bigint`, 128 bits | `fd00::1` (RFC 5952) |
 *
 * All are primitives: `===` compares, a `Map` or `Set` takes them as keys as they are, masks are arithmetic, and nothing
 * needs to be frozen or copied. IPv4 and IPv6 addresses may share one `Map`, because a number never equals a bigint; an
 * {@link Ip} tells its family by `typeof`. The types are branded, so that an address of one kind, or a bare number, is
 * not taken for another. The first octet on the wire is the most significant.
 *
 * @module
 */
export * from './ipv4-address.js'
export * from './ipv6-address.js'
export * from './mac.js'
export * from './prefix.js'
