/**
 * The asking end of a control socket: to an engine, to the probe, to `ztos-labd`.
 *
 * @module
 */
import { connect, type Socket } from 'node:net'
import { z } from 'zod'
import { LabError, messageOf, withoutCode, type LabErrorCode } from './errors.js'
import { encodeMessage, MessageReader } from './framing.js'

/** A request without its id, which the channel gives. */
export interface Request {
  readonly op: string
  readonly [field: string]: unknown
}
/** What is in a positive answer besides `id` and `ok`. */
export type Answer = Readonly<Record<string, unknown>>

export interface RequestOptions {
  /** ms to wait for the answer; default 10 s; Infinity for what takes as long as it takes. */
  readonly timeout?: number
}

const Envelope = z.looseObject({ id: z.int().min(0).max(0xffffffff), ok: z.boolean() })
const Refusal = z.object({ code: z.string(), message: z.string(), remedy: z.string().optional() })
/** A message that is not an answer; only labd sends them. */
const Event = z.looseObject({ event: z.string() })
export type ChannelEvent = z.infer<typeof Event>

interface Pending {
  readonly op: string
  readonly timer: NodeJS.Timeout | undefined
  resolve(answer: Answer): void
  reject(error: Error): void
}

const DEFAULT_TIMEOUT = 10_000

/** One connection. Requests may be sent without waiting for answers; answers are matched by id. */
export class Channel {
  private readonly pending = new Map<number, Pending>()
  private readonly reader = new MessageReader()
  private nextId = 1
  private ended: LabError | undefined
  /** Called once when the connection is over, whoever ended it. */
  onClose: (() => void) | undefined
  onEvent: ((event: ChannelEvent) => void) | undefined

  private constructor(
    private readonly socket: Socket,
    /** Who is at the other end, for messages: `the engine of leaf1`. */
    readonly peer: string,
  ) {
    socket.on('data', (chunk: Buffer) => this.receive(chunk))
    socket.on('error', (error) => this.end(`the connection to ${peer} failed: ${error.message}`))
    socket.on('close', () => this.end(`${peer} closed the connection`))
  }

  /** @throws LabError `ZT_LAB_CONNECTION` */
  static open(path: string, peer: string): Promise<Channel> {
    return new Promise((resolve, reject) => {
      const socket = connect(path)
      const refused = (error: Error) =>
        reject(
          new LabError('ZT_LAB_CONNECTION', `cannot reach ${peer} at ${path}: ${error.message}`, {
            cause: error,
          }),
        )
      socket.once('error', refused)
      socket.once('connect', () => {
        socket.off('error', refused)
        resolve(new Channel(socket, peer))
      })
    })
  }

  get open(): boolean {
    return this.ended === undefined
  }

  /**
   * @throws LabError with the code that the other end gave if it is one of ours, else `ZT_LAB_REFUSED`; `ZT_LAB_DEADLINE`;
   * `ZT_LAB_CONNECTION`
   */
  request(request: Request, options: RequestOptions = {}): Promise<Answer> {
    if (this.ended !== undefined) return Promise.reject(this.ended)
    const id = this.nextId
    this.nextId = id === 0xffffffff ? 1 : id + 1
    const timeout = options.timeout ?? DEFAULT_TIMEOUT
    return new Promise((resolve, reject) => {
      const frame = encodeMessage({ ...request, id })
      const late = () => {
        this.pending.delete(id)
        reject(
          new LabError('ZT_LAB_DEADLINE', `${this.peer} did not answer ${request.op} within ${timeout} ms`),
        )
      }
      const timer = Number.isFinite(timeout) ? setTimeout(late, timeout) : undefined
      this.pending.set(id, { op: request.op, timer, resolve, reject })
      this.socket.write(frame)
    })
  }

  close(): void {
    this.socket.destroy()
    this.end(`the connection to ${this.peer} was closed`)
  }

  /** Does not keep the process alive when nothing else does. */
  unref(): void {
    this.socket.unref()
  }

  private receive(chunk: Buffer): void {
    try {
      for (const message of this.reader.push(chunk)) this.dispatch(message)
    } catch (error) {
      this.end(`${this.peer} broke the protocol: ${withoutCode(messageOf(error))}`, 'ZT_LAB_PROTOCOL')
      this.socket.destroy()
    }
  }

  private dispatch(message: unknown): void {
    const event = Event.safeParse(message)
    if (event.success) {
      this.onEvent?.(event.data)
      return
    }
    const { id, ok, ...rest } = Envelope.parse(message)
    const waiting = this.pending.get(id)
    // An answer that came after its deadline has nobody waiting any more.
    if (waiting === undefined) return
    // Throws on a refusal that is none, and the request then fails with the connection.
    const refused = ok ? undefined : refusal(this.peer, waiting.op, rest)
    this.pending.delete(id)
    clearTimeout(waiting.timer)
    if (refused === undefined) waiting.resolve(rest)
    else waiting.reject(refused)
  }

  private end(what: string, code: LabErrorCode = 'ZT_LAB_CONNECTION'): void {
    if (this.ended !== undefined) return
    this.ended = new LabError(code, what)
    for (const waiting of this.pending.values()) {
      clearTimeout(waiting.timer)
      waiting.reject(new LabError(code, `${what} before it answered ${waiting.op}`))
    }
    this.pending.clear()
    this.onClose?.()
  }
}

function refusal(peer: string, op: string, rest: Answer): LabError {
  const { code, message, remedy } = Refusal.parse(rest)
  const options = remedy === undefined ? {} : { remedy }
  // labd's errors are the lab's own and pass unchanged; an engine's code stays visible in the text.
  if (code.startsWith('ZT_LAB_') || code.startsWith('ZT_FAULT_'))
    return new LabError(code as LabErrorCode, withoutCode(message), options)
  return new LabError('ZT_LAB_REFUSED', `${peer} refused ${op}: ${code}: ${message}`, options)
}
