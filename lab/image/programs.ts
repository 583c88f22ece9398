/**
 * The project's own part of the node image: engine and its tools, GoBGP, the agent with the Node that runs it, and what a container begins with.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { findBinary } from '../binaries.js'
import { runCommand } from '../command.js'
import type { Account } from '../daemons/account.js'
import { daemonPrograms } from '../daemons/programs.js'
import { LabError } from '../errors.js'
import { packageRoot } from '../paths.js'
import { BIN, LIB } from './recipe.js'
import type { Entry } from './layer.js'

/** Files of the upper layer by their names there. @throws LabError `ZT_LAB_MISSING` for what is not built */
export async function programFiles(root: string = packageRoot()): Promise<{
  readonly bin: Readonly<Record<string, string>>
  readonly lib: Readonly<Record<string, string>>
}> {
  const { gobgpd, protoFolder } = daemonPrograms(root)
  const programs = path.join(root, 'dist', 'programs')
  const bin: Readonly<Record<string, string>> = {
    'ztos-fpe': findBinary('ztos-fpe', root),
    'ztos-netns': findBinary('ztos-netns', root),
    'ztos-probe': findBinary('ztos-probe', root),
    'ztos-node': path.join(root, 'lab', 'image', 'ztos-node'),
    gobgpd,
    gobgp: path.join(path.dirname(gobgpd), 'gobgp'),
    // The one that runs this: Debian's is older than the agent wants.
    node: process.execPath,
  }
  const lib: Readonly<Record<string, string>> = {
    'agents.cjs': path.join(programs, 'agents.cjs'),
    'start.cjs': path.join(programs, 'start.cjs'),
    'LICENSES.txt': path.join(programs, 'LICENSES.txt'),
    ...Object.fromEntries(
      (await readdir(path.join(protoFolder, 'api'))).map((name) => [
        `proto/api/${name}`,
        path.join(protoFolder, 'api', name),
      ]),
    ),
  }
  return { bin, lib }
}

/** @returns entries of the upper layer. @throws LabError `ZT_LAB_MISSING` for what is not built */
export async function programEntries(root: string = packageRoot()): Promise<Entry[]> {
  const { bin, lib } = await programFiles(root)
  return [
    ...Object.entries(bin).map(([name, file]) => fileEntry(`${BIN}/${name}`, 0o755, file)),
    ...['', 'proto/', 'proto/api/'].map((name) => folderEntry(`${LIB}/${name}`)),
    ...Object.entries(lib).map(([name, file]) => fileEntry(`${LIB}/${name}`, 0o644, file)),
    // Where programs are mounted, and where the node's sockets are.
    folderEntry('etc/ztos/'),
    folderEntry('run/ztos/'),
  ]
}

/** The account that FRR's package makes in the image. */
function frrAccount(debian: readonly Entry[]): Account {
  const text = (file: string) => debian.find(({ name }) => name === file)?.body?.toString('utf8') ?? ''
  const [, uid, gid] = /^frr:[^:]*:(\d+):(\d+):/m.exec(text('etc/passwd')) ?? []
  const [, vtyGid] = /^frrvty:[^:]*:(\d+):/m.exec(text('etc/group')) ?? []
  if (uid === undefined || gid === undefined || vtyGid === undefined) {
    throw new LabError('ZT_LAB_FORMAT', "the Debian root has no user frr, whom FRR's package makes")
  }
  return { uid: Number(uid), gid: Number(gid), vtyGid: Number(vtyGid) }
}

/** Where FRR's daemons have their sockets: its init script would make it. */
export function frrFolder(debian: readonly Entry[]): Entry {
  const { uid, gid } = frrAccount(debian)
  return { ...folderEntry('run/frr/'), uid, gid }
}

/** A label of the image: whoever writes files for its daemons must know whose they are to be. */
const ACCOUNT_LABEL = 'ztos.frr.account'

/** @returns `undefined` of an image that has no such label */
export function accountOfImage(labels: Readonly<Record<string, string>>): Account | undefined {
  const [, uid, gid, vtyGid] = /^(\d+):(\d+):(\d+)$/.exec(labels[ACCOUNT_LABEL] ?? '') ?? []
  if (uid === undefined || gid === undefined || vtyGid === undefined) return undefined
  return { uid: Number(uid), gid: Number(gid), vtyGid: Number(vtyGid) }
}

/** Versions, as labels have them. */
export async function programVersions(entries: readonly Entry[]): Promise<Readonly<Record<string, string>>> {
  const at = (file: string) => entries.find(({ name }) => name === file)
  const installed = at('var/lib/dpkg/status')?.body?.toString('utf8') ?? ''
  const frr = /^Package: frr$[^]*?^Version: (.*)$/m.exec(installed)?.[1]
  const gobgp = await runCommand('the version of GoBGP', [daemonPrograms().gobgpd, '--version'])
  const engine = await runCommand('the version of the engine', [findBinary('ztos-fpe'), '--version'])
  return {
    'ztos.engine.version': versionIn(engine),
    'ztos.frr.version': frr ?? 'unknown',
    'ztos.gobgp.version': versionIn(gobgp),
    'ztos.node.version': process.versions.node,
    [ACCOUNT_LABEL]: Object.values(frrAccount(entries)).join(':'),
  }
}

function versionIn(text: string): string {
  return /\d+\.\d+\.\d+/.exec(text)?.[0] ?? 'unknown'
}

function folderEntry(name: string): Entry {
  return { name, type: 'directory', mode: 0o755 }
}

function fileEntry(name: string, mode: number, file: string): Entry {
  try {
    return { name, type: 'file', mode, body: readFileSync(file) }
  } catch (error) {
    throw new LabError('ZT_LAB_MISSING', `${file} is not there, which the node image has as ${name}`, {
      remedy: 'run `make setup` and `make build`',
      cause: error,
    })
  }
}
