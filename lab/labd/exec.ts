/**
 * Commands that a user runs in a namespace of the lab. A user other than root stays himself there and gets two capabilities,
 * which reach no further than what `ping`, `tcpdump` and `ip` need in this namespace.
 *
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { LabError } from '../errors.js'
import type { Invoker } from './folder.js'

const USER_CAPABILITIES = ['net_admin', 'net_raw']

export interface ExecRequest {
  readonly namespace: string
  readonly argv: readonly string[]
  readonly term?: string | undefined
}
export interface ExecHooks {
  /** Returns false when the other end is full: nothing more is read until {@link Execution.resume}. */
  readonly onOutput: (stream: 'stdout' | 'stderr', data: Buffer) => boolean
}
export interface ExecOutcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** One running command. */
export interface Execution {
  readonly done: Promise<ExecOutcome>
  /** @param data absent: no more comes */
  input(data: Buffer | undefined): void
  /** Reads on after a hook said that the other end is full. */
  resume(): void
  /** Of the command and what it has started. */
  kill(signal: NodeJS.Signals): void
}

export class NamespaceExecution implements Execution {
  readonly done: Promise<ExecOutcome>
  private readonly child: ChildProcess

  constructor(
    invoker: Invoker,
    env: Readonly<Record<string, string>>,
    request: ExecRequest,
    hooks: ExecHooks,
  ) {
    // `ip netns exec` also mounts the namespace's own /sys, which tools look at.
    const argv = [
      'netns',
      'exec',
      request.namespace,
      'setpriv',
      '--pdeathsig',
      'KILL',
      ...become(invoker),
      '--',
      ...request.argv,
    ]
    this.child = spawn('ip', argv, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: request.term === undefined ? { ...env } : { ...env, TERM: request.term },
      cwd: '/',
      // A group of its own, so that a signal reaches what the command has started too.
      detached: true,
    })
    for (const stream of ['stdout', 'stderr'] as const) {
      this.child[stream]?.on('data', (data: Buffer) => {
        if (!hooks.onOutput(stream, data)) this.child[stream]?.pause()
      })
    }
    // A command that ends without reading its input is no error.
    this.child.stdin?.on('error', () => undefined)
    this.done = new Promise((resolve, reject) => {
      this.child.once('error', (error) =>
        reject(
          new LabError('ZT_LAB_COMMAND', `cannot run ${request.argv[0] ?? ''}: ${error.message}`, {
            cause: error,
          }),
        ),
      )
      this.child.once('close', (code, signal) => resolve({ code, signal }))
    })
  }

  input(data: Buffer | undefined): void {
    if (data === undefined) this.child.stdin?.end()
    else this.child.stdin?.write(data)
  }

  resume(): void {
    this.child.stdout?.resume()
    this.child.stderr?.resume()
  }

  kill(signal: NodeJS.Signals): void {
    // Not reaped yet, so that the pid and the group are still this command's.
    if (this.child.pid !== undefined && this.child.exitCode === null && this.child.signalCode === null) {
      process.kill(-this.child.pid, signal)
    }
  }
}

/** @param groups what setpriv is told of further groups: those that the account has where the command runs, or none */
export function become({ uid, gid }: Invoker, groups = '--init-groups'): string[] {
  if (uid === 0) return []
  const all = ['-all', ...USER_CAPABILITIES.map((name) => `+${name}`)].join(',')
  return [
    '--reuid',
    String(uid),
    '--regid',
    String(gid),
    groups,
    '--inh-caps',
    all,
    '--ambient-caps',
    all,
    '--bounding-set',
    all,
    '--no-new-privs',
  ]
}
