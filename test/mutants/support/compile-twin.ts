/**
 * The twin, compiled afresh for the copies of it that are made wrong: what is judged is never a stale build.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
/** The right twin, compiled. */
export const RIGHT = path.join(ROOT, '.cache/mutants/right')
/** Wrong ones, a folder each. */
export const COPIES = path.join(ROOT, '.cache/mutants/copies')

/** Compiles the twin, once where two stages want it at a time. @throws when it does not compile */
export function compileTwin(): void {
  for (const owner of existsSync(COPIES) ? readdirSync(COPIES) : [])
    if (!existsSync(`/proc/${owner}`)) rmSync(path.join(COPIES, owner), { recursive: true, force: true })
  const done = spawnSync(
    'flock',
    [
      path.join(ROOT, 'test/mutants'),
      process.execPath,
      path.join(ROOT, 'node_modules/typescript/bin/tsc'),
      '-p',
      path.join(ROOT, 'test/mutants/support/tsconfig.twin.json'),
    ],
    { cwd: ROOT, encoding: 'utf8' },
  )
  if (done.error !== undefined) throw done.error
  if (done.status !== 0) throw new Error(`the twin does not compile:\n${done.stdout}${done.stderr}`)
}
