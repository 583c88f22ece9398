/**
 * Classic capture files (draft-ietf-opsawg-pcap): both byte orders and both resolutions are read, little-endian
 * files written.
 *
 * @module
 */
import {
  LINKTYPE_ETHERNET,
  MAX_SNAP_LENGTH,
  type Capture,
  type CapturedPacket,
  type PacketToWrite,
} from './capture.js'
import { CaptureError } from './errors.js'

const MAGIC_MICROSECONDS = 0xa1b2c3d4
const MAGIC_NANOSECONDS = 0xa1b23c4d
const FILE_HEADER_LENGTH = 24
const RECORD_HEADER_LENGTH = 16
const SECOND = 1_000_000_000n

/** Byte order and nanoseconds a tick, by the magic number. */
function readMagic(view: DataView): { readonly little: boolean; readonly tick: bigint } {
  for (const little of [true, false]) {
    const magic = view.getUint32(0, little)
    if (magic === MAGIC_MICROSECONDS) return { little, tick: 1000n }
    if (magic === MAGIC_NANOSECONDS) return { little, tick: 1n }
  }
  throw new CaptureError('ZT_CAPTURE_MAGIC', 'no pcap magic number', 0)
}

/**
 * Reads a pcap file. A frame check sequence that the header announces is cut off.
 *
 * @throws {CaptureError} with the offset of the header or record that cannot be read.
 */
export function readPcap(file: Uint8Array): Capture {
  if (file.length < 4) throw new CaptureError('ZT_CAPTURE_MAGIC', `a file of ${file.length} octets`, 0)
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const { little, tick } = readMagic(view)
  if (file.length < FILE_HEADER_LENGTH)
    throw new CaptureError('ZT_CAPTURE_TRUNCATED', 'file header cut off', 0)
  const major = view.getUint16(4, little)
  const minor = view.getUint16(6, little)
  if (major !== 2 || minor !== 4) {
    throw new CaptureError('ZT_CAPTURE_UNSUPPORTED', `pcap version ${major}.${minor}, not 2.4`, 4)
  }
  const snapLength = view.getUint32(16, little)
  const link = view.getUint32(20, little)
  // Bits 28 to 31 count 16-bit words of FCS when bit 26 says so.
  const fcsLength = (link & 0x0400_0000) === 0 ? 0 : (link >>> 28) * 2
  const packets: CapturedPacket[] = []
  let at = FILE_HEADER_LENGTH
  while (at < file.length) {
    if (file.length - at < RECORD_HEADER_LENGTH) {
      throw new CaptureError(
        'ZT_CAPTURE_TRUNCATED',
        `record header of packet ${packets.length + 1} cut off`,
        at,
      )
    }
    const timestamp =
      BigInt(view.getUint32(at, little)) * SECOND + BigInt(view.getUint32(at + 4, little)) * tick
    const captured = view.getUint32(at + 8, little)
    const original = view.getUint32(at + 12, little)
    const start = at + RECORD_HEADER_LENGTH
    if (captured > file.length - start) {
      const what = `packet ${packets.length + 1} says ${captured} octets, ${file.length - start} are left`
      throw new CaptureError('ZT_CAPTURE_TRUNCATED', what, at)
    }
    // The FCS is there only as far as the packet was kept.
    const fcs = Math.max(0, fcsLength - Math.max(0, original - captured))
    const bytes = file.subarray(start, start + Math.max(0, captured - fcs))
    const originalLength = Math.max(original, captured) - fcsLength
    packets.push({
      timestamp,
      bytes,
      originalLength: Math.max(originalLength, bytes.length),
      interface: 0,
      comments: [],
    })
    at = start + captured
  }
  return {
    format: 'pcap',
    byteOrder: little ? 'little' : 'big',
    interfaces: [{ linkType: link & 0xffff, snapLength, comments: [] }],
    packets,
    comments: [],
  }
}

/** How {@link writePcap} writes. */
export interface PcapOptions {
  /** Nanoseconds unless given; some older readers know microseconds alone, to which times are then cut. */
  readonly resolution?: 'ns' | 'us'
}

/**
 * Writes a pcap file of Ethernet frames. Comments and interfaces have no place in this format.
 *
 * @throws {CaptureError} `ZT_CAPTURE_UNSUPPORTED` for a time before 1970 or after 2106-02-07.
 */
export function writePcap(packets: readonly PacketToWrite[], options: PcapOptions = {}): Uint8Array {
  const microseconds = options.resolution === 'us'
  const total = packets.reduce(
    (sum, { bytes }) => sum + RECORD_HEADER_LENGTH + bytes.length,
    FILE_HEADER_LENGTH,
  )
  const file = new Uint8Array(total)
  const view = new DataView(file.buffer)
  view.setUint32(0, microseconds ? MAGIC_MICROSECONDS : MAGIC_NANOSECONDS, true)
  view.setUint16(4, 2, true)
  view.setUint16(6, 4, true)
  view.setUint32(16, MAX_SNAP_LENGTH, true)
  view.setUint32(20, LINKTYPE_ETHERNET, true)
  let at = FILE_HEADER_LENGTH
  for (const { timestamp = 0n, bytes, originalLength = bytes.length } of packets) {
    const seconds = timestamp / SECOND
    if (timestamp < 0n || seconds > 0xffff_ffffn) {
      throw new CaptureError(
        'ZT_CAPTURE_UNSUPPORTED',
        `time ${timestamp} ns does not fit 32 bits of seconds`,
        at,
      )
    }
    view.setUint32(at, Number(seconds), true)
    view.setUint32(at + 4, Number((timestamp % SECOND) / (microseconds ? 1000n : 1n)), true)
    view.setUint32(at + 8, bytes.length, true)
    view.setUint32(at + 12, originalLength, true)
    file.set(bytes, at + RECORD_HEADER_LENGTH)
    at += RECORD_HEADER_LENGTH + bytes.length
  }
  return file
}
