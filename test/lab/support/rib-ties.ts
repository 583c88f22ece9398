/**
 * Paths of one peer that no step of BGP-7 tells apart (BGP-14): a daemon takes the one that came first, or last, for the best, and no table of a
 * fabric at rest says which that was. All lead to the same peer. Of such paths it is compared how many are best and used, and not which.
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

/** For people: where they are. */
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
