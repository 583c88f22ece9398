/**
 * The framing of all of the lab's sockets (`contract/control.ts`): u32 big-endian length, then that many octets of UTF-8 JSON.
 *
 * @module
 */
import { MAX_MESSAGE } from '../contract/control.js'
import { LabError, messageOf } from './errors.js'

const HEADER = 4

/** One message, framed. @throws LabError `ZT_LAB_PROTOCOL` when it is larger than the protocol allows */
export function encodeMessage(message: unknown): Buffer {
  const text = JSON.stringify(message)
  const length = Buffer.byteLength(text)
  if (length > MAX_MESSAGE) {
    throw new LabError(
      'ZT_LAB_PROTOCOL',
      `a message of ${length} octets is above the limit of ${MAX_MESSAGE}`,
    )
  }
  const frame = Buffer.allocUnsafe(HEADER + length)
  frame.writeUInt32BE(length)
  frame.write(text, HEADER)
  return frame
}

/** Puts a stream of chunks together into messages. After it has thrown, the stream has no meaning and must be closed. */
export class MessageReader {
  private chunks: Buffer[] = []
  private held = 0
  private wanted = HEADER
  private length: number | undefined

  constructor(private readonly limit: number = MAX_MESSAGE) {}

  /** @throws LabError `ZT_LAB_PROTOCOL` for a length above the limit, for what is not UTF-8 and what is not JSON */
  *push(chunk: Buffer): Generator {
    this.chunks.push(chunk)
    this.held += chunk.length
    while (this.held >= this.wanted) {
      const bytes = this.take(this.wanted)
      if (this.length === undefined) {
        const length = bytes.readUInt32BE()
        if (length > this.limit) {
          throw new LabError(
            'ZT_LAB_PROTOCOL',
            `a message of ${length} octets is above the limit of ${this.limit}`,
          )
        }
        this.length = length
        this.wanted = length
      } else {
        this.length = undefined
        this.wanted = HEADER
        yield parse(bytes)
      }
    }
  }

  /** Octets of a message that has begun and not ended. */
  get pending(): number {
    return this.held + (this.length === undefined ? 0 : HEADER)
  }

  private take(count: number): Buffer {
    const all = this.chunks.length === 1 ? this.chunks[0] : undefined
    const joined = all ?? Buffer.concat(this.chunks)
    this.held -= count
    this.chunks = this.held === 0 ? [] : [joined.subarray(count)]
    return joined.subarray(0, count)
  }
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new LabError('ZT_LAB_PROTOCOL', `a message is not UTF-8 JSON: ${messageOf(error)}`, {
      cause: error,
    })
  }
}
