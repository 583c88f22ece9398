/**
 * A process that stays: an engine, the probe, a forwarder. A child of labd's, started in a namespace with no more privilege than it needs, and dead
 * with labd (PR_SET_PDEATHSIG).
 *
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { deathOf, endChild, type Outcome } from '../child.js'
import type { LabError } from '../errors.js'
import { entering } from '../netns/driver.js'
import { ControlledProcess } from './controlled.js'

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

export class Resident extends ControlledProcess {
  protected readonly exited: Promise<void>
  private outcome: Outcome | undefined

  private constructor(
    private readonly options: ResidentOptions,
    private readonly child: ChildProcess,
  ) {
    super(options.title, options.socket)
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

  protected get hasEnded(): boolean {
    return this.outcome !== undefined
  }

  protected async said(): Promise<void> {
    const ready = this.child.stdio[READY_FD]
    if (ready === null || ready === undefined) throw await this.death()
    await once(ready, 'data')
    ready.destroy()
  }

  protected end(): Promise<void> {
    return endChild(this.title, this.child, this.exited, () => this.outcome)
  }

  protected async death(): Promise<LabError> {
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
