/**
 * Names: order, and what a mistyped one may have meant.
 *
 * @module
 */

/**
 * Name order: runs of digits by value, everything else by code unit, so that `leaf2` comes before `leaf10`. Equal values
 * written differently (`leaf1`, `leaf01`) fall back to plain order.
 */
export function compareNames(a: string, b: string): number {
  const left = a.match(/[0-9]+|[^0-9]+/g) ?? []
  const right = b.match(/[0-9]+|[^0-9]+/g) ?? []
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const x = left[i] ?? ''
    const y = right[i] ?? ''
    if (x === y) continue
    if (/^[0-9]/.test(x) && /^[0-9]/.test(y)) {
      const difference = Number(x) - Number(y)
      if (difference !== 0) return difference
      continue
    }
    return x < y ? -1 : 1
  }
  return left.length - right.length || plainOrder(a, b)
}

/** By code unit; unlike `localeCompare` the same on any machine. */
function plainOrder(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** Number at the end of a name and what stands before it: `leaf12` is `leaf`, 12; a name without has no number. */
export function splitName(name: string): { readonly stem: string; readonly number: number | undefined } {
  const digits = /[0-9]{1,9}$/.exec(name)
  if (digits === null) return { stem: name, number: undefined }
  return { stem: name.slice(0, digits.index), number: Number(digits[0]) }
}

/** ` (did you mean web?)`, or nothing when no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const nearest = suggest(word, candidates)
  return nearest === undefined ? '' : ` (did you mean ${nearest}?)`
}

/** The candidate that is one slip away, or two in a longer word. */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > 64) return undefined
  const limit = word.length < 4 ? 1 : 2
  let best: string | undefined
  let bestDistance = limit + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > limit || sharesStem(word, candidate)) continue
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** `leaf4` is no slip of the pen for `leaf1`. */
function sharesStem(a: string, b: string): boolean {
  const x = splitName(a)
  const y = splitName(b)
  return x.stem === y.stem && x.number !== undefined && y.number !== undefined
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let distance = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, substitution)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, (beforeLast[j - 2] ?? 0) + 1)
      }
      row.push(distance)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
