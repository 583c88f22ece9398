import { describe, expect, test } from 'vitest'
import type { BgpSession, Policy } from '../../contract/control-plane.js'
import { ControlPlaneSim } from './sim.js'
import { simulate } from './simulate.js'
import { fabricOf, leafEvpn, loopbackOf, type NodeSpec, type SessionPolicies } from './testdata/fabric.js'

const P = '10.99.0.0/24'
const accept = (set: Policy['statements'][number]['set'] = {}): Policy['statements'][number] => ({
  match: {},
  action: 'accept',
  set,
})
const policy = (name: string, ...statements: Policy['statements']): Policy => ({ name, statements })
function pathsAt(sim: ControlPlaneSim, node: string, key = P) {
  const row = sim.rows(node).find((one) => one.key === key)
  return Object.fromEntries((row?.paths ?? []).map(({ from, ...path }) => [from, path]))
}
const client = (name: string): SessionPolicies => ({ [name]: { client: true } })
/** `out` has P in AS 9; `a` hears it and tells `r`, of its own AS 1, and so on to `b` and `c`. */
function chain(
  sessions: Readonly<Record<string, Partial<BgpSession>>> = {},
  nodes: Record<string, Partial<NodeSpec>> = {},
) {
  const spec = (name: string, asn: number, id: number): [string, NodeSpec] => [
    name,
    { asn, id, originate: name === 'out' ? [P] : [], ...nodes[name] },
  ]
  return new ControlPlaneSim(
    fabricOf(
      Object.fromEntries([
        spec('out', 9, 9),
        spec('a', 1, 1),
        spec('r', 1, 2),
        spec('b', 1, 3),
        spec('beyond', 8, 8),
      ]),
      [
        ['out', 'a', { out: sessions['out'] ?? {}, a: sessions['a-out'] ?? {} }],
        ['a', 'r', { a: sessions['a'] ?? {}, r: sessions['r-a'] ?? {} }],
        ['r', 'b', { r: sessions['r-b'] ?? {}, b: sessions['b'] ?? {} }],
        ['b', 'beyond', { b: sessions['b-beyond'] ?? {} }],
      ],
    ),
  )
}

