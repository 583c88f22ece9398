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
  const partial = partialOf(file)
  guarded(file, partial, () => {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(partial, content)
    renameSync(partial, file)
  })
}

/**
 * Lets another write a file, whole or not at all; whether it can be written is known before the work begins.
 *
 * @param write writes the file whose name it is given
 * @throws CliError `ZT_CLI_OUTPUT`
 */
export async function writeOutputBy(file: string, write: (partial: string) => Promise<void>): Promise<void> {
  const partial = partialOf(file)
  guarded(file, partial, () => {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(partial, '')
  })
  try {
    await write(partial)
  } catch (error) {
    rmSync(partial, { force: true })
    throw error
  }
  guarded(file, partial, () => renameSync(partial, file))
}

function partialOf(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.partial`)
}

function guarded(file: string, partial: string, write: () => void): void {
  try {
    write()
  } catch (cause) {
    rmSync(partial, { force: true })
    throw new CliError('ZT_CLI_OUTPUT', 'the file cannot be written', {
      where: file,
      remedy: 'name a file in a folder that you may write, on a disk with room',
      cause,
    })
  }
}
