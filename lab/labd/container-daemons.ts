/**
 * Daemons in the containers of their nodes, begun through Docker's engine: with what the container has, cut down to what each insists on.
 *
 * @module
 */
import { appendFileSync } from 'node:fs'
import type { Account } from '../daemons/account.js'
import { asAccount, type DaemonHost } from '../daemons/host.js'
import type { DaemonOptions, RunningDaemon } from '../daemons/process.js'
import { ContainerCommand } from '../docker/container-command.js'
import type { DockerEngine } from '../docker/engine.js'
import { LabError } from '../errors.js'

/** As the node image has them. */
const PROGRAMS = {
  zebra: '/usr/lib/frr/zebra',
  bgpd: '/usr/lib/frr/bgpd',
  bfdd: '/usr/lib/frr/bfdd',
  gobgpd: '/usr/local/bin/gobgpd',
} as const

export class ContainerDaemons implements DaemonHost {
  readonly programs = PROGRAMS
  private there: { readonly docker: DockerEngine; readonly account: Account } | undefined

  /** Docker answers, and the image says whose files its daemons want. */
  use(docker: DockerEngine, account: Account): void {
    this.there = { docker, account }
  }

  get account(): Account {
    return this.known.account
  }

  start(options: DaemonOptions): RunningDaemon {
    const { namespace, argv, env, folder, log } = options
    // What it makes is nobody else's: gobgpd leaves its socket as the mask has it.
    const masked = ['sh', '-c', 'umask 177 && exec "$@"', 'sh']
    const { PATH: _path, ...own } = env
    return new ContainerCommand(
      this.known.docker,
      namespace,
      [...masked, 'setpriv', ...asAccount(options), ...argv],
      { env: own, folder },
      {
        onOutput: (_stream, data) => {
          appendFileSync(log, data, { mode: 0o600 })
          return true
        },
      },
    )
  }

  private get known(): { readonly docker: DockerEngine; readonly account: Account } {
    if (this.there === undefined) throw new LabError('ZT_LAB_STATE', 'there are no containers yet')
    return this.there
  }
}
