import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from './bytes.js'
import { CaptureError } from './errors.js'
import { readPcapng, writePcapng } from './pcapng.js'

/** Blocks written by hand, in either byte order. */
function writer(little: boolean) {
  const word = (value: number): string => {
    const bytes = Buffer.alloc(4)
    if (little) bytes.writeUInt32LE(value)
    else bytes.writeUInt32BE(value)
    return bytes.toString('hex')
  }
  const half = (value: number): string => {
    const bytes = Buffer.alloc(2)
    if (little) bytes.writeUInt16LE(value)
    else bytes.writeUInt16BE(value)
    return bytes.toString('hex')
  }
  const block = (type: number, body: string): string => {
    const length = 12 + body.length / 2
    return `${word(type)}${word(length)}${body}${word(length)}`
  }
  const section = block(0x0a0d0d0a, `${word(0x1a2b3c4d)}${half(1)}${half(0)}${'ff'.repeat(8)}`)
  const option = (code: number, value: string): string =>
    `${half(code)}${half(value.length / 2)}${value.padEnd(Math.ceil(value.length / 8) * 8, '0')}`
  const iface = (options = '', snapLength = 0): string =>
    block(1, `${half(1)}${half(0)}${word(snapLength)}${options}`)
  const packet = (
    high: number,
    low: number,
    data: string,
    options = '',
    original = data.length / 2,
  ): string =>
    block(
      6,
      `${word(0)}${word(high)}${word(low)}${word(data.length / 2)}${word(original)}${data.padEnd(Math.ceil(data.length / 8) * 8, '0')}${options}`,
    )
  return { word, half, block, section, option, iface, packet }
}

const le = writer(true)
const be = writer(false)
const read = (text: string) => readPcapng(fromHex(text))

