import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseIp, parseIpv4 } from '../packet/index.js'
import { bestOf, isArbitrary, usedWith } from './decision.js'
import type { BgpPath, Candidate } from './path.js'

const REMOTE = 9
interface Given extends Partial<BgpPath> {
  readonly own?: true
  readonly external?: boolean
  readonly metric?: number
  readonly interface?: number
  readonly ordinal?: number
  readonly id?: string
  readonly address?: string
}
/** A path of middling rank in all; of an AS of its own unless it says otherwise. */
function candidate({
  own,
  external = true,
  metric = 5,
  id = '10.0.0.5',
  address = '10.9.0.5',
  interface: port = 5,
  ordinal = 0,
  ...path
}: Given) {
  return {
    ordinal,
    path: {
      originator: undefined,
      clusters: [],
      bandwidth: undefined,
      asPath: [65001, 65100],
      origin: 'egp' as const,
      med: 5,
      localPreference: undefined,
      communities: [],
      source: 0,
      ...path,
    },
    peer: own
      ? undefined
      : {
          routerId: parseIpv4(id),
          address: parseIp(address),
          external,
          metric,
          interface: port,
          remote: REMOTE,
        },
  } satisfies Candidate
}

/** Each step in order, with what wins by it and what loses. */
const STEPS: readonly (readonly [name: string, better: Given, worse: Given])[] = [
  ['higher local preference, 100 when none', {}, { localPreference: 99 }],
  ['shorter AS path', { asPath: [65001] }, { asPath: [65001, 65100, 65101] }],
  ['lower origin', { origin: 'igp' }, { origin: 'incomplete' }],
  ['lower MED of the same neighbouring AS, 0 when none', { med: undefined }, { med: 9 }],
  ['eBGP before iBGP', { external: true }, { external: false }],
  ['lower metric to the next hop', { metric: 1 }, { metric: 9 }],
  ['lower router id, as a number', { id: '10.0.0.9' }, { id: '10.0.0.10' }],
  ['lower address of the peer, as a number', { address: '10.9.0.9' }, { address: '10.9.0.10' }],
  ['lower interface', { interface: 9 }, { interface: 10 }],
]
type Daemon = 'frr' | 'gobgp'
const winner = (a: Given, b: Given, daemon: Daemon = 'frr') => {
  const [one, other] = [candidate(a), candidate(b)]
  const best = bestOf([one, other], daemon)
  expect(bestOf([other, one], daemon)).toBe(best)
  return best === one ? a : b
}

describe('[BGP-7] the decision process', () => {
  test.each(STEPS)('%s', (_name, better, worse) => {
    expect(winner(better, worse)).toBe(better)
    expect(winner(better, worse, 'gobgp')).toBe(better)
  })

  test('of reflected paths FRR asks for the originator, then for the shorter CLUSTER_LIST, GoBGP for the peer', () => {
    const originator = (id: string) => ({ originator: parseIpv4(id), clusters: [1] })
    const near = { ...originator('10.0.0.1'), id: '10.0.0.9' }
    const far = { ...originator('10.0.0.2'), id: '10.0.0.8' }
    expect(winner(near, far)).toBe(near)
    expect(winner(near, far, 'gobgp')).toBe(far)
    // Not reflected: its peer is where it began.
    const direct = { id: '10.0.0.1', address: '10.9.0.9' }
    expect(winner(direct, { ...near, address: '10.9.0.1' })).toBe(direct)
    const longer = { ...near, clusters: [1, 2], address: '10.9.0.1' }
    expect(winner(near, longer)).toBe(near)
    expect(winner(near, longer, 'gobgp')).toBe(longer)
  })

  test('paths of one peer that nothing tells apart are known as such', () => {
    const [a, b, c] = [
      candidate({}),
      candidate({ ordinal: 1, asPath: [65009, 65100] }),
      candidate({ ordinal: 2 }),
    ]
    expect(bestOf([b, a, c], 'frr')).toBe(a)
    const frr = { daemon: 'frr', multipath: 64 } as const
    expect(isArbitrary(a, [a, b], frr)).toBe(true)
    expect(isArbitrary(a, [a, c], frr)).toBe(false)
    expect(isArbitrary(a, [a, candidate({ id: '10.0.0.9' })], frr)).toBe(false)
    // Beside the best one of two is used that its router id alone tells apart, which does not count there.
    const beside = { address: '10.9.0.9' }
    const others = [
      candidate({ ...beside, id: '10.0.0.8' }),
      candidate({ ...beside, id: '10.0.0.9', asPath: [65009, 1] }),
    ]
    expect(isArbitrary(a, [a, ...others], frr)).toBe(true)
    expect(isArbitrary(a, [a, ...others], { ...frr, daemon: 'gobgp' })).toBe(false)
    expect(isArbitrary(a, [a, ...others], { ...frr, multipath: 1 })).toBe(false)
  })

  const pairs = STEPS.flatMap((early, i) => STEPS.slice(i + 1).map((late) => [early, late] as const))
  test.each(pairs.map(([early, late]) => [early[0], late[0], early, late] as const))(
    '%s: counts before: %s',
    (_early, _late, early, late) => {
      // What is better early and worse late wins.
      const a = { ...late[2], ...early[1] }
      const b = { ...late[1], ...early[2] }
      expect(winner(a, b)).toBe(a)
    },
  )

  test('own routes come before the length of AS paths, with FRR before local preference, with GoBGP behind it', () => {
    const own = { own: true, asPath: [65001, 65100, 65101] } as const
    const preferred = { localPreference: 101 }
    for (const daemon of ['frr', 'gobgp'] as const) expect(winner(own, { asPath: [65001] }, daemon)).toBe(own)
    expect(winner(own, preferred)).toBe(own)
    expect(winner(own, preferred, 'gobgp')).toBe(preferred)
  })

  test('MED does not count between neighbouring ASes', () => {
    const a = { asPath: [65001, 65100], med: 9, id: '10.0.0.1' }
    const b = { asPath: [65002, 65100], med: 1, id: '10.0.0.2' }
    expect(winner(a, b)).toBe(a)
  })

  test('MED is deterministic: first the best by each neighbouring AS, then the best of these', () => {
    // Pairwise a < b (router id), b < c (router id), c < a (MED).
    const a = candidate({ asPath: [65001, 1], med: 9, id: '10.0.0.1' })
    const b = candidate({ asPath: [65002, 1], med: 5, id: '10.0.0.2' })
    const c = candidate({ asPath: [65001, 1], med: 1, id: '10.0.0.3' })
    for (const order of [
      [a, b, c],
      [a, c, b],
      [b, a, c],
      [b, c, a],
      [c, a, b],
      [c, b, a],
    ]) {
      expect(bestOf(order, 'frr')).toBe(b)
    }
  })

  test('the order of paths does not matter', () => {
    const given = fc.record({
      asPath: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 1, maxLength: 2 }),
      med: fc.constantFrom(undefined, 0, 1),
      localPreference: fc.constantFrom(undefined, 100, 101),
      origin: fc.constantFrom('igp' as const, 'egp' as const),
    })
    const paths = fc.array(given, { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(paths, fc.infiniteStream(fc.nat()), (all, noise) => {
        const candidates = all.map((one, i) => candidate({ ...one, address: `10.9.0.${i}` }))
        const ranked = candidates.map((one) => ({ one, rank: noise.next().value ?? 0 }))
        const mixed = ranked.toSorted((x, y) => x.rank - y.rank).map(({ one }) => one)
        for (const daemon of ['frr', 'gobgp'] as const) {
          expect(bestOf(mixed, daemon)).toBe(bestOf(candidates, daemon))
        }
      }),
    )
  })

  test('of no paths none is the best', () => expect(bestOf([], 'frr')).toBeUndefined())
})

