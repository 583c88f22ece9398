import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Down } from './down.js'
import type { Learned } from './node.js'
import type { SimulatedNode } from './change.js'
import { ControlPlaneSim } from './sim.js'
import { leafSpine, loopbackOf } from './testdata/fabric.js'

const MAC = '02:00:00:00:00:0a'
const heard: Learned = {
  fdb: [{ bridge: 10004, mac: MAC, interface: 9 }],
  neighbours: [{ interface: 10006, address: '10.1.1.10', mac: MAC }],
}
/** Network 1 on all leaves, network 2 on leaf 3 alone. Named nodes are waited for. */
const fabric = (...restarting: readonly string[]): SimulatedNode[] =>
  leafSpine(2, [[1], [1], [1, 2]]).map((node) =>
    restarting.includes(node.name) ? { ...node, control: { ...node.control, gracefulRestart: 120 } } : node,
  )
const peersOf = (sim: ControlPlaneSim, node: string, key: string) =>
  sim
    .rows(node)
    .find((row) => row.key === key)
    ?.paths.map(({ from }) => from)
const gateways = (sim: ControlPlaneSim, node: string, prefix: string) =>
  sim
    .dynamicTables(node)
    .routes.get(`0 ${prefix}`)
    ?.members.map(({ interface: id }) => id)
const seen = (sim: ControlPlaneSim) => ({
  rows: sim.names.map((name) => sim.rows(name)),
  tables: sim.names.map((name) => sim.tables(name)),
})
const LEAF1 = `${loopbackOf(1)}/32`
const LEAF2 = `${loopbackOf(2)}/32`

describe('[FAULT-4] a daemon that does not run', () => {
  test('its node keeps its tables and answers nothing; its peers forget what it had said', () => {
    const sim = new ControlPlaneSim(fabric(), { learned: new Map([['leaf1', heard]]) })
    const before = sim.tables('leaf1')
    sim.update({ down: { daemons: ['leaf1'] } })
    expect(sim.tables('leaf1')).toEqual(before)
    expect(sim.rows('leaf1')).toEqual([])
    expect(peersOf(sim, 'spine1', LEAF1)).toBeUndefined()
    expect(sim.dynamicTables('leaf2').fdb.size).toBe(sim.dynamicTables('leaf3').fdb.size)
    expect(sim.rows('leaf2').some(({ key }) => key.includes(MAC))).toBe(false)
    expect(gateways(sim, 'leaf2', LEAF1)).toBeUndefined()
  })

  test('of a spine: leaves have its paths no more, and its own routes lead where they led', () => {
    const sim = new ControlPlaneSim(fabric())
    const before = sim.tables('spine1')
    sim.update({ down: { daemons: ['spine1'] } })
    sim.update({ down: { daemons: ['spine1'], links: ['leaf2--spine1'] } })
    expect(peersOf(sim, 'leaf1', LEAF2)).toEqual(['spine2'])
    expect(sim.tables('spine1')).toEqual(before)
  })

  test('a daemon that ends when something else breaks does so behind it', () => {
    const sim = new ControlPlaneSim(fabric())
    sim.update({ down: { daemons: ['leaf1'], links: ['leaf1--spine1'] } })
    expect(gateways(sim, 'leaf1', LEAF2)).toEqual([2])
    expect(seen(new ControlPlaneSim(fabric(), { down: sim.down }))).toEqual(seen(sim))
  })

  test('what hosts have said meanwhile is announced when the daemon is back', () => {
    const sim = new ControlPlaneSim(fabric())
    sim.update({ down: { daemons: ['leaf1'] } })
    sim.update({ learned: new Map([['leaf1', heard]]) })
    expect(sim.rows('leaf2').some(({ key }) => key.includes(MAC))).toBe(false)
    sim.update({ down: {} })
    expect(seen(sim)).toEqual(seen(new ControlPlaneSim(fabric(), { learned: new Map([['leaf1', heard]]) })))
  })

  test('a node that loses power too has no tables, and gets none before its daemon is back', () => {
    const sim = new ControlPlaneSim(fabric('leaf1'))
    sim.update({ down: { daemons: ['leaf1'] } })
    sim.update({ down: { daemons: ['leaf1'], nodes: ['leaf1'] } })
    expect(sim.tables('leaf1').routes).toEqual([])
    sim.update({ down: { daemons: ['leaf1'] } })
    expect(sim.tables('leaf1').routes).toEqual([])
    expect(peersOf(sim, 'spine1', LEAF1)).toBeUndefined()
    sim.update({ down: {} })
    expect(seen(sim)).toEqual(seen(new ControlPlaneSim(fabric('leaf1'))))
  })
})

