/**
 * What of an engine's tables is the agent's: those places that EVPN fills (TABLE-1 to TABLE-6).
 *
 * @module
 */
import type { NodeControl } from '../contract/control-plane.js'
import type { DynamicTables, FdbEntry, NeighbourEntry, RouteEntry } from '../twin/control/index.js'
import type { EngineProgram } from './engine-client.js'

/**
 * The agent's part of a program, as it is now. Where the engine does not tell whether an entry is sticky, `wanted` is believed: an entry
 * that is otherwise as it should be is left alone.
 */
export function tablesOfProgram(
  { tables }: EngineProgram,
  control: NodeControl,
  wanted: DynamicTables | undefined,
): DynamicTables {
  const { evpn } = control
  const networks = evpn?.networks ?? []
  const vrfs = evpn?.vrfs ?? []
  const tunnels = new Set([...networks, ...vrfs].flatMap(({ vxlan }) => vxlan ?? []))
  const irbs = new Set([...networks, ...vrfs].flatMap(({ irb }) => irb ?? []))
  const routed = new Map(vrfs.map(({ vrf, irb }) => [vrf, irb]))
  const groups = new Map(tables.groups.map(({ id, members }) => [id, members]))

  const routes = new Map<string, RouteEntry>()
  for (const { vrf, prefix, group } of tables.routes) {
    const members = group === undefined ? undefined : groups.get(group)
    if (members?.every((member) => member.interface === routed.get(vrf)) !== true) continue
    routes.set(`${vrf} ${prefix}`, { vrf, prefix, members })
  }
  const fdb = new Map<string, FdbEntry>()
  for (const { bridge, mac, interface: id, remote, sticky } of tables.fdb) {
    if (remote === undefined || !tunnels.has(id)) continue
    const place = `${bridge} ${mac}`
    const known = sticky ?? wanted?.fdb.get(place)?.sticky ?? false
    fdb.set(place, { bridge, mac, interface: id, remote, sticky: known })
  }
  const neighbours = new Map<string, NeighbourEntry>()
  for (const { interface: id, address, mac, sticky } of tables.neighbours) {
    if (!irbs.has(id)) continue
    const place = `${id} ${address}`
    const known = sticky ?? wanted?.neighbours.get(place)?.sticky ?? false
    neighbours.set(place, { interface: id, address, mac, sticky: known })
  }
  const flood = new Map(
    tables.flood.flatMap(({ interface: id, remotes }): [number, readonly string[]][] =>
      tunnels.has(id) ? [[id, remotes]] : [],
    ),
  )
  return { routes, fdb, neighbours, flood }
}

/** What is there stays as it is, what is not is added: as long as it is not known that what is missing has gone. */
export function added(present: DynamicTables, wanted: DynamicTables): DynamicTables {
  return {
    routes: new Map([...wanted.routes, ...present.routes]),
    fdb: new Map([...wanted.fdb, ...present.fdb]),
    neighbours: new Map([...wanted.neighbours, ...present.neighbours]),
    flood: new Map([
      ...wanted.flood,
      ...[...present.flood].map(([id, remotes]): [number, readonly string[]] => [
        id,
        // Of a list what is new is added behind: nobody is left out who is flooded to now.
        [...new Set([...remotes, ...(wanted.flood.get(id) ?? [])])],
      ]),
    ]),
  }
}
