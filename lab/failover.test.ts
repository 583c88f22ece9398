import { describe, expect, it } from 'vitest'
import { isTold, lossOf } from './failover.js'

/** Packets each millisecond. */
const at = Array.from({ length: 10 }, (_, n) => 1_000_000_000 + n * 1_000_000)
const all = (...missing: readonly number[]) =>
  new Map(at.flatMap((_, n) => (missing.includes(n) ? [] : [[n, n < 5 ? 'a/one' : 'a/two'] as const])))
const loss = (...missing: readonly number[]) =>
  lossOf({ at, received: all(...missing), broke: [3, 4], rate: 1000 })

describe('the loss of a flow', () => {
  it('is none when every number arrived', () => {
    expect(loss()).toMatchObject({
      sent: 10,
      received: 10,
      gaps: [],
      window: 0,
      outage: 0,
      broke: [3, 4],
    })
  })

  it('is from the last packet before the gap to the first one behind it', () => {
    expect(loss(3, 4, 5)).toMatchObject({ received: 7, gaps: [{ first: 3, count: 3, ms: 4 }], window: 4 })
  })

  it('has a longest gap, and all of them together', () => {
    expect(loss(4, 6, 7)).toMatchObject({ window: 3, outage: 5 })
  })

  it('is none of what broke when it was over before anything broke', () => {
    expect(loss(1, 4)).toMatchObject({ window: 2, noise: 2, outage: 4 })
    expect(loss(1)).toMatchObject({ window: 0, noise: 2 })
    expect(loss(2, 3)).toMatchObject({ window: 3, noise: 0 })
  })

  it('lasts to the end, at least, of a flow that is not back', () => {
    expect(loss(4, 7, 8, 9)).toMatchObject({
      back: false,
      window: 3,
      gaps: [{ first: 4 }, { first: 7, count: 3 }],
    })
    expect(loss(4).back).toBe(true)
    // Whether it would have been away for 3.5 ms nobody has seen.
    expect([isTold(loss(4, 7, 8, 9), 2), isTold(loss(4, 7, 8, 9), 3.5), isTold(loss(4), 3.5)]).toEqual([
      true,
      false,
      true,
    ])
  })

  it('says how late packets left', () => {
    expect(loss().late).toBe(0)
    const stood = at.map((time, n) => (n < 6 ? time : time + 2_500_000))
    expect(lossOf({ at: stood, received: all(), broke: [3, 4], rate: 1000 }).late).toBe(2.5)
  })

  it('says where packets arrived', () => {
    expect([...loss(4).arrived]).toEqual([
      ['a/one', 4],
      ['a/two', 5],
    ])
  })

  it('cannot be told of a flow of which nothing arrived', () => {
    expect(() => lossOf({ at, received: new Map(), broke: [3, 4], rate: 1000 })).toThrow(/ZT_LAB_LOST/)
  })

  it('cannot be told when the first packet is missing', () => {
    expect(() => loss(0)).toThrow(/cut off before anything broke/)
  })
})
