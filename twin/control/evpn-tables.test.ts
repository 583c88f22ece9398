import { describe, expect, test } from 'vitest'
import { GATEWAY_MAC, leaf, path, ROUTER_MAC, VTEP, WEB } from './testdata/evpn-leaf.js'
import { importRoutes } from './evpn-choice.js'
import { desiredTables, tablesOfImports, TableParts } from './evpn-tables.js'
import { NOTHING_ANNOUNCED, type EvpnPath } from './node.js'

const MAC = '02:00:00:00:00:0a'
const [one, three, ten] = ['10.255.0.1', '10.255.0.3', '10.255.0.10']
const L2 = 'rt:65000:10010'
const L3 = 'rt:65000:50001'
const rmac = (n: number) => `rmac:02:5a:02:00:00:0${n}`

function tables(entries: readonly (readonly [string, EvpnPath])[], announced = NOTHING_ANNOUNCED) {
  const { routes, fdb, neighbours, flood } = desiredTables(leaf, new Map(entries), announced)
  return {
    routes: [...routes.values()].map(({ vrf, prefix, members }) => [vrf, prefix, ...members]),
    fdb: [...fdb.values()],
    neighbours: [...neighbours.values()],
    flood,
  }
}
const type2 = (vtep: string, mac: string, ip?: string) =>
  `[2][${vtep}:1][0][${mac}]${ip === undefined ? '' : `[${ip}]`}`
const type3 = (vtep: string) => `[3][${vtep}:1][0][${vtep}]`
const type5 = (vtep: string, prefix: string) => `[5][${vtep}:1][0][${prefix}]`
const over = (gateway: string) => ({ interface: 30002, gateway })

test('[TABLE-1] a flood list holds the ends of the network, ascending as numbers', () => {
  const { flood } = tables([
    [type3(ten), path(ten, L2)],
    [type3(three), path(three, L2)],
    [type3(one), path(one, 'rt:65000:10030')],
    [`[3][${three}:2][0][${three}]`, path(three, L2)],
    [type3(VTEP), path(VTEP, L2)],
  ])
  expect(flood.get(10001)).toEqual([three, ten])
  expect(flood.get(10009)).toEqual([one])
})

describe('[TABLE-2] MACs', () => {
  const entry = (remote: string, sticky = false) => ({
    bridge: WEB.bridge,
    mac: MAC,
    interface: WEB.vxlan,
    remote,
    sticky,
  })
  test.each([
    [
      'sticky before a higher number',
      [path(one, L2, 'mobility:9'), path(three, L2, 'mobility:0:sticky')],
      three,
      true,
    ],
    [
      'a higher number before a lower VTEP',
      [path(one, L2, 'mobility:1'), path(three, L2, 'mobility:2')],
      three,
      false,
    ],
    ['then the lower VTEP, as numbers', [path(ten, L2), path(three, L2)], three, false],
  ] as const)('%s', (_name, paths, remote, sticky) => {
    const routes = paths.map((each) => [type2(each.nextHop, MAC), each] as const)
    expect(tables(routes).fdb).toEqual([entry(remote, sticky)])
    expect(tables(routes.toReversed()).fdb).toEqual([entry(remote, sticky)])
  })

  test('routes with an address count too', () => {
    expect(tables([[type2(one, MAC, '10.1.0.10'), path(one, L2)]]).fdb).toEqual([entry(one)])
  })

  test('none for MACs of the own gateway, nor for what the node announces', () => {
    expect(
      tables([
        [type2(one, GATEWAY_MAC, '10.1.0.1'), path(one, L2, 'mobility:0:sticky', 'default-gateway')],
        [type2(one, ROUTER_MAC), path(one, L2)],
      ]).fdb,
    ).toEqual([])
    const announced = { macs: new Map([[`${WEB.bridge} ${MAC}`, 1]]), addresses: new Set<string>() }
    expect(tables([[type2(one, MAC), path(one, L2)]], announced).fdb).toEqual([])
  })

  test('none for what an engine would refuse', () => {
    expect(
      tables([
        [type2(one, '01:00:5e:00:00:01'), path(one, L2)],
        [type2(one, '00:00:00:00:00:00'), path(one, L2)],
        [type2(one, MAC), path('2001:db8::1', L2)],
        [type2(one, MAC), path('nonsense', L2)],
        ['[2][nonsense', path(one, L2)],
      ]).fdb,
    ).toEqual([])
  })

  test.each([
    ['0.0.0.0', '127.0.0.1', '224.0.0.1', '255.255.255.255'],
    ['::', '::1', 'ff02::1', 'fe80::5a:3ff:fe00:1'],
  ])('nor for addresses that no host has: %s, %s, %s, %s', (...addresses) => {
    const routes = addresses.map((ip) => [type2(one, MAC, ip), path(one, L2, L3, rmac(1))] as const)
    expect(tables(routes)).toMatchObject({ fdb: [], neighbours: [], routes: [] })
    const edges = ['1.0.0.0', '223.255.255.255', '::2', 'fec0::1']
    for (const ip of edges) {
      const { neighbours } = tables([[type2(one, MAC, ip), path(one, L2)]])
      expect(neighbours).toMatchObject([{ address: ip }])
    }
  })
})

