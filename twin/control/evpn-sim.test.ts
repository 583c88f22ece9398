import { describe, expect, test } from 'vitest'
import type { SimulatedNode } from './change.js'
import { ControlPlaneSim } from './sim.js'
import type { Learned } from './node.js'
import { leafSpine, loopbackOf, macOf } from './testdata/fabric.js'

const MAC = '02:00:00:00:00:0a'
const BRIDGE = 10004
const IRB = 10006
const heard: Learned = {
  fdb: [{ bridge: BRIDGE, mac: MAC, interface: 9 }],
  neighbours: [{ interface: IRB, address: '10.1.1.10', mac: MAC }],
}
const nothing: Learned = { fdb: [], neighbours: [] }
const at = (node: string, learned = heard) => ({ learned: new Map([[node, learned]]) })
/** Network 1 on leaves 1 to 3, network 2 on leaf 3 alone. */
const fabric = () => leafSpine(2, [[1], [1], [1, 2]])

/** What a node says of the MAC alone: by whom it is, with which number. */
function placeOfMac(sim: ControlPlaneSim, node: string) {
  return sim
    .rows(node)
    .filter(({ key }) => key.endsWith(`[0][${MAC}]`))
    .flatMap(({ paths }) => paths.filter(({ best }) => best))
    .map(({ nextHop, extended }) => `${nextHop} ${extended.find((one) => one.startsWith('mobility')) ?? 0}`)
}
const control = (sim: ControlPlaneSim, node: string) => {
  const { routes, fdb, neighbours, flood } = sim.dynamicTables(node)
  return {
    routes: [...routes.values()].filter(({ vrf }) => vrf !== 0),
    fdb: [...fdb.values()].filter(({ mac }) => mac === MAC),
    neighbours: [...neighbours.values()].filter(({ interface: id }) => id === IRB),
    flood,
  }
}

