import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { NodeControl, Policy } from '../../contract/control-plane.js'
import { describeDiagnosis } from './diagnosis.js'
import type { Learned } from './node.js'
import type { SimulatedNode } from './change.js'
import { ControlPlaneSim } from './sim.js'
import { leafSpine, loopbackOf } from './testdata/fabric.js'

const SPINES = 3
const LEAVES = 4
const HOSTS = [1, 2, 3].map((n) => ({ mac: `02:00:00:00:00:0${n}`, address: `10.1.1.${n + 9}` }))

type Match = Policy['statements'][number]['match']
const policy: fc.Arbitrary<Policy> = fc
  .array(
    fc.record({
      match: fc.record(
        {
          prefixes: fc.constantFrom<NonNullable<Match['prefixes']>>(
            [{ prefix: `${loopbackOf(1)}/32` }],
            [{ prefix: `${loopbackOf(2)}/31`, le: 32 }],
            [{ prefix: '10.99.0.0/24' }],
          ),
          communities: fc.constantFrom<string[]>(['65000:1'], ['65535:0']),
        },
        { requiredKeys: [] },
      ),
      action: fc.constantFrom('accept' as const, 'accept' as const, 'reject' as const),
      set: fc.record(
        {
          localPreference: fc.constantFrom(50, 100, 200),
          med: fc.constantFrom(0, 10),
          prepend: fc.constantFrom(1, 3),
          communities: fc.constantFrom<string[]>(['65000:1'], ['65535:0'], ['65535:65281']),
        },
        { requiredKeys: [] },
      ),
    }),
    { maxLength: 2 },
  )
  .chain((statements) =>
    fc.boolean().map((open) => ({
      name: 'random',
      statements: open ? [...statements, { match: {}, action: 'accept' as const, set: {} }] : statements,
    })),
  )

/** What is told to a node otherwise: a policy on some sessions, an anycast prefix, fewer paths, fewer networks. */
const twist = fc.record({
  node: fc.nat({ max: SPINES + LEAVES - 1 }),
  policy: fc.option(policy, { nil: undefined }),
  imports: fc.nat({ max: 7 }),
  exports: fc.nat({ max: 7 }),
  anycast: fc.boolean(),
  multipath: fc.constantFrom(1, 2, 64),
  routed: fc.boolean(),
  /** Another router id than the loopback. */
  routerId: fc.option(fc.constantFrom('1.0.0.1', '223.0.0.1'), { nil: undefined }),
})
type Twist = typeof twist extends fc.Arbitrary<infer T> ? T : never

function twisted(original: NodeControl, by: Twist): NodeControl {
  const sessions = original.sessions.map((session, i) => ({
    ...session,
    ...(by.policy !== undefined && (by.imports >> i) & 1 ? { import: by.policy.name } : {}),
    ...(by.policy !== undefined && (by.exports >> i) & 1 ? { export: by.policy.name } : {}),
  }))
  const { evpn } = original
  return {
    ...original,
    sessions,
    multipath: by.multipath,
    routerId: by.routerId ?? original.routerId,
    policies: by.policy === undefined ? [] : [by.policy],
    originate: by.anycast ? [...original.originate, '10.99.0.0/24'] : original.originate,
    ...(evpn === undefined ? {} : { evpn: by.routed ? evpn : { ...evpn, vrfs: [] } }),
  }
}

const learned = fc.subarray(HOSTS).map((hosts): Learned => ({
  fdb: hosts.map(({ mac }) => ({ bridge: 10004, mac, interface: 9 })),
  neighbours: hosts.map(({ mac, address }) => ({ interface: 10006, address, mac })),
}))
const linkIds = Array.from({ length: LEAVES * SPINES }, (_, i) => {
  return `leaf${(i % LEAVES) + 1}--spine${Math.floor(i / LEAVES) + 1}`
})
const event = fc.oneof(
  fc.record({
    kind: fc.constant('down' as const),
    links: fc.subarray(linkIds, { maxLength: 4 }),
    nodes: fc.subarray(['leaf1', 'leaf2', 'spine1'], { maxLength: 1 }),
    withdrawn: fc.subarray([
      { node: 'leaf1', prefix: `${loopbackOf(1)}/32` },
      { node: 'leaf3', prefix: `${loopbackOf(3)}/32` },
    ]),
  }),
  fc.record({ kind: fc.constant('heard' as const), leaf: fc.integer({ min: 1, max: LEAVES }), learned }),
  fc.record({ kind: fc.constant('told' as const), twist }),
  // Sessions of another shape: everything is worked out again.
  fc.record({ kind: fc.constant('sessions' as const), asn: fc.constantFrom(65000, 65001, 65002) }),
)
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never

