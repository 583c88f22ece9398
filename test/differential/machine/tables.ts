/**
 * Tables of twin and engine (CTRL-9), whatever tables there are.
 *
 * @module
 */
import { isDeepStrictEqual } from 'node:util'

/** One sentence for each place where the answers of `tables` differ, order and keys of rows included; none when they are equal. */
export function differentRows(twin: object, engine: unknown): string[] {
  // What the protocol carries, neither undefined nor methods.
  const [ours, theirs] = [tablesIn(JSON.parse(JSON.stringify(twin))), tablesIn(engine)]
  const names = [...new Set([...ours.keys(), ...theirs.keys()])]
  return names.flatMap((name) => {
    const [left = [], right = []] = [ours.get(name), theirs.get(name)]
    if (!ours.has(name) || !theirs.has(name)) return [`${name}: only one of the two has this table`]
    return Array.from({ length: Math.max(left.length, right.length) }, (_, i) => i)
      .filter((i) => !isDeepStrictEqual(left[i], right[i]))
      .map((i) => `${name}[${i}]: twin ${textOf(left[i])}, engine ${textOf(right[i])}`)
  })
}

function tablesIn(answer: unknown): Map<string, readonly unknown[]> {
  if (typeof answer !== 'object' || answer === null) throw new TypeError('tables are an object')
  return new Map(
    Object.entries(answer).map(([name, rows]) => {
      if (!Array.isArray(rows)) throw new TypeError(`${name} is no table`)
      return [name, rows]
    }),
  )
}

function textOf(row: unknown): string {
  return row === undefined ? 'has no such row' : JSON.stringify(row)
}