describe('readPcapng', () => {
  it.each([
    ['little', le],
    ['big', be],
  ] as const)('reads %s-endian sections, names, comments and directions', (byteOrder, w) => {
    const name = w.option(2, Buffer.from('eth1').toString('hex'))
    const comment = w.option(1, Buffer.from('seen').toString('hex'))
    const capture = read(
      `${w.section}${w.iface(name)}${w.packet(0, 7, 'aabbccddee', `${comment}${w.option(2, w.word(2))}${w.option(0, '')}`)}`,
    )
    expect(capture).toEqual({
      format: 'pcapng',
      byteOrder,
      interfaces: [{ linkType: 1, snapLength: 0, name: 'eth1', comments: [] }],
      packets: [
        {
          timestamp: 7000n,
          bytes: fromHex('aabbccddee'),
          originalLength: 5,
          interface: 0,
          comments: ['seen'],
          direction: 'outbound',
        },
      ],
      comments: [],
    })
  })

  it.each([
    ['microseconds unless said', '', 3_000n],
    ['nanoseconds', le.option(9, '09'), 3n],
    ['seconds', le.option(9, '00'), 3_000_000_000n],
    ['picoseconds, cut', le.option(9, '0c'), 0n],
    ['halves of a second', le.option(9, '81'), 1_500_000_000n],
    ['an offset in seconds', `${le.option(9, '09')}${le.option(14, '0200000000000000')}`, 2_000_000_003n],
  ])('counts time in %s', (_, options, timestamp) => {
    expect(read(`${le.section}${le.iface(options)}${le.packet(0, 3, 'aa')}`).packets[0]?.timestamp).toBe(
      timestamp,
    )
  })

  it('counts times past 32 bits', () => {
    const capture = read(`${le.section}${le.iface(le.option(9, '09'))}${le.packet(2, 1, 'aa')}`)
    expect(capture.packets[0]?.timestamp).toBe((2n << 32n) + 1n)
  })

  it("counts the interfaces of a second section on, in that section's byte order", () => {
    const capture = read(
      `${le.section}${le.iface()}${le.packet(0, 1, 'aa')}${be.section}${be.iface()}${be.iface()}${be.packet(0, 2, 'bb')}`,
    )
    expect(capture.interfaces.length).toBe(3)
    expect(capture.packets.map((packet) => [packet.interface, packet.timestamp])).toEqual([
      [0, 1000n],
      [1, 2000n],
    ])
  })

  it("reads simple packets by the first interface's snap length, and obsolete packet blocks", () => {
    const simple = le.block(3, `${le.word(6)}aabbccdd`)
    const obsolete = le.block(
      2,
      `${le.half(0)}${le.half(9)}${le.word(0)}${le.word(1)}${le.word(2)}${le.word(2)}eeff0000`,
    )
    const capture = read(`${le.section}${le.iface('', 4)}${simple}${obsolete}`)
    expect(
      capture.packets.map(({ bytes, originalLength, timestamp }) => [
        toHex(bytes),
        originalLength,
        timestamp,
      ]),
    ).toEqual([
      ['aabbccdd', 6, 0n],
      ['eeff', 2, 1000n],
    ])
  })

  it('skips blocks of other types and cuts off an announced frame check sequence', () => {
    const fcs = le.option(13, '04')
    const capture = read(
      `${le.section}${le.block(0xbad, le.word(1))}${le.iface(fcs)}${le.packet(0, 1, 'aabbccddeeff')}`,
    )
    expect(capture.packets.map(({ bytes, originalLength }) => [toHex(bytes), originalLength])).toEqual([
      ['aabb', 2],
    ])
  })

  it.each([
    ['no section header', le.iface(), 'ZT_CAPTURE_MAGIC', 0],
    ['a bad byte-order magic', le.section.replace('4d3c2b1a', '00000000'), 'ZT_CAPTURE_MAGIC', 8],
    ['version 2', le.section.replace('01000000ff', '02000000ff'), 'ZT_CAPTURE_UNSUPPORTED', 12],
    ['a block cut off', `${le.section}${le.iface().slice(0, 30)}`, 'ZT_CAPTURE_TRUNCATED', 28],
    ['a stub of a block', `${le.section}0100`, 'ZT_CAPTURE_TRUNCATED', 28],
    ['a block length of 8', `${le.section}${le.word(1)}${le.word(8)}${le.word(8)}`, 'ZT_CAPTURE_FORMAT', 32],
    [
      'a block length of 13',
      `${le.section}${le.word(1)}${le.word(13)}${'00'.repeat(8)}`,
      'ZT_CAPTURE_FORMAT',
      32,
    ],
    [
      'two lengths that differ',
      `${le.section}${le.iface().slice(0, -8)}${le.word(24)}`,
      'ZT_CAPTURE_FORMAT',
      44,
    ],
    ['an interface block without a body', `${le.section}${le.block(1, '')}`, 'ZT_CAPTURE_FORMAT', 28],
    ['a packet before its interface', `${le.section}${le.packet(0, 0, 'aa')}`, 'ZT_CAPTURE_FORMAT', 36],
    [
      'a simple packet before any interface',
      `${le.section}${le.block(3, le.word(0))}`,
      'ZT_CAPTURE_FORMAT',
      28,
    ],
    [
      'a packet longer than its block',
      `${le.section}${le.iface()}${le.block(6, `${le.word(0).repeat(3)}${le.word(99)}${le.word(99)}`)}`,
      'ZT_CAPTURE_FORMAT',
      68,
    ],
    [
      'a simple packet longer than its block',
      `${le.section}${le.iface()}${le.block(3, le.word(99))}`,
      'ZT_CAPTURE_FORMAT',
      56,
    ],
    [
      'an option longer than its block',
      `${le.section}${le.iface(`${le.half(2)}${le.half(99)}`)}`,
      'ZT_CAPTURE_FORMAT',
      44,
    ],
  ])('refuses %s with its offset', (_, text, code, offset) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ name: 'CaptureError', code, offset }))
  })

  it('reads any mutated file or says where it is wrong', () => {
    const file = writePcapng({
      interfaces: [{ name: 'a', comments: ['x'] }],
      packets: Array.from({ length: 3 }, (_, i) => ({
        bytes: new Uint8Array(20 + i),
        comments: [`hop ${i}`],
      })),
    })
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
    readPcapng(file)
  } catch (error) {
    if (!(error instanceof CaptureError) || error.offset < 0 || error.offset > file.length) throw error
  }
  return 'understood'
}

describe('writePcapng', () => {
  it('refuses a packet on an interface that is not listed', () => {
    expect(() =>
      writePcapng({ interfaces: [{ name: 'a' }], packets: [{ bytes: new Uint8Array(14), interface: 1 }] }),
    ).toThrow(expect.objectContaining({ code: 'ZT_CAPTURE_FORMAT' }))
  })

  it.each([-1n, 2n ** 64n])('refuses the time %d, which has no 64 bits', (timestamp) => {
    expect(() =>
      writePcapng({ interfaces: [{ name: 'a' }], packets: [{ bytes: new Uint8Array(14), timestamp }] }),
    ).toThrow(expect.objectContaining({ code: 'ZT_CAPTURE_UNSUPPORTED' }))
  })

  it('cuts a comment past 65,535 octets at a whole character', () => {
    const file = writePcapng({ interfaces: [{ name: 'a' }], packets: [], comments: ['é'.repeat(40_000)] })
    expect(readPcapng(file).comments).toEqual(['é'.repeat(32_767)])
  })
})
