/**
 * Files that verbs write.
 *
 * @module
 */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { CliError } from './errors.js'

/**
 * Writes a file whole or not at all. A pipe or device is written to as it is.
 *
 * @throws CliError `ZT_CLI_OUTPUT`
 */
export function writeOutput(file: string, content: string | Uint8Array): void {
  guarded(file, () => {
    if (isSpecial(file)) writeFileSync(file, content)
    else replace(file, content)
  })
}

/**
 * Lets another write a file; whether it can be written is known before the work begins.
 *
 * @param write writes the file whose name it is given, which is not yet the one that was asked for
 * @throws CliError `ZT_CLI_OUTPUT`
 */
export async function writeOutputBy(file: string, write: (partial: string) => Promise<void>): Promise<void> {
  let made = false
  guarded(file, () => {
    made = statSync(file, { throwIfNoEntry: false }) === undefined
    if (!isSpecial(file)) writeFileSync(file, '', { flag: 'a' })
  })
  const folder = mkdtempSync(path.join(tmpdir(), 'ztos-'))
  const partial = path.join(folder, path.basename(file))
  try {
    await write(partial)
    writeOutput(file, readFileSync(partial))
  } catch (error) {
    if (made) rmSync(file, { force: true })
    throw error
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A folder to write into, made when its parent has it not. @throws CliError `ZT_CLI_OUTPUT` */
export function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return
  // Not with its parents: below /proc Node would try for ever.
  guarded(folder, () => mkdirSync(folder))
}

/** What may not be replaced by another file: a device, a pipe; a folder fails when it is written to. */
function isSpecial(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === false
}

/** By way of a file beside it, so that nobody sees half of it. */
function replace(file: string, content: string | Uint8Array): void {
  const target = statSync(file, { throwIfNoEntry: false }) === undefined ? file : realpathSync(file)
  const partial = path.join(path.dirname(target), `.${path.basename(target)}.${process.pid}.partial`)
  // What fails here has made nothing that would have to go.
  writeFileSync(partial, '')
  try {
    writeFileSync(partial, content)
    renameSync(partial, target)
  } catch (error) {
    rmSync(partial, { force: true })
    throw error
  }
}

function guarded(file: string, write: () => void): void {
  try {
    write()
  } catch (cause) {
    throw new CliError('ZT_CLI_OUTPUT', 'it cannot be written', {
      where: file,
      remedy: 'name something in a folder that exists and that you may write, on a disk with room',
      cause,
    })
  }
}
