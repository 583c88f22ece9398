/**
 * Whether two parts of plans say the same: one may have been through JSON and the other not.
 *
 * @module
 */
import { isDeepStrictEqual } from 'node:util'

export function isSame(one: unknown, other: unknown): boolean {
  return one === other || isDeepStrictEqual(plain(one), plain(other))
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown)
}
