/**
 * A command that runs in a container, as a process of this host: with a pid, signals, and an end.
 *
 * @module
 */
import { constants } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { Outcome } from '../child.js'
import { messageOf, systemCode } from '../errors.js'
import { identify, isAlive, type ProcessIdentity } from '../process-identity.js'
import type { BegunExec, DockerEngine, ExecOptions } from './engine.js'
import { FrameReader, type OutputStream } from './frames.js'

export interface ContainerCommandHooks {
  /** Returns false when the other end is full: nothing more is read until {@link ContainerCommand.resume}. */
  readonly onOutput: (stream: OutputStream, data: Buffer) => boolean
}

const NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]))

export class ContainerCommand {
  /** An error where it never began. */
  readonly exited: Promise<Outcome>
  private readonly begun: Promise<BegunExec>
  /** Settles when its process is known. */
  private readonly started: Promise<void>
  private identity: ProcessIdentity | undefined
  /** What it was sent: an exit status of 128 and more means one of these, and nothing else. */
  private readonly sent = new Set<string>()

  constructor(
    docker: DockerEngine,
    container: string,
    argv: readonly string[],
    options: ExecOptions,
    private readonly hooks: ContainerCommandHooks,
  ) {
    this.begun = docker.begin(container, argv, options)
    this.started = this.begin()
    // Whoever waits for its end hears of it.
    this.started.catch(() => undefined)
    this.exited = this.run().catch((error: unknown) => ({
      code: null,
      signal: null,
      error: error instanceof Error ? error : new Error(messageOf(error)),
    }))
  }

  /** On this host; absent before it has begun. */
  get pid(): number | undefined {
    return this.identity?.pid
  }

  /** Of a command that was begun with `input`. @param data absent: no more comes */
  input(data: Buffer | undefined): void {
    const give = async () => {
      const { stream } = await this.begun
      if (data === undefined) stream.end()
      else stream.write(data)
    }
    // One that never began reads nothing.
    give().catch(() => undefined)
  }

  /** Reads on after a hook said that the other end is full. */
  resume(): void {
    const goOn = async () => (await this.begun).stream.resume()
    goOn().catch(() => undefined)
  }

  /** Of the command and what it has started: each begins a session of its own. Nothing happens when it has ended. */
  kill(signal: NodeJS.Signals): void {
    const send = async () => {
      await this.started
      this.sent.add(signal)
      if (this.identity !== undefined) signalGroup(this.identity, signal)
    }
    // One that never began has nothing to hear.
    send().catch(() => undefined)
  }

  private async begin(): Promise<void> {
    const { state } = await this.begun
    const pid = await processOf(state)
    this.identity = pid === 0 ? undefined : identify(pid)
  }

  private async run(): Promise<Outcome> {
    const { stream, state } = await this.begun
    const frames = new FrameReader()
    // Listened to at once: that of a short command closes while its process is still asked for.
    const over = new Promise<void>((resolve, reject) => {
      stream.on('data', (octets: Buffer) => {
        try {
          for (const { stream: from, data } of frames.push(octets))
            if (!this.hooks.onOutput(from, data)) stream.pause()
        } catch (error) {
          stream.destroy(error instanceof Error ? error : new Error(messageOf(error)))
        }
      })
      stream.once('end', resolve)
      stream.once('close', resolve)
      stream.once('error', reject)
    })
    await Promise.all([over, this.started])
    const { code } = await state()
    const signal = NAMES.get((code ?? 0) - 128)
    return signal !== undefined && this.sent.has(signal)
      ? { code: null, signal: signal as NodeJS.Signals }
      : { code, signal: null }
  }
}

/** Docker's engine says that a command has begun before it has; nothing tells when. @returns 0 where it is over */
async function processOf(state: BegunExec['state']): Promise<number> {
  for (;;) {
    const { code, pid } = await state()
    if (pid !== 0 || code !== null) return pid
    await delay(5)
  }
}

function signalGroup(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return
  try {
    process.kill(-identity.pid, signal)
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error
  }
}
