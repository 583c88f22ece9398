import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bytesEqual,
  fromHex,
  setU128,
  setU16,
  setU24,
  setU32,
  setU48,
  setU64,
  setU8,
  toHex,
  u128,
  u16,
  u24,
  u32,
  u48,
  u64,
  u8,
} from './bytes.js'

const EIGHT = '8182838485868788'

describe('reads and writes', () => {
  it('are big endian and unsigned', () => {
    const bytes = fromHex(`00${EIGHT}${EIGHT}`)
    expect([u8(bytes, 1), u16(bytes, 1), u24(bytes, 1), u32(bytes, 1), u48(bytes, 1)]).toEqual([
      0x81, 0x8182, 0x818283, 0x81828384, 0x818283848586,
    ])
    expect([u64(bytes, 1), u128(bytes, 1)]).toEqual([
      0x8182838485868788n,
      0x81828384858687888182838485868788n,
    ])
  })

  it('put back what was read and touch nothing beside it', () => {
    const source = fromHex(`${EIGHT}${EIGHT}`)
    const cases: readonly (readonly [number, (bytes: Uint8Array) => void])[] = [
      [1, (bytes) => setU8(bytes, 1, u8(source, 0))],
      [2, (bytes) => setU16(bytes, 1, u16(source, 0))],
      [3, (bytes) => setU24(bytes, 1, u24(source, 0))],
      [4, (bytes) => setU32(bytes, 1, u32(source, 0))],
      [6, (bytes) => setU48(bytes, 1, u48(source, 0))],
      [8, (bytes) => setU64(bytes, 1, u64(source, 0))],
      [16, (bytes) => setU128(bytes, 1, u128(source, 0))],
    ]
    for (const [width, write] of cases) {
      const bytes = new Uint8Array(18)
      write(bytes)
      expect(toHex(bytes)).toBe(`00${toHex(source.subarray(0, width))}${'00'.repeat(17 - width)}`)
    }
  })
})

describe('hexadecimal', () => {
  it('survives', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes)
      }),
    )
  })

  it('allows white space and either case, and nothing else', () => {
    expect(fromHex(' Ab\ncd ')).toEqual(Uint8Array.of(0xab, 0xcd))
    for (const text of ['a', 'abc', '0x12', 'zz']) {
      expect(() => fromHex(text)).toThrow(expect.objectContaining({ code: 'ZT_HEX_SYNTAX' }))
    }
  })

  it('is of the view, not of the buffer behind it', () => {
    expect(toHex(Uint8Array.of(1, 2, 3).subarray(1, 2))).toBe('02')
  })
})

describe('bytesEqual', () => {
  it('compares length and octets', () => {
    const bytes = Uint8Array.of(1, 2)
    expect(
      [[1, 2], [1, 3], [1], [1, 2, 3]].map((other) => bytesEqual(bytes, Uint8Array.from(other))),
    ).toEqual([true, false, false, false])
  })
})