describe('[BGP-16] a daemon that is waited for', () => {
  test('changes nothing, but that it answers nothing', () => {
    for (const name of ['leaf1', 'spine1']) {
      const sim = new ControlPlaneSim(fabric(name), { learned: new Map([['leaf1', heard]]) })
      const before = new Map(sim.names.map((one) => [one, { rows: sim.rows(one), tables: sim.tables(one) }]))
      sim.update({ down: { daemons: [name] } })
      for (const one of sim.names) {
        const rows = one === name ? [] : before.get(one)?.rows
        expect({ rows: sim.rows(one), tables: sim.tables(one) }).toEqual({
          rows,
          tables: before.get(one)?.tables,
        })
      }
    }
  })

  test('does not hand on what changes meanwhile', () => {
    const sim = new ControlPlaneSim(fabric('spine1'))
    sim.update({ down: { daemons: ['spine1'] } })
    sim.update({ down: { daemons: ['spine1'], links: ['leaf1--spine1'] } })
    // The spine cannot say that its way to leaf 1 is gone.
    expect(peersOf(sim, 'leaf2', LEAF1)).toEqual(['spine1', 'spine2'])
    // A session that has gone down does not come up without the daemon.
    sim.update({ down: { daemons: ['spine1'] } })
    expect(peersOf(sim, 'leaf1', LEAF2)).toEqual(['spine2'])
    sim.update({ down: {} })
    expect(seen(sim)).toEqual(seen(new ControlPlaneSim(fabric('spine1'))))
  })

  test('a prefix whose node is gone stays with those who have it from the stopped daemon', () => {
    const sim = new ControlPlaneSim(fabric('spine1'))
    sim.update({ down: { daemons: ['spine1'] } })
    sim.update({ down: { daemons: ['spine1'], nodes: ['leaf1'] } })
    expect(peersOf(sim, 'leaf2', LEAF1)).toEqual(['spine1'])
    sim.update({ down: { nodes: ['leaf1'] } })
    expect(peersOf(sim, 'leaf2', LEAF1)).toBeUndefined()
  })
})

describe('[FAULT-6] a prefix that is not announced any more', () => {
  test("a node's own: others have no path, the node itself none of its own", () => {
    const sim = new ControlPlaneSim(fabric())
    sim.update({ down: { withdrawn: [{ node: 'leaf1', prefix: LEAF1 }] } })
    for (const name of ['leaf1', 'leaf2', 'spine1']) expect(peersOf(sim, name, LEAF1)).toBeUndefined()
    sim.update({ down: {} })
    expect(seen(sim)).toEqual(seen(new ControlPlaneSim(fabric())))
  })

  test("a tenant's: the others forget it, on the node itself it stays connected", () => {
    const sim = new ControlPlaneSim(fabric())
    const own = sim.tables('leaf3')
    expect(sim.dynamicTables('leaf1').routes.has('2 10.1.2.0/24')).toBe(true)
    sim.update({ down: { withdrawn: [{ node: 'leaf3', prefix: '10.1.2.0/24' }] } })
    expect(sim.dynamicTables('leaf1').routes.has('2 10.1.2.0/24')).toBe(false)
    expect(sim.tables('leaf3')).toEqual(own)
  })

  test('a prefix that a node does not have is an error, and changes nothing', () => {
    const sim = new ControlPlaneSim(fabric())
    const before = seen(sim)
    for (const withdrawn of [[{ node: 'leaf1', prefix: LEAF2 }], [{ node: 'leaf9', prefix: LEAF1 }]]) {
      const code = expect.objectContaining({ code: 'ZT_CONTROL_REFERENCE' })
      expect(() => sim.update({ down: { withdrawn } })).toThrow(code)
      expect(() => new ControlPlaneSim(fabric(), { down: { withdrawn } })).toThrow(code)
    }
    expect(seen(sim)).toEqual(before)
  })
})

