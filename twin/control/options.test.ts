import { describe, expect, test } from 'vitest'
import type { BgpSession } from '../../contract/control-plane.js'
import { restingTables } from './bgp-control-plane.js'
import { describeDiagnosis } from './diagnosis.js'
import type { SimulatedNode } from './change.js'
import { ControlPlaneSim } from './sim.js'
import { fabricOf, type LinkSpec, type NodeSpec } from './testdata/fabric.js'

const P = '10.99.0.0/24'
function pathsAt(sim: ControlPlaneSim, node: string, key = P) {
  const row = sim.rows(node).find((one) => one.key === key)
  return (row?.paths ?? []).map(({ from, best, used, nextHop, asPath }) => ({
    from,
    best,
    used,
    nextHop,
    asPath,
  }))
}
const rowAt = (sim: ControlPlaneSim, node: string, key = P) => sim.rows(node).find((one) => one.key === key)
const membersAt = (sim: ControlPlaneSim, node: string, key = P) =>
  sim.dynamicTables(node).routes.get(`0 ${key}`)?.members

describe('[BGP-13] [TABLE-7] weights', () => {
  const NODES: Record<string, NodeSpec> = {
    a: { asn: 1, id: 1, originate: [P] },
    b: { asn: 2, id: 2, originate: [], daemon: 'gobgp' },
    c: { asn: 3, id: 3, originate: [], daemon: 'gobgp' },
    d: { asn: 4, id: 4, originate: [] },
    e: { asn: 4, id: 5, originate: [] },
  }
  const weighted = (
    b: number | undefined,
    c: number | undefined,
    daemon: 'frr' | 'gobgp' = 'frr',
    other: Record<string, NodeSpec> = {},
  ) => {
    const of = (weight: number | undefined): Partial<BgpSession> => (weight === undefined ? {} : { weight })
    const links: LinkSpec[] = [
      ['d', 'b', { d: of(b) }],
      ['d', 'c', { d: of(c) }],
      ['a', 'b'],
      ['a', 'c'],
      ['d', 'e', { d: of(b) }],
    ]
    return new ControlPlaneSim(
      fabricOf({ ...NODES, ...other, d: { asn: 4, id: 4, originate: [], daemon } }, links),
    )
  }

  test.each([
    [1, 1, [50, 50]],
    [1, 2, [33, 66]],
    [3, 1, [75, 25]],
    [256, 1, [99, 1]],
  ])('%i and %i share as %j hundredths, rounded down and at least 1', (b, c, shares) => {
    for (const daemon of ['frr', 'gobgp'] as const) {
      expect(membersAt(weighted(b, c, daemon), 'd')?.map(({ weight }) => weight)).toEqual(shares)
    }
  })

  test('do not decide, and a single way has none', () => {
    const sim = weighted(1, 256)
    expect(pathsAt(sim, 'd')).toMatchObject([
      { from: 'b', best: true },
      { from: 'c', best: false },
    ])
    sim.update({ down: { links: ['d--b'] } })
    expect(membersAt(sim, 'd')).toEqual([{ interface: 2, gateway: '10.254.0.3' }])
  })

  test('are not followed by FRR over a session with another FRR, and count in the sum', () => {
    const other: Record<string, NodeSpec> = { c: { asn: 3, id: 3, originate: [], daemon: 'frr' } }
    expect(membersAt(weighted(1, 3, 'frr', other), 'd')?.map(({ weight }) => weight)).toEqual([25, undefined])
    expect(membersAt(weighted(1, 3, 'gobgp', other), 'd')?.map(({ weight }) => weight)).toEqual([25, 75])
  })

  test('without them members have none', () => {
    expect(membersAt(weighted(undefined, undefined), 'd')).toEqual([
      { interface: 1, gateway: '10.254.0.1' },
      { interface: 2, gateway: '10.254.0.3' },
    ])
  })

  test('FRR notes them with the own AS number in octets a second, tells internal peers and no others', () => {
    const sim = weighted(3, 1)
    const paths = rowAt(sim, 'd')?.paths ?? []
    expect(paths.map(({ from, extended }) => [from, extended])).toEqual([
      ['b', ['bandwidth:4:375000']],
      ['c', ['bandwidth:4:125000']],
    ])
    expect(rowAt(sim, 'e')?.paths.map(({ extended }) => extended)).toEqual([['bandwidth:4:375000']])
    expect(rowAt(weighted(3, 1, 'gobgp'), 'd')?.paths.every(({ extended }) => extended.length === 0)).toBe(
      true,
    )
    const outside = new ControlPlaneSim(
      fabricOf({ a: NODES['a']!, b: { ...NODES['b']!, daemon: 'frr' }, c: NODES['c']! }, [
        ['a', 'b', { b: { weight: 2 } }],
        ['b', 'c'],
      ]),
    )
    expect(rowAt(outside, 'b')?.paths[0]?.extended).toEqual(['bandwidth:2:250000'])
    expect(rowAt(outside, 'c')?.paths[0]?.extended).toEqual([])
  })

  test('an AS number of four octets is noted as AS_TRANS', () => {
    const sim = new ControlPlaneSim(
      fabricOf({ a: NODES['a']!, b: { asn: 4200000001, id: 2, originate: [] } }, [
        ['a', 'b', { b: { weight: 1 } }],
      ]),
    )
    expect(rowAt(sim, 'b')?.paths[0]?.extended).toEqual(['bandwidth:23456:125000'])
  })

  test('members of one weight and of another are two groups of a program', () => {
    const sim = weighted(1, 2)
    const { groups } = sim.tables('d')
    expect(groups).toEqual([
      {
        id: 1,
        members: [
          { interface: 1, gateway: '10.254.0.1', weight: 33 },
          { interface: 2, gateway: '10.254.0.3', weight: 66 },
        ],
      },
    ])
  })
})

