/**
 * Capture files against tshark, editcap, scapy and pcap-parser, both ways.
 *
 * `ZT_SEED` sets the seed, which is printed; `ZT_FRAMES` the number of frames of each file.
 */
import * as fc from 'fast-check'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  encodeFrame,
  fromHex,
  readCapture,
  toHex,
  writePcap,
  writePcapng,
  type Capture,
  type PacketToWrite,
} from '../../../twin/packet/index.js'
import { arbitraryStack, EVERY_FRAME } from '../../support/arbitrary-frame.js'
import { parsePcap } from '../../support/pcap-parser.js'
import { frameCount, runSeed } from '../../support/run-seed.js'
import { ScapyOracle } from '../../support/scapy.js'
import { tsharkFields } from '../../support/tshark.js'

const run = promisify(execFile)
const seed = runSeed('capture')
const count = frameCount(1000)

let folder: string
let scapy: ScapyOracle
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zt-capture-'))
  scapy = ScapyOracle.start()
})
afterAll(async () => {
  await scapy.close()
  await rm(folder, { recursive: true })
})

/** Frames with times to the nanosecond, cut to a snap length now and then, on two interfaces, with comments. */
const packets: readonly Required<PacketToWrite>[] = fc
  .sample(
    fc.tuple(
      arbitraryStack(EVERY_FRAME),
      fc.bigInt({ min: 0n, max: 0xffff_ffffn * 1_000_000_000n }),
      fc.option(fc.nat(60), { freq: 3 }),
      fc.nat(1),
      fc.array(fc.constantFrom('hop 1', 'spine1 → leaf2', 'a comment of some length, 42 octets'), {
        maxLength: 1,
      }),
      fc.constantFrom('inbound' as const, 'outbound' as const),
    ),
    { seed, numRuns: count },
  )
  .map(([stack, timestamp, cut, onInterface, comments, direction]) => {
    const frame = encodeFrame(stack)
    const bytes = cut === null ? frame : frame.subarray(0, Math.max(1, cut))
    return { timestamp, bytes, originalLength: frame.length, interface: onInterface, comments, direction }
  })

async function write(name: string, file: Uint8Array): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, file)
  return path
}

/** Times, lengths and octets of a capture, for comparison. */
function contents(capture: Pick<Capture, 'packets'>): readonly unknown[] {
  return capture.packets.map(({ timestamp, bytes, originalLength }) => ({
    timestamp,
    bytes: toHex(bytes),
    originalLength,
  }))
}

/** `12.000000345` as nanoseconds. */
function nanoseconds(text: string): bigint {
  const [seconds = '', fraction = ''] = text.split('.')
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}

const written = (tick: bigint): readonly unknown[] =>
  contents({
    packets: packets.map((packet) => ({
      ...packet,
      timestamp: packet.timestamp - (packet.timestamp % tick),
    })),
  })

describe(`capture files that we write, seed ${seed}`, () => {
  const files = {
    'ns.pcap': () => writePcap(packets),
    'us.pcap': () => writePcap(packets, { resolution: 'us' }),
    'ng.pcapng': () =>
      writePcapng({
        interfaces: [
          { name: 'leaf1:eth1' },
          { name: 'leaf2:eth3', description: 'to spine1', comments: ['sealed'] },
        ],
        packets,
        application: 'ztos',
        comments: ['a walk'],
      }),
  }

  it.each([
    ['ns.pcap', 1n],
    ['us.pcap', 1000n],
    ['ng.pcapng', 1n],
  ] as const)('%s is read by tshark with times and lengths', async (name, tick) => {
    const path = await write(name, files[name]())
    const rows = await tsharkFields(path, ['frame.time_epoch', 'frame.len', 'frame.cap_len'])
    expect(
      rows.map((row) => [
        nanoseconds(row.get('frame.time_epoch')?.[0] ?? ''),
        row.get('frame.len'),
        row.get('frame.cap_len'),
      ]),
    ).toEqual(
      packets.map(({ timestamp, bytes, originalLength }) => [
        timestamp - (timestamp % tick),
        [String(originalLength)],
        [String(bytes.length)],
      ]),
    )
  })

  it('pcapng is read by tshark with interfaces, comments and directions', async () => {
    const path = await write('ng.pcapng', files['ng.pcapng']())
    const fields = ['frame.interface_name', 'frame.comment', 'frame.packet_flags_direction']
    const rows = await tsharkFields(path, fields)
    expect(rows.map((row) => fields.map((field) => row.get(field)))).toEqual(
      packets.map((packet) => [
        [packet.interface === 0 ? 'leaf1:eth1' : 'leaf2:eth3'],
        packet.comments,
        [packet.direction === 'inbound' ? '0x00000001' : '0x00000002'],
      ]),
    )
  })

  it('pcapng is described by capinfos with program, file comment and interfaces', async () => {
    const path = await write('ng.pcapng', files['ng.pcapng']())
    const { stdout } = await run('capinfos', [path])
    expect(stdout).toMatch(/Capture application:\s+ztos/)
    expect(stdout).toMatch(/Capture comment:\s+a walk/)
    expect(stdout).toMatch(
      /Name = leaf2:eth3[\s\S]*Description = to spine1[\s\S]*Time precision = nanoseconds \(9\)/,
    )
    expect(stdout).toMatch(new RegExp(`Number of packets:\\s+${count}`))
  })

  it.each(['ns.pcap', 'ng.pcapng'] as const)('%s is read by scapy to the octet', async (name) => {
    const path = await write(name, files[name]())
    const { frames } = (await scapy.request({ op: 'read_capture', path })) as { frames: { frame: string }[] }
    expect(frames.map(({ frame }) => frame)).toEqual(packets.map(({ bytes }) => toHex(bytes)))
  })

  it('microsecond pcap is read by pcap-parser', async () => {
    expect(contents({ packets: await withInterfaces(parsePcap(files['us.pcap']())) })).toEqual(written(1000n))
  })

  it.each(['ns.pcap', 'us.pcap', 'ng.pcapng'] as const)('%s is read back by ourselves', (name) => {
    expect(contents(readCapture(files[name]()))).toEqual(written(name === 'us.pcap' ? 1000n : 1n))
  })

  it('pcapng is read back with interfaces, comments and directions', () => {
    const capture = readCapture(files['ng.pcapng']())
    expect(capture.interfaces.map(({ name, comments }) => ({ name, comments }))).toEqual([
      { name: 'leaf1:eth1', comments: [] },
      { name: 'leaf2:eth3', comments: ['sealed'] },
    ])
    expect(capture.comments).toEqual(['a walk'])
    expect(
      capture.packets.map(({ interface: on, comments, direction }) => ({ on, comments, direction })),
    ).toEqual(packets.map(({ interface: on, comments, direction }) => ({ on, comments, direction })))
  })
})