describe('[TABLE-3] addresses', () => {
  const other = '02:00:00:00:00:0b'
  test('the neighbour has the MAC of the route that holds', () => {
    const routes = [
      [type2(one, MAC, '10.1.0.10'), path(one, L2)],
      [type2(three, other, '10.1.0.10'), path(three, L2, 'mobility:1')],
      [type2(one, MAC), path(one, L2, 'mobility:5')],
    ] as const
    const neighbour = { interface: 10002, address: '10.1.0.10', mac: other, sticky: false }
    expect(tables(routes).neighbours).toEqual([neighbour])
    expect(tables(routes.toReversed()).neighbours).toEqual([neighbour])
  })

  test('none for own addresses, for announced ones, and without a gateway here', () => {
    const announced = { macs: new Map(), addresses: new Set(['10002 10.1.0.10']) }
    expect(
      tables(
        [
          [type2(one, GATEWAY_MAC, '10.1.0.1'), path(one, L2)],
          [type2(one, GATEWAY_MAC, '2001:db8:1::1'), path(one, L2)],
          [type2(one, MAC, '10.1.0.10'), path(one, L2)],
          [type2(one, MAC, '10.3.0.10'), path(one, 'rt:65000:10030')],
        ],
        announced,
      ).neighbours,
    ).toEqual([])
  })
})

describe('[TABLE-4] routers', () => {
  const expected = {
    neighbours: [{ interface: 30002, address: one, mac: '02:5a:02:00:00:01', sticky: true }],
    fdb: [{ bridge: 30000, mac: '02:5a:02:00:00:01', interface: 30001, remote: one, sticky: true }],
  }
  test('a prefix or a host makes its VTEP a sticky neighbour of the L3 VNI', () => {
    expect(tables([[type5(one, '10.9.0.0/24'), path(one, L3, rmac(1))]])).toMatchObject(expected)
    expect(tables([[type2(one, MAC, '10.9.0.9'), path(one, L3, rmac(1))]])).toMatchObject(expected)
  })

  test("not without a router's MAC, nor with the own one", () => {
    expect(
      tables([
        [type5(one, '10.9.0.0/24'), path(one, L3)],
        [type5(three, '10.9.0.0/24'), path(three, L3, `rmac:${ROUTER_MAC}`)],
        [type2(ten, MAC), path(ten, L3, rmac(3))],
      ]),
    ).toMatchObject({ neighbours: [], fdb: [], routes: [] })
  })

  test('what contradicts itself is settled whatever the order', () => {
    const routes = [
      [type5(one, '10.9.0.0/24'), path(one, L3, rmac(4))],
      [type5(one, '10.8.0.0/24'), path(one, L3, rmac(1))],
      [type5(three, '10.9.0.0/24'), path(three, L3, rmac(1))],
    ] as const
    expect(tables(routes).fdb).toEqual(expected.fdb)
    expect(tables(routes.toReversed()).fdb).toEqual(expected.fdb)
  })
})