describe('EVPN between nodes', () => {
  test('[BGP-3] spines hand on with the next hop, the communities and the labels unchanged', () => {
    const sim = new ControlPlaneSim(fabric(), at('leaf1'))
    const own = sim.rows('leaf1').filter(({ table }) => table === 'evpn')
    const theirs = new Map(sim.rows('leaf2').map((row) => [row.key, row]))
    const mine = own.flatMap(({ key, paths }) => {
      const path = paths.find(({ from }) => from === 'self')
      return path === undefined ? [] : [[key, path] as const]
    })
    expect(mine).toHaveLength(5)
    for (const [key, { nextHop, extended, labels }] of mine) {
      expect(nextHop).toBe(loopbackOf(1))
      expect(theirs.get(key)?.paths).toMatchObject(
        ['spine1', 'spine2'].map((from, i) => ({
          from,
          best: i === 0,
          used: false,
          nextHop,
          extended,
          labels,
          asPath: [65000, 65101],
        })),
      )
    }
  })

  test('[BGP-3] EVPN is not asked for policies', () => {
    const nodes = fabric().map((node) => ({
      ...node,
      control: {
        ...node.control,
        policies: [
          { name: 'loopbacks', statements: [{ match: {}, action: 'accept' as const, set: { med: 1 } }] },
        ],
        sessions: node.control.sessions.map((session) => ({ ...session, export: 'loopbacks' })),
      },
    }))
    const rows = new ControlPlaneSim(nodes).rows('leaf2')
    const paths = rows.flatMap((row) => (row.table === 'evpn' ? row.paths : []))
    expect(paths.length).toBeGreaterThan(0)
    expect(paths.every(({ med }) => med === undefined)).toBe(true)
  })

  test('[BGP-9] a leaf without a route to the VTEP does not import its routes; GoBGP chooses and hands on all the same', () => {
    const nodes = fabric().map((node) => {
      if (node.name !== 'leaf2') return node
      const no = {
        match: { prefixes: [{ prefix: `${loopbackOf(1)}/32` }] },
        action: 'reject' as const,
        set: {},
      }
      const rest = { match: {}, action: 'accept' as const, set: {} }
      const sessions = node.control.sessions.map((session) => ({ ...session, import: 'in' }))
      const policies = [{ name: 'in', statements: [no, rest] }]
      return { ...node, control: { ...node.control, sessions, policies } }
    })
    const sim = new ControlPlaneSim(nodes)
    const key = `[3][${loopbackOf(1)}:${BRIDGE}][0][${loopbackOf(1)}]`
    const bestAt = (node: string) =>
      sim
        .rows(node)
        .find((row) => row.key === key)
        ?.paths.map(({ best }) => best)
    expect(bestAt('leaf2')).toEqual([true, false])
    expect(bestAt('leaf3')).toEqual([true, false])
    expect(bestAt('spine1')).toContain(true)
    expect(control(sim, 'leaf2').flood.get(BRIDGE + 1)).toEqual([loopbackOf(3)])
    expect(control(sim, 'leaf3').flood.get(BRIDGE + 1)).toEqual([loopbackOf(1), loopbackOf(2)])
    // A shorter prefix that holds the VTEP will do, and is noticed when it comes.
    const spine = nodes.find(({ name }) => name === 'spine1')
    if (spine === undefined) throw new Error('there is no spine1')
    const originate = [...spine.control.originate, '10.255.0.0/24']
    sim.update({ control: new Map([['spine1', { ...spine.control, originate }]]) })
    expect(control(sim, 'leaf2').flood.get(BRIDGE + 1)).toEqual([loopbackOf(1), loopbackOf(3)])
    sim.update({ control: new Map([['spine1', spine.control]]) })
    expect(control(sim, 'leaf2').flood.get(BRIDGE + 1)).toEqual([loopbackOf(3)])
  })

  test('[BGP-9] FRR neither prefers nor hands on a route whose VTEP it has no way to, until it has one', () => {
    const policies = [
      {
        name: 'in',
        statements: [
          { match: { prefixes: [{ prefix: `${loopbackOf(1)}/32` }] }, action: 'reject' as const, set: {} },
          { match: {}, action: 'accept' as const, set: {} },
        ],
      },
    ]
    const spine = fabric().find(({ name }) => name === 'spine1')
    if (spine === undefined) throw new Error('there is no spine1')
    const sessions = spine.control.sessions.map((session) => ({ ...session, import: 'in' }))
    const blind = new Map([['spine1', { ...spine.control, sessions, policies }]])
    const seeing = new Map([['spine1', spine.control]])
    const key = `[3][${loopbackOf(1)}:${BRIDGE}][0][${loopbackOf(1)}]`
    const seen = (sim: ControlPlaneSim) =>
      ['spine1', 'leaf2'].map((node) =>
        sim
          .rows(node)
          .find((row) => row.key === key)
          ?.paths.map(({ from, best }) => `${from} ${best}`),
      )
    const sim = new ControlPlaneSim(
      fabric().map((node) => ({ ...node, control: blind.get(node.name) ?? node.control })),
    )
    expect(seen(sim)).toEqual([['leaf1 false'], ['spine2 true']])
    sim.update({ control: seeing })
    expect(seen(sim)).toEqual([['leaf1 true'], ['spine1 true', 'spine2 false']])
    sim.update({ control: blind })
    expect(seen(sim)).toEqual([['leaf1 false'], ['spine2 true']])
    // The other spine alone had it for leaf2.
    sim.update({ down: { links: ['leaf2--spine2'] } })
    expect(seen(sim)).toEqual([['leaf1 false'], undefined])
    expect(control(sim, 'leaf2').flood.get(BRIDGE + 1)).toEqual([loopbackOf(3)])
  })

  test('[BGP-2] routes go with their sessions even where the VTEP is still covered by another prefix', () => {
    const nodes = fabric().map((node) => {
      if (node.name === 'leaf1') return { ...node, control: { ...node.control, originate: [] } }
      if (node.name !== 'spine1') return node
      const originate = [...node.control.originate, '10.255.0.0/24']
      return { ...node, control: { ...node.control, originate } }
    })
    const sim = new ControlPlaneSim(nodes)
    expect(control(sim, 'leaf2').flood.get(BRIDGE + 1)).toEqual([loopbackOf(1), loopbackOf(3)])
    sim.update({ down: { links: ['leaf1--spine1', 'leaf1--spine2'] } })
    expect(control(sim, 'leaf2').flood.get(BRIDGE + 1)).toEqual([loopbackOf(3)])
    sim.update({ down: {} })
    expect(control(sim, 'leaf2').flood.get(BRIDGE + 1)).toEqual([loopbackOf(1), loopbackOf(3)])
  })

  test('[TABLE-1] [TABLE-4] [TABLE-6] what is always there follows links and nodes', () => {
    const sim = new ControlPlaneSim(fabric())
    const ends = (node: string) => control(sim, node).flood.get(BRIDGE + 1)
    const prefixes = (node: string) => control(sim, node).routes.map(({ prefix }) => prefix)
    expect(ends('leaf1')).toEqual([loopbackOf(2), loopbackOf(3)])
    expect(prefixes('leaf1')).toEqual(['10.1.2.0/24'])
    expect(prefixes('leaf3')).toEqual([])
    expect([...sim.dynamicTables('leaf1').neighbours.values()]).toEqual(
      [2, 3].map((id) => ({ interface: 30002, address: loopbackOf(id), mac: macOf(2, id), sticky: true })),
    )
    sim.update({ down: { links: ['leaf3--spine1', 'leaf3--spine2'] } })
    expect([ends('leaf1'), prefixes('leaf1'), ends('leaf3')]).toEqual([[loopbackOf(2)], [], []])
    sim.update({ down: { nodes: ['leaf2'] } })
    expect([ends('leaf1'), prefixes('leaf1')]).toEqual([[loopbackOf(3)], ['10.1.2.0/24']])
  })

  test('[EVPN-2] [EVPN-3] [TABLE-2] [TABLE-3] a host is known wherever its network is', () => {
    const sim = new ControlPlaneSim(fabric())
    expect(sim.update(at('leaf1'))).toEqual(new Set(['leaf1', 'leaf2', 'leaf3']))
    for (const node of ['leaf2', 'leaf3']) {
      expect(control(sim, node)).toMatchObject({
        // Its network is connected there: no host's route.
        routes: node === 'leaf3' ? [] : [{}],
        fdb: [{ bridge: BRIDGE, interface: BRIDGE + 1, remote: loopbackOf(1), sticky: false }],
        neighbours: [{ address: '10.1.1.10', mac: MAC, sticky: false }],
      })
    }
    expect(control(sim, 'leaf1')).toMatchObject({ fdb: [], neighbours: [] })
    sim.update(at('leaf1', nothing))
    expect(control(sim, 'leaf2')).toMatchObject({ fdb: [], neighbours: [] })
  })
})

