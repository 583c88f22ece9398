/**
 * A capture that is still being written (pcapng, little-endian, one section), read on from where one stopped.
 *
 * @module
 */
import { readPcapng } from '../twin/packet/index.js'
import { LabError } from './errors.js'
import { readPart } from './files.js'

const SECTION_HEADER = 0x0a0d0d0a

export class CaptureTail {
  /** Section header and interface: what makes a file of any later part. */
  private header: Uint8Array | undefined
  private offset = 0

  constructor(readonly file: string) {}

  /**
   * Frames that the port has received since the last call, in order.
   *
   * @param size octets of the file that are there; a block that is not there to its end waits for the next call
   * @throws LabError `ZT_LAB_FORMAT`
   */
  received(size: number): readonly Uint8Array[] {
    this.header ??= this.readHeader()
    if (size <= this.offset) return []
    const read = readPart(this.file, this.offset, size)
    const part = read.subarray(0, completeBlocks(read))
    this.offset += part.length
    const { packets } = readPcapng(joined(this.header, part))
    return packets.filter(({ direction }) => direction === 'inbound').map(({ bytes }) => bytes)
  }

  /** Two blocks, each with its length behind its type. */
  private readHeader(): Uint8Array {
    const section = this.blockLength(0, SECTION_HEADER)
    const length = section + this.blockLength(section, 1)
    this.offset = length
    return readPart(this.file, 0, length)
  }

  private blockLength(at: number, type: number): number {
    const view = new DataView(readPart(this.file, at, at + 8).buffer)
    if (view.getUint32(0, true) === type) return view.getUint32(4, true)
    throw new LabError('ZT_LAB_FORMAT', `${this.file}, octet ${at}: a block of type ${type} was expected`)
  }
}

/** Octets of the blocks that are there to their end: the last one may be on its way to the file. */
function completeBlocks(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let end = 0
  while (end + 8 <= bytes.length) {
    const length = view.getUint32(end + 4, true)
    // A length that is none is for the reader to complain about.
    if (length < 12 || end + length > bytes.length) return length < 12 ? bytes.length : end
    end += length
  }
  return end
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}
