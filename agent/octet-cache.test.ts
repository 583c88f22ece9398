import { describe, expect, it } from 'vitest'
import { OctetCache } from './octet-cache.js'

describe('a cache of what octets say', () => {
  it('makes what it is asked for once', () => {
    const cache = new OctetCache<object>(4)
    const first = cache.get('a', () => ({}))
    expect(cache.get('a', () => ({}))).toBe(first)
    expect(cache.get('b', () => ({}))).not.toBe(first)
  })

  it('keeps what is asked for again and again, whatever else comes', () => {
    const cache = new OctetCache<object>(4)
    const kept = cache.get('kept', () => ({}))
    for (let n = 0; n < 100; n++) {
      cache.get(`other ${n}`, () => ({}))
      expect(
        cache.get('kept', () => ({})),
        `after ${n} others`,
      ).toBe(kept)
    }
  })

  it('does not grow', () => {
    const cache = new OctetCache<number>(4)
    for (let n = 0; n < 1000; n++) cache.get(`${n}`, () => n)
    expect(cache.size).toBeLessThanOrEqual(8)
  })
})
