/**
 * The part of a node's tables that no control plane fills.
 *
 * @module
 */
import type { Interface, Tables } from '../../contract/program.js'

/** What no control plane changes: connected routes, neighbours on links, and hosts that belong to a port. It is the same whoever fills the rest. */
export function baseTables(interfaces: readonly Interface[], { routes, neighbours, fdb }: Tables): Tables {
  const irbs = new Set(interfaces.flatMap((item) => (item.kind === 'irb' ? item.id : [])))
  return {
    routes: routes.filter(({ connected }) => connected !== undefined),
    groups: [],
    neighbours: neighbours.filter(({ interface: id }) => !irbs.has(id)),
    fdb: fdb.filter(({ remote }) => remote === undefined),
    flood: [],
  }
}
