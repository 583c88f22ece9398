/**
 * Files that verbs write.
 *
 * @module
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { CliError } from './errors.js'

/**
 * Writes a file whole or not at all. Its folder is made when it is not there.
 *
 * @throws CliError `ZT_CLI_OUTPUT`
 */
export function writeOutput(file: string, content: string | Uint8Array): void {
  const partial = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.partial`)
  try {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(partial, content)
    renameSync(partial, file)
  } catch (cause) {
    rmSync(partial, { force: true })
    throw new CliError('ZT_CLI_OUTPUT', 'the file cannot be written', {
      where: file,
      remedy: 'name a file in a folder that you may write, on a disk with room',
      cause,
    })
  }
}
