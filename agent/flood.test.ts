import { describe, expect, it } from 'vitest'
import { Flood } from './flood.js'

/** Events with so many ms between them, until the first that is one too many; `undefined`: none is. */
function eventsUntilFlood(flood: Flood, gap: number, keys: number, most = 100_000): number | undefined {
  for (let n = 1; n <= most; n++) if (flood.event(n * gap, keys)) return n
  return undefined
}

describe('a flood of events', () => {
  it('is more than a few without a pause', () => {
    expect(eventsUntilFlood(new Flood(), 0, 0)).toBe(257)
    expect(eventsUntilFlood(new Flood(), 100, 0)).toBe(257)
  })

  it('is none with pauses, however long it goes on', () => {
    expect(eventsUntilFlood(new Flood(), 101, 0)).toBeUndefined()
  })

  it('is the more events the larger the table is that would be told instead', () => {
    expect(eventsUntilFlood(new Flood(), 1, 80_000)).toBe(10_001)
  })

  it('begins anew when all has been told', () => {
    const flood = new Flood()
    for (let n = 0; n < 256; n++) flood.event(0, 0)
    flood.reset()
    expect(flood.event(0, 0)).toBe(false)
    expect(eventsUntilFlood(flood, 0, 0)).toBe(256)
  })
})
