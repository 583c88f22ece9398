/**
 * The part of a node's tables that no control plane fills.
 *
 * @module
 */
import type { NodeControl } from '../../contract/control-plane.js'
import type { Tables } from '../../contract/program.js'

/**
 * What no control plane changes: connected routes, neighbours on links, hosts that belong to a port, and tenants that EVPN is not told of
 * (TABLE-9). It is the same whoever fills the rest.
 */
export function baseTables(
  { evpn }: Pick<NodeControl, 'evpn'>,
  { routes, groups, neighbours, fdb, flood }: Tables,
): Tables {
  const told = [...(evpn?.networks ?? []), ...(evpn?.vrfs ?? [])]
  const vrfs = new Set<number | undefined>([0, ...told.map(({ vrf }) => vrf)])
  const interfaces = new Set(told.flatMap(({ vxlan, irb }) => [vxlan, irb]))
  const kept = routes.filter(({ vrf, connected }) => connected !== undefined || !vrfs.has(vrf))
  const used = new Set(kept.map(({ group }) => group))
  return {
    routes: kept,
    groups: groups.filter(({ id }) => used.has(id)),
    neighbours: neighbours.filter(({ interface: id }) => !interfaces.has(id)),
    fdb: fdb.filter(({ interface: id }) => !interfaces.has(id)),
    flood: flood.filter(({ interface: id }) => !interfaces.has(id)),
  }
}
