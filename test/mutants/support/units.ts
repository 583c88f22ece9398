/**
 * Which tests beside the sources fail by a fault: they are run against the wrong copies, all copies in one process of vitest.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { ROOT } from './compile-twin.js'

export interface WrongCopy {
  readonly name: string
  /** Of a compiled copy of `twin/`. */
  readonly folder: string
  /** Test files, from the root of the repository. */
  readonly tests: readonly string[]
}
/** What the run is told. */
export interface WrongCopies {
  readonly root: string
  readonly copies: readonly WrongCopy[]
  /** Where it leaves its account. */
  readonly account: string
}

const Account = z.array(
  z.object({
    copy: z.string(),
    test: z.string(),
    state: z.enum(['passed', 'failed', 'skipped', 'pending', 'broken']),
    errors: z.array(z.string()).optional(),
  }),
)
export type UnitResult = z.infer<typeof Account>[number]

/** What became of each test, by copy. @throws when there is no account */
export function runUnits(copies: readonly WrongCopy[]): ReadonlyMap<string, readonly UnitResult[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'ztos-mutants-units-'))
  try {
    const told = path.join(folder, 'copies.json')
    const account = path.join(folder, 'account.json')
    writeFileSync(told, JSON.stringify({ root: ROOT, copies, account } satisfies WrongCopies))
    const done = spawnSync(
      process.execPath,
      [
        path.join(ROOT, 'node_modules/vitest/vitest.mjs'),
        'run',
        '--config',
        path.join(ROOT, 'test/mutants/units/vitest.config.ts'),
      ],
      { cwd: ROOT, encoding: 'utf8', env: ownEnvironment(told) },
    )
    if (done.error !== undefined) throw done.error
    // 1: some failed, as they are to.
    if (done.status !== 0 && done.status !== 1) throw new Error(`vitest: ${done.stdout}${done.stderr}`)
    const results = Account.parse(JSON.parse(readFileSync(account, 'utf8')))
    return new Map(copies.map(({ name }) => [name, results.filter(({ copy }) => copy === name)]))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A run inside a run is not the worker that its environment says. */
function ownEnvironment(told: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST|NODE_ENV|ZT_)/.test(name))
  return { ...Object.fromEntries(kept), ZT_WRONG_COPIES: told }
}
