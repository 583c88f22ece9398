/**
 * Where daemons run: beside labd in a node's namespace, or in a node's container.
 *
 * @module
 */
import type { Account } from './account.js'
import { daemonPrivileges, type Program } from './commands.js'
import type { DaemonOptions, RunningDaemon } from './process.js'

export interface DaemonHost {
  /** Where each is. */
  readonly programs: Readonly<Record<Program, string>>
  /** As whom they run there. Known by the time that one is to start. */
  readonly account: Account
  start(options: DaemonOptions): RunningDaemon
}

/** Words of `setpriv`: the account and no more than the daemon insists on. */
export function asAccount({ program, account }: Pick<DaemonOptions, 'program' | 'account'>): string[] {
  const { uid, gid, vtyGid } = account
  // The group of vty sockets.
  const runAs = { user: String(uid), group: String(gid), groups: String(vtyGid) }
  return [...daemonPrivileges(program, runAs), '--']
}
