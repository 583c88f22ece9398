/**
 * FRR's vty over its Unix socket, as `vtysh` talks to it: a command and a NUL there, text and `NUL NUL NUL status` back. Without a
 * process for each question, so that it can be asked often.
 *
 * @module
 */
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import path from 'node:path'
import { LabError, messageOf } from '../errors.js'
import type { Program } from './commands.js'

/** Command statuses of FRR's `lib/command.h`. */
const SUCCESS = 0
/** Three NULs and the status. */
const END_LENGTH = 4
/** ms */
const TIMEOUT = 10_000
/** More than any table here; a daemon that says more is not right in its head. */
const MAX_ANSWER = 256 * 1024 * 1024

interface Waiting {
  readonly command: string
  readonly resolve: (text: string) => void
  readonly reject: (error: LabError) => void
}

/** One connection to one daemon. Commands are answered in their order. */
export class Vty {
  private readonly waiting: Waiting[] = []
  private readonly parts: Buffer[] = []
  private size = 0
  /** The last part holds the beginning of an answer's end. */
  private cut = false
  private lost: LabError | undefined

  private constructor(
    private readonly title: string,
    private readonly socket: Socket,
  ) {
    socket.on('data', (part: Buffer) => this.receive(part))
    socket.on('error', (error) => this.fail(`failed: ${error.message}`))
    socket.on('close', () => this.fail('went away'))
  }

  /**
   * @param folder of its vty sockets
   * @throws LabError `ZT_LAB_CONNECTION`
   */
  static async open(folder: string, program: Program): Promise<Vty> {
    const socket = createConnection(path.join(folder, `${program}.vty`))
    try {
      await once(socket, 'connect')
    } catch (error) {
      throw new LabError(
        'ZT_LAB_CONNECTION',
        `${program} in ${folder} cannot be asked: ${messageOf(error)}`,
        {
          cause: error,
        },
      )
    }
    return new Vty(`${program} in ${folder}`, socket)
  }

  /**
   * @param command one of ours, never text of others
   * @throws LabError `ZT_LAB_CONNECTION`, `ZT_LAB_DEADLINE`, `ZT_LAB_REFUSED` with what it said
   */
  async ask(command: string): Promise<string> {
    if (this.lost !== undefined) throw this.lost
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<string>((resolve, reject) => {
        timer = setTimeout(() => {
          reject(
            new LabError('ZT_LAB_DEADLINE', `${this.title} did not answer ${command} within ${TIMEOUT} ms`),
          )
          // Its answer would be taken for the next one's.
          this.close()
        }, TIMEOUT)
        this.waiting.push({ command, resolve, reject })
        this.socket.write(`${command}\0`)
      })
    } finally {
      clearTimeout(timer)
    }
  }

  /** The answer as JSON. @throws LabError `ZT_LAB_FORMAT`, and those of {@link ask} */
  async askJson(command: string): Promise<unknown> {
    const text = await this.ask(command)
    try {
      // A table that does not exist is answered by nothing.
      return text.trim() === '' ? {} : (JSON.parse(text) as unknown)
    } catch (error) {
      throw new LabError('ZT_LAB_FORMAT', `${this.title} answered ${command} by what is not JSON`, {
        cause: error,
      })
    }
  }

  close(): void {
    this.socket.destroy()
  }

  private receive(part: Buffer): void {
    this.parts.push(part)
    this.size += part.length
    if (this.size > MAX_ANSWER) {
      this.fail('says too much')
      this.close()
      return
    }
    // Text holds no NUL: without one no answer ends here, but for the rest of an end that was cut in two.
    if (!part.includes(0) && !this.cut) return
    let all = Buffer.concat(this.parts.splice(0))
    for (;;) {
      const end = all.indexOf(0)
      this.cut = end >= 0
      if (end < 0 || all.length < end + END_LENGTH) break
      this.answer(all.toString('utf8', 0, end), all[end + END_LENGTH - 1] ?? SUCCESS)
      all = all.subarray(end + END_LENGTH)
    }
    this.size = all.length
    if (all.length > 0) this.parts.push(all)
  }

  private answer(text: string, status: number): void {
    const asked = this.waiting.shift()
    if (status === SUCCESS) asked?.resolve(text)
    else
      asked?.reject(new LabError('ZT_LAB_REFUSED', `${this.title} refused ${asked.command}: ${text.trim()}`))
  }

  private fail(why: string): void {
    this.lost ??= new LabError('ZT_LAB_CONNECTION', `${this.title} ${why}`)
    for (const { reject } of this.waiting.splice(0)) reject(this.lost)
  }
}
