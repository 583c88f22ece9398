/**
 * One daemon of a node, whatever the node is: when it serves, how it is made to hang and to end.
 *
 * @module
 */
import { existsSync, watch } from 'node:fs'
import { createConnection } from 'node:net'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { deathOf, endChild, type Outcome } from '../child.js'
import type { LabError } from '../errors.js'
import { raced } from '../steps.js'
import type { Account } from './account.js'
import type { Program } from './commands.js'

/**
 * A daemon's paths are said from its working folder, which it may enter although it may not pass through the lab's: that belongs to
 * root and the invoker.
 */
export const HERE = '/proc/self/cwd'

export interface DaemonOptions {
  readonly program: Program
  readonly node: string
  readonly namespace: string
  /** The program and its arguments. */
  readonly argv: readonly string[]
  /** Its working folder, writable by the account. */
  readonly folder: string
  readonly account: Account
  /** A file in the folder that is there once the daemon serves. */
  readonly socket: string
  /** Takes standard output and error. */
  readonly log: string
  readonly env: Readonly<Record<string, string>>
}

export interface DaemonEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A daemon's process. */
export interface RunningDaemon {
  /** On this host; absent before it has begun. */
  readonly pid: number | undefined
  /** Of this process alone. Nothing happens when it has ended. */
  kill(signal: NodeJS.Signals): unknown
  readonly exited: Promise<Outcome>
}

export class DaemonProcess {
  private readonly exited: Promise<void>
  private outcome: Outcome | undefined
  private asked = false
  private hung = false

  /** @param onDeath called when it ends although nobody asked it to */
  constructor(
    readonly options: DaemonOptions,
    private readonly running: RunningDaemon,
    onDeath: (daemon: DaemonProcess) => void,
  ) {
    this.exited = this.watch(onDeath)
  }

  private async watch(onDeath: (daemon: DaemonProcess) => void): Promise<void> {
    this.outcome = await this.running.exited
    if (!this.asked) onDeath(this)
  }

  get pid(): number | null {
    return this.outcome === undefined ? (this.running.pid ?? null) : null
  }

  get title(): string {
    return `${this.options.program} of ${this.options.node}`
  }

  /** How it ended; absent while it runs. */
  get end(): DaemonEnd | undefined {
    if (this.outcome === undefined) return undefined
    const { code, signal } = this.outcome
    return { code, signal }
  }

  /** Waits until its socket takes connections. @throws LabError `ZT_LAB_DIED` with what it said when it ended before */
  async ready(signal: AbortSignal): Promise<void> {
    const over = new AbortController()
    const died = this.exited.then(() => {
      throw this.deathError()
    })
    died.catch(() => undefined)
    try {
      await raced(Promise.race([this.served(over.signal), died]), signal)
    } finally {
      over.abort()
    }
  }

  private async served(over: AbortSignal): Promise<void> {
    const socket = path.join(this.options.folder, this.options.socket)
    const there = new Promise<void>((resolve, reject) => {
      const look = () => {
        if (existsSync(socket)) resolve()
      }
      watch(this.options.folder, { signal: over }, look).on('error', reject)
      // It may have been there before anybody watched.
      look()
    })
    await there
    // Between bind(2) and listen(2) a socket is there and refuses; nothing tells when that is over.
    while (!over.aborted && !(await takesConnections(socket))) await delay(2)
  }

  /** It neither speaks nor ends until {@link wake}: SIGSTOP. */
  hang(): void {
    this.running.kill('SIGSTOP')
    this.hung = true
  }

  /** SIGCONT. */
  wake(): void {
    this.running.kill('SIGCONT')
    this.hung = false
  }

  /** SIGKILL, as a crash would be. Returns when it is gone. */
  async kill(): Promise<void> {
    this.asked = true
    if (this.outcome === undefined) this.running.kill('SIGKILL')
    await this.exited
  }

  /** SIGTERM, then SIGKILL. Returns when it is gone. */
  async stop(): Promise<void> {
    // A stopped process hears no SIGTERM.
    if (this.hung) return this.kill()
    this.asked = true
    await endChild(this.title, this.running, this.exited, () => this.outcome)
  }

  deathError(): LabError {
    const { argv, log } = this.options
    return deathOf({ title: this.title, argv, log }, this.outcome)
  }
}

function takesConnections(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(socket)
    connection.once('connect', () => {
      connection.destroy()
      resolve(true)
    })
    connection.once('error', () => resolve(false))
  })
}
