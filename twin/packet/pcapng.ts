/**
 * pcapng files (draft-ietf-opsawg-pcapng): both byte orders, any time resolution and several sections are read,
 * little-endian nanoseconds written.
 *
 * @module
 */
import {
  LINKTYPE_ETHERNET,
  MAX_SNAP_LENGTH,
  type Capture,
  type CapturedPacket,
  type CaptureInterface,
  type PacketToWrite,
} from './capture.js'
import { CaptureError } from './errors.js'
import {
  BlockReader,
  BlockType,
  encodeBlock,
  OptionCode,
  padded,
  textOption,
  textsOf,
  type Block,
  type BlockOption,
} from './pcapng-block.js'

const SECOND = 1_000_000_000n

/** How the timestamps of an interface count. */
interface Clock {
  /** Ticks a second. */
  readonly ticks: bigint
  /** Seconds to add. */
  readonly offset: bigint
  /** Octets of frame check sequence behind each packet. */
  readonly fcsLength: number
}

/** True when a file starts as a pcapng section does. */
export function isPcapng(file: Uint8Array): boolean {
  return file.length >= 4 && file[0] === 0x0a && file[1] === 0x0d && file[2] === 0x0d && file[3] === 0x0a
}

/**
 * Reads a pcapng file. Blocks of unknown types are skipped; interfaces of several sections are counted on.
 *
 * @throws {CaptureError} with the offset of the block or option that cannot be read.
 */
export function readPcapng(file: Uint8Array): Capture {
  if (!isPcapng(file)) throw new CaptureError('ZT_CAPTURE_MAGIC', 'no pcapng section header', 0)
  return new PcapngReader(file).read()
}

class PcapngReader {
  private readonly reader: BlockReader
  private readonly interfaces: CaptureInterface[] = []
  private readonly clocks: Clock[] = []
  private readonly packets: CapturedPacket[] = []
  private readonly comments: string[] = []
  /** Index of the current section's first interface. */
  private base = 0

  constructor(file: Uint8Array) {
    this.reader = new BlockReader(file)
  }

  read(): Capture {
    let byteOrder: 'little' | 'big' | undefined
    for (let at = 0; at < this.reader.file.length;) {
      const block = this.reader.block(at)
      this.take(block)
      byteOrder ??= this.reader.little ? 'little' : 'big'
      at = block.next
    }
    const { interfaces, packets, comments } = this
    return { format: 'pcapng', byteOrder: byteOrder ?? 'little', interfaces, packets, comments }
  }

  private take(block: Block): void {
    switch (block.type) {
      case BlockType.SECTION_HEADER:
        this.section(block)
        return
      case BlockType.INTERFACE:
        this.interface(block)
        return
      case BlockType.ENHANCED_PACKET:
        this.reader.need(block, 20, 'enhanced packet')
        this.packet(block, this.reader.u32(block.start))
        return
      case BlockType.PACKET:
        // Interface and drop count, 16 bits each, stand where the enhanced block has its interface.
        this.reader.need(block, 20, 'packet')
        this.packet(block, this.reader.u16(block.start))
        return
      case BlockType.SIMPLE_PACKET:
        this.simplePacket(block)
        return
      default:
    }
  }

  private section(block: Block): void {
    const { reader } = this
    reader.need(block, 16, 'section header')
    const major = reader.u16(block.start + 4)
    if (major !== 1)
      throw new CaptureError('ZT_CAPTURE_UNSUPPORTED', `pcapng version ${major}, not 1`, block.start + 4)
    this.base = this.interfaces.length
    this.comments.push(...textsOf(reader.options(block, block.start + 16), OptionCode.COMMENT))
  }

