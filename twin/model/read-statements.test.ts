import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parsePrefix, prefixContains, prefixOf, type Ipv4, type Prefix } from '../packet/index.js'
import type { PolicyStatement, PrefixRange } from './fabric.js'
import { takesAllOf } from './read-statements.js'

/** Prefixes within 10.0.0.0/29, so that they meet often. */
const prefix: fc.Arbitrary<Prefix> = fc
  .record({ offset: fc.integer({ min: 0, max: 7 }), length: fc.integer({ min: 28, max: 32 }) })
  .map(({ offset, length }) =>
    prefixOf(((parsePrefix('10.0.0.0/29').address as Ipv4) + offset) as Ipv4, length),
  )
const range: fc.Arbitrary<PrefixRange> = fc
  .record({
    prefix,
    bounds: fc.tuple(fc.nat({ max: 4 }), fc.nat({ max: 4 })),
    ge: fc.boolean(),
    le: fc.boolean(),
  })
  .map(({ prefix: one, bounds: [a, b], ge, le }) => {
    const room = 32 - one.length
    const [low, high] = [Math.min(a, b, room), Math.min(Math.max(a, b), room)]
    return { prefix: one, ge: ge ? one.length + low : undefined, le: le ? one.length + high : undefined }
  })
const communities = fc.subarray(['1:1', '1:2', '1:3'])
const statement: fc.Arbitrary<PolicyStatement> = fc.record({
  prefixes: fc.option(fc.array(range, { minLength: 1, maxLength: 3 }), { nil: undefined }),
  communities: fc.option(fc.subarray(['1:1', '1:2', '1:3'], { minLength: 1 }), { nil: undefined }),
  action: fc.constant('accept' as const),
  set: fc.constant({ localPreference: undefined, med: undefined, prepend: undefined, communities: [] }),
})

/** BGP-5, word by word. */
function matches(
  { prefixes, communities: wanted }: PolicyStatement,
  one: Prefix,
  has: readonly string[],
): boolean {
  const inRange = ({ prefix: outer, ge, le }: PrefixRange): boolean =>
    one.length >= outer.length &&
    prefixContains(outer, one.address) &&
    one.length >= (ge ?? outer.length) &&
    one.length <= (le ?? (ge === undefined ? outer.length : 32))
  return (prefixes?.some(inRange) ?? true) && (wanted?.some((community) => has.includes(community)) ?? true)
}

test('[BGP-5] a statement that is said to be taken by an earlier one matches nothing that the earlier does not', () => {
  let taken = 0
  fc.assert(
    fc.property(statement, statement, prefix, communities, (first, second, one, has) => {
      if (!takesAllOf(first, second)) return
      taken++
      expect(!matches(second, one, has) || matches(first, one, has)).toBe(true)
    }),
    { numRuns: 20_000 },
  )
  expect(taken).toBeGreaterThan(500)
})

test('a statement takes all of itself, and one without a match all of any', () => {
  fc.assert(
    fc.property(statement, (one) => {
      expect(takesAllOf(one, one)).toBe(true)
      expect(takesAllOf({ ...one, prefixes: undefined, communities: undefined }, one)).toBe(true)
    }),
  )
})
