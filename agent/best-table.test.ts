import { describe, expect, it } from 'vitest'
import { BestTable, reachability } from './best-table.js'
import type { ReadPath } from './convert.js'

function read(key: string, neighbour: string, over: Partial<ReadPath> = {}): ReadPath {
  return {
    table: 'ipv4',
    key,
    withdrawn: false,
    neighbour,
    pathId: 0,
    routerId: `10.255.1.${neighbour.split('.').at(-1) ?? 0}`,
    path: {
      from: neighbour === '' ? 'self' : neighbour,
      best: false,
      used: false,
      nextHop: neighbour === '' ? '0.0.0.0' : neighbour,
      asPath: [65_000],
      origin: 'igp',
      communities: [],
      extended: [],
    },
    ...over,
  }
}
const hopsOf = (table: BestTable, usable: (hop: string) => boolean = () => true) =>
  Object.fromEntries(
    [...table.used('ipv4', ({ nextHop }) => usable(nextHop))].map(([key, paths]) => [
      key,
      paths.map(({ nextHop }) => nextHop),
    ]),
  )
const filled = (options: { multipath: boolean; limit: number }, ...paths: readonly ReadPath[]) => {
  const table = new BestTable(options)
  for (const path of paths) table.update(path)
  return table
}
const KEY = '10.255.0.2/32'

describe('a table of best paths', () => {
  it('[BGP-8] uses the first so many, in order of router ids and addresses', () => {
    const table = filled(
      { multipath: true, limit: 2 },
      read(KEY, '10.0.0.10'),
      read(KEY, '10.0.0.9'),
      read(KEY, '10.0.0.2'),
    )
    expect(hopsOf(table)).toEqual({ [KEY]: ['10.0.0.2', '10.0.0.9'] })
  })

  it('[BGP-9] passes over next hops that are no session far ends, before it counts', () => {
    const table = filled(
      { multipath: true, limit: 2 },
      read(KEY, '10.0.0.10'),
      read(KEY, '10.0.0.9'),
      read(KEY, '10.0.0.2'),
    )
    expect(hopsOf(table, (hop) => hop !== '10.0.0.2')).toEqual({ [KEY]: ['10.0.0.9', '10.0.0.10'] })
  })

  it('forgets a path that is withdrawn, and the key with its last', () => {
    const table = filled({ multipath: true, limit: 8 }, read(KEY, '10.0.0.1'), read(KEY, '10.0.0.2'))
    table.update(read(KEY, '10.0.0.1', { withdrawn: true }))
    expect(hopsOf(table)).toEqual({ [KEY]: ['10.0.0.2'] })
    table.update(read(KEY, '10.0.0.2', { withdrawn: true }))
    expect(table.sizeOf('ipv4')).toBe(0)
  })

  it('has one path of each key where the daemon tells the best alone', () => {
    const table = filled({ multipath: false, limit: 8 }, read(KEY, '10.0.0.1'), read(KEY, '10.0.0.2'))
    expect(hopsOf(table)).toEqual({ [KEY]: ['10.0.0.2'] })
  })

  it('[TABLE-7] makes nothing of prefixes of its own', () => {
    const table = filled({ multipath: true, limit: 8 }, read(KEY, ''), read(KEY, '10.0.0.1'))
    expect(hopsOf(table)).toEqual({})
    expect([...table.own('ipv4').keys()]).toEqual([KEY])
  })

  it('has of EVPN the best of others, and none where the own one is best', () => {
    const key = '[3][10.255.0.2:7][0][10.255.0.2]'
    const of = (neighbour: string, withdrawn = false) => read(key, neighbour, { table: 'evpn', withdrawn })
    const table = filled({ multipath: true, limit: 1 }, of('10.0.0.9'), of('10.0.0.10'))
    expect(table.evpn.get(key)?.from).toBe('10.0.0.9')
    table.update(of('10.0.0.9', true))
    expect(table.evpn.get(key)?.from).toBe('10.0.0.10')
    table.update(of(''))
    expect(table.evpn.size).toBe(0)
  })

  it('counts changes, and not what changes nothing', () => {
    const table = filled({ multipath: true, limit: 1 }, read(KEY, '10.0.0.1'))
    expect(table.version).toBe(1)
    table.update(read(KEY, '10.0.0.7', { withdrawn: true }))
    expect(table.version).toBe(1)
  })
})

describe('reachability', () => {
  it('[BGP-9] is by routes of the same family, and by what is the own', () => {
    const isReachable = reachability(['10.255.0.2/32', '2001:db8::/64'], ['10.255.0.1/32'])
    expect(
      ['10.255.0.1', '10.255.0.2', '10.255.0.3', '2001:db8::7', '2001:db8:0:1::7'].map(isReachable),
    ).toEqual([true, true, false, true, false])
  })
})