describe('[BGP-11] internal sessions', () => {
  test('the path comes without the own AS number, with the preference, and the own address as next hop', () => {
    const sim = chain(
      { 'a-out': { import: 'in' } },
      { a: { policies: [policy('in', accept({ localPreference: 200, med: 7 }))] } },
    )
    expect(pathsAt(sim, 'r')['a']).toEqual({
      best: true,
      used: true,
      nextHop: '10.254.0.2',
      asPath: [9],
      origin: 'igp',
      med: 7,
      localPreference: 200,
      communities: [],
      extended: [],
    })
  })

  test('a preference of 100 is not written, whoever has set it', () => {
    const sim = chain(
      { 'a-out': { import: 'in' } },
      { a: { policies: [policy('in', accept({ localPreference: 100 }))] } },
    )
    expect(pathsAt(sim, 'a')['out']).not.toHaveProperty('localPreference')
    expect(pathsAt(sim, 'r')['a']).not.toHaveProperty('localPreference')
  })

  test('what was heard inside goes inside only by reflection', () => {
    expect(pathsAt(chain(), 'b')).toEqual({})
    for (const sessions of [{ 'r-a': { client: true } }, { 'r-b': { client: true } }] as const) {
      expect(Object.keys(pathsAt(chain(sessions), 'b'))).toEqual(['r'])
    }
  })

  test('a reflector notes where it began and its own id, sets itself as next hop, and both notes end with the AS', () => {
    const sim = chain({ 'r-b': { client: true } })
    expect(pathsAt(sim, 'r')['a']).not.toHaveProperty('originator')
    // FRR does so, of what it reflects alone.
    expect(pathsAt(sim, 'b')['r']).toMatchObject({ med: 0 })
    expect(pathsAt(sim, 'b')['r']).toMatchObject({
      asPath: [9],
      nextHop: '10.254.0.4',
      originator: loopbackOf(1),
      clusters: [loopbackOf(2)],
    })
    const beyond = pathsAt(sim, 'beyond')['b']
    expect(beyond).toMatchObject({ asPath: [1, 9] })
    expect(beyond).not.toHaveProperty('originator')
    expect(beyond).not.toHaveProperty('clusters')
  })

  test('of two reflectors the later is first in the list, and the originator stays', () => {
    const sim = new ControlPlaneSim(
      fabricOf(
        {
          a: { asn: 1, id: 1, originate: [P] },
          r: { asn: 1, id: 2, originate: [] },
          s: { asn: 1, id: 3, originate: [] },
          b: { asn: 1, id: 4, originate: [] },
        },
        [
          ['a', 'r', client('r')],
          ['r', 's'],
          ['s', 'b', client('s')],
        ],
      ),
    )
    expect(pathsAt(sim, 'b')['s']).toMatchObject({
      asPath: [],
      originator: loopbackOf(1),
      clusters: [loopbackOf(3), loopbackOf(2)],
    })
  })

  test('a path that has come by the node, or begins there, is not accepted', () => {
    // Over the second link each is told what it has said over the first.
    const both = { a: {}, r: { client: true }, s: { client: true } } as const
    const sim = new ControlPlaneSim(
      fabricOf(
        {
          a: { asn: 1, id: 1, originate: [P] },
          r: { asn: 1, id: 2, originate: [] },
          s: { asn: 1, id: 3, originate: [] },
        },
        [
          ['a', 'r', both],
          ['a', 'r', both],
          ['r', 's', both],
          ['r', 's', both],
        ],
      ),
    )
    expect(Object.keys(pathsAt(sim, 'a'))).toEqual(['self'])
    expect(Object.keys(pathsAt(sim, 'r'))).toEqual(['a--r', 'a--r#2'])
    expect(Object.keys(pathsAt(sim, 's'))).toEqual(['r--s', 'r--s#2'])
  })

  test('external paths come before internal ones, and are not used with them', () => {
    const nodes = fabricOf(
      {
        x: { asn: 9, id: 9, originate: [P] },
        y: { asn: 8, id: 8, originate: [P] },
        a: { asn: 1, id: 1, originate: [] },
        b: { asn: 1, id: 2, originate: [] },
      },
      [
        ['x', 'a'],
        ['y', 'b'],
        ['a', 'b'],
      ],
    )
    const sim = new ControlPlaneSim(nodes)
    expect(pathsAt(sim, 'b')).toMatchObject({
      y: { best: true, used: true },
      a: { best: false, used: false },
    })
    sim.update({ down: { links: ['y--b'] } })
    expect(pathsAt(sim, 'b')).toMatchObject({ a: { best: true } })
    expect(Object.keys(pathsAt(sim, 'a'))).toEqual(['x'])
  })

  test('EVPN goes by the same sessions, with its next hop', () => {
    const { evpn, interfaces } = leafEvpn(1, [1])
    const other = leafEvpn(3, [1])
    const nodes = fabricOf(
      {
        leaf1: { asn: 1, id: 1, evpn, interfaces },
        spine: { asn: 1, id: 2 },
        leaf2: { asn: 1, id: 3, evpn: other.evpn, interfaces: other.interfaces },
      },
      [
        ['leaf1', 'spine', client('spine')],
        ['leaf2', 'spine', client('spine')],
      ],
    )
    const sim = new ControlPlaneSim(nodes)
    const key = `[3][${loopbackOf(1)}:10004][0][${loopbackOf(1)}]`
    expect(pathsAt(sim, 'leaf2', key)['spine']).toMatchObject({
      asPath: [],
      nextHop: loopbackOf(1),
      originator: loopbackOf(1),
      clusters: [loopbackOf(2)],
    })
    expect(sim.dynamicTables('leaf2').flood.get(10005)).toEqual([loopbackOf(1)])
  })

  test('policies hold for what is reflected too', () => {
    const policies = [policy('out', accept({ localPreference: 300, med: 4, communities: ['65000:1'] }))]
    const sim = chain({ 'r-b': { client: true, export: 'out' } }, { r: { policies } })
    expect(pathsAt(sim, 'b')['r']).toMatchObject({ localPreference: 300, med: 4, communities: ['65000:1'] })
    expect(pathsAt(sim, 'beyond')['b']).not.toHaveProperty('med')
  })

  test('what a policy prepends keeps a path out of the own AS', () => {
    const policies = [policy('twice', accept({ prepend: 2 }))]
    expect(pathsAt(chain({ a: { export: 'twice' } }, { a: { policies } }), 'r')).toEqual({})
  })
})

describe('[BGP-6] inside an AS', () => {
  const marked = (community: string) => ({
    out: { policies: [policy('mark', accept({ communities: [community] }))] },
  })
  test('NO_EXPORT goes to internal peers, NO_ADVERTISE to nobody', () => {
    for (const community of ['65535:65281', '65535:65283']) {
      const sim = chain({ out: { export: 'mark' }, 'r-b': { client: true } }, marked(community))
      expect(Object.keys(pathsAt(sim, 'b'))).toEqual(['r'])
      expect(pathsAt(sim, 'beyond')).toEqual({})
    }
    expect(pathsAt(chain({ out: { export: 'mark' } }, marked('65535:65282')), 'r')).toEqual({})
  })

  test('GRACEFUL_SHUTDOWN counts where it comes in; inside, the preference is handed on', () => {
    const sim = chain(
      { out: { export: 'mark' }, r: { import: 'prefer' } },
      { ...marked('65535:0'), r: { policies: [policy('prefer', accept())] } },
    )
    expect(pathsAt(sim, 'a')['out']).toMatchObject({ localPreference: 0 })
    expect(pathsAt(sim, 'r')['a']).toMatchObject({ localPreference: 0, communities: ['65535:0'] })
  })
})

