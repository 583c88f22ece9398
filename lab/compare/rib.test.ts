import { constantFrom, property, assert as check, uniqueArray, record, integer } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Tables } from '../../contract/program.js'
import type { RibPath, RibRow } from '../../contract/rib.js'
import { compareRibs, compareTables, describeDifference, judgeByLedger, type LedgerEntry } from './rib.js'

const path: RibPath = {
  from: 'spine1',
  best: true,
  used: true,
  nextHop: '10.254.0.1',
  asPath: [65000, 65102],
  origin: 'igp',
  communities: [],
  extended: [],
}
const row = (paths: readonly RibPath[], key = '10.255.0.2/32'): RibRow => ({
  node: 'leaf1',
  table: 'ipv4',
  key,
  paths: [...paths],
})

describe('tables of BGP', () => {
  test('are equal in whatever order their rows and paths come', () => {
    const paths = ['spine1', 'spine2', 'spine3'].map((from) => ({ ...path, from }))
    const rows = ['10.255.0.2/32', '10.255.0.3/32'].map((key) => row(paths, key))
    check(
      property(uniqueArray(integer({ min: 0, max: 1 }), { minLength: 2, maxLength: 2 }), (order) => {
        const shuffled = order.map((n) => ({ ...rows[n]!, paths: rows[n]!.paths.toReversed() }))
        expect(compareRibs(rows, shuffled)).toEqual([])
      }),
    )
  })

  test('differ in each attribute by its name, in a path that one side lacks, and in a row that one side lacks', () => {
    const other: RibPath = {
      ...path,
      best: false,
      used: false,
      nextHop: '10.254.0.3',
      asPath: [65000],
      origin: 'egp',
      med: 1,
      localPreference: 100,
      communities: ['65000:1'],
      extended: ['encap:vxlan'],
      labels: [1],
    }
    const names = compareRibs([row([path])], [row([other])]).map(({ attribute }) => attribute)
    expect(names.toSorted()).toEqual(
      Object.keys(other)
        .filter((name) => name !== 'from')
        .toSorted(),
    )
    const [missing] = compareRibs([row([path])], [row([{ ...path, from: 'spine2' }, path])])
    expect(missing).toMatchObject({ attribute: 'path', key: '10.255.0.2/32 from spine2', twin: undefined })
    expect(describeDifference(missing!)).toMatch(
      /^leaf1 ipv4 10.255.0.2\/32 from spine2: path: twin has none, lab best true/,
    )
    expect(compareRibs([row([path])], []).length).toBe(1)
    expect(compareRibs([], [row([path])]).length).toBe(1)
  })

  test('that say a thing twice cannot be compared', () => {
    expect(() => compareRibs([row([path]), row([path])], [])).toThrow(RangeError)
  })

  test('[BGP-14] several paths of one peer are told by their order', () => {
    const second = { ...path, best: false, asPath: [65000, 65103] }
    expect(compareRibs([row([path, second])], [row([path, second])])).toEqual([])
    const [missing] = compareRibs([row([path, second])], [row([path])])
    expect(missing).toMatchObject({ attribute: 'path', key: '10.255.0.2/32 from spine1, path 2' })
    const [other] = compareRibs([row([path, second])], [row([path, { ...second, med: 1 }])])
    expect(other).toMatchObject({ attribute: 'med', lab: '1' })
  })
})

describe('tables of a node', () => {
  const tables: Tables = {
    groups: [
      {
        id: 1,
        members: [
          { interface: 3, gateway: '10.254.0.1' },
          { interface: 4, gateway: '10.254.0.3' },
        ],
      },
    ],
    routes: [
      { vrf: 0, prefix: '10.255.0.2/32', group: 1 },
      { vrf: 1, prefix: '10.1.0.0/24', connected: 7 },
    ],
    neighbours: [{ interface: 3, address: '10.254.0.1', mac: '02:00:00:00:00:01' }],
    fdb: [{ bridge: 9, mac: '02:00:00:00:00:02', interface: 10, remote: '10.255.0.2' }],
    flood: [{ interface: 10, remotes: ['10.255.0.2', '10.255.0.3'] }],
  }

  test('are equal under other ids of groups', () => {
    const renumbered: Tables = {
      ...tables,
      groups: tables.groups.map((group) => ({ ...group, id: 7 })),
      routes: tables.routes.map((route) => (route.group === undefined ? route : { ...route, group: 7 })),
    }
    expect(compareTables('leaf1', tables, renumbered)).toEqual([])
  })

  const changes: readonly (readonly [string, Partial<Tables>])[] = [
    ['route', { routes: [{ vrf: 0, prefix: '10.255.0.2/32', group: 1 }] }],
    ['route', { groups: [{ id: 1, members: tables.groups[0]!.members.toReversed() }] }],
    ['neighbour', { neighbours: [{ ...tables.neighbours[0]!, mac: '02:00:00:00:00:09' }] }],
    ['fdb', { fdb: [{ ...tables.fdb[0]!, remote: '10.255.0.3' }] }],
    ['flood', { flood: [{ interface: 10, remotes: ['10.255.0.3', '10.255.0.2'] }] }],
  ]
  test.each(changes)('differ where the %s does', (table, change) => {
    const seen = compareTables('leaf1', tables, { ...tables, ...change })
    expect(seen.map((one) => one.table)).toEqual([table])
  })
})

test('[TABLE-7] routes differ in the weights of their members', () => {
  const member = { interface: 1, gateway: '10.254.0.1' }
  const tables = (weight?: number): Tables => ({
    groups: [{ id: 1, members: [{ ...member, ...(weight === undefined ? {} : { weight }) }] }],
    routes: [{ vrf: 0, prefix: '10.255.0.2/32', group: 1 }],
    neighbours: [],
    fdb: [],
    flood: [],
  })
  expect(compareTables('leaf1', tables(60), tables(60))).toEqual([])
  expect(compareTables('leaf1', tables(60), tables())).toHaveLength(1)
  expect(compareTables('leaf1', tables(1), tables())).toEqual([])
})

describe('the ledger', () => {
  const entry: LedgerEntry = {
    id: 'origin',
    attribute: 'origin',
    twin: /igp/,
    lab: /incomplete|egp/,
    reason: 'a test',
  }
  const differences = compareRibs([row([path])], [row([{ ...path, origin: 'egp', nextHop: '10.254.0.9' }])])

  test('explains what matches in all it says, and nothing else', () => {
    const { unexplained, explained, idle } = judgeByLedger(differences, [entry])
    expect(unexplained.map(({ attribute }) => attribute)).toEqual(['nextHop'])
    expect(explained.get('origin')).toBe(1)
    expect(idle).toEqual([])
  })

  test('is strict: an entry that explains nothing is told', () => {
    check(
      property(
        record({ attribute: constantFrom('origin', 'nextHop'), twin: constantFrom(/ig/, /gp/, /egp/) }),
        (change) => {
          const { idle, unexplained } = judgeByLedger(differences, [{ ...entry, ...change }])
          expect(idle.map(({ id }) => id)).toEqual(['origin'])
          expect(unexplained.length).toBe(2)
        },
      ),
    )
  })
})
