import { describe, expect, test } from 'vitest'
import type { Policy } from '../../contract/control-plane.js'
import { RibRow } from '../../contract/rib.js'
import type { SimulatedNode } from './change.js'
import { ControlPlaneSim } from './sim.js'
import { simulate } from './simulate.js'
import {
  fabricOf,
  loopbackOf,
  type LinkSpec,
  type NodeSpec,
  type SessionPolicies,
} from './testdata/fabric.js'

const accept = (set: Policy['statements'][number]['set'] = {}): Policy['statements'][number] => ({
  match: {},
  action: 'accept',
  set,
})
const policy = (name: string, ...statements: Policy['statements']): Policy => ({ name, statements })

/** The paths of a key at a node, by peer, in a few words. */
function pathsAt(sim: ControlPlaneSim, node: string, key: string) {
  const row = sim.rows(node).find((one) => one.key === key)
  return Object.fromEntries((row?.paths ?? []).map(({ from, ...path }) => [from, path]))
}
const P = '10.99.0.0/24'
/** `a` has P; a - b - c in a row, each in an AS of its own. */
function row(nodes: Readonly<Record<string, Partial<NodeSpec>>> = {}, policies: SessionPolicies = {}) {
  return fabricOf(
    {
      a: { asn: 1, id: 1, originate: [P], ...nodes['a'] },
      b: { asn: 2, id: 2, originate: [], ...nodes['b'] },
      c: { asn: 3, id: 3, originate: [], ...nodes['c'] },
    },
    [
      ['a', 'b', { a: policies['a'] ?? {}, b: policies['b'] ?? {} }],
      ['b', 'c', { b: policies['bc'] ?? {}, c: policies['c'] ?? {} }],
    ],
  )
}

describe('sessions', () => {
  test('[BGP-1] families are those that both ends name', () => {
    const [a, b, c] = row() as [SimulatedNode, SimulatedNode, SimulatedNode]
    const sessions = b.control.sessions.map((one) => ({ ...one, families: ['evpn' as const] }))
    const sim = new ControlPlaneSim([a, { ...b, control: { ...b.control, sessions } }, c])
    expect(pathsAt(sim, 'b', P)).toEqual({})
  })

  test('[BGP-1] ends that expect another AS number have no session', () => {
    const [a, b, c] = row() as [SimulatedNode, SimulatedNode, SimulatedNode]
    const sessions = a.control.sessions.map((one) => ({ ...one, remoteAsn: 9 }))
    const sim = new ControlPlaneSim([{ ...a, control: { ...a.control, sessions } }, b, c])
    expect(pathsAt(sim, 'b', P)).toEqual({})
  })

  test('[BGP-2] paths go with the link, and with the node at its other end', () => {
    const sim = new ControlPlaneSim(row())
    expect(Object.keys(pathsAt(sim, 'c', P))).toEqual(['b'])
    for (const down of [{ links: ['a--b'] }, { nodes: ['a'] }, { links: ['b--c'], nodes: ['a'] }]) {
      sim.update({ down })
      expect(pathsAt(sim, 'c', P)).toEqual({})
      expect(sim.dynamicTables('c').routes.size).toBe(0)
      sim.update({ down: {} })
      expect(Object.keys(pathsAt(sim, 'c', P))).toEqual(['b'])
    }
  })

  test('[BGP-2] a node that is down has neither paths nor tables', () => {
    const sim = new ControlPlaneSim(row())
    sim.update({ down: { nodes: ['c'] } })
    expect(sim.rows('c')).toEqual([])
    expect(sim.tables('c').routes).toEqual([])
  })

  test.each([{ links: ['a--c'] }, { nodes: ['d'] }])('%j is nothing that there is', (down) => {
    const sim = new ControlPlaneSim(row())
    expect(() => sim.update({ down })).toThrow(expect.objectContaining({ code: 'ZT_CONTROL_REFERENCE' }))
  })

  test('a policy or a peer that there is not is an error', () => {
    const wrong = [row({}, { a: { export: 'none' } }), row().slice(0, 2), [...row(), ...row()]]
    for (const nodes of wrong) {
      expect(() => new ControlPlaneSim(nodes)).toThrow(
        expect.objectContaining({ code: 'ZT_CONTROL_REFERENCE' }),
      )
    }
  })
})

