import { describe, expect, it } from 'vitest'
import { RecordType } from '../contract/journal.js'
import { inputOf } from './journal-input.js'

const entropy = Uint8Array.from({ length: 32 }, (_, i) => i)

describe('a seed in a journal', () => {
  const record = (payload: Uint8Array) => ({ type: RecordType.Seed, interface: 0, now: 7n, payload })

  it('[WG-4] is wall time, little-endian, and 32 octets', () => {
    const payload = Uint8Array.of(0xff, 0x15, 0x81, 0xe9, 0x7d, 0xf4, 0x10, 0x22, ...entropy)
    expect(inputOf(record(payload))).toEqual({
      kind: 'seed',
      now: 7n,
      wallTime: 0x2210f47de98115ffn,
      entropy,
    })
  })

  it.each([0, 8, 39, 41])('of %i octets is none', (length) => {
    expect(() => inputOf(record(new Uint8Array(length)))).toThrow(
      `ZT_LAB_FORMAT: a journal's seed has ${length} octets, not 40`,
    )
  })
})
