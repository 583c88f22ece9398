#!/usr/bin/env node
/**
 * Runs the checks of tools/stages.mjs, all of them whatever fails: `node tools/check.mjs [NAME…]`.
 * A check that passes is one line; one that fails shows what its tool said.
 *
 * @module
 */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { $ } from 'zx'
import { root } from './lib/files.mjs'
import { checks } from './stages.mjs'

const run = $({
  cwd: root,
  nothrow: true,
  quiet: true,
  stdio: ['ignore', 'pipe', 'pipe'],
  env: { ...process.env, PATH: `${path.join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}` },
})

const names = process.argv.slice(2)
const unknown = names.filter((name) => !checks.some((check) => check.name === name))
if (unknown.length > 0) {
  console.error(
    `no such check: ${unknown.join(', ')}; there are ${checks.map(({ name }) => name).join(', ')}`,
  )
  process.exit(2)
}

/** @type {import('./lib/counts.mjs').Counts} */
const counts = { passed: 0, failed: 0, skipped: [], failures: [] }
const todo = checks.filter(({ name }) => names.length === 0 || names.includes(name))

/** Takes checks until there are none. */
async function work() {
  for (let check = todo.shift(); check !== undefined; check = todo.shift()) {
    const { name, what, command } = check
    const start = performance.now()
    const { exitCode, signal, stdout, stderr } = await run`${command}`
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    if (exitCode === 0) {
      counts.passed += 1
      console.log(`ok    ${name} (${what}), ${seconds} s`)
    } else {
      counts.failed += 1
      counts.failures.push(
        `${name}: ${command.join(' ')} ${signal ? `was killed by ${signal}` : `exited ${exitCode}`}`,
      )
      console.log(`FAIL  ${name} (${what}), ${seconds} s: ${command.join(' ')}`)
      console.log(`${stdout}${stderr}`.trimEnd())
    }
  }
}
// Half of them keep one core busy and no more.
await Promise.all([work(), work()])

const { ZT_COUNTS: countsFile } = process.env
if (countsFile !== undefined) writeFileSync(countsFile, JSON.stringify(counts))
console.log(`${counts.passed} checks passed, ${counts.failed} failed`)
if (counts.failed > 0) process.exitCode = 1
