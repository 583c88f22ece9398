import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, setU16, u16 } from './bytes.js'
import {
  foldChecksum,
  internetChecksum,
  ipv4PseudoHeaderSum,
  ipv6PseudoHeaderSum,
  replaceWord,
  sumWords,
  udpChecksumOnWire,
  updateChecksum,
  updateChecksum32,
} from './checksum.js'

/** RFC 1071 as its section 4.1 writes it: one word at a time, carries folded as they come. */
function naive(bytes: Uint8Array): number {
  const even = bytes.length % 2 === 0 ? bytes : Uint8Array.from([...bytes, 0])
  let sum = 0
  for (let i = 0; i < even.length; i += 2) {
    sum += Number.parseInt(Buffer.from(even.subarray(i, i + 2)).toString('hex'), 16)
    if (sum > 0xffff) sum -= 0xffff
  }
  return 0xffff - sum
}

describe('internetChecksum', () => {
  it('gives the sum of RFC 1071 section 3', () => {
    expect(internetChecksum(fromHex('0001f203f4f5f6f7'), 0, 8)).toBe(~0xddf2 & 0xffff)
  })

  it('gives the checksum of a captured IPv4 header', () => {
    expect(internetChecksum(fromHex('4500003c1c4640004006b1e6ac100a63ac100a0c'), 0, 20)).toBe(0)
  })

  it('equals a naive second implementation at any offset and length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(40), (bytes, skip) => {
        const start = Math.min(skip, bytes.length)
        expect(internetChecksum(bytes, start, bytes.length)).toBe(naive(bytes.subarray(start)))
      }),
      { numRuns: 1000 },
    )
  })

  it('does not overflow on the longest packets of all ones', () => {
    const bytes = new Uint8Array(65_535).fill(0xff)
    expect(internetChecksum(bytes, 0, bytes.length)).toBe(naive(bytes))
  })

  it('folds sums past 32 bits', () => {
    expect(foldChecksum(0xffff * 0x1_0001 * 7)).toBe(0)
  })
})

describe('pseudo headers', () => {
  it('equal the sum over a header written out', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.nat(255),
        fc.nat(0xffff),
        fc.nat(3),
        fc.uint8Array({ maxLength: 64 }),
        (addresses, protocol, length, jumbo, data) => {
          const v4 = [...addresses.subarray(0, 8), 0, protocol, length >> 8, length & 0xff, ...data]
          expect(
            foldChecksum(sumWords(data, 0, data.length, ipv4PseudoHeaderSum(addresses, 0, protocol, length))),
          ).toBe(naive(Uint8Array.from(v4)))
          const long = jumbo * 0x1_0000 + length
          const v6 = [...addresses, 0, jumbo, length >> 8, length & 0xff, 0, 0, 0, protocol, ...data]
          expect(
            foldChecksum(
              sumWords(data, 0, data.length, ipv6PseudoHeaderSum(addresses, 0, 16, protocol, long)),
            ),
          ).toBe(naive(Uint8Array.from(v6)))
        },
      ),
    )
  })
})

describe('incremental update (RFC 1624)', () => {
  it('gives the example of RFC 1624 section 4', () => {
    expect(updateChecksum(0xdd2f, 0x5555, 0x3285)).toBe(0x0000)
  })

  it('equals recomputing, for data that is not all zero', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 20, maxLength: 20 }),
        fc.nat(9),
        fc.nat(0xffff),
        (bytes, word, value) => {
          fc.pre(word !== 5)
          bytes[0] = 0x45 // a header is never all zero, where two representations of zero would differ
          const before = internetChecksum(withChecksum(bytes, 0), 0, 20)
          setU16(bytes, 10, before)
          fc.pre(word !== 0)
          replaceWord(bytes, word * 2, value, 10)
          expect(u16(bytes, word * 2)).toBe(value)
          expect(internetChecksum(bytes, 0, 20)).toBe(0)
          expect(u16(bytes, 10)).toBe(internetChecksum(withChecksum(bytes, 0), 0, 20))
        },
      ),
    )
  })

  it('updates for 32-bit fields', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 12 }), fc.nat(0xffff_ffff), (bytes, value) => {
        bytes[0] = 1
        const view = new DataView(bytes.buffer, bytes.byteOffset)
        const checksum = internetChecksum(bytes, 0, 12)
        const before = view.getUint32(4)
        view.setUint32(4, value)
        expect(updateChecksum32(checksum, before, value)).toBe(internetChecksum(bytes, 0, 12))
      }),
    )
  })

  it('keeps a wrong checksum wrong', () => {
    const header = fromHex('4500003c1c4640004006b1e7ac100a63ac100a0c')
    replaceWord(header, 8, 0x3f06, 10)
    expect(internetChecksum(header, 0, 20)).not.toBe(0)
  })
})

function withChecksum(bytes: Uint8Array, checksum: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  setU16(copy, 10, checksum)
  return copy
}

describe('udpChecksumOnWire', () => {
  it('sends a computed zero as all ones', () => {
    expect([0, 1, 0xffff].map(udpChecksumOnWire)).toEqual([0xffff, 1, 0xffff])
  })
})
