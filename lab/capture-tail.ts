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
   * @param size octets of the file that are complete
   * @throws LabError `ZT_LAB_FORMAT`
   */
  received(size: number): readonly Uint8Array[] {
    this.header ??= this.readHeader()
    if (size <= this.offset) return []
    const part = readPart(this.file, this.offset, size)
    this.offset = size
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

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}
