/**
 * Tables of a node as values that can be compared, changes from one to the other, and the tables of a program.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import type { TableChange } from '../../contract/control.js'
import type { NextHop, Tables } from '../../contract/program.js'
import { compareCode } from './order.js'

/** What a control plane makes of a node's tables; each map's key is the place that an entry takes. */
export interface DynamicTables {
  /** By {@link routePlace}; members in their order. */
  readonly routes: ReadonlyMap<string, RouteEntry>
  /** By {@link fdbPlace}. */
  readonly fdb: ReadonlyMap<string, FdbEntry>
  /** By {@link neighbourPlace}. */
  readonly neighbours: ReadonlyMap<string, NeighbourEntry>
  /** By vxlan interface, those with an empty list too; addresses in their order. */
  readonly flood: ReadonlyMap<number, readonly string[]>
}
export interface RouteEntry {
  readonly vrf: number
  readonly prefix: string
  readonly members: readonly NextHop[]
}
export interface FdbEntry {
  readonly bridge: number
  readonly mac: string
  /** A vxlan interface. */
  readonly interface: number
  readonly remote: string
  readonly sticky: boolean
}
export interface NeighbourEntry {
  /** An IRB. */
  readonly interface: number
  readonly address: string
  readonly mac: string
  readonly sticky: boolean
}

export const NO_TABLES: DynamicTables = {
  routes: new Map(),
  fdb: new Map(),
  neighbours: new Map(),
  flood: new Map(),
}

/** SHA-256, hex, of what EVPN makes of a node's tables: equal for equal tables, whatever their order. Routes of the underlay do not count. */
export function digestTables({ routes, fdb, neighbours, flood }: DynamicTables): string {
  const lines = [
    ...[...routes.values()]
      .filter(({ vrf }) => vrf !== 0)
      .map(({ vrf, prefix, members }) => {
        const hops = members.map((hop) => `${hop.gateway ?? ''}%${hop.interface}`)
        return `route ${vrf} ${prefix} ${hops.join(' ')}`
      }),
    ...[...fdb.values()].map(
      ({ bridge, mac, interface: id, remote, sticky }) => `fdb ${bridge} ${mac} ${id} ${remote} ${sticky}`,
    ),
    ...[...neighbours.values()].map(
      ({ interface: id, address, mac, sticky }) => `neighbour ${id} ${address} ${mac} ${sticky}`,
    ),
    ...[...flood].map(([id, remotes]) => `flood ${id} ${remotes.join(' ')}`),
  ]
  return createHash('sha256').update(lines.toSorted().join('\n')).digest('hex')
}

export const routePlace = (vrf: number, prefix: string): string => `${vrf} ${prefix}`
export const fdbPlace = (bridge: number, mac: string): string => `${bridge} ${mac}`
export const neighbourPlace = (id: number, address: string): string => `${id} ${address}`

/**
 * The changes that lead from one state to the other, and no others. What is new comes before what goes, and what a route needs before
 * the route, so that a list may be applied in parts.
 */
export function changesBetween(before: DynamicTables, after: DynamicTables): readonly TableChange[] {
  const routes = difference(before.routes, after.routes, compareRoutes)
  const fdb = difference(before.fdb, after.fdb, compareFdb)
  const neighbours = difference(before.neighbours, after.neighbours, compareNeighbours)
  return [
    ...floodChanges(before.flood, after.flood),
    ...fdb.set.map(({ bridge, mac, interface: id, remote, sticky }): TableChange => {
      return { table: 'fdb', bridge, mac, to: { interface: id, remote, sticky } }
    }),
    ...neighbours.set.map(({ interface: id, address, mac, sticky }): TableChange => {
      return { table: 'neighbour', interface: id, address, to: { mac, sticky } }
    }),
    ...routes.set.map(({ vrf, prefix, members }): TableChange => {
      return { table: 'route', vrf, prefix, members: members.map((member) => ({ ...member })) }
    }),
    ...routes.gone.map(({ vrf, prefix }): TableChange => ({ table: 'route', vrf, prefix, members: null })),
    ...neighbours.gone.map(({ interface: id, address }): TableChange => {
      return { table: 'neighbour', interface: id, address, to: null }
    }),
    ...fdb.gone.map(({ bridge, mac }): TableChange => ({ table: 'fdb', bridge, mac, to: null })),
  ]
}

