/**
 * The state folder of a lab, as labd makes it. It belongs to root; the invoking user reads and passes through it by group, and
 * the files meant for him are his: so that a user cannot make root write somewhere else by swapping a name for a link.
 *
 * @module
 */
import { chmodSync, chownSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { LabError, systemCode } from '../errors.js'
import { labPaths, RUN_ROOT, userFolder, type LabPaths } from '../paths.js'
import { identify, isAlive } from '../process-identity.js'
import type { LabState } from '../state.js'

/** On whose behalf labd runs. */
export interface Invoker {
  readonly uid: number
  readonly gid: number
}

const NEW = '.new-'

/**
 * Makes the folder with its `lab.json` in one step (a rename), so that a folder by a lab's name always holds one.
 *
 * @throws LabError `ZT_LAB_STATE` when there is a lab of this id
 */
export function createFolder(invoker: Invoker, state: LabState, root: string = RUN_ROOT): LabPaths {
  const paths = labPaths(invoker.uid, state.id, root)
  mkdirSync(root, { recursive: true, mode: 0o755 })
  const parent = userFolder(invoker.uid, root)
  makeFolder(parent, invoker)
  removeUnfinished(parent)
  const fresh = path.join(parent, `${NEW}${state.id}-${state.labd.pid}-${state.labd.startTime}`)
  makeFolder(fresh, invoker)
  for (const name of ['config', 'nodes']) makeFolder(path.join(fresh, name), invoker)
  writeOwned(path.join(fresh, path.basename(paths.lab)), JSON.stringify(state), invoker)
  try {
    // Fails when the target is a folder that is not empty, and a lab's never is.
    renameSync(fresh, paths.folder)
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    const code = systemCode(error)
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
    throw new LabError('ZT_LAB_STATE', `there is a lab ${state.id} already`, {
      remedy: `remove it by \`ztos lab down ${state.id}\`, or leave the id to chance`,
      cause: error,
    })
  }
  return paths
}

/** Folders of one node of a lab: what it is given, and what it makes. */
export function createNodeFolders(paths: LabPaths, node: string, invoker: Invoker): void {
  for (const folder of [paths.nodeConfig(node), paths.nodeFolder(node), paths.nodeCaptures(node)])
    makeFolder(folder, invoker)
}

/** There is no such node any more. */
export function removeNodeFolders(paths: LabPaths, node: string): void {
  for (const folder of [paths.nodeConfig(node), paths.nodeFolder(node)])
    rmSync(folder, { recursive: true, force: true })
}

/** Replaces `lab.json` as a whole. */
export function writeState(paths: LabPaths, state: LabState, invoker: Invoker): void {
  replaceOwned(paths.lab, JSON.stringify(state), invoker)
}

/** Replaces a file that the invoker may read and nobody else, as a whole. */
export function replaceOwned(file: string, content: string, invoker: Invoker): void {
  const fresh = `${file}.new`
  writeOwned(fresh, content, invoker)
  renameSync(fresh, file)
}

/** Writes a file that the invoker may read and nobody else. */
export function writeOwned(file: string, content: string, invoker: Invoker): void {
  writeFileSync(file, content, { mode: 0o600 })
  giveFile(file, invoker)
}

/**
 * Writes a file that engines and the probe read. It is root's: without CAP_DAC_OVERRIDE root reads no file of a user's that is
 * his alone.
 */
export function writePrivate(file: string, content: string): void {
  const fresh = `${file}.new`
  writeFileSync(fresh, content, { mode: 0o600 })
  renameSync(fresh, file)
}

/** Hands a file that root made over to the invoker. */
export function giveFile(file: string, invoker: Invoker): void {
  chmodSync(file, 0o600)
  chownSync(file, invoker.uid, invoker.gid)
}

/** Removes the lab's folder, and what starts that were cut off left beside it. */
export function removeFolder(invoker: Invoker, lab: string, root: string = RUN_ROOT): void {
  // Another clean-up may be at it at the same time.
  rmSync(labPaths(invoker.uid, lab, root).folder, {
    recursive: true,
    force: true,
    maxRetries: 5,
    retryDelay: 2,
  })
  removeUnfinished(userFolder(invoker.uid, root))
}

/** What a labd left that was killed before its lab had a name. */
function removeUnfinished(parent: string): void {
  for (const name of namesIn(parent)) {
    const [, pid, startTime] = /^\.new-[a-z0-9]+-(\d+)-(\d+)$/.exec(name) ?? []
    if (pid !== undefined && startTime !== undefined && !isAlive({ pid: Number(pid), startTime })) {
      rmSync(path.join(parent, name), { recursive: true, force: true })
    }
  }
}

/** This process, for `lab.json`. */
export function selfIdentity(): LabState['labd'] {
  const self = identify(process.pid)
  if (self === undefined) throw new LabError('ZT_LAB_FORMAT', '/proc does not know this process')
  return { pid: self.pid, startTime: self.startTime }
}

function makeFolder(folder: string, { uid, gid }: Invoker): void {
  mkdirSync(folder, { recursive: true })
  if (uid === 0) {
    chmodSync(folder, 0o700)
  } else {
    chownSync(folder, 0, gid)
    chmodSync(folder, 0o750)
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}
