import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allocateSlots, type SlotSpace } from './slots.js'

const name = fc.stringMatching(/^[a-z]{1,3}[0-9]{0,2}$/)
const names = fc.uniqueArray(name, { maxLength: 40 })

function range(stem: string, first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => `${stem}${first + i}`)
}

/** Names of `before` that have another slot in `after`. */
function moved(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string[] {
  return [...before].filter(([key, slot]) => after.has(key) && after.get(key) !== slot).map(([key]) => key)
}

describe('slots', () => {
  test('are different, free and within the space', () => {
    fc.assert(
      fc.property(names, fc.integer({ min: 0, max: 20 }), fc.boolean(), (wanted, spare, scatter) => {
        const taken = [0, wanted.length + 1]
        const size = wanted.length + 2 + spare
        const slots = [...allocateSlots(wanted, { purpose: 'x', size, taken, scatter }).values()]
        expect(new Set(slots).size).toBe(wanted.length)
        expect(slots.filter((slot) => slot < 0 || slot >= size || taken.includes(slot))).toEqual([])
      }),
    )
  })

  test('do not depend on the order of the names', () => {
    fc.assert(
      fc.property(names, (wanted) => {
        const space: SlotSpace = { purpose: 'x', size: 64 }
        expect(allocateSlots(wanted.toReversed(), space)).toEqual(allocateSlots(wanted, space))
      }),
    )
  })

  test('of a series stand in a row from a given home', () => {
    const space: SlotSpace = { purpose: 'x', size: 256, homes: { leaf: 64 } }
    expect([...allocateSlots(range('leaf', 1, 4), space).values()]).toEqual([65, 66, 67, 68])
    const oneBased: SlotSpace = { ...space, homes: { leaf: 0 }, origin: 1 }
    expect([...allocateSlots(range('leaf', 1, 3), oneBased).values()]).toEqual([0, 1, 2])
  })

  test('of a series stand in a row wherever it lands', () => {
    const slots = [...allocateSlots(range('web', 1, 8), { purpose: 'x', size: 256 }).values()]
    expect(slots.map((slot) => slot - (slots[0] ?? 0))).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  test('a stem named as a part of every object has a home by hash', () => {
    const slots = allocateSlots(['constructor1'], { purpose: 'x', size: 256, homes: { leaf: 64 } })
    expect([...slots.values()].every(Number.isInteger)).toBe(true)
  })

  test('stay when a series grows', () => {
    const space: SlotSpace = { purpose: 'x', size: 256, homes: { leaf: 64, spine: 0 } }
    const before = allocateSlots([...range('leaf', 1, 9), ...range('spine', 1, 2)], space)
    const after = allocateSlots([...range('leaf', 1, 40), ...range('spine', 1, 4)], space)
    expect(moved(before, after)).toEqual([])
  })

  test('hardly move when any name comes or goes', () => {
    let names = 0
    let moves = 0
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 2, maxLength: 30 }), fc.boolean(), (wanted, scatter) => {
        const space: SlotSpace = { purpose: 'x', size: 256, scatter }
        const gone = moved(allocateSlots(wanted, space), allocateSlots(wanted.slice(1), space))
        names += wanted.length - 1
        moves += gone.length
        // One takes the place that became free, and another that one's.
        expect(gone.length).toBeLessThanOrEqual(3)
      }),
      { seed: 7, numRuns: 500 },
    )
    expect(moves / names).toBeLessThan(0.02)
  })

  test('differ by purpose', () => {
    const of = (purpose: string): number[] => [
      ...allocateSlots(range('a', 1, 5), { purpose, size: 2 ** 24, scatter: true }).values(),
    ]
    expect(of('x')).not.toEqual(of('y'))
  })

  test('run out loudly', () => {
    expect(() => allocateSlots(['a', 'b', 'c'], { purpose: 'x', size: 2 })).toThrow(RangeError)
  })
})
