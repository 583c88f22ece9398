/**
 * Route policies (BGP-5).
 *
 * @module
 */
import type { Policy } from '../../contract/control-plane.js'
import { parsePrefix, prefixCovers, type Prefix } from '../packet/index.js'
import { GRACEFUL_SHUTDOWN, type BgpPath } from './path.js'

type Statement = Policy['statements'][number]
interface CompiledStatement extends Statement {
  readonly ranges: readonly PrefixRange[] | undefined
}

/** Prefixes that lie in one, of lengths from `shortest` to `longest`. */
interface PrefixRange {
  readonly prefix: Prefix
  readonly shortest: number
  readonly longest: number
}

/** A policy, made ready. Prefixes are given in parsed form and as their text, which is what results are kept by. */
export class RoutePolicy {
  readonly #statements: readonly CompiledStatement[]
  readonly #matching = new Map<string, readonly CompiledStatement[]>()

  constructor({ statements }: Policy) {
    this.#statements = statements.map((statement) => ({
      ...statement,
      ranges: statement.match.prefixes?.map(rangeOf),
    }))
  }

  /**
   * The path as the policy leaves it, or `undefined` where it is rejected.
   *
   * @param asn the node's own AS number, for prepending
   */
  apply(text: string, prefix: Prefix, path: BgpPath, asn: number): BgpPath | undefined {
    const statement = this.#of(text, prefix).find(({ match: { communities } }) =>
      matchesCommunities(communities, path),
    )
    if (statement === undefined || statement.action === 'reject') return undefined
    return withSet(path, statement.set, asn)
  }

  /**
   * True when, for a prefix, the policy may do what makes the outcome depend on more than lengths of paths: prefer by local preference
   * (graceful shutdown is that too) or MED.
   */
  ranks(text: string, prefix: Prefix): boolean {
    return this.#of(text, prefix).some(
      ({ action, set: { localPreference, med, communities } }) =>
        action === 'accept' &&
        (localPreference !== undefined ||
          med !== undefined ||
          communities?.includes(GRACEFUL_SHUTDOWN) === true),
    )
  }

  #of(text: string, prefix: Prefix): readonly CompiledStatement[] {
    const present = this.#matching.get(text)
    if (present !== undefined) return present
    const statements = this.#statements.filter(
      ({ ranges }) => ranges === undefined || ranges.some((range) => isInRange(prefix, range)),
    )
    this.#matching.set(text, statements)
    return statements
  }
}

function rangeOf({ prefix: text, ge, le }: NonNullable<Statement['match']['prefixes']>[number]): PrefixRange {
  const prefix = parsePrefix(text)
  const open = ge === undefined ? prefix.length : prefix.family === 6 ? 128 : 32
  return { prefix, shortest: ge ?? prefix.length, longest: le ?? open }
}

function isInRange(prefix: Prefix, range: PrefixRange): boolean {
  return (
    prefixCovers(range.prefix, prefix) && prefix.length >= range.shortest && prefix.length <= range.longest
  )
}

function matchesCommunities(wanted: readonly string[] | undefined, path: BgpPath): boolean {
  return wanted === undefined || wanted.some((community) => path.communities.includes(community))
}

function withSet(path: BgpPath, set: Statement['set'], asn: number): BgpPath {
  const { localPreference, med, prepend = 0, communities = [] } = set
  if (localPreference === undefined && med === undefined && prepend === 0 && communities.length === 0) {
    return path
  }
  return {
    ...path,
    localPreference: localPreference ?? path.localPreference,
    med: med ?? path.med,
    asPath: [...Array.from({ length: prepend }, () => asn), ...path.asPath],
    communities:
      communities.length === 0
        ? path.communities
        : [...new Set([...path.communities, ...communities])].toSorted(),
  }
}
