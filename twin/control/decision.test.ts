import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseIp, parseIpv4 } from '../packet/index.js'
import { bestOf, usedWith } from './decision.js'
import type { BgpPath, Candidate } from './path.js'

interface Given extends Partial<BgpPath> {
  readonly own?: true
  readonly external?: boolean
  readonly metric?: number
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
  ...path
}: Given) {
  return {
    path: {
      asPath: [65001, 65100],
      origin: 'egp' as const,
      med: 5,
      localPreference: undefined,
      communities: [],
      source: 0,
      ...path,
    },
    peer: own ? undefined : { routerId: parseIpv4(id), address: parseIp(address), external, metric },
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
]
const winner = (a: Given, b: Given) => {
  const [one, other] = [candidate(a), candidate(b)]
  const best = bestOf([one, other])
  expect(bestOf([other, one])).toBe(best)
  return best === one ? a : b
}

describe('[BGP-7] the decision process', () => {
  test.each(STEPS)('%s', (_name, better, worse) => {
    expect(winner(better, worse)).toBe(better)
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

  test('own routes come behind local preference and before the length of AS paths', () => {
    const own = { own: true, asPath: [65001, 65100, 65101] } as const
    expect(winner(own, { asPath: [65001] })).toBe(own)
    const preferred = { localPreference: 101 }
    expect(winner(own, preferred)).toBe(preferred)
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
      expect(bestOf(order)).toBe(b)
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
        expect(bestOf(mixed)).toBe(bestOf(candidates))
      }),
    )
  })

  test('of no paths none is the best', () => expect(bestOf([])).toBeUndefined())
})

describe('[BGP-8] multipath', () => {
  const best = candidate({ id: '10.0.0.1' })
  const together = (others: readonly Given[], multipath = 64, daemon: 'frr' | 'gobgp' = 'frr') => {
    const candidates = [...others.map(candidate), best]
    return usedWith(best, candidates, { multipath, daemon }).map((one) => candidates.indexOf(one))
  }

  test('paths of the same length count as equal whatever their ASes', () => {
    expect(together([{ asPath: [65002, 65100] }])).toEqual([1, 0])
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
    const other = { asPath: [65002, 65100], med: 9 }
    expect(together([other])).toEqual([1, 0])
    expect(together([other], 64, 'gobgp')).toEqual([1])
    expect(together([{ ...other, med: 5 }], 64, 'gobgp')).toEqual([1, 0])
  })

  test('at most so many, the best first, then by router id and address', () => {
    const others = [
      { id: '10.0.0.3' },
      { id: '10.0.0.2', address: '10.9.0.9' },
      { id: '10.0.0.2', address: '10.9.0.8' },
    ]
    expect(together(others)).toEqual([3, 2, 1, 0])
    expect(together(others, 3)).toEqual([3, 2, 1])
    expect(together(others, 1)).toEqual([3])
  })

  test('an own path is used alone', () => {
    const own = candidate({ own: true })
    expect(usedWith(own, [own, candidate({ own: true })], { multipath: 64, daemon: 'frr' })).toEqual([own])
  })
})
