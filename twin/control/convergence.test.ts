import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Policy } from '../../contract/control-plane.js'
import { restingTables } from './bgp-control-plane.js'
import { describeDiagnosis } from './diagnosis.js'
import { ControlPlaneSim } from './sim.js'
import { drawFrom } from './settle.js'
import { simulate } from './simulate.js'
import { fabricOf, leafEvpn, type LinkSpec, type NodeSpec } from './testdata/fabric.js'
import { exchangeMessages } from './testdata/messages.js'
import { Topology } from './topology.js'
import { UnicastRib } from './unicast.js'

const P = '10.99.0.0/24'
const FROM_RING = '65000:99'
/** A path that came round the ring is preferred, and goes no further. */
const policies: Policy[] = [
  {
    name: 'prefer',
    statements: [{ match: {}, action: 'accept', set: { localPreference: 200, communities: [FROM_RING] } }],
  },
  {
    name: 'direct',
    statements: [
      { match: { communities: [FROM_RING] }, action: 'reject', set: {} },
      { match: {}, action: 'accept', set: {} },
    ],
  },
]

/** Nodes around one that has a prefix; each prefers the path of the next over its own link. */
function ring(size: number) {
  const names = Array.from({ length: size }, (_, i) => `n${i + 1}`)
  const nodes: Record<string, NodeSpec> = { origin: { asn: 1, id: 100, originate: [P] } }
  for (const [i, name] of names.entries()) nodes[name] = { asn: 11 + i, id: 1 + i, originate: [], policies }
  const around = names.map((name, i): LinkSpec => {
    const next = names[(i + 1) % size] ?? name
    return [name, next, { [name]: { import: 'prefer' }, [next]: { export: 'direct' } }]
  })
  return fabricOf(nodes, [...names.map((name): LinkSpec => ['origin', name]), ...around])
}

/** Two nodes, each of which prefers the path of the other. */
function disagree() {
  const policies: Policy[] = [
    { name: 'prefer', statements: [{ match: {}, action: 'accept', set: { localPreference: 200 } }] },
  ]
  return fabricOf(
    {
      origin: { asn: 1, id: 100, originate: [P] },
      one: { asn: 11, id: 1, originate: [], policies },
      two: { asn: 12, id: 2, originate: [], policies },
    },
    [
      ['origin', 'one'],
      ['origin', 'two'],
      ['one', 'two', { one: { import: 'prefer' }, two: { import: 'prefer' } }],
    ],
  )
}

describe('a control plane that does not come to one rest', () => {
  test('BAD GADGET (Griffin, Shepherd, Wilfong 2002) goes round for ever, and the nodes are named', () => {
    const { diagnosis } = simulate(ring(3))
    expect(diagnosis).toEqual([
      {
        kind: 'oscillation',
        table: 'ipv4',
        key: P,
        nodes: ['n1', 'n2', 'n3'],
        restsInOtherOrders: false,
      },
    ])
    expect(diagnosis.map(describeDiagnosis)).toEqual([`ipv4 ${P} does not come to rest: n1, n2, n3 go round`])
  })

  test('nodes that only watch are not named, and nodes behind the ring are', () => {
    const nodes = ring(3)
    const odd = simulate(ring(5))
    expect(odd.diagnosis[0]).toMatchObject({ kind: 'oscillation', nodes: ['n1', 'n2', 'n3', 'n4', 'n5'] })
    expect(simulate(nodes, { down: { links: ['origin--n1'] } }).diagnosis).toEqual([])
  })

  test('DISAGREE ends in two ways, and both are shown', () => {
    const nodes = disagree()
    const { diagnosis } = simulate(nodes)
    expect(diagnosis).toHaveLength(1)
    const [dependence] = diagnosis
    expect(dependence).toMatchObject({ kind: 'order', table: 'ipv4', key: P })
    const ends = dependence?.kind === 'order' ? dependence.nodes : []
    expect(ends.map(({ node }) => node)).toEqual(['one', 'two'])
    // Either one goes by the other and the other by its own link, or the other way round.
    const goes = ends.map(({ ends: both }) => both.map((path) => path?.from))
    expect([
      [
        ['origin', 'two'],
        ['one', 'origin'],
      ],
      [
        ['two', 'origin'],
        ['origin', 'one'],
      ],
    ]).toContainEqual(goes)
    expect(dependence && describeDiagnosis(dependence)).toContain('depends on the order of messages')
    // With one of the two preferring its own link there is one end.
    expect(simulate(nodes, { down: { links: ['origin--two'] } }).diagnosis).toEqual([])
  })

  test('a ring of even size goes round in one order and rests in others, and rows are those of a rest', () => {
    const { diagnosis, rows } = simulate(ring(4))
    expect(diagnosis).toMatchObject([{ kind: 'oscillation', restsInOtherOrders: true }])
    expect(diagnosis.map(describeDiagnosis).join()).toContain('in other orders of messages it does')
    const preferring = ['n1', 'n2', 'n3', 'n4'].filter((name) => {
      const best = rows
        .get(name)
        ?.find(({ key }) => key === P)
        ?.paths.find((path) => path.best)
      return best?.from !== 'origin'
    })
    expect([
      ['n1', 'n3'],
      ['n2', 'n4'],
    ]).toContainEqual(preferring)
  })

  test('with no order tried, an end is an end; what goes round is found all the same', () => {
    expect(simulate(disagree(), { orders: 0 }).diagnosis).toEqual([])
    expect(simulate(ring(3), { orders: 0 }).diagnosis).toHaveLength(1)
  })

  test('what is mended is mended, and what is broken again is found again', () => {
    const sim = new ControlPlaneSim(ring(3))
    sim.update({ down: { links: ['n1--n2'] } })
    expect(sim.diagnosis).toEqual([])
    sim.update({ down: {} })
    expect(sim.diagnosis).toHaveLength(1)
  })
})