/** True when no change leads from one to the other. */
export function hasSameTables(a: DynamicTables, b: DynamicTables): boolean {
  return a === b || changesBetween(a, b).length === 0
}

interface Difference<E> {
  /** New or otherwise than before. */
  readonly set: readonly E[]
  readonly gone: readonly E[]
}

function difference<E>(
  before: ReadonlyMap<string, E>,
  after: ReadonlyMap<string, E>,
  compare: (a: E, b: E) => number,
): Difference<E> {
  if (before === after) return { set: [], gone: [] }
  const set: E[] = []
  for (const [place, entry] of after) {
    const old = before.get(place)
    if (old !== entry && !isEqual(old, entry)) set.push(entry)
  }
  const gone: E[] = []
  for (const [place, entry] of before) if (!after.has(place)) gone.push(entry)
  return { set: set.sort(compare), gone: gone.sort(compare) }
}

/** Entries are flat but for the members of routes, which are flat. */
function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const [left, right] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>]
  const names = Object.keys(left)
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && isEqual(left[name], right[name]))
  )
}

function floodChanges(before: DynamicTables['flood'], after: DynamicTables['flood']): TableChange[] {
  if (before === after) return []
  const changed: number[] = []
  for (const [id, remotes] of after) if (!isEqual(before.get(id) ?? [], remotes)) changed.push(id)
  for (const [id, remotes] of before) if (!after.has(id) && remotes.length > 0) changed.push(id)
  return changed
    .sort((a, b) => a - b)
    .map((id) => ({ table: 'flood', interface: id, remotes: [...(after.get(id) ?? [])] }))
}

function compareRoutes(a: RouteEntry, b: RouteEntry): number {
  return a.vrf - b.vrf || compareCode(a.prefix, b.prefix)
}
function compareFdb(a: FdbEntry, b: FdbEntry): number {
  return a.bridge - b.bridge || compareCode(a.mac, b.mac)
}
function compareNeighbours(a: NeighbourEntry, b: NeighbourEntry): number {
  return a.interface - b.interface || compareCode(a.address, b.address)
}

/**
 * The tables of a program: what is always there (connected routes, neighbours on links), and what the control plane adds. Groups are
 * numbered from the base's last, one for each list of members.
 */
export function tablesFrom(base: Tables, dynamic: DynamicTables): Tables {
  const groups = base.groups.map(({ id, members }) => ({ id, members: members.map((one) => ({ ...one })) }))
  const ids = new Map<string, number>()
  const idsOfLists = new Map<readonly NextHop[], number>()
  let last = Math.max(0, ...groups.map(({ id }) => id))
  const groupOf = (members: readonly NextHop[]): number => {
    const known = idsOfLists.get(members)
    if (known !== undefined) return known
    const id = groupWith(members)
    idsOfLists.set(members, id)
    return id
  }
  const groupWith = (members: readonly NextHop[]): number => {
    const key = members.map(({ interface: id, gateway, weight }) => `${id} ${gateway} ${weight}`).join()
    const present = ids.get(key)
    if (present !== undefined) return present
    last += 1
    ids.set(key, last)
    groups.push({ id: last, members: members.map((member) => ({ ...member })) })
    return last
  }
  const routes = [...dynamic.routes.values()]
    .toSorted(compareRoutes)
    .map(({ vrf, prefix, members }) => ({ vrf, prefix, group: groupOf(members) }))
  return {
    routes: [...base.routes, ...routes],
    groups,
    neighbours: [
      ...base.neighbours,
      ...[...dynamic.neighbours.values()]
        .toSorted(compareNeighbours)
        .map(({ interface: id, address, mac }) => ({ interface: id, address, mac })),
    ],
    fdb: [
      ...base.fdb,
      ...[...dynamic.fdb.values()]
        .toSorted(compareFdb)
        .map(({ bridge, mac, interface: id, remote }) => ({ bridge, mac, interface: id, remote })),
    ],
    flood: [
      ...base.flood,
      ...[...dynamic.flood]
        .toSorted(([a], [b]) => a - b)
        .flatMap(([id, remotes]) => (remotes.length === 0 ? [] : { interface: id, remotes: [...remotes] })),
    ],
  }
}
