#!/usr/bin/env node
/**
 * Runs the stages of tools/stages.mjs: `node tools/test.mjs [STAGE…]`. A stage that fails does not stop the next. Ends with a table and, as the last line, the sum of all stages:
 * `N passed, N failed, N skipped`. Exit status 0 only when something passed and nothing failed; 130 when interrupted.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { judge, total } from './lib/counts.mjs'
import { root } from './lib/files.mjs'
import { runStage } from './lib/run-stage.mjs'
import { stages } from './stages.mjs'

const results = path.join(root, 'test-results')
const names = process.argv.slice(2)
const unknown = names.filter((name) => !stages.some((stage) => stage.name === name))
if (unknown.length > 0) {
  console.error(
    `no such stage: ${unknown.join(', ')}; there are ${stages.map(({ name }) => name).join(', ')}`,
  )
  process.exit(2)
}

const interrupt = new AbortController()
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.once(signal, () => interrupt.abort(signal))
}

rmSync(results, { recursive: true, force: true })
mkdirSync(results, { recursive: true })

const chosen = stages.filter(({ name }) => names.length === 0 || names.includes(name))
const isAnyBefore = chosen.some(({ beside, alone }) => beside !== true && alone !== true)

/** @type {{ name: string, seconds: number, counts: import('./lib/counts.mjs').Counts }[]} */
const done = []

/** @param {import('./stages.mjs').Stage} stage @param {{ isBeside: boolean }} how */
async function run(stage, { isBeside }) {
  if (interrupt.signal.aborted) return
  if (!isBeside) console.log(`\n== ${stage.name}: ${stage.what}`)
  const start = performance.now()
  const { counts, broken } = await runStage(stage, { root, results, signal: interrupt.signal, isBeside })
  done.push({ name: stage.name, seconds: (performance.now() - start) / 1000, counts: judge(counts, broken) })
}

await buildOf(chosen)
let beside = Promise.resolve()
for (const stage of chosen) {
  if (stage.alone === true) await beside
  if (stage.beside === true && isAnyBefore) beside = beside.then(() => run(stage, { isBeside: true }))
  else await run(stage, { isBeside: false })
}
await beside
done.sort((a, b) => positionOf(a.name) - positionOf(b.name))

const skips = done.flatMap(({ name, counts }) => counts.skipped.map((skip) => ({ stage: name, ...skip })))
if (skips.length > 0) {
  console.log('\n== skipped')
  for (const { stage, name, reason } of skips)
    console.log(`${stage}: ${name}: ${reason || 'no reason given'}`)
}
const failures = done.flatMap(({ name, counts }) => counts.failures.map((failure) => `${name}: ${failure}`))
if (failures.length > 0) {
  console.log('\n== failed')
  for (const failure of failures) console.log(failure)
}

console.log('\nstage              passed   failed  skipped  seconds')
for (const { name, seconds, counts } of done) {
  const cells = [counts.passed, counts.failed, counts.skipped.length, seconds.toFixed(1)]
  console.log(`${name.padEnd(16)}${cells.map((cell) => String(cell).padStart(9)).join('')}`)
}

const closing = total(done.map(({ counts }) => counts))
writeFileSync(path.join(results, 'summary.txt'), `${closing}\n`)
if (interrupt.signal.aborted) {
  console.log(`interrupted by ${String(interrupt.signal.reason)}`)
  process.exitCode = 130
} else if (done.some(({ counts }) => counts.failed > 0) || !done.some(({ counts }) => counts.passed > 0)) {
  process.exitCode = 1
}
console.log(closing)

/** @param {string} name */
function positionOf(name) {
  return stages.findIndex((stage) => stage.name === name)
}

/**
 * Builds what stages run, on both cores and before any of them: two makes at once in one folder break each other.
 * What does not build fails in its stage, which says so.
 *
 * @param {readonly import('./stages.mjs').Stage[]} of
 */
async function buildOf(of) {
  const targets = [...new Set(of.flatMap(({ builds = [] }) => builds))]
  if (targets.length === 0) return
  const start = performance.now()
  const make = spawn('make', ['--no-print-directory', '-s', '-k', '-j2', '-C', 'dataplane', ...targets], {
    cwd: root,
    stdio: 'inherit',
    signal: interrupt.signal,
  })
  await new Promise((resolve) => {
    make.on('close', resolve)
    make.on('error', resolve)
  })
  console.log(`built ${targets.join(', ')}, ${((performance.now() - start) / 1000).toFixed(1)} s`)
}
