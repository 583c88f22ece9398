/**
 * The framing of all control sockets (`contract/control.ts`): u32 big-endian length, then that many octets of UTF-8 JSON.
 *
 * @module
 */
import { MAX_MESSAGE } from '../contract/control.js'
import { AgentError, messageOf } from './errors.js'

const HEADER = 4

/** Makes the error of a broken protocol, in the words of who speaks it. */
export type ProtocolFault = (what: string, cause?: unknown) => Error

const agentFault: ProtocolFault = (what, cause) => new AgentError('ZT_AGENT_PROTOCOL', what, { cause })

/** One message, framed. @throws what `fault` makes (AgentError `ZT_AGENT_PROTOCOL`) when it is larger than the protocol allows */
export function frameMessage(message: unknown, fault: ProtocolFault = agentFault): Buffer {
  return frameText(JSON.stringify(message), fault)
}

/** {@link frameMessage} of what is JSON text already. */
export function frameText(text: string, fault: ProtocolFault = agentFault): Buffer {
  const length = Buffer.byteLength(text)
  if (length > MAX_MESSAGE) throw fault(`a message of ${length} octets is above the limit of ${MAX_MESSAGE}`)
  const frame = Buffer.allocUnsafe(HEADER + length)
  frame.writeUInt32BE(length)
  frame.write(text, HEADER)
  return frame
}

/** Puts a stream of chunks together into messages. After it has thrown, the stream has no meaning and must be closed. */
export class FrameReader {
  readonly #limit: number
  readonly #fault: ProtocolFault
  #chunks: Buffer[] = []
  #held = 0
  #wanted = HEADER
  #length: number | undefined

  constructor(limit: number = MAX_MESSAGE, fault: ProtocolFault = agentFault) {
    this.#limit = limit
    this.#fault = fault
  }

  /** @throws what `fault` makes, for a length above the limit, for what is not UTF-8 and what is not JSON */
  *push(chunk: Buffer): Generator {
    this.#chunks.push(chunk)
    this.#held += chunk.length
    while (this.#held >= this.#wanted) {
      const bytes = this.#take(this.#wanted)
      if (this.#length === undefined) {
        const length = bytes.readUInt32BE()
        if (length > this.#limit) {
          throw this.#fault(`a message of ${length} octets is above the limit of ${this.#limit}`)
        }
        this.#length = length
        this.#wanted = length
      } else {
        this.#length = undefined
        this.#wanted = HEADER
        yield this.#parse(bytes)
      }
    }
  }

  /** Octets of a message that has begun and not ended. */
  get pending(): number {
    return this.#held + (this.#length === undefined ? 0 : HEADER)
  }

  #take(count: number): Buffer {
    const all = this.#chunks.length === 1 ? this.#chunks[0] : undefined
    const joined = all ?? Buffer.concat(this.#chunks)
    this.#held -= count
    this.#chunks = this.#held === 0 ? [] : [joined.subarray(count)]
    return joined.subarray(0, count)
  }

  #parse(bytes: Buffer): unknown {
    try {
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    } catch (error) {
      throw this.#fault(`a message is not UTF-8 JSON: ${messageOf(error)}`, error)
    }
  }
}
