/**
 * Ranges (`leaf[1-3]`) and globs (`leaf*`) in names.
 *
 * @module
 */

/** What ranges may expand to at most, in one place. */
export const MAX_EXPANSION = 4096

/** Names compared with the globs of one pattern. */
const MAX_COMPARISONS = 1_000_000

/** Why a range cannot be expanded. */
export interface RangeFault {
  readonly code: 'ZT_FABRIC_RANGE' | 'ZT_FABRIC_TOO_MANY'
  readonly reason: string
  readonly remedy: string
}

/**
 * Every name that ranges stand for, in order: `leaf[1-3]`, `leaf[1,4-6]`, `rack[1-2]-leaf[1-2]`. A range whose ends are
 * written with the same number of digits keeps that width (`[01-12]`).
 */
export function expandRanges(
  text: string,
): { readonly names: readonly string[] } | { readonly fault: RangeFault } {
  let names: string[] = ['']
  let rest = text
  while (rest !== '') {
    const open = rest.indexOf('[')
    if (open < 0) {
      if (rest.includes(']')) return malformed(text)
      return { names: names.map((name) => name + rest) }
    }
    const close = rest.indexOf(']', open)
    if (close < 0 || rest.slice(0, open).includes(']')) return malformed(text)
    const numbers = expandNumbers(rest.slice(open + 1, close), text)
    if ('fault' in numbers) return numbers
    if (names.length * numbers.values.length > MAX_EXPANSION) return tooMany(text)
    const head = rest.slice(0, open)
    names = names.flatMap((name) => numbers.values.map((value) => name + head + value))
    rest = rest.slice(close + 1)
  }
  return { names }
}

function expandNumbers(
  list: string,
  text: string,
): { readonly values: readonly string[] } | { readonly fault: RangeFault } {
  const values: string[] = []
  for (const part of list.split(',')) {
    const match = /^([0-9]{1,9})(?:-([0-9]{1,9}))?$/.exec(part)
    if (match === null) return malformed(text)
    const [, first = '', last = first] = match
    const count = Number(last) - Number(first) + 1
    if (count < 1) {
      return {
        fault: {
          code: 'ZT_FABRIC_RANGE',
          reason: `the range [${part}] in ${text} runs backwards`,
          remedy: `write [${last}-${first}]`,
        },
      }
    }
    if (values.length + count > MAX_EXPANSION) return tooMany(text)
    const width = first.length === last.length ? first.length : 0
    for (let i = 0; i < count; i++) values.push(String(Number(first) + i).padStart(width, '0'))
  }
  return { values }
}

function malformed(text: string): { readonly fault: RangeFault } {
  return {
    fault: {
      code: 'ZT_FABRIC_RANGE',
      reason: `${text} has a range that cannot be read`,
      remedy: 'write numbers and ranges of numbers in brackets, such as leaf[1-3] or leaf[1,4-6]',
    },
  }
}

function tooMany(text: string): { readonly fault: RangeFault } {
  return {
    fault: {
      code: 'ZT_FABRIC_TOO_MANY',
      reason: `${text} stands for too much (the limit is ${MAX_EXPANSION} names)`,
      remedy: 'write a smaller range',
    },
  }
}

/** True when `*` in a glob, standing for any characters, makes it equal to the name. */
export function matchesGlob(glob: string, name: string): boolean {
  // Greedy matching with one point to come back to: linear in practice, never exponential.
  let g = 0
  let n = 0
  let star = -1
  let mark = 0
  while (n < name.length) {
    if (glob[g] === '*') {
      star = g++
      mark = n
    } else if (g < glob.length && glob[g] === name[n]) {
      g++
      n++
    } else if (star >= 0) {
      g = star + 1
      n = ++mark
    } else return false
  }
  while (glob[g] === '*') g++
  return g === glob.length
}

/** Names that a pattern selects, in the order of `names`; `missing` are its parts that selected none. */
export function select(
  pattern: string,
  names: readonly string[],
):
  | { readonly selected: readonly string[]; readonly missing: readonly string[] }
  | { readonly fault: RangeFault } {
  const expanded = expandRanges(pattern)
  if ('fault' in expanded) return expanded
  const globs = expanded.names.filter((part) => part.includes('*')).length
  if (globs * names.length > MAX_COMPARISONS) return tooMany(pattern)
  const known = new Set(names)
  const selected = new Set<string>()
  const missing: string[] = []
  for (const part of expanded.names) {
    if (!part.includes('*')) {
      if (known.has(part)) selected.add(part)
      else missing.push(part)
      continue
    }
    const matching = names.filter((name) => matchesGlob(part, name))
    if (matching.length === 0) missing.push(part)
    for (const name of matching) selected.add(name)
  }
  return { selected: names.filter((name) => selected.has(name)), missing }
}