describe('[BGP-3] what is told', () => {
  test('the AS number is put before the path, the next hop is the own address', () => {
    const nodes = row()
    const sim = new ControlPlaneSim(nodes)
    expect(pathsAt(sim, 'a', P)['self']).toMatchObject({
      asPath: [],
      nextHop: '0.0.0.0',
      best: true,
      used: true,
    })
    expect(pathsAt(sim, 'b', P)['a']).toMatchObject({
      asPath: [1],
      nextHop: nodes[0]?.control.sessions[0]?.local,
      origin: 'igp',
    })
    expect(pathsAt(sim, 'c', P)['b']).toMatchObject({
      asPath: [2, 1],
      nextHop: nodes[1]?.control.sessions[1]?.local,
    })
  })

  test('the best path alone', () => {
    // d hears two paths for P and tells one.
    const sim = new ControlPlaneSim(
      fabricOf(
        {
          a: { asn: 1, id: 1, originate: [P] },
          b: { asn: 2, id: 2, originate: [] },
          c: { asn: 3, id: 3, originate: [] },
          d: { asn: 4, id: 4, originate: [] },
          e: { asn: 5, id: 5, originate: [] },
        },
        [
          ['a', 'b'],
          ['a', 'c'],
          ['b', 'd'],
          ['c', 'd'],
          ['d', 'e'],
        ],
      ),
    )
    expect(Object.keys(pathsAt(sim, 'd', P))).toEqual(['b', 'c'])
    expect(pathsAt(sim, 'e', P)).toEqual({ d: expect.objectContaining({ asPath: [4, 2, 1] }) })
  })

  test('local preference is not handed on, nor is a MED that was received or set on import', () => {
    const b = { policies: [policy('in', accept({ localPreference: 200, med: 7 })), policy('out', accept())] }
    for (const bc of [{}, { export: 'out' }]) {
      const sim = new ControlPlaneSim(
        row(
          { a: { policies: [policy('med', accept({ med: 3 }))] }, b },
          { a: { export: 'med' }, b: { import: 'in' }, bc },
        ),
      )
      expect(pathsAt(sim, 'b', P)['a']).toMatchObject({ med: 7, localPreference: 200 })
      expect(pathsAt(sim, 'c', P)['b']).not.toHaveProperty('med')
      expect(pathsAt(sim, 'c', P)['b']).not.toHaveProperty('localPreference')
    }
    const plain = new ControlPlaneSim(
      row({ a: { policies: [policy('med', accept({ med: 3 }))] } }, { a: { export: 'med' } }),
    )
    expect(pathsAt(plain, 'b', P)['a']).toMatchObject({ med: 3 })
    expect(pathsAt(plain, 'c', P)['b']).not.toHaveProperty('med')
  })

  test('a MED that is set on export, and communities, are handed on', () => {
    const sim = new ControlPlaneSim(
      row(
        {
          a: { policies: [policy('mark', accept({ communities: ['65000:1'] }))] },
          b: { policies: [policy('med', accept({ med: 3, localPreference: 500 }))] },
        },
        { a: { export: 'mark' }, bc: { export: 'med' } },
      ),
    )
    expect(pathsAt(sim, 'c', P)['b']).toMatchObject({ med: 3, communities: ['65000:1'] })
    expect(pathsAt(sim, 'c', P)['b']).not.toHaveProperty('localPreference')
  })
})

test('[BGP-4] a path that holds the own AS number is not accepted', () => {
  const sim = new ControlPlaneSim(row({ c: { asn: 1 } }))
  expect(Object.keys(pathsAt(sim, 'b', P))).toEqual(['a'])
  expect(pathsAt(sim, 'c', P)).toEqual({})
})

describe('[BGP-5] where policies hold', () => {
  test('prepending comes before the once of the session, on export and on import', () => {
    const twice = [policy('twice', accept({ prepend: 2 }))]
    const out = new ControlPlaneSim(row({ b: { policies: twice } }, { bc: { export: 'twice' } }))
    expect(pathsAt(out, 'c', P)['b']?.asPath).toEqual([2, 2, 2, 1])
    const into = new ControlPlaneSim(row({ b: { policies: twice } }, { b: { import: 'twice' } }))
    expect(pathsAt(into, 'b', P)['a']?.asPath).toEqual([2, 2, 1])
    expect(pathsAt(into, 'c', P)['b']?.asPath).toEqual([2, 2, 2, 1])
  })

  test('what is rejected is not there, and not told', () => {
    const none = [policy('none')]
    const into = new ControlPlaneSim(row({ b: { policies: none } }, { b: { import: 'none' } }))
    expect([pathsAt(into, 'b', P), pathsAt(into, 'c', P)]).toEqual([{}, {}])
    const out = new ControlPlaneSim(row({ b: { policies: none } }, { bc: { export: 'none' } }))
    expect([Object.keys(pathsAt(out, 'b', P)), pathsAt(out, 'c', P)]).toEqual([['a'], {}])
  })
})

