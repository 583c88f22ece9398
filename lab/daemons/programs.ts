/**
 * Where the daemons are: FRR's as Debian installs them, GoBGP's as set-up builds them.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { LabError } from '../errors.js'
import { packageRoot } from '../paths.js'

const FRR_FOLDER = '/usr/lib/frr'

export interface DaemonPrograms {
  readonly zebra: string
  readonly bgpd: string
  readonly bfdd: string
  readonly vtysh: string
  readonly gobgpd: string
  /** Of the `.proto` files, `api/gobgp.proto` among them. */
  readonly protoFolder: string
}

/** @throws LabError `ZT_LAB_MISSING` naming the first that is not there */
export function daemonPrograms(root: string = packageRoot()): DaemonPrograms {
  const built = path.join(root, 'build', 'daemons')
  const programs = {
    zebra: path.join(FRR_FOLDER, 'zebra'),
    bgpd: path.join(FRR_FOLDER, 'bgpd'),
    bfdd: path.join(FRR_FOLDER, 'bfdd'),
    vtysh: '/usr/bin/vtysh',
    gobgpd: path.join(built, 'gobgpd'),
    protoFolder: path.join(built, 'proto'),
  }
  const missing = Object.values(programs).find((file) => !existsSync(file))
  if (missing === undefined) return programs
  throw new LabError('ZT_LAB_MISSING', `${missing} is not there`, {
    remedy: 'run `make setup`: it installs the Debian package frr and builds GoBGP',
  })
}
