/**
 * The account under which routing daemons run: the one that Debian's `frr` makes.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { LabError } from '../errors.js'

const NAME = 'frr'
const VTY_GROUP = 'frrvty'

export interface Account {
  readonly uid: number
  readonly gid: number
  /** The group to which FRR gives its vty sockets. */
  readonly vtyGid: number
}

/** @throws LabError `ZT_LAB_MISSING` when the package is not installed */
export function daemonAccount(passwd = '/etc/passwd', group = '/etc/group'): Account {
  const [, , uid, gid] = fields(passwd, NAME)
  const [, , vtyGid] = fields(group, VTY_GROUP)
  return { uid: Number(uid), gid: Number(gid), vtyGid: Number(vtyGid) }
}

function fields(file: string, name: string): string[] {
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${name}:`))
  if (line !== undefined) return line.split(':')
  throw new LabError('ZT_LAB_MISSING', `there is no ${JSON.stringify(name)} in ${file}`, {
    remedy: 'run `make setup`, which installs the Debian package frr',
  })
}
