/**
 * Where daemons run: beside labd in a node's namespace, or in a node's container.
 *
 * @module
 */
import type { Account } from './account.js'
import type { DaemonOptions, Program, RunningDaemon } from './process.js'

export interface DaemonHost {
  /** Where each is. */
  readonly programs: Readonly<Record<Program, string>>
  /** As whom they run there. Known by the time that one is to start. */
  readonly account: Account
  start(options: DaemonOptions): RunningDaemon
}

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

/** Words of `setpriv`: the account and no more than the daemon insists on. */
export function asAccount({ program, account }: Pick<DaemonOptions, 'program' | 'account'>): string[] {
  const capabilities = ['-all', ...CAPABILITIES[program].map((name) => `+${name}`)].join(',')
  return [
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
  ]
}
