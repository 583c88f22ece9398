/**
 * A process that stays: an engine, the probe, a forwarder. Started in a namespace with no more privilege than it needs, ready when
 * it says so, dead with labd (PR_SET_PDEATHSIG), and known to be dead as soon as it is.
 *
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { Channel, type Answer, type Request, type RequestOptions } from '../channel.js'
import { deathOf, endChild } from '../child.js'
import { LabError } from '../errors.js'
import { entering } from '../netns/driver.js'
import { raced, within } from '../steps.js'

/**
 * What an engine or a probe may still do: attach XDP and TAPs, open AF_XDP and packet sockets, load BPF, lock its umem;
 * the probe enters namespaces (setns(2) wants CAP_SYS_ADMIN); the wire node asks for real-time priority; agents write routes in namespaces (`ip -n`) and ask daemons whose
 * sockets belong to another account. Everything else is taken away for good.
 */
const CAPABILITIES = {
  engine: ['net_admin', 'net_raw', 'bpf', 'perfmon', 'ipc_lock'],
  probe: ['net_admin', 'net_raw', 'bpf', 'perfmon', 'ipc_lock', 'sys_admin'],
  wire: ['net_admin', 'net_raw', 'bpf', 'perfmon', 'ipc_lock', 'sys_nice'],
  agents: ['net_admin', 'sys_admin', 'dac_override'],
} as const

/** Where the process writes a line when everything is up. */
const READY_FD = 3

export interface ResidentOptions {
  readonly kind: keyof typeof CAPABILITIES
  /** For messages: `the engine of leaf1`. */
  readonly title: string
  /** Absent: labd's own namespace. */
  readonly namespace?: string
  /** `--ready-fd` is added. */
  readonly argv: readonly string[]
  /** Of its control; a forwarder has none. */
  readonly socket?: string
  /** The socket is to belong to another user than root. */
  readonly owned?: boolean
  /** Takes standard output and error. */
  readonly log: string
  readonly env: Readonly<Record<string, string>>
}

export class Resident {
  private constructor(
    private readonly options: ResidentOptions,
    private readonly child: ChildProcess,
  ) {
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.outcome = { code, signal }
        this.onExit?.()
        resolve()
      })
      child.once('error', (error) => {
        this.outcome = { code: null, signal: null, error }
        resolve()
      })
    })
  }

  private readonly exited: Promise<void>
  private channel: Channel | undefined
  private outcome: { code: number | null; signal: NodeJS.Signals | null; error?: Error } | undefined
  onExit: (() => void) | undefined

  /** Starts the process; {@link ready} says when it can be used. */
  static start(options: ResidentOptions): Resident {
    const argv = [
      ...enter(options.namespace),
      ...leastPrivilege(options),
      ...options.argv,
      '--ready-fd',
      String(READY_FD),
    ]
    const log = openSync(options.log, 'a', 0o600)
    try {
      const [file = '', ...rest] = argv
      const child = spawn(file, rest, { stdio: ['ignore', log, log, 'pipe'], env: options.env, cwd: '/' })
      return new Resident(options, child)
    } finally {
      closeSync(log)
    }
  }

  get pid(): number | null {
    return this.outcome === undefined ? (this.child.pid ?? null) : null
  }

  get socket(): string | undefined {
    return this.options.socket
  }

  get title(): string {
    return this.options.title
  }

  /**
   * Waits until the process says that it is ready, and connects to its control.
   *
   * @throws LabError `ZT_LAB_DIED` with what the process said when it ended before
   */
  async ready(signal: AbortSignal): Promise<void> {
    const died = this.exited.then(() => {
      throw this.deathError()
    })
    const ready = this.child.stdio[READY_FD]
    if (ready === null || ready === undefined) throw this.deathError()
    await raced(Promise.race([once(ready, 'data'), died]), signal)
    ready.destroy()
    const { socket, title } = this.options
    if (socket !== undefined)
      this.channel = await raced(Promise.race([Channel.open(socket, title), died]), signal)
  }

  /** @throws LabError `ZT_LAB_DIED`, and those of {@link Channel.request} */
  request(request: Request, options?: RequestOptions): Promise<Answer> {
    if (this.outcome !== undefined) return Promise.reject(this.deathError())
    if (this.channel === undefined) {
      return Promise.reject(new LabError('ZT_LAB_STATE', `${this.options.title} is not up yet`))
    }
    return this.answered(this.channel.request(request, options))
  }

  /** A closed connection is how a death shows first; the cause is the better message. */
  private async answered(answer: Promise<Answer>): Promise<Answer> {
    try {
      return await answer
    } catch (error) {
      if (!(error instanceof LabError) || error.code !== 'ZT_LAB_CONNECTION') throw error
      await within(this.exited, 1000)
      throw this.outcome === undefined ? error : this.deathError()
    }
  }

  /** Asks it to end, then makes it. Returns when it is gone. */
  async stop(): Promise<void> {
    const gone = this.exited
    if (this.outcome === undefined && this.channel?.open === true) {
      // The answer may be lost with the process; that it is gone is what counts.
      this.channel.request({ op: 'shutdown' }, { timeout: 2000 }).catch(() => undefined)
      await within(gone, 2000)
    }
    try {
      await endChild(this.options.title, this.child, gone, () => this.outcome)
    } finally {
      this.channel?.close()
    }
  }

  private deathError(): LabError {
    return deathOf(this.options, this.outcome)
  }
}

function enter(namespace: string | undefined): string[] {
  return namespace === undefined ? [] : entering(namespace)
}

function leastPrivilege({ kind, owned }: ResidentOptions): string[] {
  // Giving its socket to the invoker, if that is not root, is the one thing more (chown(2)).
  const kept = [...CAPABILITIES[kind], ...(owned === true ? ['chown'] : [])]
  const bounding = ['-all', ...kept.map((name) => `+${name}`)].join(',')
  return [
    'setpriv',
    '--pdeathsig',
    'KILL',
    '--no-new-privs',
    '--inh-caps=-all',
    `--bounding-set=${bounding}`,
    '--',
  ]
}