  private interface(block: Block): void {
    const { reader } = this
    reader.need(block, 8, 'interface')
    const options = reader.options(block, block.start + 8)
    const [name] = textsOf(options, OptionCode.IF_NAME)
    const [description] = textsOf(options, OptionCode.IF_DESCRIPTION)
    this.interfaces.push({
      linkType: reader.u16(block.start),
      snapLength: reader.u32(block.start + 4),
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description }),
      comments: textsOf(options, OptionCode.COMMENT),
    })
    this.clocks.push(this.clock(options))
  }

  private clock(options: readonly BlockOption[]): Clock {
    let ticks = 1_000_000n
    let offset = 0n
    let fcsLength = 0
    for (const { code, value } of options) {
      if (code === OptionCode.IF_TSRESOL && value.length === 1) {
        const exponent = value[0] as number
        ticks = exponent < 128 ? 10n ** BigInt(exponent) : 2n ** BigInt(exponent - 128)
      } else if (code === OptionCode.IF_TSOFFSET && value.length === 8) {
        offset = new DataView(value.buffer, value.byteOffset, 8).getBigInt64(0, this.reader.little)
      } else if (code === OptionCode.IF_FCSLEN && value.length === 1) {
        fcsLength = value[0] as number
      }
    }
    return { ticks, offset, fcsLength }
  }

  /** Enhanced packet block, or obsolete packet block, which differ in their first word alone. */
  private packet(block: Block, interfaceId: number): void {
    const { reader, base } = this
    const index = base + interfaceId
    const clock = this.clocks[index]
    if (clock === undefined) {
      throw new CaptureError(
        'ZT_CAPTURE_FORMAT',
        `packet on interface ${interfaceId}, which is not described`,
        block.start,
      )
    }
    const captured = reader.u32(block.start + 12)
    const original = reader.u32(block.start + 16)
    const data = block.start + 20
    if (captured > block.end - data) {
      const what = `packet of ${captured} octets in a block with room for ${block.end - data}`
      throw new CaptureError('ZT_CAPTURE_FORMAT', what, block.start + 12)
    }
    const ticks = (BigInt(reader.u32(block.start + 4)) << 32n) | BigInt(reader.u32(block.start + 8))
    const options = reader.options(block, data + padded(captured))
    const fcs = Math.max(0, clock.fcsLength - Math.max(0, original - captured))
    const bytes = reader.file.subarray(data, data + Math.max(0, captured - fcs))
    const direction = this.direction(options)
    this.packets.push({
      timestamp: (ticks * SECOND) / clock.ticks + clock.offset * SECOND,
      bytes,
      originalLength: Math.max(original - clock.fcsLength, bytes.length),
      interface: index,
      comments: textsOf(options, OptionCode.COMMENT),
      ...(direction === undefined ? {} : { direction }),
    })
  }

  private direction(options: readonly BlockOption[]): 'inbound' | 'outbound' | undefined {
    const flags = options.find(({ code, value }) => code === OptionCode.EPB_FLAGS && value.length === 4)
    if (flags === undefined) return undefined
    const { value } = flags
    const bits = new DataView(value.buffer, value.byteOffset, 4).getUint32(0, this.reader.little) & 3
    if (bits === 1) return 'inbound'
    return bits === 2 ? 'outbound' : undefined
  }

  /** No interface, time or captured length: the first interface's snap length says what was kept. */
  private simplePacket(block: Block): void {
    const { reader, base } = this
    const first = this.interfaces[base]
    if (first === undefined) {
      throw new CaptureError('ZT_CAPTURE_FORMAT', 'simple packet before any interface', block.offset)
    }
    reader.need(block, 4, 'simple packet')
    const originalLength = reader.u32(block.start)
    const kept = first.snapLength === 0 ? originalLength : Math.min(originalLength, first.snapLength)
    const data = block.start + 4
    if (kept > block.end - data) {
      const what = `simple packet of ${kept} octets in a block with room for ${block.end - data}`
      throw new CaptureError('ZT_CAPTURE_FORMAT', what, block.start)
    }
    const bytes = reader.file.subarray(data, data + kept)
    this.packets.push({ timestamp: 0n, bytes, originalLength, interface: base, comments: [] })
  }
}

/** An interface to write. */
export interface InterfaceToWrite {
  readonly name: string
  readonly description?: string
  readonly comments?: readonly string[]
}