describe('[BGP-10] unnumbered links', () => {
  const A = 'fe80::aff:fe00:1'
  const B = 'fe80::aff:fe00:2'
  const OTHER = 'fe80::aff:fe00:3'
  /** The peers of `b` have one link-local address between them, or `a` the one of each link that is given. */
  const pair = (addresses: readonly [string, string]) => {
    const end = (local: string, remote: string): Partial<BgpSession> => ({
      local,
      remote,
      unnumbered: true,
      families: ['ipv4', 'ipv6', 'evpn'],
    })
    return fabricOf(
      {
        a: { asn: 1, id: 1, originate: [P, '2001:db8::/64'] },
        b: { asn: 2, id: 2, originate: [] },
      },
      addresses.map((address): LinkSpec => ['a', 'b', { a: end(address, B), b: end(B, address) }]),
    )
  }

  test('next hops and gateways are link-local addresses of the far end, of both families', () => {
    const sim = new ControlPlaneSim(pair([OTHER, A]))
    for (const key of [P, '2001:db8::/64']) {
      expect(pathsAt(sim, 'b', key)).toEqual([
        { from: 'a--b', best: false, used: true, nextHop: OTHER, asPath: [1] },
        { from: 'a--b#2', best: true, used: true, nextHop: A, asPath: [1] },
      ])
      expect(membersAt(sim, 'b', key)).toEqual([
        { interface: 1, gateway: OTHER },
        { interface: 2, gateway: A },
      ])
    }
  })

  test('[BGP-7] of equal addresses the lower interface decides, and both are used', () => {
    const sim = new ControlPlaneSim(pair([A, A]))
    expect(pathsAt(sim, 'b').map(({ from, best, used }) => [from, best, used])).toEqual([
      ['a--b', true, true],
      ['a--b#2', false, true],
    ])
    expect(membersAt(sim, 'b')).toEqual([
      { interface: 1, gateway: A },
      { interface: 2, gateway: A },
    ])
  })

  test('[BGP-9] one of two links that is down takes its member with it', () => {
    const sim = new ControlPlaneSim(pair([A, A]))
    sim.update({ down: { links: ['a--b'] } })
    expect(membersAt(sim, 'b')).toEqual([{ interface: 2, gateway: A }])
  })

  test('an end that is numbered and one that is not have no session', () => {
    const [a, b] = pair([A, A]) as [SimulatedNode, SimulatedNode]
    const sessions = b.control.sessions.map(({ unnumbered: _unnumbered, ...session }) => session)
    const sim = new ControlPlaneSim([a, { ...b, control: { ...b.control, sessions } }])
    expect(pathsAt(sim, 'b')).toEqual([])
  })
})