describe('[BGP-6] well-known communities', () => {
  const marked = (community: string) => [policy('mark', accept({ communities: [community] }))]
  test.each(['65535:65281', '65535:65282', '65535:65283'])('%s keeps a path where it is', (community) => {
    const sim = new ControlPlaneSim(row({ a: { policies: marked(community) } }, { a: { export: 'mark' } }))
    expect(pathsAt(sim, 'b', P)['a']).toMatchObject({ communities: [community], best: true })
    expect(pathsAt(sim, 'c', P)).toEqual({})
  })

  test('graceful shutdown sets local preference 0, whatever the policy prefers', () => {
    const sim = new ControlPlaneSim(
      row(
        {
          a: { policies: marked('65535:0') },
          b: { policies: [policy('prefer', accept({ localPreference: 300 }))] },
        },
        { a: { export: 'mark' }, b: { import: 'prefer' } },
      ),
    )
    expect(pathsAt(sim, 'b', P)['a']).toMatchObject({ localPreference: 0, communities: ['65535:0'] })
    expect(pathsAt(sim, 'c', P)['b']).toMatchObject({ localPreference: 0 })
  })
})

test('[BGP-7] of two links to one peer the lower address of the peer decides', () => {
  const nodes = fabricOf({ a: { asn: 1, id: 1, originate: [P] }, b: { asn: 2, id: 2 } }, [
    ['a', 'b'],
    ['a', 'b'],
  ])
  const rows = new ControlPlaneSim(nodes).rows('b').find(({ key }) => key === P)
  expect(rows?.paths.map(({ from, best, used }) => [from, best, used])).toEqual([
    ['a--b', true, true],
    ['a--b#2', false, true],
  ])
})

describe('[BGP-8] [TABLE-7] routes', () => {
  const links: LinkSpec[] = [
    ['d', 'c'],
    ['d', 'b'],
    ['b', 'a'],
    ['c', 'a'],
  ]
  const diamond = (d: Partial<NodeSpec> = {}) =>
    new ControlPlaneSim(
      fabricOf(
        {
          a: { asn: 1, id: 1, originate: [P] },
          b: { asn: 2, id: 2, originate: [] },
          c: { asn: 3, id: 3, originate: [] },
          d: { asn: 4, id: 4, originate: [], ...d },
        },
        links,
      ),
    )

  test('the far ends of all paths that are used, by ascending interface', () => {
    const sim = diamond()
    expect(pathsAt(sim, 'd', P)).toMatchObject({
      b: { best: true, used: true },
      c: { best: false, used: true },
    })
    const gateways = ['c', 'b'].map((peer) => pathsAt(sim, 'd', P)[peer]?.nextHop)
    expect([...sim.dynamicTables('d').routes.values()]).toEqual([
      {
        vrf: 0,
        prefix: P,
        members: gateways.map((gateway, i) => ({ interface: i + 1, gateway })),
      },
    ])
  })

  test('not more than the node may use', () => {
    const sim = diamond({ multipath: 1 })
    expect(pathsAt(sim, 'd', P)).toMatchObject({ b: { best: true, used: true }, c: { used: false } })
    expect([...sim.dynamicTables('d').routes.values()][0]?.members.map(({ interface: id }) => id)).toEqual([
      2,
    ])
  })

  test('own prefixes make none', () => {
    expect(diamond().dynamicTables('a').routes.size).toBe(0)
    const anycast = diamond({ originate: [P] })
    expect(anycast.dynamicTables('d').routes.size).toBe(0)
    expect(pathsAt(anycast, 'd', P)['self']).toMatchObject({ best: true, used: true })
  })
})

test('[BGP-9] a prefix has no path by a session that is down', () => {
  const sim = new ControlPlaneSim(row())
  sim.update({ down: { links: ['b--c'] } })
  expect(pathsAt(sim, 'c', P)).toEqual({})
  expect(Object.keys(pathsAt(sim, 'b', P))).toEqual(['a'])
})

test('rows keep the contract and are in order', () => {
  const { rows } = simulate(row())
  for (const all of rows.values()) {
    for (const one of all) expect(RibRow.parse(one)).toEqual(one)
    expect(all.map(({ table, key }) => `${table} ${key}`)).toEqual(
      all.map(({ table, key }) => `${table} ${key}`).toSorted(),
    )
  }
  expect(loopbackOf(1)).toBe('10.255.0.1')
})
