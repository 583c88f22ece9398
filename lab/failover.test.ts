import { describe, expect, it } from 'vitest'
import { lossOf } from './failover.js'

/** Packets each millisecond. */
const at = Array.from({ length: 10 }, (_, n) => 1_000_000_000 + n * 1_000_000)
const all = (...missing: readonly number[]) =>
  new Map(at.flatMap((_, n) => (missing.includes(n) ? [] : [[n, n < 5 ? 'a/one' : 'a/two'] as const])))
const loss = (...missing: readonly number[]) => lossOf({ at, received: all(...missing), broke: [3, 4] })

describe('the loss of a flow', () => {
  it('is none when every number arrived', () => {
    expect(loss()).toMatchObject({ sent: 10, received: 10, gaps: [], window: 0, outage: 0, broke: [3, 4] })
  })

  it('is from the last packet before the gap to the first one behind it', () => {
    expect(loss(3, 4, 5)).toMatchObject({ received: 7, gaps: [{ first: 3, count: 3, ms: 4 }], window: 4 })
  })

  it('has a longest gap, and all of them together', () => {
    expect(loss(1, 4, 5)).toMatchObject({ window: 3, outage: 5 })
  })

  it('says where packets arrived', () => {
    expect([...loss(4).arrived]).toEqual([
      ['a/one', 4],
      ['a/two', 5],
    ])
  })

  it('cannot be told of a flow of which nothing arrived', () => {
    expect(() => lossOf({ at, received: new Map(), broke: [3, 4] })).toThrow(/ZT_LAB_LOST/)
  })

  it.each([
    [0, /cut off before anything broke/],
    [9, /still cut off/],
  ])('cannot be told when packet %d is missing', (missing, message) => {
    expect(() => loss(missing)).toThrow(message)
  })
})
