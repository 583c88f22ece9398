#!/usr/bin/env node
/**
 * Runs one vitest project and writes what it counted: `node tools/run-vitest.mjs PROJECT [FILTER…]`.
 * `ZT_COUNTS` names the file of the account, `ZT_TESTS` one with every test's name, state, time and annotations.
 *
 * @module
 */
import { writeFileSync } from 'node:fs'
import { startVitest } from 'vitest/node'
import { root } from './lib/files.mjs'
import { LongestFirst } from './lib/longest-first.mjs'
import { VitestAccount } from './lib/vitest-account.mjs'

const [project, ...filters] = process.argv.slice(2)
if (project === undefined) {
  console.error('usage: node tools/run-vitest.mjs PROJECT [FILTER…]')
  process.exit(2)
}

const account = new VitestAccount()
const vitest = await startVitest('test', filters, {
  root,
  project: [project],
  watch: false,
  // Two stages at a time would write it both, and the order of files shall not hang on it.
  cache: false,
  sequence: { sequencer: LongestFirst },
  reporters: ['default', account],
})
await vitest.close()

const { ZT_COUNTS: countsFile, ZT_TESTS: testsFile } = process.env
if (countsFile !== undefined) writeFileSync(countsFile, JSON.stringify(account.counts))
if (testsFile !== undefined) writeFileSync(testsFile, JSON.stringify(account.tests, undefined, 1))
if (account.counts.failed > 0) process.exitCode = 1
