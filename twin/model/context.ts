/**
 * What the readers of a fabric file's parts share.
 *
 * @module
 */
import type { FabricFile } from '../../contract/fabric.js'
import { PacketError } from '../packet/index.js'
import { didYouMean } from './names.js'
import { select } from './pattern.js'
import type { ProblemCode, Problems, Related } from './problem.js'
import { compareSpans, type Span } from './source.js'
import { formatPath, placeOfKey, placeOfValue, type Path, type Tree } from './tree.js'

type Part = 'nodes' | 'seals' | 'links' | 'tenants' | 'intents'

/** What a part is made from besides itself. */
const inputs: Readonly<Record<Part, readonly Part[]>> = {
  nodes: [],
  seals: [],
  links: ['nodes'],
  tenants: ['nodes'],
  intents: ['links', 'tenants'],
}

export class Context {
  readonly file: FabricFile
  readonly tree: Tree
  readonly problems: Problems

  constructor(file: FabricFile, tree: Tree, problems: Problems) {
    this.file = file
    this.tree = tree
    this.problems = problems
  }

  /** True when a top-level part, and all it is made from, was read in full: what is not in it is not in the file. */
  isWhole(part: Part): boolean {
    return !this.problems.damages(part) && inputs[part].every((input) => this.isWhole(input))
  }

  keyAt(path: Path): Span {
    return placeOfKey(this.tree, path)
  }

  valueAt(path: Path): Span {
    return placeOfValue(this.tree, path)
  }

  /** A problem at a value. */
  bad(code: ProblemCode, path: Path, reason: string, remedy: string, related: readonly Related[] = []): void {
    this.problems.add(code, { at: this.valueAt(path), path: formatPath(path) }, reason, remedy, related)
  }

  /** A problem at a key. */
  badKey(
    code: ProblemCode,
    path: Path,
    reason: string,
    remedy: string,
    related: readonly Related[] = [],
  ): void {
    this.problems.add(code, { at: this.keyAt(path), path: formatPath(path) }, reason, remedy, related)
  }

  /** A warning at a value. */
  warn(
    code: ProblemCode,
    path: Path,
    reason: string,
    remedy: string,
    related: readonly Related[] = [],
  ): void {
    this.problems.warn(code, { at: this.valueAt(path), path: formatPath(path) }, reason, remedy, related)
  }

  /** Runs a parser of `twin/packet`; its complaint becomes a problem at the value. */
  parse<T>(code: ProblemCode, path: Path, text: string, parser: (text: string) => T): T | undefined {
    try {
      return parser(text)
    } catch (error) {
      if (!(error instanceof PacketError)) throw error
      const what = error.message.slice(error.code.length + 2, -error.remedy.length - 2)
      this.bad(code, path, what, error.remedy)
      return undefined
    }
  }

  /** The second of two things with one value in the order of the file is a problem, at its value. */
  rejectClashes(code: ProblemCode, claims: readonly Claim[], remedy: string): void {
    const owners = new Map<unknown, Claim>()
    for (const claim of claims.toSorted((a, b) => compareSpans(this.valueAt(a.path), this.valueAt(b.path)))) {
      const owner = owners.get(claim.value)
      if (owner === undefined) {
        owners.set(claim.value, claim)
        continue
      }
      // Several names of one range, which is said elsewhere.
      if (formatPath(owner.path) === formatPath(claim.path)) continue
      this.bad(code, claim.path, `${claim.what} is already that of ${owner.owner}`, remedy, [
        { at: this.valueAt(owner.path), message: owner.owner },
      ])
    }
  }

  /**
   * Names that patterns select. A part that selects nothing is a problem, unless `part` of the file was not read in
   * full.
   */
  select(
    patterns: string | readonly string[],
    path: Path,
    names: readonly string[],
    kind: { readonly part: Part; readonly one: string; readonly missing?: ProblemCode },
  ): readonly string[] {
    const selected = new Set<string>()
    for (const [i, pattern] of asList(patterns).entries()) {
      const here = typeof patterns === 'string' ? path : [...path, i]
      const found = select(pattern, names)
      if ('fault' in found) {
        this.bad(found.fault.code, here, found.fault.reason, found.fault.remedy)
        continue
      }
      for (const name of found.selected) selected.add(name)
      const [missing] = found.missing
      if (missing === undefined || !this.isWhole(kind.part)) continue
      this.bad(
        kind.missing ?? 'ZT_FABRIC_UNKNOWN_NAME',
        here,
        `${missing} is no ${kind.one} of this fabric${didYouMean(missing, names)}`,
        names.length === 0 ? `there is none; add it under ${kind.part}` : `write ${listNames(names)}`,
      )
    }
    return names.filter((name) => selected.has(name))
  }
}

/** A value that only one may have. */
export interface Claim {
  readonly value: unknown
  /** The value in words: `the VNI 10010`. */
  readonly what: string
  /** Who claims it. */
  readonly owner: string
  readonly path: Path
}

/** `a`, `a or b`, `one of a, b, c, …`. */
function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 8)
  if (shown.length === names.length && shown.length <= 2) return shown.join(' or ')
  return `one of ${shown.join(', ')}${names.length > shown.length ? ', …' : ''}`
}

/** One value or a list of them, as a list. */
export function asList<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T]
}

/** `1 leaf`, `2 leaves`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`
}