describe('[BGP-7] MED of several neighbouring ASes', () => {
  /** At `mid`, a is before b and b before c by router id, and c before a by MED; `other` is a second AS beside that of a and c. */
  const fabric = (med: number) => {
    const out = (value: number): Policy[] => [
      { name: 'out', statements: [{ match: {}, action: 'accept', set: { med: value } }] },
    ]
    const nodes: Record<string, NodeSpec> = {
      a: { asn: 11, id: 1, originate: [P], policies: out(9) },
      b: { asn: 12, id: 2, originate: [P], policies: out(5) },
      c: { asn: 11, id: 3, originate: [P], policies: out(med) },
      mid: { asn: 20, id: 4, originate: [], ...leafEvpn(4, []) },
    }
    return fabricOf(
      nodes,
      ['a', 'b', 'c'].map((name): LinkSpec => [name, 'mid', { [name]: { export: 'out' } }]),
    )
  }
  const withDaemon = (daemon: 'frr' | 'gobgp', med: number) =>
    fabric(med).map((node) => ({ ...node, control: { ...node.control, daemon } }))

  test('is said to be a matter of order where the daemon has no deterministic MED', () => {
    const { diagnosis } = simulate(withDaemon('gobgp', 1))
    expect(diagnosis).toEqual([{ kind: 'med', table: 'ipv4', key: P, nodes: ['mid'] }])
    expect(diagnosis.map(describeDiagnosis).join()).toContain('depends on the order of arrival at mid')
  })

  test('is none where it has, nor where MEDs make no circle', () => {
    expect(simulate(withDaemon('frr', 1)).diagnosis).toEqual([])
    expect(simulate(withDaemon('gobgp', 9)).diagnosis).toEqual([])
  })
})

test('a program is not given tables that are a matter of chance', () => {
  for (const nodes of [ring(3), disagree()]) {
    expect(() => restingTables(nodes)).toThrow(
      expect.objectContaining({ code: 'ZT_CONTROL_UNSETTLED', message: expect.stringContaining(P) }),
    )
  }
})

test('without preferences, messages in any order lead where the simulation ends', () => {
  const graph = fc.record({
    asns: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 6 }),
    links: fc.array(fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 5 })), { maxLength: 12 }),
    prepends: fc.array(fc.nat({ max: 2 }), { minLength: 6, maxLength: 6 }),
    origins: fc.uniqueArray(fc.nat({ max: 5 }), { minLength: 1, maxLength: 2 }),
    seed: fc.nat(),
  })
  fc.assert(
    fc.property(graph, ({ asns, links, prepends, origins, seed }) => {
      const nodes = Object.fromEntries(
        asns.map((asn, i): [string, NodeSpec] => {
          const prepend = prepends[i] ?? 0
          const set = prepend === 0 ? {} : { prepend }
          return [
            `n${i}`,
            {
              asn,
              id: i + 1,
              originate: origins.includes(i) ? [P] : [],
              policies: [{ name: 'out', statements: [{ match: {}, action: 'accept', set }] }],
            },
          ]
        }),
      )
      const real = links.filter(([a, b]) => a !== b && a < asns.length && b < asns.length)
      const fabric = fabricOf(
        nodes,
        real.map(([a, b]): LinkSpec => [`n${a}`, `n${b}`, { [`n${a}`]: { export: 'out' } }]),
      )
      const topology = new Topology(fabric)
      topology.setDown({})
      const rib = new UnicastRib(topology, 0)
      for (const [i, { control }] of fabric.entries()) rib.originate(i, control.originate)
      rib.settle(new Set())
      for (const key of rib.keys) {
        const simulated = key.entries.map((entry) => entry && (entry.best.peer ?? 'self'))
        for (let order = 0; order < 5; order++) {
          const exchanged = exchangeMessages(topology, key, drawFrom(seed + order))
          expect(exchanged.map((one, i) => one === simulated[i])).toEqual(asns.map(() => true))
        }
      }
    }),
    { numRuns: 200 },
  )
})