async function withInterfaces(parsed: ReturnType<typeof parsePcap>): Promise<Capture['packets']> {
  return (await parsed).map((packet) => ({ ...packet, interface: 0, comments: [] }))
}

describe(`capture files that others write, seed ${seed}`, () => {
  async function editcap(format: string): Promise<Uint8Array> {
    const from = await write(
      'from.pcapng',
      writePcapng({ interfaces: [{ name: 'a' }, { name: 'b' }], packets }),
    )
    const to = join(folder, `editcap.${format}`)
    await run('editcap', ['-F', format, from, to])
    return readFile(to)
  }

  it.each([
    ['pcap', 1000n],
    ['nsecpcap', 1n],
    ['pcapng', 1n],
  ])('are read by us: editcap -F %s', async (format, tick) => {
    expect(contents(readCapture(await editcap(format)))).toEqual(written(tick))
  })

  it('are refused by us at their magic number: editcap -F modpcap, whose record headers are longer', async () => {
    const file = await editcap('modpcap')
    expect(() => readCapture(file)).toThrow(expect.objectContaining({ code: 'ZT_CAPTURE_MAGIC', offset: 0 }))
  })

  it.each([
    { format: 'pcap', endian: '<', nano: false, byteOrder: 'little' },
    { format: 'pcap', endian: '>', nano: false, byteOrder: 'big' },
    { format: 'pcap', endian: '<', nano: true, byteOrder: 'little' },
    { format: 'pcap', endian: '>', nano: true, byteOrder: 'big' },
    { format: 'pcapng', endian: '<', nano: false, byteOrder: 'little' },
  ])(
    'are read by us: scapy, $format, byte order $endian, nanoseconds $nano',
    async ({ byteOrder, ...request }) => {
      const path = join(folder, `scapy.${request.format}`)
      const frames = packets.map(({ bytes }) => toHex(bytes)).filter((frame) => frame.length >= 28)
      await scapy.request({ op: 'write_capture', path, frames, ...request })
      const file = await readFile(path)
      const capture = readCapture(file)
      expect(capture.byteOrder).toBe(byteOrder)
      const expected = frames.map((frame, i) => ({
        timestamp: BigInt(i) * 1_000_000_000n + 500_000_000n,
        bytes: frame,
        originalLength: fromHex(frame).length,
      }))
      expect(contents(capture)).toEqual(expected)
    },
  )

  it.each(['<', '>'])('are read by us as by pcap-parser: scapy, byte order %s', async (endian) => {
    const path = join(folder, 'second-reader.pcap')
    const frames = packets.map(({ bytes }) => toHex(bytes)).filter((frame) => frame.length >= 28)
    await scapy.request({ op: 'write_capture', path, frames, format: 'pcap', endian, nano: false })
    const file = await readFile(path)
    expect(contents(readCapture(file))).toEqual(contents({ packets: await withInterfaces(parsePcap(file)) }))
  })

  it('are read by us: two captures that mergecap put together, with both interfaces', async () => {
    const a = await write(
      'a.pcapng',
      writePcapng({
        interfaces: [{ name: 'a' }],
        packets: packets.slice(0, 5).map((p) => ({ ...p, interface: 0 })),
      }),
    )
    const b = await write(
      'b.pcapng',
      writePcapng({
        interfaces: [{ name: 'b' }],
        packets: packets.slice(5, 9).map((p) => ({ ...p, interface: 0 })),
      }),
    )
    const to = join(folder, 'merged.pcapng')
    await run('mergecap', ['-a', '-w', to, a, b])
    const capture = readCapture(await readFile(to))
    expect(contents(capture)).toEqual(written(1n).slice(0, 9))
    expect(capture.packets.map((packet) => capture.interfaces[packet.interface]?.name)).toEqual([
      'a',
      'a',
      'a',
      'a',
      'a',
      'b',
      'b',
      'b',
      'b',
    ])
  })
})