describe('[EVPN-6] mobility between nodes', () => {
  test('a host that moves takes its MAC along, there and back, with a higher number each time', () => {
    const sim = new ControlPlaneSim(fabric(), at('leaf1'))
    expect(placeOfMac(sim, 'leaf3')).toEqual([`${loopbackOf(1)} 0`])
    sim.update(at('leaf2'))
    expect(placeOfMac(sim, 'leaf3')).toEqual([`${loopbackOf(2)} mobility:1`])
    expect(control(sim, 'leaf1').fdb).toMatchObject([{ remote: loopbackOf(2) }])
    expect(sim.knowledge.learned.get('leaf1')).toEqual(nothing)
    sim.update(at('leaf1'))
    expect(placeOfMac(sim, 'leaf3')).toEqual([`${loopbackOf(1)} mobility:2`])
    expect(sim.knowledge.learned.get('leaf2')).toEqual(nothing)
    expect(control(sim, 'leaf1')).toMatchObject({ fdb: [], neighbours: [] })
    expect(sim.diagnosis).toEqual([])
  })

  test('heard at two nodes at once the lower VTEP keeps it, and that this is chance is said', () => {
    const sim = new ControlPlaneSim(fabric(), {
      learned: new Map([
        ['leaf3', heard],
        ['leaf2', heard],
      ]),
    })
    expect(placeOfMac(sim, 'leaf1')).toEqual([`${loopbackOf(2)} 0`])
    expect(sim.diagnosis).toEqual([
      { kind: 'mobility', table: 'evpn', key: `10001 ${MAC}`, nodes: ['leaf3'], to: loopbackOf(2) },
    ])
  })

  test("what a gateway's MAC is, nobody takes", () => {
    const gateway = macOf(3, 1)
    const bare = fabric().map((node): SimulatedNode => {
      const { evpn } = node.control
      if (node.name !== 'leaf2' || evpn === undefined) return node
      const networks = evpn.networks.map(({ irb: _irb, ...network }) => network)
      return { ...node, control: { ...node.control, evpn: { ...evpn, networks } } }
    })
    const stolen = { fdb: [{ bridge: BRIDGE, mac: gateway, interface: 9 }], neighbours: [] }
    const sim = new ControlPlaneSim(bare, at('leaf2', stolen))
    expect(sim.rows('leaf1').some(({ key }) => key.endsWith(`[${gateway}]`))).toBe(false)
    expect([...sim.dynamicTables('leaf2').fdb.values()]).toContainEqual(
      expect.objectContaining({ mac: gateway, remote: loopbackOf(1), sticky: true }),
    )
  })

  test('a node that was down has forgotten what it heard', () => {
    const sim = new ControlPlaneSim(fabric(), at('leaf1'))
    sim.update({ down: { nodes: ['leaf1'] } })
    expect(placeOfMac(sim, 'leaf3')).toEqual([])
    sim.update({ down: {} })
    expect(placeOfMac(sim, 'leaf3')).toEqual([])
  })
})

