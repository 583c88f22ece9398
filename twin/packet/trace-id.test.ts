import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from './bytes.js'
import { crc32 } from './crc32.js'
import { encodeTraceId, findTraceId, readTraceId } from './trace-id.js'

const word = fc.integer({ min: 0, max: 0xffff_ffff })

describe('crc32', () => {
  it('gives the check value of CRC-32/ISO-HDLC', () => {
    expect(crc32(new TextEncoder().encode('x123456789'), 1, 10)).toBe(0xcbf4_3926)
  })
})

describe('trace id', () => {
  it('is ZTTR, run, trace and CRC, big endian', () => {
    expect(toHex(encodeTraceId({ run: 0x01020304, trace: 5 })).slice(0, 24)).toBe('5a5454520102030400000005')
  })

  it('is found at the end of a frame, before padding and in the middle', () => {
    fc.assert(
      fc.property(
        word,
        word,
        fc.uint8Array({ maxLength: 80 }),
        fc.uint8Array({ maxLength: 15 }),
        (run, trace, before, behind) => {
          const frame = Uint8Array.from([...before, ...encodeTraceId({ run, trace }), ...behind])
          expect(findTraceId(frame)).toEqual({ run, trace })
        },
      ),
    )
  })

  it('is the last one of a frame that has several', () => {
    const frame = Uint8Array.from([1, 2].flatMap((trace) => [...encodeTraceId({ run: 9, trace })]))
    expect(findTraceId(frame)).toEqual({ run: 9, trace: 2 })
  })

  it('is not found once any bit of it is altered', () => {
    fc.assert(
      fc.property(word, word, fc.nat(127), (run, trace, bit) => {
        const mark = encodeTraceId({ run, trace })
        mark[bit >> 3] = (mark[bit >> 3] as number) ^ (1 << (bit & 7))
        expect(findTraceId(mark)).toBeUndefined()
      }),
    )
  })

  it('is not read past either end', () => {
    const mark = encodeTraceId({ run: 1, trace: 2 })
    expect(readTraceId(mark, -1)).toBeUndefined()
    expect(readTraceId(mark, 1)).toBeUndefined()
    expect(findTraceId(mark.subarray(0, 15))).toBeUndefined()
    // A CRC that ends in zero: what lies past the end must not be read as that zero.
    const trace = Array.from({ length: 2000 }, (_, i) => i).find(
      (id) => encodeTraceId({ run: 1, trace: id })[15] === 0,
    )
    expect(trace).toBeDefined()
    expect(readTraceId(encodeTraceId({ run: 1, trace: trace ?? 0 }).slice(0, 15), 0)).toBeUndefined()
  })
})
