/**
 * The asking end of a control socket (`contract/control.ts`).
 *
 * @module
 */
import { connect, type Socket } from 'node:net'
import { z } from 'zod'
import { MAX_MESSAGE } from '../contract/control.js'
import { AgentError, messageOf, type AgentErrorCode } from './errors.js'
import { frameText, FrameReader } from './framing.js'

/** What is in a positive answer besides `id` and `ok`. */
export type Answer = Readonly<Record<string, unknown>>

const Envelope = z.looseObject({ id: z.int().min(0).max(0xffffffff), ok: z.boolean() })
const Refusal = z.object({ code: z.string(), message: z.string() })

interface Pending {
  readonly op: string
  readonly timer: NodeJS.Timeout
  resolve(answer: Answer): void
  reject(error: Error): void
}

/** One connection. Requests may be sent without waiting for answers; answers are matched by id. Its end is final. */
export class ControlConnection {
  readonly #socket: Socket
  readonly #peer: string
  readonly #pending = new Map<number, Pending>()
  readonly #reader = new FrameReader()
  #nextId = 1
  #ended: AgentError | undefined
  /** Called once when the connection is over, whoever ended it. */
  onClose: ((error: AgentError) => void) | undefined

  private constructor(socket: Socket, peer: string) {
    this.#socket = socket
    this.#peer = peer
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', (error) => this.#end(`the connection to ${peer} failed: ${error.message}`))
    socket.on('close', () => this.#end(`${peer} closed the connection`))
  }

  /** @param peer who is at the other end, for messages: `the engine of leaf1`. @throws AgentError `ZT_AGENT_CONNECTION` */
  static open(path: string, peer: string): Promise<ControlConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(path)
      const refused = (error: Error) =>
        reject(
          new AgentError('ZT_AGENT_CONNECTION', `cannot reach ${peer} at ${path}: ${error.message}`, {
            cause: error,
          }),
        )
      socket.once('error', refused)
      socket.once('connect', () => {
        socket.off('error', refused)
        resolve(new ControlConnection(socket, peer))
      })
    })
  }

  /**
   * @param fields text of the fields besides `id` and `op`, with a comma before each: `,"since":4`
   * @param timeout ms
   * @throws AgentError `ZT_AGENT_REFUSED`, `ZT_AGENT_DEADLINE` (which ends the connection), `ZT_AGENT_CONNECTION`, `ZT_AGENT_PROTOCOL`
   */
  request(op: string, fields: string, timeout: number): Promise<Answer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    const id = this.#nextId
    this.#nextId = id === 0xffffffff ? 1 : id + 1
    return new Promise((resolve, reject) => {
      const frame = frameText(`{"id":${id},"op":${JSON.stringify(op)}${fields}}`)
      // Answers come in the order of requests: one that does not come holds up all behind it.
      const late = () =>
        this.#end(`${this.#peer} did not answer ${op} within ${timeout} ms`, 'ZT_AGENT_DEADLINE')
      this.#pending.set(id, { op, timer: setTimeout(late, timeout), resolve, reject })
      this.#socket.write(frame)
    })
  }

  close(): void {
    this.#end(`the connection to ${this.#peer} was closed`)
  }

  #receive(chunk: Buffer): void {
    try {
      for (const message of this.#reader.push(chunk)) this.#dispatch(message)
    } catch (error) {
      this.#end(`${this.#peer} broke the protocol: ${messageOf(error)}`, 'ZT_AGENT_PROTOCOL')
    }
  }

  #dispatch(message: unknown): void {
    const { id, ok, ...rest } = Envelope.parse(message)
    const waiting = this.#pending.get(id)
    if (waiting === undefined)
      throw new AgentError('ZT_AGENT_PROTOCOL', `an answer to ${id}, which nobody asked`)
    const refused = ok ? undefined : Refusal.parse(rest)
    this.#pending.delete(id)
    clearTimeout(waiting.timer)
    if (refused === undefined) waiting.resolve(rest)
    else {
      const { code, message: why } = refused
      waiting.reject(
        new AgentError('ZT_AGENT_REFUSED', `${this.#peer} refused ${waiting.op}: ${code}: ${why}`),
      )
    }
  }

  #end(what: string, code: AgentErrorCode = 'ZT_AGENT_CONNECTION'): void {
    if (this.#ended !== undefined) return
    const ended = new AgentError(code, what)
    this.#ended = ended
    this.#socket.destroy()
    for (const waiting of this.#pending.values()) {
      clearTimeout(waiting.timer)
      waiting.reject(new AgentError(code, `${what}, before it answered ${waiting.op}`))
    }
    this.#pending.clear()
    this.onClose?.(ended)
  }
}

/** Room that a request's other fields take beside a list. */
const ENVELOPE = 256

/** Cuts a list of texts into runs that fit into one message each, with a comma between two. */
export function batchesOf(
  texts: readonly string[],
  count: number,
  octets: number = MAX_MESSAGE - ENVELOPE,
): string[][] {
  const batches: string[][] = []
  let batch: string[] = []
  let held = 0
  for (const text of texts) {
    const size = Buffer.byteLength(text) + 1
    if (batch.length === count || (batch.length > 0 && held + size > octets)) {
      batches.push(batch)
      batch = []
      held = 0
    }
    batch.push(text)
    held += size
  }
  if (batch.length > 0) batches.push(batch)
  return batches
}