describe('[BGP-12] maximum prefixes', () => {
  const prefixes = (count: number) => Array.from({ length: count }, (_, i) => `10.${i}.0.0/16`)
  const fabric = (count: number, b: Partial<NodeSpec> = {}, session: Partial<BgpSession> = {}) =>
    fabricOf(
      {
        a: { asn: 1, id: 1, originate: prefixes(count) },
        b: { asn: 2, id: 2, originate: ['10.200.0.0/16'], daemon: 'gobgp', ...b },
      },
      [['a', 'b', { b: { maximumPrefixes: 3, ...session } }]],
    )
  const seen = (sim: ControlPlaneSim) => sim.names.map((name) => [sim.rows(name), sim.tables(name)])
  const isUp = (sim: ControlPlaneSim) => rowAt(sim, 'b', '10.0.0.0/16') !== undefined

  test('as many are accepted; one more, and the session is down for both', () => {
    expect(isUp(new ControlPlaneSim(fabric(3)))).toBe(true)
    const over = new ControlPlaneSim(fabric(4))
    expect(isUp(over)).toBe(false)
    expect(rowAt(over, 'a', '10.200.0.0/16')).toBeUndefined()
    expect([...over.ended]).toEqual(['1 a--b'])
  })

  test('FRR notices with the one after, and counts what its policy accepts; GoBGP counts what it is told', () => {
    expect([3, 4, 5].map((count) => isUp(new ControlPlaneSim(fabric(count, { daemon: 'frr' }))))).toEqual([
      true,
      true,
      false,
    ])
    const first = { match: { prefixes: [{ prefix: '10.0.0.0/16' }] }, action: 'accept' as const, set: {} }
    const policies = [{ name: 'one', statements: [first] }]
    const filtered = (daemon: 'frr' | 'gobgp') => fabric(5, { policies, daemon }, { import: 'one' })
    expect(isUp(new ControlPlaneSim(filtered('frr')))).toBe(true)
    expect(isUp(new ControlPlaneSim(filtered('gobgp')))).toBe(false)
  })

  test('families are counted each for itself', () => {
    const nodes = fabricOf(
      {
        a: { asn: 1, id: 1, originate: [...prefixes(3), '2001:db8::/64', '2001:db8:1::/64'] },
        b: { asn: 2, id: 2, originate: [] },
      },
      [
        [
          'a',
          'b',
          { a: { families: ['ipv4', 'ipv6'] }, b: { maximumPrefixes: 3, families: ['ipv4', 'ipv6'] } },
        ],
      ],
    )
    expect(isUp(new ControlPlaneSim(nodes))).toBe(true)
  })

  test('it stays down when there are fewer again, and when the link was away', () => {
    const sim = new ControlPlaneSim(fabric(4))
    const withdrawn = [{ node: 'a', prefix: '10.3.0.0/16' }]
    sim.update({ down: { withdrawn } })
    expect(isUp(sim)).toBe(false)
    sim.update({ down: { withdrawn, links: ['a--b'] } })
    sim.update({ down: { withdrawn } })
    expect(isUp(sim)).toBe(false)
    const { down, ended } = sim
    expect(seen(new ControlPlaneSim(fabric(4), { down, ended }))).toEqual(seen(sim))
    expect(isUp(new ControlPlaneSim(fabric(4), { down }))).toBe(true)
  })

  test('who repairs it has it back, as long as it is not too much again', () => {
    const sim = new ControlPlaneSim(fabric(4))
    sim.update({ ended: new Set() })
    expect(isUp(sim)).toBe(false)
    sim.update({ down: { withdrawn: [{ node: 'a', prefix: '10.3.0.0/16' }] }, ended: new Set() })
    expect(isUp(sim)).toBe(true)
    expect(sim.ended.size).toBe(0)
  })

  test('a daemon that starts anew does not remember it', () => {
    const withdrawn = [{ node: 'a', prefix: '10.3.0.0/16' }]
    for (const [away, back] of [
      [{ daemons: ['b'] }, true],
      [{ nodes: ['b'] }, true],
      [{ daemons: ['a'] }, false],
    ] as const) {
      const sim = new ControlPlaneSim(fabric(4))
      sim.update({ down: { withdrawn, ...away } })
      sim.update({ down: { withdrawn } })
      expect(isUp(sim)).toBe(back)
    }
  })

  test('where one that ends may spare another, the outcome depends on order, and both ends are named', () => {
    // Each of b and c is told of two prefixes too many, one of which is the other's.
    const both = (more: readonly string[]) =>
      new ControlPlaneSim(
        fabricOf(
          {
            a: { asn: 1, id: 1, originate: prefixes(2 + more.length) },
            b: { asn: 2, id: 2, originate: ['10.201.0.0/16'], daemon: 'gobgp' },
            c: { asn: 3, id: 3, originate: ['10.202.0.0/16'], daemon: 'gobgp' },
          },
          [
            ['a', 'b', { b: { maximumPrefixes: 2 } }],
            ['a', 'c', { c: { maximumPrefixes: 2 } }],
          ],
        ),
      )
    const sim = both([])
    expect(sim.diagnosis).toMatchObject([{ kind: 'limit' }])
    const [diagnosis] = sim.diagnosis
    const ends = diagnosis?.kind === 'limit' ? diagnosis.ends : []
    expect(ends[0]).toEqual(['1 a--b', '2 a--c'])
    expect([['1 a--b'], ['2 a--c']]).toContainEqual(ends[1])
    expect(diagnosis && describeDiagnosis(diagnosis)).toMatch(
      /^which sessions end for too many prefixes depends/,
    )
    expect([...sim.ended].toSorted()).toEqual(ends[0])
    sim.update({ ended: new Set(), down: { links: ['a--c'] } })
    expect(sim.diagnosis).toEqual([])
    // With too many of a's own both end, whoever is first.
    const sure = both(['one more'])
    expect(sure.ended.size).toBe(2)
    expect(sure.diagnosis).toEqual([])
    expect(seen(sure).length).toBe(3)
  })

  test('a session that is told another limit begins anew', () => {
    const sim = new ControlPlaneSim(fabric(4))
    const control = new Map(fabric(4, {}, { maximumPrefixes: 4 }).map((node) => [node.name, node.control]))
    sim.update({ control })
    expect(isUp(sim)).toBe(true)
  })
})

