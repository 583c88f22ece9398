/**
 * The asking end of QEMU's guest agent (`qemu-ga`, QEMU's QGA protocol: JSON, a line each, answers in the order of requests).
 *
 * @module
 */
import { randomInt } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { CommandOptions } from '../command.js'
import { LabError, type CommandOutcome } from '../errors.js'

const Reply = z.union([
  z.object({ return: z.unknown() }),
  z.object({ error: z.object({ class: z.string(), desc: z.string() }) }),
])
const Started = z.object({ pid: z.int() })
const Status = z.object({
  exited: z.boolean(),
  exitcode: z.int().optional(),
  signal: z.int().optional(),
  'out-data': z.base64().optional(),
  'err-data': z.base64().optional(),
  'out-truncated': z.boolean().optional(),
})
const PEER = 'the agent of the reference VM'
/** What the agent puts before its answer to `guest-sync-delimited`; in no JSON text. */
const DELIMITER = 0xff
const NEWLINE = 0x0a
const DEFAULT_TIMEOUT = 30_000
/** How long a request that starts nothing may take, on a machine that has no time. */
const REQUEST_TIMEOUT = 60_000
const SHORTEST_PAUSE = 8
const LONGEST_PAUSE = 160

interface Pending {
  readonly text: string
  readonly timeout: number
  resolve(value: unknown): void
  reject(error: Error): void
}

export class GuestAgent {
  /** The first was sent, and is waited for: of requests that come while it is busy the agent may lose some. */
  private readonly pending: Pending[] = []
  private timer: NodeJS.Timeout | undefined
  private rest = Buffer.alloc(0)
  private ended: LabError | undefined

  constructor(private readonly stream: Duplex) {
    stream.on('data', (chunk: Buffer) => this.receive(chunk))
    stream.on('error', (error) => this.end(`the connection to ${PEER} failed: ${error.message}`))
    stream.on('close', () => this.end(`${PEER} closed the connection`))
  }

  /** Waits until the agent answers. @throws LabError `ZT_LAB_DEADLINE`, `ZT_LAB_CONNECTION` */
  async ready(timeout: number): Promise<void> {
    const id = randomInt(2 ** 31)
    const answer = await this.request('guest-sync-delimited', { id }, timeout)
    if (answer !== id)
      throw this.end(`${PEER} answered ${JSON.stringify(answer)} for ${id}`, 'ZT_LAB_PROTOCOL')
  }

  /**
   * Runs a command in the guest and tells how it ended, whatever way that is.
   *
   * @throws LabError `ZT_LAB_DEADLINE`, and the command is killed; `ZT_LAB_MISSING` when it cannot be started; `ZT_LAB_CONNECTION`
   */
  async exec(
    argv: readonly string[],
    { input, timeout = DEFAULT_TIMEOUT, env = {}, signal }: CommandOptions = {},
  ): Promise<CommandOutcome> {
    const [path = '', ...arg] = argv
    signal?.throwIfAborted()
    const { pid } = understood(
      Started,
      await this.request('guest-exec', {
        path,
        arg,
        env: Object.entries({ PATH: '/bin', ...env }).map(([name, value]) => `${name}=${value}`),
        'capture-output': true,
        ...(input === undefined ? {} : { 'input-data': Buffer.from(input).toString('base64') }),
      }),
    )
    return this.outcome(argv, pid, performance.now() + timeout, signal)
  }

  close(): void {
    this.stream.destroy()
    this.end(`the connection to ${PEER} was closed`)
  }

  /** Asks again and again, the more seldom the longer it takes: the agent tells of nothing by itself. */
  private async outcome(
    argv: readonly string[],
    pid: number,
    giveUp: number,
    signal: AbortSignal | undefined,
  ): Promise<CommandOutcome> {
    for (let pause = SHORTEST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      await delay(pause)
      const status = understood(Status, await this.request('guest-exec-status', { pid }))
      if (status.exited) return outcomeOf(argv, status)
      const isCancelled = signal?.aborted === true
      if (!isCancelled && performance.now() < giveUp) continue
      await this.request('guest-exec', { path: 'kill', arg: ['-9', String(pid)] })
      throw new LabError(
        isCancelled ? 'ZT_LAB_CANCELLED' : 'ZT_LAB_DEADLINE',
        `\`${argv.join(' ')}\` in the reference VM ${isCancelled ? 'was cancelled' : 'took too long'}, and was killed`,
      )
    }
  }

  private request(
    execute: string,
    args: Readonly<Record<string, unknown>>,
    timeout = REQUEST_TIMEOUT,
  ): Promise<unknown> {
    if (this.ended !== undefined) return Promise.reject(this.ended)
    return new Promise((resolve, reject) => {
      const text = `${JSON.stringify({ execute, arguments: args })}\n`
      this.pending.push({ text, timeout, resolve, reject })
      if (this.pending.length === 1) this.send()
    })
  }

  private send(): void {
    const [next] = this.pending
    if (next === undefined) return
    const { text, timeout } = next
    // Answers have no number: one that comes late could be taken for another's, so the connection is over.
    this.timer = setTimeout(
      () => this.end(`${PEER} did not answer within ${timeout} ms`, 'ZT_LAB_DEADLINE'),
      timeout,
    )
    this.stream.write(text)
  }

  private receive(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk])
    for (let end = this.rest.indexOf(NEWLINE); end >= 0; end = this.rest.indexOf(NEWLINE)) {
      const line = this.rest.subarray(0, end)
      this.rest = this.rest.subarray(end + 1)
      this.answer(line.subarray(line.lastIndexOf(DELIMITER) + 1).toString('utf8'))
    }
  }

  private answer(line: string): void {
    clearTimeout(this.timer)
    const waiting = this.pending.shift()
    try {
      const reply = Reply.parse(JSON.parse(line))
      if (waiting === undefined) throw new Error('nobody had asked')
      if ('error' in reply) {
        waiting.reject(new LabError('ZT_LAB_MISSING', `${PEER} refused: ${reply.error.desc}`))
      } else {
        waiting.resolve(reply.return)
      }
      this.send()
    } catch (error) {
      const broken = this.end(`${PEER} broke the protocol: ${String(error)}`, 'ZT_LAB_PROTOCOL')
      waiting?.reject(broken)
    }
  }

  private end(what: string, code: LabError['code'] = 'ZT_LAB_CONNECTION'): LabError {
    clearTimeout(this.timer)
    this.ended ??= new LabError(code, what)
    for (const waiting of this.pending.splice(0)) waiting.reject(this.ended)
    return this.ended
  }
}

function understood<Schema extends z.ZodType>(schema: Schema, answer: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(answer)
  if (parsed.success) return parsed.data
  throw new LabError('ZT_LAB_PROTOCOL', `${PEER} answered ${JSON.stringify(answer)}`)
}

function outcomeOf(argv: readonly string[], status: z.infer<typeof Status>): CommandOutcome {
  if (status['out-truncated'] === true)
    throw new LabError('ZT_LAB_PROTOCOL', `\`${argv.join(' ')}\` said more than ${PEER} keeps`)
  const text = (data: string | undefined) => Buffer.from(data ?? '', 'base64').toString('utf8')
  return {
    argv,
    code: status.signal === undefined ? (status.exitcode ?? null) : null,
    signal: status.signal === undefined ? null : String(status.signal),
    stdout: text(status['out-data']),
    stderr: text(status['err-data']),
  }
}
