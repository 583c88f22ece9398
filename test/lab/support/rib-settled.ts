/**
 * What the contract leaves to daemons, told from what the twin says of a fabric.
 */
import type { Plan } from '../../../contract/plan.js'
import type { RibPath, RibRow } from '../../../contract/rib.js'
import { parsePrefix, prefixCovers, type Prefix } from '../../../twin/packet/index.js'
import { controlPlaneOf } from '../../../twin/fabric-control.js'

/** False where `docs/control-plane.md` does not say what daemons come to. */
export function isSettledByContract(plan: Plan): boolean {
  const rows = controlPlaneOf(plan)?.rows() ?? []
  return plan.nodes.every(({ name, control }) => {
    const own = rows.filter(({ node }) => node === name)
    return control === undefined || (control.daemon === 'frr' ? knowsTheWay(plan, own) : !hasTwins(own))
  })
}

/**
 * BGP-9: FRR asks for the way to a VTEP before it hands a route of EVPN on; the page speaks of nodes that have the way from those that gave
 * them the route.
 */
function knowsTheWay({ nodes }: Plan, rows: readonly RibRow[]): boolean {
  const known = rows.flatMap(({ table, key }): Prefix[] => (table === 'evpn' ? [] : [parsePrefix(key)]))
  const asked = nodes.flatMap(({ control }) => control?.evpn?.vtep ?? [])
  const nextHops = new Set(
    rows.flatMap(({ table, paths }) => (table === 'evpn' ? paths.map((path) => path.nextHop) : [])),
  )
  return asked
    .filter((vtep) => nextHops.has(vtep))
    .every((vtep) => {
      const host = parsePrefix(`${vtep}/${vtep.includes(':') ? 128 : 32}`)
      return known.some((prefix) => prefix.family === host.family && prefixCovers(prefix, host))
    })
}

/** Of several paths of one peer (BGP-14) that no step of BGP-7 tells apart on GoBGP, it takes the one that came first. */
function hasTwins(rows: readonly RibRow[]): boolean {
  return rows.some(({ paths }) => {
    const seen = new Set<string>()
    return paths.some((path) => {
      const mark = markOf(path)
      const isTwin = seen.has(mark)
      seen.add(mark)
      return isTwin
    })
  })
}

function markOf({ from, localPreference = 100, asPath, origin, med = 0 }: RibPath): string {
  return [from, localPreference, asPath.length, origin, med].join(' ')
}