test('[EVPN-8] a host that belongs to a port is known everywhere, and nobody else can have its MAC', () => {
  const fixed = fabric().map((node) => {
    if (node.name !== 'leaf2' || node.control.evpn === undefined) return node
    const networks = node.control.evpn.networks.map((one) => ({
      ...one,
      hosts: [{ mac: MAC, addresses: ['10.1.1.10'] }],
    }))
    return { ...node, control: { ...node.control, evpn: { ...node.control.evpn, networks } } }
  })
  const sim = new ControlPlaneSim(fixed)
  for (const name of ['leaf1', 'leaf3']) {
    expect(control(sim, name)).toMatchObject({
      fdb: [{ mac: MAC, remote: loopbackOf(2), sticky: true }],
      neighbours: [{ address: '10.1.1.10', mac: MAC, sticky: true }],
    })
  }
  expect(control(sim, 'leaf2').fdb).toEqual([])
  const before = sim.names.map((name) => sim.rows(name))
  sim.update(at('leaf1'))
  expect(sim.names.map((name) => sim.rows(name))).toEqual(before)
})

test('[EVPN-7] an anycast prefix leads to every VTEP that announces it, and to none from where it is connected', () => {
  const any = '10.9.0.0/24'
  const nodes = fabric().map((node) => {
    const { evpn } = node.control
    if (evpn === undefined || node.name === 'leaf3') return node
    const vrfs = evpn.vrfs.map((vrf) => ({ ...vrf, prefixes: [...vrf.prefixes, any] }))
    return { ...node, control: { ...node.control, evpn: { ...evpn, vrfs } } }
  })
  const sim = new ControlPlaneSim(nodes)
  const members = (name: string) =>
    sim
      .dynamicTables(name)
      .routes.get(`2 ${any}`)
      ?.members.map(({ gateway }) => gateway)
  expect(['leaf1', 'leaf2', 'leaf3'].map(members)).toEqual([
    undefined,
    undefined,
    [loopbackOf(1), loopbackOf(2)],
  ])
  sim.update({ down: { withdrawn: [{ node: 'leaf1', prefix: any }] } })
  expect(['leaf1', 'leaf2', 'leaf3'].map(members)).toEqual([undefined, undefined, [loopbackOf(2)]])
})
