/**
 * The repository's files: what git tracks or would track.
 *
 * @module
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'

/** The repository's root, absolute. */
export const root = path.resolve(import.meta.dirname, '../..')

/**
 * Tracked and untracked files, less ignored and deleted ones, sorted, names relative to the root with `/`.
 *
 * @returns {string[]}
 */
export function repositoryFiles() {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  const files = listed.split('\0').filter((file) => file !== '' && existsSync(path.join(root, file)))
  return [...new Set(files)].toSorted()
}