function play(sim: ControlPlaneSim, nodes: SimulatedNode[], one: Event): void {
  const tell = (control: ReadonlyMap<string, NodeControl>) => {
    for (const [i, node] of nodes.entries())
      nodes[i] = { ...node, control: control.get(node.name) ?? node.control }
    sim.update({ control })
  }
  switch (one.kind) {
    case 'down':
      sim.update({ down: { links: one.links, nodes: one.nodes, withdrawn: one.withdrawn } })
      return
    case 'heard':
      sim.update({ learned: new Map([[`leaf${one.leaf}`, one.learned]]) })
      return
    case 'told': {
      const plain = leafSpine(SPINES, [[1], [1], [1, 2], [2]])[one.twist.node]
      const node = nodes[one.twist.node]
      if (plain === undefined || node === undefined) return
      const sessions = node.control.sessions.map(
        ({ import: _import, export: _export, ...session }) => session,
      )
      tell(new Map([[node.name, twisted({ ...plain.control, asn: node.control.asn, sessions }, one.twist)]]))
      return
    }
    case 'sessions': {
      const control = nodes.map(({ name, control: was }): [string, NodeControl] => {
        const sessions = was.sessions.map((s) => (s.peer === 'spine1' ? { ...s, remoteAsn: one.asn } : s))
        return [name, { ...was, sessions, asn: name === 'spine1' ? one.asn : was.asn }]
      })
      tell(new Map(control))
    }
  }
}

/** All that can be seen of a simulation, but for what is said of the last update alone. */
function seenOf(sim: ControlPlaneSim) {
  const lasting = sim.diagnosis.filter(({ kind }) => kind !== 'mobility')
  return {
    rows: sim.names.map((name) => sim.rows(name)),
    tables: sim.names.map((name) => sim.tables(name)),
    diagnosis: lasting.toSorted((a, b) => (describeDiagnosis(a) < describeDiagnosis(b) ? -1 : 1)),
  }
}

test('what is kept converged equals what is worked out afresh, whatever happens', () => {
  const start = fc.uniqueArray(twist, { maxLength: 3, selector: ({ node }) => node })
  fc.assert(
    fc.property(start, fc.array(event, { minLength: 1, maxLength: 6 }), (twists, events) => {
      const nodes = leafSpine(SPINES, [[1], [1], [1, 2], [2]])
      for (const one of twists) {
        const node = nodes[one.node]
        if (node !== undefined) nodes[one.node] = { ...node, control: twisted(node.control, one) }
      }
      const sim = new ControlPlaneSim(nodes, { orders: 2 })
      for (const one of events) {
        play(sim, nodes, one)
        const { down, knowledge } = sim
        expect(seenOf(sim)).toEqual(seenOf(new ControlPlaneSim(nodes, { orders: 2, down, knowledge })))
      }
    }),
    { numRuns: 150 },
  )
}, 120_000)

test('nodes that an update does not name have the tables that they had', () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 6 }), (events) => {
      const nodes = leafSpine(SPINES, [[1], [1], [1, 2], [2]])
      const sim = new ControlPlaneSim(nodes, { orders: 0 })
      for (const one of events) {
        if (one.kind !== 'down' && one.kind !== 'heard') continue
        const before = new Map(sim.names.map((name) => [name, sim.tables(name)]))
        const changed =
          one.kind === 'down'
            ? sim.update({ down: one })
            : sim.update({ learned: new Map([[`leaf${one.leaf}`, one.learned]]) })
        const others = sim.names.filter((name) => !changed.has(name))
        expect(others.map((name) => sim.tables(name))).toEqual(others.map((name) => before.get(name)))
      }
    }),
    { numRuns: 50 },
  )
}, 60_000)