describe('[BGP-14] additional paths', () => {
  /** r hears P from x, y and z, and tells b. */
  const fabric = (all: boolean, b: Partial<NodeSpec> = {}) =>
    fabricOf(
      {
        x: { asn: 7, id: 7, originate: [P] },
        y: { asn: 8, id: 8, originate: [P] },
        c: { asn: 1, id: 3, originate: [P] },
        r: { asn: 1, id: 1, originate: [] },
        b: { asn: 1, id: 2, originate: [], ...b },
      },
      [
        ['x', 'r'],
        ['y', 'r'],
        ['c', 'r', { r: { client: true } }],
        ['r', 'b', { r: { client: true, ...(all ? { addPaths: true as const } : {}) } }],
      ],
    )

  test('without them the best alone', () => {
    expect(pathsAt(new ControlPlaneSim(fabric(false)), 'b').map(({ asPath }) => asPath)).toEqual([[]])
  })

  test('all that was accepted is told, with reflection too; the next hop is one, and FRR uses it once', () => {
    const nodes = fabric(true).map((node) =>
      node.name === 'c' ? { ...node, control: { ...node.control, originate: [] } } : node,
    )
    const sim = new ControlPlaneSim(nodes)
    const [first, second] = pathsAt(sim, 'b')
    expect([first?.asPath, second?.asPath]).toEqual([[8], [7]])
    expect([first?.from, second?.from]).toEqual(['r', 'r'])
    expect([first?.best, second?.best]).toEqual([false, true])
    expect([first?.used, second?.used]).toEqual([false, true])
    expect(membersAt(sim, 'b')).toEqual([{ interface: 1, gateway: '10.254.0.6' }])
    expect(sim.diagnosis).toEqual([{ kind: 'arrival', table: 'ipv4', key: P, nodes: ['b'] }])
    expect(sim.diagnosis.map(describeDiagnosis)).toEqual([
      `ipv4 ${P} has several paths of one peer at b: which is taken depends on which came first`,
    ])
    expect(() => restingTables(nodes)).not.toThrow()
    const reflected = pathsAt(new ControlPlaneSim(fabric(true)), 'b')
    expect(reflected.map(({ asPath }) => asPath.join()).toSorted()).toEqual(['', '7', '8'])
    expect(reflected.filter(({ best }) => best).map(({ asPath }) => asPath)).toEqual([[]])
  })

  test('GoBGP uses all that are equal; there is one way all the same', () => {
    const nodes = fabric(true, { daemon: 'gobgp' }).map((node) =>
      node.name === 'c' ? { ...node, control: { ...node.control, originate: [] } } : node,
    )
    const sim = new ControlPlaneSim(nodes)
    expect(pathsAt(sim, 'b').map(({ used }) => used)).toEqual([true, true])
    expect(membersAt(sim, 'b')).toHaveLength(1)
  })

  test('nobody is told its own paths', () => {
    const nodes = fabricOf({ a: { asn: 1, id: 1, originate: [P] }, b: { asn: 2, id: 2, originate: [P] } }, [
      ['a', 'b', { a: { addPaths: true }, b: { addPaths: true } }],
    ])
    const sim = new ControlPlaneSim(nodes)
    expect(pathsAt(sim, 'a').map(({ from, asPath }) => [from, asPath])).toEqual([
      ['b', [2]],
      ['self', []],
    ])
  })

  test('a path that is not the best comes and goes with its link', () => {
    const sim = new ControlPlaneSim(fabric(true))
    sim.update({ down: { links: ['y--r'] } })
    expect(
      pathsAt(sim, 'b')
        .map(({ asPath }) => asPath.join())
        .toSorted(),
    ).toEqual(['', '7'])
    sim.update({ down: {} })
    expect(pathsAt(sim, 'b')).toEqual(pathsAt(new ControlPlaneSim(fabric(true)), 'b'))
  })

  test('each path counts against the limit', () => {
    const nodes = fabric(true).map((node) => {
      const sessions = node.control.sessions.map((one) => ({ ...one, maximumPrefixes: 1 }))
      return node.name === 'b' ? { ...node, control: { ...node.control, sessions } } : node
    })
    expect(pathsAt(new ControlPlaneSim(nodes), 'b')).toEqual([])
  })
})

