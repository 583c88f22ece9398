/**
 * The one form in which a plan is written, hashed and compared.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import type { Plan } from '../../contract/plan.js'

/** UTF-8 JSON: keys in code-unit order, two spaces a level, a line feed at the end. */
export function planBytes(plan: Plan): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(sortKeys(plan), null, 2)}\n`)
}

/** SHA-256 of {@link planBytes}, 64 hex digits. */
export function planDigest(plan: Plan): string {
  return createHash('sha256').update(planBytes(plan)).digest('hex')
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  )
}
