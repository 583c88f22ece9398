/**
 * What chance decides in a fabric that comes to one rest all the same, as `daemons-order.test.ts` shows of daemons. It is said where it is, and the
 * comparison asks for no more than is certain.
 *
 * - *Ties*: paths of one peer that no step of BGP-7 tells apart (BGP-14). A daemon takes the one that came first, or last, for the best. All lead to
 *   the same peer. It is compared how many of them are best and used, and not which.
 * - *Kept paths*: over parallel links inside one AS, GoBGP may keep what its reflector does not send any more (BGP-4), behind the node's own path.
 */
import type { Plan } from '../../../contract/plan.js'
import type { RibPath, RibRow } from '../../../contract/rib.js'

/** What GoBGP looks at, of one peer's paths. */
function markOf({ from, localPreference = 100, asPath, origin, med = 0 }: RibPath): string {
  return [from, localPreference, asPath.length, origin, med].join(' ')
}

/** Rows of nodes that have such paths, with the marks of who is best given to them in the order of their other attributes. */
export function withoutTies(plan: Plan, rows: readonly RibRow[]): readonly RibRow[] {
  const blind = blindNodes(plan)
  return rows.map((row) => (blind.has(row.node) && tiesOf(row).length > 0 ? settled(row) : row))
}

/** For people: where ties are. */
export function describeTies(plan: Plan, rows: readonly RibRow[]): string[] {
  const blind = blindNodes(plan)
  return rows
    .filter(({ node }) => blind.has(node))
    .flatMap((row) =>
      tiesOf(row).map(
        (paths) =>
          `${row.node} ${row.table} ${row.key}: nothing tells ${paths.length} paths of ${paths[0]?.from ?? ''} apart`,
      ),
    )
}

/** The lab's rows without kept paths: such as the twin does not have, behind the node's own, from a peer of its own AS over several links. */
export function withoutKept(plan: Plan, twin: readonly RibRow[], lab: readonly RibRow[]): Kept {
  const doubled = doubledSessions(plan)
  const foretold = new Set(twin.flatMap((row) => row.paths.map((path) => placeOf(row, path))))
  const kept: string[] = []
  const rows = lab.map((row) => {
    const isOwn = row.paths.some(({ from, best }) => from === 'self' && best)
    const paths = row.paths.filter((path) => {
      const place = placeOf(row, path)
      const isKept =
        isOwn &&
        !path.best &&
        !path.used &&
        row.table !== 'evpn' &&
        doubled.has(`${row.node} ${path.from}`) &&
        !foretold.has(place)
      if (isKept) kept.push(place)
      return !isKept
    })
    return { ...row, paths }
  })
  return { rows, kept }
}

export interface Kept {
  readonly rows: readonly RibRow[]
  /** Where they were, for people. */
  readonly kept: readonly string[]
}

const placeOf = ({ node, table, key }: RibRow, { from }: RibPath) => `${node} ${table} ${key} from ${from}`

/** GoBGP's nodes and what paths are from (`contract/rib.ts`), where several links lead to one peer of the same AS. */
function doubledSessions({ nodes }: Plan): ReadonlySet<string> {
  return new Set(
    nodes.flatMap(({ name, control }) =>
      control?.daemon !== 'gobgp'
        ? []
        : control.sessions
            .filter(
              ({ peer, link, remoteAsn }) =>
                remoteAsn === control.asn &&
                control.sessions.some((other) => other.peer === peer && other.link !== link),
            )
            .map(({ link }) => `${name} ${link}`),
    ),
  )
}

/** Those whose daemon ranks by nothing else. */
function blindNodes({ nodes }: Plan): ReadonlySet<string> {
  return new Set(nodes.flatMap(({ name, control }) => (control?.daemon === 'gobgp' ? [name] : [])))
}

function tiesOf({ table, paths }: RibRow): readonly (readonly RibPath[])[] {
  if (table === 'evpn') return []
  const groups = new Map<string, RibPath[]>()
  for (const path of paths) groups.set(markOf(path), [...(groups.get(markOf(path)) ?? []), path])
  return [...groups.values()].filter((group) => group.length > 1)
}

function settled(row: RibRow): RibRow {
  const tied = tiesOf(row)
  const others = row.paths.filter((path) => !tied.some((group) => group.includes(path)))
  const paths = [...others, ...tied.flatMap(inOrder)].toSorted(
    (a, b) => compare(a.from, b.from) || compare(JSON.stringify(a), JSON.stringify(b)),
  )
  return { ...row, paths }
}

function inOrder(group: readonly RibPath[]): RibPath[] {
  const marks = group.map(({ best, used }) => ({ best, used }))
  marks.sort((a, b) => Number(b.best) - Number(a.best) || Number(b.used) - Number(a.used))
  return group
    .map((path) => ({ ...path, best: false, used: false }))
    .toSorted((a, b) => compare(JSON.stringify(a), JSON.stringify(b)))
    .map((path, i) => ({ ...path, ...marks[i] }))
}

/** By code unit. */
function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
