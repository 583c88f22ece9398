/**
 * One daemon of a node: in the node's namespace, as the account of FRR, with the capabilities that it needs, dead with labd.
 *
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, openSync, watch } from 'node:fs'
import { createConnection } from 'node:net'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { deathOf, endChild } from '../child.js'
import type { LabError } from '../errors.js'
import { entering } from '../netns/driver.js'
import { raced } from '../steps.js'
import type { Account } from './account.js'

export type Program = 'zebra' | 'bgpd' | 'bfdd' | 'gobgpd'

/**
 * What each insists on. zebra writes routes, and both of FRR's refuse to start without all that they may ever want (`privs_init`), the
 * VRF namespaces of CAP_SYS_ADMIN included; gobgpd listens on port 179.
 */
const CAPABILITIES: Readonly<Record<Program, readonly string[]>> = {
  zebra: ['net_admin', 'net_raw', 'sys_admin'],
  bgpd: ['net_bind_service', 'net_admin', 'net_raw', 'sys_admin'],
  bfdd: ['net_bind_service', 'net_admin', 'net_raw', 'sys_admin'],
  gobgpd: ['net_bind_service'],
}

/**
 * FRR keeps buffers of its log under `/var/tmp`, and leaves them there when it is killed: it gets one of its own, which goes with it.
 * Mounts of others that end, namespaces by name among them, end in here too.
 */
const OWN_TMP = [
  'unshare',
  '--mount',
  '--propagation',
  'slave',
  '--',
  'sh',
  '-c',
  'mount -t tmpfs -o mode=1777,size=4m tmpfs /var/tmp && exec "$@"',
  'sh',
]

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

export class DaemonProcess {
  private readonly exited: Promise<void>
  private outcome: (DaemonEnd & { readonly error?: Error }) | undefined
  private asked = false
  private hung = false

  private constructor(
    readonly options: DaemonOptions,
    private readonly child: ChildProcess,
    onDeath: (daemon: DaemonProcess) => void,
  ) {
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.outcome = { code, signal }
        resolve()
        if (!this.asked) onDeath(this)
      })
      child.once('error', (error) => {
        this.outcome = { code: null, signal: null, error }
        resolve()
        if (!this.asked) onDeath(this)
      })
    })
  }

  /** @param onDeath called when it ends although nobody asked it to */
  static start(options: DaemonOptions, onDeath: (daemon: DaemonProcess) => void): DaemonProcess {
    const { namespace, account, argv, program, env, folder } = options
    const capabilities = ['-all', ...CAPABILITIES[program].map((name) => `+${name}`)].join(',')
    const command = [
      ...entering(namespace),
      ...(program === 'gobgpd' ? [] : OWN_TMP),
      'setpriv',
      '--pdeathsig',
      'KILL',
      '--no-new-privs',
      '--reuid',
      String(account.uid),
      '--regid',
      String(account.gid),
      // The group of vty sockets.
      '--groups',
      String(account.vtyGid),
      `--inh-caps=${capabilities}`,
      `--ambient-caps=${capabilities}`,
      `--bounding-set=${capabilities}`,
      '--',
      ...argv,
    ]
    const log = openSync(options.log, 'a', 0o600)
    // What it makes is nobody else's: gobgpd leaves its socket as the mask has it.
    const mask = process.umask(0o177)
    try {
      const [file = '', ...rest] = command
      const child = spawn(file, rest, { stdio: ['ignore', log, log], env: { ...env }, cwd: folder })
      return new DaemonProcess(options, child, onDeath)
    } finally {
      process.umask(mask)
      closeSync(log)
    }
  }

  get pid(): number | null {
    return this.outcome === undefined ? (this.child.pid ?? null) : null
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
    this.child.kill('SIGSTOP')
    this.hung = true
  }

  /** SIGCONT. */
  wake(): void {
    this.child.kill('SIGCONT')
    this.hung = false
  }

  /** SIGKILL, as a crash would be. Returns when it is gone. */
  async kill(): Promise<void> {
    this.asked = true
    if (this.outcome === undefined) this.child.kill('SIGKILL')
    await this.exited
  }

  /** SIGTERM, then SIGKILL. Returns when it is gone. */
  async stop(): Promise<void> {
    // A stopped process hears no SIGTERM.
    if (this.hung) return this.kill()
    this.asked = true
    await endChild(this.title, this.child, this.exited, () => this.outcome)
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