/** What {@link writePcapng} needs. */
export interface PcapngToWrite {
  /** Ethernet all; at least one when there are packets. */
  readonly interfaces: readonly InterfaceToWrite[]
  readonly packets: readonly PacketToWrite[]
  /** Name of the program that writes. */
  readonly application?: string
  readonly comments?: readonly string[]
}

/**
 * Writes a pcapng file of one section with nanosecond times.
 *
 * @throws {CaptureError} `ZT_CAPTURE_FORMAT` for a packet on an interface that is not listed, `ZT_CAPTURE_UNSUPPORTED` for
 * a time before 1970 or past 64 bits of nanoseconds.
 */
export function writePcapng(capture: PcapngToWrite): Uint8Array {
  const blocks: Uint8Array[] = [sectionBlock(capture)]
  for (const entry of capture.interfaces) blocks.push(interfaceBlock(entry))
  for (const [i, packet] of capture.packets.entries()) {
    if ((packet.interface ?? 0) >= capture.interfaces.length) {
      const what = `packet ${i + 1} is on interface ${packet.interface ?? 0} of ${capture.interfaces.length}`
      throw new CaptureError('ZT_CAPTURE_FORMAT', what, 0)
    }
    blocks.push(packetBlock(packet))
  }
  const file = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0))
  let at = 0
  for (const block of blocks) {
    file.set(block, at)
    at += block.length
  }
  return file
}

const commentOptions = (comments: readonly string[] | undefined): BlockOption[] =>
  (comments ?? []).map((comment) => textOption(OptionCode.COMMENT, comment))

function sectionBlock(capture: PcapngToWrite): Uint8Array {
  const body = new Uint8Array(16)
  const view = new DataView(body.buffer)
  view.setUint32(0, 0x1a2b3c4d, true)
  view.setUint16(4, 1, true)
  view.setBigInt64(8, -1n, true) // section length unknown
  const options = commentOptions(capture.comments)
  if (capture.application !== undefined)
    options.push(textOption(OptionCode.SHB_USERAPPL, capture.application))
  return encodeBlock(BlockType.SECTION_HEADER, body, options)
}

function interfaceBlock(entry: InterfaceToWrite): Uint8Array {
  const body = new Uint8Array(8)
  const view = new DataView(body.buffer)
  view.setUint16(0, LINKTYPE_ETHERNET, true)
  view.setUint32(4, MAX_SNAP_LENGTH, true)
  const options = commentOptions(entry.comments)
  options.push(textOption(OptionCode.IF_NAME, entry.name))
  if (entry.description !== undefined) options.push(textOption(OptionCode.IF_DESCRIPTION, entry.description))
  options.push({ code: OptionCode.IF_TSRESOL, value: Uint8Array.of(9) })
  return encodeBlock(BlockType.INTERFACE, body, options)
}

function packetBlock(packet: PacketToWrite): Uint8Array {
  const { timestamp = 0n, bytes, originalLength = bytes.length } = packet
  if (timestamp < 0n || timestamp >> 64n !== 0n) {
    throw new CaptureError('ZT_CAPTURE_UNSUPPORTED', `time ${timestamp} ns does not fit 64 bits`, 0)
  }
  const body = new Uint8Array(20 + bytes.length)
  const view = new DataView(body.buffer)
  view.setUint32(0, packet.interface ?? 0, true)
  view.setUint32(4, Number(timestamp >> 32n), true)
  view.setUint32(8, Number(timestamp & 0xffff_ffffn), true)
  view.setUint32(12, bytes.length, true)
  view.setUint32(16, originalLength, true)
  body.set(bytes, 20)
  const options = commentOptions(packet.comments)
  if (packet.direction !== undefined) {
    const flags = Uint8Array.of(packet.direction === 'inbound' ? 1 : 2, 0, 0, 0)
    options.push({ code: OptionCode.EPB_FLAGS, value: flags })
  }
  return encodeBlock(BlockType.ENHANCED_PACKET, body, options)
}
