/**
 * Daemons in namespaces of this host: children of labd's, as the account of FRR, with the capabilities that they need, dead with labd.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { Outcome } from '../child.js'
import { entering } from '../netns/driver.js'
import { daemonAccount } from './account.js'
import { asAccount, type DaemonHost } from './host.js'
import type { DaemonOptions, RunningDaemon } from './process.js'
import { daemonPrograms } from './programs.js'

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

/** @throws LabError `ZT_LAB_MISSING` when a program is not installed or not built */
export function namespacedDaemons(): DaemonHost {
  return { programs: daemonPrograms(), account: daemonAccount(), start }
}

function start(options: DaemonOptions): RunningDaemon {
  const { namespace, program, argv, env, folder } = options
  const command = [
    ...entering(namespace),
    ...(program === 'gobgpd' ? [] : OWN_TMP),
    'setpriv',
    '--pdeathsig',
    'KILL',
    ...asAccount(options),
    ...argv,
  ]
  const log = openSync(options.log, 'a', 0o600)
  // What it makes is nobody else's: gobgpd leaves its socket as the mask has it.
  const mask = process.umask(0o177)
  try {
    const [file = '', ...rest] = command
    const child = spawn(file, rest, { stdio: ['ignore', log, log], env: { ...env }, cwd: folder })
    const exited = new Promise<Outcome>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }))
      child.once('error', (error) => resolve({ code: null, signal: null, error }))
    })
    return { pid: child.pid, kill: (signal) => child.kill(signal), exited }
  } finally {
    process.umask(mask)
    closeSync(log)
  }
}