describe('[BGP-8] multipath', () => {
  const best = candidate({ id: '10.0.0.1' })
  const together = (others: readonly Given[], multipath = 64, daemon: 'frr' | 'gobgp' = 'frr') => {
    const candidates = [...others.map(candidate), best]
    return usedWith(best, candidates, { multipath, daemon }).map((one) => candidates.indexOf(one))
  }

  test('paths of the same length count as equal whatever their ASes', () => {
    expect(together([{ asPath: [65002, 65100], address: '10.9.0.6' }])).toEqual([1, 0])
  })

  test.each([
    ['local preference', { localPreference: 99 }],
    ['length of the AS path', { asPath: [65001, 65100, 65101] }],
    ['origin', { origin: 'incomplete' as const }],
    ['MED', { med: 9 }],
    ['kind of session', { external: false }],
    ['metric', { metric: 9 }],
  ])('paths of another %s are not used', (_name, other) => {
    expect(together([other])).toEqual([1])
  })

  test('MEDs of other neighbouring ASes tell paths apart for GoBGP alone', () => {
    const other = { asPath: [65002, 65100], med: 9, address: '10.9.0.6' }
    expect(together([other])).toEqual([1, 0])
    expect(together([other], 64, 'gobgp')).toEqual([1])
    expect(together([{ ...other, med: 5 }], 64, 'gobgp')).toEqual([1, 0])
  })

  test('at most so many, the best first: FRR by address of the peer, GoBGP by router id before', () => {
    const others = [
      { id: '10.0.0.3', address: '10.9.0.7' },
      { id: '10.0.0.2', address: '10.9.0.9' },
      { id: '10.0.0.2', address: '10.9.0.8' },
    ]
    for (const [daemon, order] of [
      ['frr', [3, 0, 2, 1]],
      ['gobgp', [3, 2, 1, 0]],
    ] as const) {
      for (const most of [64, 3, 1]) expect(together(others, most, daemon)).toEqual(order.slice(0, most))
    }
  })

  test('of several paths of one peer FRR uses one, as long as they are beside each other; GoBGP all', () => {
    const others = [{ ordinal: 1 }, { address: '10.9.0.7' }, { address: '10.9.0.7', ordinal: 1 }]
    expect(together(others)).toEqual([3, 1])
    expect(together(others, 64, 'gobgp')).toEqual([3, 0, 1, 2])
  })

  test("FRR takes a peer's own next hop over IPv6 for another than that of what it hands on", () => {
    const address = 'fe80::1'
    const inside = { address, external: false }
    const all = [
      { ...inside, source: REMOTE },
      { ...inside, ordinal: 1 },
      { ...inside, ordinal: 2 },
    ].map(candidate)
    const [own] = all
    if (own === undefined) throw new Error('there is no path')
    const used = usedWith(own, all, { multipath: 64, daemon: 'frr' })
    expect(used.map(({ ordinal }) => ordinal)).toEqual([0, 1])
  })

  test('an own path is used alone', () => {
    const own = candidate({ own: true })
    expect(usedWith(own, [own, candidate({ own: true })], { multipath: 64, daemon: 'frr' })).toEqual([own])
  })
})