const links = ['leaf1--spine1', 'leaf1--spine2', 'leaf2--spine1', 'leaf3--spine2']
const fault: fc.Arbitrary<Down> = fc.record({
  links: fc.subarray(links, { maxLength: 2 }),
  nodes: fc.subarray(['leaf1', 'spine1'], { maxLength: 1 }),
  daemons: fc.subarray(['leaf1', 'leaf2', 'spine1', 'spine2'], { maxLength: 2 }),
  withdrawn: fc.subarray([
    { node: 'leaf1', prefix: LEAF1 },
    { node: 'leaf3', prefix: '10.1.2.0/24' },
  ]),
})

test('[FAULT-7] faults add up in any order, and a repaired fabric is as if never broken', () => {
  const waits = fc.subarray(['leaf1', 'spine1', 'spine2'])
  fc.assert(
    fc.property(waits, fc.array(fault, { minLength: 1, maxLength: 5 }), (restarting, faults) => {
      const nodes = fabric(...restarting)
      const learned = new Map([['leaf2', heard]])
      const sim = new ControlPlaneSim(nodes, { learned })
      for (const down of faults) {
        sim.update({ down })
        if ((down.daemons ?? []).length > 0) continue
        const { knowledge } = sim
        expect(seen(sim)).toEqual(seen(new ControlPlaneSim(nodes, { down, knowledge })))
      }
      sim.update({ down: {} })
      const { knowledge } = sim
      expect(seen(sim)).toEqual(seen(new ControlPlaneSim(nodes, { knowledge })))
    }),
    { numRuns: 150 },
  )
}, 120_000)

test('with daemons that do not run, what is kept converged equals what is worked out from when they ended', () => {
  const name = fc.constantFrom('leaf1', 'leaf2', 'spine1', 'spine2')
  fc.assert(
    fc.property(name, fc.array(fault, { minLength: 1, maxLength: 4 }), (stopped, faults) => {
      // Without being waited for: others do as if the node had no sessions, and it keeps what it had.
      const nodes = fabric()
      const sim = new ControlPlaneSim(nodes)
      const [first = {}] = faults
      const base = { ...first, nodes: [], daemons: [] }
      sim.update({ down: base })
      const kept = sim.tables(stopped)
      for (const one of faults) {
        const down = { ...one, nodes: [], daemons: [stopped] }
        sim.update({ down })
        const without = new ControlPlaneSim(nodes, {
          down: { ...down, daemons: [], links: [...(one.links ?? []), ...linksOf(nodes, stopped)] },
        })
        const others = sim.names.filter((one) => one !== stopped)
        const seenOf = (one: ControlPlaneSim) => others.map((other) => [one.tables(other), one.rows(other)])
        expect(seenOf(sim)).toEqual(seenOf(without))
        expect([sim.tables(stopped), sim.rows(stopped)]).toEqual([kept, []])
      }
    }),
    { numRuns: 100 },
  )
}, 60_000)

function linksOf(nodes: readonly SimulatedNode[], wanted: string): string[] {
  return nodes.flatMap(({ name, control }) =>
    name === wanted ? control.sessions.map(({ link }) => link) : [],
  )
}