describe('[TABLE-5] hosts', () => {
  test('a host route of each family by the VTEP that holds', () => {
    const { routes } = tables([
      [type2(ten, MAC, '10.9.0.10'), path(ten, L2, L3, rmac(3))],
      [type2(one, MAC, '10.9.0.10'), path(one, L2, L3, rmac(1))],
      [type2(one, MAC, '2001:db8:9::10'), path(one, L2, L3, rmac(1))],
    ])
    expect(routes).toEqual([
      [2, '10.9.0.10/32', over(one)],
      [2, '2001:db8:9::10/128', over(one)],
    ])
  })

  test('none into a network that is connected here: it is bridged to', () => {
    const { routes } = tables([
      [type2(one, MAC, '10.1.0.10'), path(one, L2, L3, rmac(1))],
      [type2(one, MAC, '2001:db8:1::10'), path(one, L2, L3, rmac(1))],
      [type2(one, MAC, '10.1.1.10'), path(one, L2, L3, rmac(1))],
    ])
    expect(routes).toEqual([[2, '10.1.1.10/32', over(one)]])
  })

  test('none for what the node announces, for own addresses, for gateways', () => {
    const announced = { macs: new Map(), addresses: new Set(['10002 10.9.0.10', '10014 10.8.0.10']) }
    const { routes } = tables(
      [
        [type2(one, MAC, '10.9.0.10'), path(one, L2, L3, rmac(1))],
        [type2(one, MAC, '10.8.0.10'), path(one, L3, rmac(1))],
        [type2(one, MAC, '10.1.0.1'), path(one, L3, rmac(1))],
        [type2(one, MAC, '10.5.0.1'), path(one, L3, rmac(1), 'default-gateway')],
      ],
      announced,
    )
    expect(routes).toEqual([])
  })
})

describe('[TABLE-6] prefixes', () => {
  test('one member for each VTEP, ascending as numbers', () => {
    const routes = [ten, one, three].map(
      (vtep, i) => [type5(vtep, '10.9.0.0/24'), path(vtep, L3, rmac(i + 3))] as const,
    )
    expect(tables(routes).routes).toEqual([[2, '10.9.0.0/24', over(one), over(three), over(ten)]])
  })

  test('none for what is announced or connected', () => {
    const prefixes = ['10.1.0.0/24', '10.4.0.0/24', '2001:db8:1::/64']
    expect(tables(prefixes.map((prefix) => [type5(one, prefix), path(one, L3, rmac(1))])).routes).toEqual([])
  })

  test('a host route that is announced as a prefix yields to the host itself', () => {
    const routes = [
      [type2(three, MAC, '10.9.0.9'), path(three, L3, rmac(3))],
      [type5(one, '10.9.0.9/32'), path(one, L3, rmac(1))],
    ] as const
    expect(tables(routes).routes).toEqual([[2, '10.9.0.9/32', over(three)]])
  })

  test('a group is as large as it may be', () => {
    const routes = Array.from({ length: 70 }, (_, i) => `10.255.1.${i}`).map(
      (vtep) => [type5(vtep, '10.9.0.0/24'), path(vtep, L3, rmac(1))] as const,
    )
    expect(tables(routes).routes[0]).toHaveLength(2 + 64)
  })
})

test('what was made before is made anew where routes, what the node announces or what it is told are others', () => {
  const { evpn } = leaf.control
  if (evpn === undefined) throw new Error('the leaf has no EVPN')
  const parts = new TableParts()
  const best = new Map([[type2(one, MAC, '10.1.0.10'), path(one, L2, L3, rmac(1))]])
  const imports = importRoutes(VTEP, best)
  const said = { macs: new Map([[`${WEB.bridge} ${MAC}`, 0]]), addresses: new Set([`${WEB.irb} 10.1.0.10`]) }
  const told = { ...leaf, control: { ...leaf.control, evpn: { ...evpn, networks: [] } } }
  const tried = [
    [leaf, imports, NOTHING_ANNOUNCED],
    [leaf, imports, said],
    [leaf, imports, NOTHING_ANNOUNCED],
    [leaf, importRoutes(VTEP, new Map()), NOTHING_ANNOUNCED],
    [told, imports, NOTHING_ANNOUNCED],
  ] as const
  const sizes = tried.map(([node, routes, announced]) => {
    const own = node.control.evpn ?? evpn
    const made = tablesOfImports(node, own, routes, announced, parts)
    expect(made).toEqual(tablesOfImports(node, own, routes, announced))
    return made.fdb.size + made.neighbours.size
  })
  expect(new Set(sizes).size).toBeGreaterThan(2)
})
