import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TableChange } from '../../contract/control.js'
import { Tables } from '../../contract/program.js'
import { changesBetween, NO_TABLES, tablesFrom, type DynamicTables } from './tables.js'

const route = fc.record({
  vrf: fc.nat({ max: 1 }),
  prefix: fc.constantFrom('10.0.0.0/24', '10.0.1.0/24', '10.0.1.1/32'),
  members: fc.array(
    fc.record({
      interface: fc.integer({ min: 1, max: 3 }),
      gateway: fc.constantFrom('10.9.0.1', '10.9.0.2'),
    }),
    { minLength: 1, maxLength: 3 },
  ),
})
const entry = fc.record({
  bridge: fc.integer({ min: 1, max: 2 }),
  mac: fc.constantFrom('02:00:00:00:00:01', '02:00:00:00:00:02'),
  interface: fc.constant(7),
  remote: fc.constantFrom('10.9.0.1', '10.9.0.2'),
  sticky: fc.boolean(),
})
const neighbour = fc.record({
  interface: fc.integer({ min: 1, max: 2 }),
  address: fc.constantFrom('10.0.0.1', '10.0.0.2'),
  mac: fc.constantFrom('02:00:00:00:00:01', '02:00:00:00:00:02'),
  sticky: fc.boolean(),
})
const dynamic: fc.Arbitrary<DynamicTables> = fc
  .record({
    routes: fc.array(route, { maxLength: 5 }),
    fdb: fc.array(entry, { maxLength: 4 }),
    neighbours: fc.array(neighbour, { maxLength: 4 }),
    flood: fc.array(
      fc.tuple(fc.integer({ min: 1, max: 2 }), fc.uniqueArray(fc.constantFrom('10.9.0.1', '10.9.0.2'))),
    ),
  })
  .map(({ routes, fdb, neighbours, flood }) => ({
    routes: new Map(routes.map((one) => [`${one.vrf} ${one.prefix}`, one])),
    fdb: new Map(fdb.map((one) => [`${one.bridge} ${one.mac}`, one])),
    neighbours: new Map(neighbours.map((one) => [`${one.interface} ${one.address}`, one])),
    flood: new Map(flood),
  }))

/** CTRL-6 on the dynamic part. */
function applied(before: DynamicTables, changes: readonly TableChange[]): DynamicTables {
  const [routes, fdb] = [new Map(before.routes), new Map(before.fdb)]
  const [neighbours, flood] = [new Map(before.neighbours), new Map(before.flood)]
  const put = <V>(map: Map<string, V>, place: string, value: V | null) =>
    value === null ? map.delete(place) : map.set(place, value)
  for (const change of changes) {
    if (change.table === 'route') {
      const { vrf, prefix, members } = change
      put(routes, `${vrf} ${prefix}`, members && { vrf, prefix, members })
    } else if (change.table === 'fdb') {
      const { bridge, mac, to } = change
      put(fdb, `${bridge} ${mac}`, to && { bridge, mac, ...to, remote: to.remote ?? '' })
    } else if (change.table === 'neighbour') {
      const { interface: id, address, to } = change
      put(neighbours, `${id} ${address}`, to && { interface: id, address, ...to })
    } else if (change.table === 'flood') {
      flood.set(change.interface, change.remotes)
    }
  }
  return { routes, fdb, neighbours, flood }
}
const filled = ({ flood, ...tables }: DynamicTables) => ({
  ...tables,
  flood: new Map([...flood].filter(([, remotes]) => remotes.length > 0)),
})

test('changes lead from one state to the other', () => {
  fc.assert(
    fc.property(dynamic, dynamic, (before, after) => {
      expect(filled(applied(before, changesBetween(before, after)))).toEqual(filled(after))
    }),
  )
})

test('no change is one too many', () => {
  fc.assert(
    fc.property(dynamic, dynamic, (before, after) => {
      expect(changesBetween(after, structuredClone(after))).toEqual([])
      const changes = changesBetween(before, after)
      for (const change of changes) {
        const others = changes.filter((one) => one !== change)
        expect(filled(applied(before, others))).not.toEqual(filled(after))
      }
    }),
  )
})

test('the order of changes does not depend on that of the maps, and what a route needs comes before it', () => {
  const mirrored = (tables: DynamicTables): DynamicTables => ({
    routes: new Map([...tables.routes].toReversed()),
    fdb: new Map([...tables.fdb].toReversed()),
    neighbours: new Map([...tables.neighbours].toReversed()),
    flood: new Map([...tables.flood].toReversed()),
  })
  const rank = (change: TableChange): number => {
    if (change.table === 'flood') return 0
    const isSet = (change.table === 'route' ? change.members : change.to) !== null
    const order = ['fdb', 'neighbour', 'route'].indexOf(change.table)
    return isSet ? 1 + order : 6 - order
  }
  fc.assert(
    fc.property(dynamic, dynamic, (before, after) => {
      const changes = changesBetween(before, after)
      expect(changesBetween(mirrored(before), mirrored(after))).toEqual(changes)
      const ranks = changes.map(rank)
      expect(ranks).toEqual(ranks.toSorted((a, b) => a - b))
    }),
  )
})

test('tables of a program hold base and additions, with a group for each list of members', () => {
  const base: Tables = {
    routes: [{ vrf: 0, prefix: '10.254.0.0/31', connected: 1 }],
    groups: [{ id: 4, members: [{ interface: 1, gateway: '10.254.0.1' }] }],
    neighbours: [{ interface: 1, address: '10.254.0.1', mac: '02:00:00:00:00:09' }],
    fdb: [],
    flood: [],
  }
  fc.assert(
    fc.property(dynamic, (added) => {
      const tables = Tables.parse(tablesFrom(base, added))
      expect(tables.routes.slice(0, 1)).toEqual(base.routes)
      const groups = new Map(tables.groups.map(({ id, members }) => [id, members]))
      expect(groups.size).toBe(tables.groups.length)
      expect(new Set(tables.groups.slice(1).map(({ members }) => JSON.stringify(members))).size).toBe(
        tables.groups.length - 1,
      )
      expect(
        new Map(
          tables.routes
            .slice(1)
            .map(({ vrf, prefix, group }) => [
              `${vrf} ${prefix}`,
              { vrf, prefix, members: groups.get(group ?? 0) },
            ]),
        ),
      ).toEqual(added.routes)
      expect(tables.neighbours.length).toBe(1 + added.neighbours.size)
      expect(tables.fdb.length).toBe(added.fdb.size)
      expect(tables.flood.every(({ remotes }) => remotes.length > 0)).toBe(true)
    }),
  )
  expect(tablesFrom(base, NO_TABLES)).toEqual(base)
})
