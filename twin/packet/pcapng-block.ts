/**
 * Blocks and options of pcapng files (draft-ietf-opsawg-pcapng sections 3.1, 3.5).
 *
 * @module
 */
import { CaptureError } from './errors.js'

/** Block types read or written here; others are skipped. */
export const BlockType = {
  SECTION_HEADER: 0x0a0d0d0a,
  INTERFACE: 1,
  /** Obsolete, still found in old files. */
  PACKET: 2,
  SIMPLE_PACKET: 3,
  ENHANCED_PACKET: 6,
} as const

/** Option codes read or written here. */
export const OptionCode = {
  END: 0,
  COMMENT: 1,
  IF_NAME: 2,
  IF_DESCRIPTION: 3,
  IF_TSRESOL: 9,
  IF_FCSLEN: 13,
  IF_TSOFFSET: 14,
  SHB_USERAPPL: 4,
  EPB_FLAGS: 2,
} as const

/** A block's place: body from `start` to `end`, the next block at `next`. */
export interface Block {
  readonly type: number
  readonly offset: number
  readonly start: number
  readonly end: number
  readonly next: number
}

/** An option's code and value octets. */
export interface BlockOption {
  readonly code: number
  readonly value: Uint8Array
}

/** Length of `octets` with padding to 32 bits. */
export function padded(octets: number): number {
  return (octets + 3) & ~3
}

/** A file and the byte order of its current section. */
export class BlockReader {
  readonly view: DataView
  little = true

  constructor(readonly file: Uint8Array) {
    this.view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  }

  u16(offset: number): number {
    return this.view.getUint16(offset, this.little)
  }

  u32(offset: number): number {
    return this.view.getUint32(offset, this.little)
  }

  /**
   * The block at `offset`, its length checked against file and trailer. A section header sets the byte order.
   *
   * @throws {CaptureError}
   */
  block(offset: number): Block {
    const left = this.file.length - offset
    if (left < 12) throw new CaptureError('ZT_CAPTURE_TRUNCATED', `${left} octets left for a block`, offset)
    if (this.view.getUint32(offset, true) === BlockType.SECTION_HEADER) this.readByteOrder(offset)
    const type = this.u32(offset)
    const length = this.u32(offset + 4)
    if (length < 12 || length % 4 !== 0) {
      throw new CaptureError(
        'ZT_CAPTURE_FORMAT',
        `block length ${length} is not a multiple of 4 from 12 on`,
        offset + 4,
      )
    }
    if (length > left) {
      throw new CaptureError('ZT_CAPTURE_TRUNCATED', `block says ${length} octets, ${left} are left`, offset)
    }
    const next = offset + length
    if (this.u32(next - 4) !== length) {
      const what = `block length ${length} before and ${this.u32(next - 4)} behind the body`
      throw new CaptureError('ZT_CAPTURE_FORMAT', what, next - 4)
    }
    return { type, offset, start: offset + 8, end: next - 4, next }
  }

  private readByteOrder(offset: number): void {
    const magic = this.view.getUint32(offset + 8, true)
    if (magic === 0x1a2b3c4d) this.little = true
    else if (magic === 0x4d3c2b1a) this.little = false
    else
      throw new CaptureError('ZT_CAPTURE_MAGIC', 'no byte-order magic number in a section header', offset + 8)
  }

  /** Throws unless the block's body has `octets` from its start. */
  need(block: Block, octets: number, what: string): void {
    if (block.end - block.start < octets) {
      throw new CaptureError(
        'ZT_CAPTURE_FORMAT',
        `${what} block with a body of ${block.end - block.start} octets`,
        block.offset,
      )
    }
  }

  /** Options from `start` to the end of the block; a missing end-of-options is allowed. */
  options(block: Block, start: number): readonly BlockOption[] {
    const options: BlockOption[] = []
    let at = start
    while (block.end - at >= 4) {
      const code = this.u16(at)
      const length = this.u16(at + 2)
      if (code === OptionCode.END) break
      if (length > block.end - at - 4) {
        throw new CaptureError(
          'ZT_CAPTURE_FORMAT',
          `option ${code} says ${length} octets, ${block.end - at - 4} are left`,
          at,
        )
      }
      options.push({ code, value: this.file.subarray(at + 4, at + 4 + length) })
      at += 4 + padded(length)
    }
    return options
  }
}

/** Text of every option of a code; octets that are not UTF-8 become U+FFFD. */
export function textsOf(options: readonly BlockOption[], code: number): readonly string[] {
  const decoder = new TextDecoder()
  return options.filter((option) => option.code === code).map((option) => decoder.decode(option.value))
}

/** Octets of a little-endian block with body and options. */
export function encodeBlock(type: number, body: Uint8Array, options: readonly BlockOption[]): Uint8Array {
  const optionsLength =
    options.length === 0 ? 0 : options.reduce((sum, { value }) => sum + 4 + padded(value.length), 4)
  const length = 12 + padded(body.length) + optionsLength
  const block = new Uint8Array(length)
  const view = new DataView(block.buffer)
  view.setUint32(0, type, true)
  view.setUint32(4, length, true)
  block.set(body, 8)
  let at = 8 + padded(body.length)
  for (const { code, value } of options) {
    view.setUint16(at, code, true)
    view.setUint16(at + 2, value.length, true)
    block.set(value, at + 4)
    at += 4 + padded(value.length)
  }
  view.setUint32(length - 4, length, true)
  return block
}

/** An option with text, cut to the 65,535 octets that fit. */
export function textOption(code: number, text: string): BlockOption {
  const value = new Uint8Array(Math.min(0xffff, text.length * 3))
  const { written } = new TextEncoder().encodeInto(text, value)
  return { code, value: value.subarray(0, written) }
}
