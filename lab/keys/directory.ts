/**
 * Keys in files: `prod:core/leaf1--spine1/leaf1/0` is `core/leaf1--spine1/leaf1/0.key` below the folder of `prod`. What others may read
 * or exchange is refused, as ssh refuses it.
 *
 * @module
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs'
import path from 'node:path'
import { KeyError, type KeyKind } from '../../twin/program/index.js'
import type { DirectorySource } from './sources.js'
import { decodeKey, MAX_TEXT } from './value.js'

const SUFFIX = '.key'
const OTHERS = 0o077
const OTHERS_WRITE = 0o022

/** @throws {KeyError} `ZT_KEY_UNREADABLE`, `ZT_KEY_EXPOSED`, `ZT_KEY_VALUE` */
export function keyFromDirectory(
  { directory }: DirectorySource,
  reference: string,
  kind: KeyKind,
  uid = process.getuid?.() ?? 0,
): Uint8Array {
  const file = path.join(directory, `${reference.slice(reference.indexOf(':') + 1)}${SUFFIX}`)
  const real = folderOf(directory, reference, uid)
  const descriptor = opened(file, reference)
  try {
    checkPlace(descriptor, real, { file, reference })
    checkFile(descriptor, { file, reference, uid })
    return decodeKey(contentOf(descriptor, { file, reference }), reference, kind)
  } finally {
    closeSync(descriptor)
  }
}

interface Place {
  readonly file: string
  readonly reference: string
}

/** The folder's real path. Whoever may write into it may put other keys in the place of those that are there. */
function folderOf(directory: string, reference: string, uid: number): string {
  try {
    const { uid: owner, mode } = statSync(directory)
    if ((owner === uid || owner === 0) && (mode & OTHERS_WRITE) === 0) return realpathSync(directory)
  } catch (error) {
    throw unreadable(reference, directory, error)
  }
  throw new KeyError('ZT_KEY_EXPOSED', `others may write into ${directory}, the folder of this key`, {
    where: reference,
    remedy: `make it yours or root's: chmod go-w ${directory}`,
  })
}

function opened(file: string, reference: string): number {
  try {
    // Without O_NONBLOCK a FIFO would be waited for until somebody writes to it.
    return openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    throw unreadable(reference, file, error)
  }
}

/** By what was opened, not by names, which may change meanwhile. */
function checkPlace(descriptor: number, folder: string, { file, reference }: Place): void {
  const real = readlinkSync(`/proc/self/fd/${descriptor}`)
  if (real.startsWith(`${folder}${path.sep}`)) return
  throw new KeyError('ZT_KEY_EXPOSED', `${file} leads out of the folder of its source`, {
    where: reference,
    remedy: 'put the file itself there, or a link inside the folder',
  })
}

function checkFile(descriptor: number, { file, reference, uid }: Place & { readonly uid: number }): void {
  const status = fstatSync(descriptor)
  if (!status.isFile()) throw unreadable(reference, file, 'it is no regular file')
  if ((status.mode & OTHERS) !== 0) {
    const mode = (status.mode & 0o7777).toString(8).padStart(4, '0')
    throw new KeyError('ZT_KEY_EXPOSED', `others may read ${file} (mode ${mode})`, {
      where: reference,
      remedy: `chmod 600 ${file}`,
    })
  }
  if (status.uid === uid || status.uid === 0) return
  throw new KeyError('ZT_KEY_EXPOSED', `${file} belongs to another user`, {
    where: reference,
    remedy: "make it yours or root's",
  })
}

/** One octet more than a key may have shows that it has too many. */
function contentOf(descriptor: number, { file, reference }: Place): Uint8Array {
  const buffer = new Uint8Array(MAX_TEXT + 1)
  try {
    return buffer.subarray(0, readSync(descriptor, buffer, 0, buffer.length, 0))
  } catch (error) {
    throw unreadable(reference, file, error)
  }
}

function unreadable(reference: string, file: string, why: unknown): KeyError {
  const code = why instanceof Error && 'code' in why ? String(why.code) : String(why)
  return new KeyError('ZT_KEY_UNREADABLE', `${file} cannot be read: ${code}`, {
    where: reference,
    remedy: 'put the key there, readable for its owner alone',
  })
}