describe('[TABLE-8] networks of VRF 0', () => {
  const origin = (id: number): NodeSpec => ({ asn: id, id, originate: [P] })
  const fabric = () =>
    fabricOf({ a: origin(1), b: origin(2), c: { asn: 3, id: 3, originate: [] } }, [
      ['a', 'c'],
      ['b', 'c'],
    ])

  test('one of several nodes is routed to over each of them, and by none of those that have it', () => {
    const sim = new ControlPlaneSim(fabric())
    expect(membersAt(sim, 'c')?.map(({ interface: id }) => id)).toEqual([1, 2])
    expect([membersAt(sim, 'a'), membersAt(sim, 'b')]).toEqual([undefined, undefined])
  })

  test('[FAULT-6] who does not announce it has it connected all the same', () => {
    const sim = new ControlPlaneSim(fabric())
    sim.update({ down: { withdrawn: [{ node: 'a', prefix: P }] } })
    expect(membersAt(sim, 'c')?.map(({ interface: id }) => id)).toEqual([2])
    expect(pathsAt(sim, 'a').map(({ from }) => from)).toEqual(['c'])
    expect(membersAt(sim, 'a')).toBeUndefined()
  })
})

test('[BGP-15] BFD changes nothing of a fabric at rest', () => {
  const nodes = (bfd: Partial<BgpSession>) =>
    fabricOf({ a: { asn: 1, id: 1 }, b: { asn: 2, id: 2 } }, [['a', 'b', { a: bfd, b: bfd }]])
  const [plain, fast] = [{}, { bfd: { interval: 50, multiplier: 3 } }].map(
    (bfd) => new ControlPlaneSim(nodes(bfd)),
  )
  for (const name of ['a', 'b']) {
    expect([fast?.rows(name), fast?.tables(name)]).toEqual([plain?.rows(name), plain?.tables(name)])
  }
})
