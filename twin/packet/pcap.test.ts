import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from './bytes.js'
import { CaptureError } from './errors.js'
import { readPcap, writePcap } from './pcap.js'
import { readCapture } from './read-capture.js'

const HEADER_LE_US = 'd4c3b2a1 0200 0400 00000000 00000000 ffff0000 01000000'
const RECORD_LE = '05000000 07000000 03000000 09000000 aabbcc'

describe('readPcap', () => {
  it.each([
    ['little-endian microseconds', `${HEADER_LE_US} ${RECORD_LE}`, 'little', 5_000_007_000n],
    ['little-endian nanoseconds', `4d3cb2a1 ${HEADER_LE_US.slice(9)} ${RECORD_LE}`, 'little', 5_000_000_007n],
    [
      'big-endian microseconds',
      'a1b2c3d4 0002 0004 00000000 00000000 0000ffff 00000001 00000005 00000007 00000003 00000009 aabbcc',
      'big',
      5_000_007_000n,
    ],
    [
      'big-endian nanoseconds',
      'a1b23c4d 0002 0004 00000000 00000000 0000ffff 00000001 00000005 00000007 00000003 00000009 aabbcc',
      'big',
      5_000_000_007n,
    ],
  ])('reads %s', (_, text, byteOrder, timestamp) => {
    const capture = readPcap(fromHex(text))
    expect(capture).toMatchObject({
      format: 'pcap',
      byteOrder,
      interfaces: [{ linkType: 1, snapLength: 0xffff }],
    })
    expect(capture.packets).toEqual([
      { timestamp, bytes: fromHex('aabbcc'), originalLength: 9, interface: 0, comments: [] },
    ])
  })

  it('cuts off the frame check sequence that the header announces, as far as it was captured', () => {
    const header = `${HEADER_LE_US.slice(0, -8)} 01000024` // two 16-bit words of FCS
    const whole = '00000000 00000000 06000000 06000000 aabbccddeeff'
    const cut = '00000000 00000000 05000000 06000000 aabbccddee'
    const { packets } = readPcap(fromHex(`${header} ${whole} ${cut}`))
    expect(packets.map(({ bytes, originalLength }) => [toHex(bytes), originalLength])).toEqual([
      ['aabb', 2],
      ['aabb', 2],
    ])
  })

  it.each([
    ['an empty file', '', 'ZT_CAPTURE_MAGIC', 0],
    ['another magic number', '00000000', 'ZT_CAPTURE_MAGIC', 0],
    ['a header cut off', HEADER_LE_US.slice(0, 36), 'ZT_CAPTURE_TRUNCATED', 0],
    ['another version', HEADER_LE_US.replace('0400', '0300'), 'ZT_CAPTURE_UNSUPPORTED', 4],
    ['a record header cut off', `${HEADER_LE_US} ${RECORD_LE} 000000`, 'ZT_CAPTURE_TRUNCATED', 43],
    [
      'a packet longer than the file',
      `${HEADER_LE_US} 00000000 00000000 ffffffff ffffffff aa`,
      'ZT_CAPTURE_TRUNCATED',
      24,
    ],
    [
      'a packet one octet longer than what is left',
      `${HEADER_LE_US} 00000000 00000000 02000000 02000000 aa`,
      'ZT_CAPTURE_TRUNCATED',
      24,
    ],
  ])('refuses %s with its offset', (_, text, code, offset) => {
    expect(() => readPcap(fromHex(text))).toThrow(
      expect.objectContaining({ name: 'CaptureError', code, offset }),
    )
  })

  it('reads any mutated file or says where it is wrong', () => {
    const file = writePcap(
      Array.from({ length: 3 }, (_, i) => ({ bytes: new Uint8Array(20 + i), timestamp: BigInt(i) })),
    )
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { maxLength: 4 }),
        fc.nat(file.length),
        (changes, length) => {
          const altered = file.slice(0, length)
          for (const [at, value] of changes) if (at < length) altered[at] = value
          expect(readOrError(altered)).toBe('understood')
        },
      ),
      { numRuns: 2000 },
    )
  })
})

/** Anything but a CaptureError with an offset in the file goes through and fails the test. */
function readOrError(file: Uint8Array): string {
  try {
    readCapture(file)
  } catch (error) {
    if (!(error instanceof CaptureError) || error.offset < 0 || error.offset > file.length) throw error
  }
  return 'understood'
}

describe('writePcap', () => {
  it('writes little-endian nanoseconds, version 2.4, Ethernet', () => {
    const file = writePcap([{ timestamp: 1_000_000_002n, bytes: Uint8Array.of(0xaa), originalLength: 64 }])
    expect(toHex(file)).toBe(
      '4d3cb2a1020004000000000000000000000004000100000001000000020000000100000040000000aa',
    )
  })

  it('cuts times to microseconds for readers that know no finer', () => {
    const file = writePcap([{ timestamp: 1_000_002_999n, bytes: new Uint8Array(14) }], { resolution: 'us' })
    expect(toHex(file.subarray(0, 4))).toBe('d4c3b2a1')
    expect(readPcap(file).packets[0]?.timestamp).toBe(1_000_002_000n)
  })

  it.each([-1n, 2n ** 32n * 1_000_000_000n])(
    'refuses the time %d, which has no 32-bit seconds',
    (timestamp) => {
      expect(() => writePcap([{ timestamp, bytes: new Uint8Array(14) }])).toThrow(
        expect.objectContaining({ code: 'ZT_CAPTURE_UNSUPPORTED' }),
      )
    },
  )
})
