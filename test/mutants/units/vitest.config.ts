/**
 * Tests that stand beside sources, run against wrong copies of what they test: one project for each copy, all in one run.
 * `ZT_WRONG_COPIES` names a file of {@link WrongCopies}.
 *
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'
import type { Reporter, TestModule } from 'vitest/node'
import type { UnitResult, WrongCopies } from '../support/units.js'

const given = process.env['ZT_WRONG_COPIES']
if (given === undefined) throw new Error('ZT_WRONG_COPIES is not set')
const { root, copies, account } = JSON.parse(readFileSync(given, 'utf8')) as WrongCopies

/** What has wrong copies. */
const COPIED = /^(twin|agent|sdk|lab)\//

/** What a test imports comes from the copy, as far as it is there; tests and what is made for them do not. */
function from(copy: string): Plugin {
  return {
    name: 'wrong-copy',
    enforce: 'pre',
    resolveId(source, importer) {
      if (importer === undefined || !source.startsWith('.') || !importer.startsWith(root)) return undefined
      const wanted = path.relative(root, path.resolve(path.dirname(importer), source))
      const there = path.join(copy, wanted)
      if (!COPIED.test(wanted) || wanted.includes('/testdata/') || !existsSync(there)) return undefined
      // Loaded as it is: to have it transformed for each copy would cost more than the tests.
      return { id: there, external: true }
    },
  }
}

class Account implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module): UnitResult[] => {
      const errors = module.errors().map(({ message }) => message)
      const ended = [...module.children.allTests()].map((test) => ({
        copy: module.project.name,
        test: `${module.relativeModuleId} > ${test.fullName}`,
        state: test.result().state,
      }))
      return errors.length === 0
        ? ended
        : [{ copy: module.project.name, test: module.relativeModuleId, state: 'broken', errors }]
    })
    writeFileSync(account, JSON.stringify(tests))
  }
}

export default defineConfig({
  test: {
    maxWorkers: 2,
    reporters: [new Account()],
    projects: copies.map(({ name, folder, tests }) => ({
      root,
      plugins: [from(folder)],
      test: {
        name,
        include: [...tests],
        testTimeout: 60_000,
        // Files of one copy share a process, as the units do.
        isolate: false,
        server: { deps: { external: [/\/\.cache\/mutants\//] } },
      },
    })),
  },
})