describe('[BGP-6] a node that is taken out of service', () => {
  const diamond = (spec: Partial<NodeSpec>, end: Partial<NodeSpec> = {}) =>
    new ControlPlaneSim(
      fabricOf(
        {
          a: { asn: 1, id: 1, originate: [P], ...end },
          b: { asn: 2, id: 2, originate: ['10.98.0.0/24'], ...spec },
          c: { asn: 3, id: 3, originate: [] },
          d: { asn: 4, id: 4, originate: [], ...end },
        },
        [
          ['a', 'b'],
          ['a', 'c'],
          ['b', 'd'],
          ['c', 'd'],
        ],
      ),
    )

  test.each([
    ['frr', 0],
    ['gobgp', 1],
  ] as const)('is avoided; %s gives what it says the preference %i', (daemon, localPreference) => {
    const sim = diamond({ gracefulShutdown: true }, { daemon })
    expect(pathsAt(sim, 'd')).toMatchObject({
      b: { best: false, localPreference, communities: ['65535:0'] },
      c: { best: true, communities: [] },
    })
    // The only way there is still taken.
    expect(pathsAt(sim, 'd', '10.98.0.0/24')['b']).toMatchObject({ best: true, localPreference })
    // What is handed on says so as well.
    expect(pathsAt(sim, 'c', '10.98.0.0/24')['a']).toMatchObject({
      communities: ['65535:0'],
      localPreference: 0,
    })
  })

  test('gives what it hears the same preference, and notes nothing on it', () => {
    for (const [daemon, localPreference] of [
      ['frr', 0],
      ['gobgp', 1],
    ] as const) {
      const sim = diamond({ gracefulShutdown: true, daemon })
      expect(pathsAt(sim, 'b')['a']).toMatchObject({ localPreference, communities: [] })
    }
  })

  test('is back in service when it is told so', () => {
    const sim = diamond({ gracefulShutdown: true })
    const { names } = sim
    const plain = diamond({})
    const [node] = fabricOf({ b: { asn: 2, id: 2, originate: ['10.98.0.0/24'] } }, [])
    const sessions = plainSessions()
    if (node === undefined) throw new Error('there is no b')
    sim.update({ control: new Map([['b', { ...node.control, sessions }]]) })
    expect(names.map((name) => sim.rows(name))).toEqual(names.map((name) => plain.rows(name)))
  })
  const plainSessions = () => {
    const nodes = fabricOf(
      { a: { asn: 1, id: 1 }, b: { asn: 2, id: 2 }, c: { asn: 3, id: 3 }, d: { asn: 4, id: 4 } },
      [
        ['a', 'b'],
        ['a', 'c'],
        ['b', 'd'],
        ['c', 'd'],
      ],
    )
    return nodes[1]?.control.sessions ?? []
  }
})

describe('a policy that makes reflection go round', () => {
  test('an order that depends on who was first is said to do so', () => {
    // Each reflector prefers what the other reflects (DISAGREE inside an AS).
    const policies = [policy('prefer', accept({ localPreference: 200 }))]
    const nodes = fabricOf(
      {
        x: { asn: 9, id: 9, originate: [P] },
        a: { asn: 1, id: 1, originate: [], policies },
        b: { asn: 1, id: 2, originate: [], policies },
      },
      [
        ['x', 'a'],
        ['x', 'b'],
        ['a', 'b', { a: { import: 'prefer' }, b: { import: 'prefer' } }],
      ],
    )
    expect(simulate(nodes).diagnosis).toMatchObject([{ kind: 'order', key: P }])
  })

  test('MED with reflectors that see parts goes round for ever (RFC 3345 section 2.1), and the nodes are named', () => {
    // Clients c1 and c2 of r1, c3 of r2. c1 hears by AS 10 with router id 1; c2 by AS 6 with MED 1 and c3 by AS 6 with MED 0.
    const med = (value: number) => [policy('med', accept({ med: value }))]
    const nodes = fabricOf(
      {
        p10: { asn: 10, id: 20, originate: [P] },
        p6a: { asn: 6, id: 21, originate: [P], policies: med(1) },
        p6b: { asn: 6, id: 22, originate: [P], policies: med(0) },
        c1: { asn: 1, id: 5, originate: [] },
        c2: { asn: 1, id: 4, originate: [] },
        c3: { asn: 1, id: 6, originate: [] },
        r1: { asn: 1, id: 7, originate: [] },
        r2: { asn: 1, id: 8, originate: [] },
      },
      [
        ['p10', 'c1'],
        ['p6a', 'c2', { p6a: { export: 'med' } }],
        ['p6b', 'c3', { p6b: { export: 'med' } }],
        ['c1', 'r1', client('r1')],
        ['c2', 'r1', client('r1')],
        ['c3', 'r2', client('r2')],
        ['r1', 'r2'],
      ],
    )
    const { diagnosis } = simulate(nodes)
    expect(diagnosis).toMatchObject([{ kind: 'oscillation', key: P, restsInOtherOrders: false }])
    const [one] = diagnosis
    expect(one?.kind === 'oscillation' && one.nodes).toEqual(expect.arrayContaining(['r1', 'r2']))
  })
})
