/**
 * Where and on what was measured: enough to compare two results, and no name of a host or person.
 *
 * @module
 */
import { cpus, loadavg, release, totalmem } from 'node:os'
import { execa } from 'execa'
import { root } from './demo.js'

/** The host and the state of the sources. */
export interface Circumstances {
  readonly cpu: string
  readonly cores: number
  /** GiB. */
  readonly memory: number
  readonly kernel: string
  readonly node: string
  /** `unknown` outside of a clone. */
  readonly commit: string
  /** Tracked files differ from the commit. */
  readonly modified: boolean
}

export async function circumstances(): Promise<Circumstances> {
  const git = async (...args: string[]) => {
    const { stdout, exitCode } = await execa('git', args, { cwd: root, reject: false })
    return exitCode === 0 ? stdout.trim() : undefined
  }
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    commit: (await git('rev-parse', '--short=12', 'HEAD')) ?? 'unknown',
    modified: (await git('status', '--porcelain', '--untracked-files=no')) !== '',
  }
}

/** Runnable tasks on average over 1, 5 and 15 minutes: above the number of cores, others were at work too. */
export function load(): readonly number[] {
  return loadavg().map((value) => Math.round(value * 100) / 100)
}
