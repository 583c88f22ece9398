#!/usr/bin/env node
/**
 * Generated fabrics on real daemons against the twin, as many as asked for: `node tools/rib.mjs [--seed N] [--fabrics N] [--again]`.
 * Seeds are tried one after the other, from the first; a fabric that differs stops nothing. What was found equal in an earlier run, with
 * the same fabric file, is not run again. Outcomes are in `build/rib/`: `SEED.yaml` the fabric, `SEED.json` the verdict, `SEED.txt` what
 * differs, twin and lab side by side. The last line is `N equal, N different, N not run`; exit status 0 only when all are equal, 130
 * when interrupted; no lab is left either way.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { labDown } from '../dist/lab/index.js'
import { root } from './lib/files.mjs'

/** @typedef {import('../test/lab/support/rib-trial.js').Trial} Trial */

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '20000' },
    fabrics: { type: 'string', default: '200' },
    again: { type: 'boolean', default: false },
  },
})
const [first, count] = [Number(values.seed), Number(values.fabrics)]
if (!Number.isInteger(first) || !Number.isInteger(count) || count < 1) {
  console.error('usage: node tools/rib.mjs [--seed N] [--fabrics N] [--again]')
  process.exit(2)
}

const folder = path.join(root, 'build/rib')
mkdirSync(folder, { recursive: true })
const seeds = Array.from({ length: count }, (_, index) => first + index)
const begin = Date.now()

const interrupt = new AbortController()
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => interrupt.abort(signal))

const log = openSync(path.join(folder, `${first}.log`), 'w')
const child = spawn(
  path.join(root, 'node_modules/.bin/vitest'),
  ['run', '--project', 'daemons', 'test/lab/rib.test.ts', '-t', 'generated fabrics'],
  {
    cwd: root,
    // Not the terminal's group: who interrupts it asks this process, which sees to the lab.
    detached: true,
    stdio: ['ignore', log, log],
    env: {
      ...process.env,
      ZT_RIB_SEEDS: seeds.join(),
      ZT_RIB_FOLDER: folder,
      ZT_RIB_AGAIN: values.again ? '1' : '',
    },
  },
)
/** @type {Promise<true>} */
const ended = new Promise((resolve) => {
  child.on('error', (error) => {
    console.error(error.message)
    resolve(true)
  })
  child.on('close', () => resolve(true))
})
const end = () => {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
    process.kill(-child.pid, 'SIGKILL')
}
interrupt.signal.addEventListener('abort', end)
// Whatever happens to this process.
process.once('exit', end)

console.log(`${count} fabrics from seed ${first}; outcomes in ${path.relative(root, folder)}/`)
/** @type {Map<number, Trial>} */
const trials = new Map()
for (let isOver = false; !isOver;) {
  isOver = await Promise.race([ended, delay(500, false)])
  for (const seed of seeds) {
    const trial = trials.has(seed) ? undefined : trialOf(seed)
    if (trial === undefined || trial.verdict === 'running') continue
    trials.set(seed, trial)
    console.log(`${trials.size}/${count}  ${lineOf(trial)}`)
  }
}

// The process that owned the lab is gone, and its labd takes it down; this returns when that is done.
for (const seed of seeds) {
  const lab = trials.has(seed) ? undefined : trialOf(seed)?.lab
  if (lab !== undefined) await labDown(lab)
}

const passedOver = [...trials.values()].flatMap((trial) => trial.passedOver)
console.log(
  `${passedOver.length} draws passed over: the twin says that their outcome depends on the order of messages (SEED.json: passedOver)`,
)
const chance = [...trials.values()].flatMap((trial) => trial.chance ?? [])
console.log(
  `${chance.length} rows where chance decides which of one peer's paths is taken or kept, compared but for that (SEED.json: chance)`,
)
const [equal, different] = ['equal', 'different'].map(
  (verdict) => [...trials.values()].filter((trial) => trial.verdict === verdict).length,
)
if (interrupt.signal.aborted) {
  console.log(`interrupted by ${String(interrupt.signal.reason)}; the same command goes on`)
  process.exitCode = 130
} else if (equal !== count) process.exitCode = 1
console.log(`${equal} equal, ${different} different, ${count - (equal ?? 0) - (different ?? 0)} not run`)

/**
 * What this run has said of a seed.
 *
 * @param {number} seed
 * @returns {Trial | undefined}
 */
function trialOf(seed) {
  const file = path.join(folder, `${seed}.json`)
  if (!existsSync(file) || statSync(file).mtimeMs < begin) return undefined
  return /** @type {Trial} */ (JSON.parse(readFileSync(file, 'utf8')))
}

/** @param {Trial} trial */
function lineOf({
  seed,
  verdict,
  shape,
  seconds = 0,
  passedOver,
  why,
  chance = [],
  differences = [],
  isEarlier,
}) {
  const found = differences.reduce((sum, one) => sum + one.found.length, 0)
  return [
    `seed ${seed}`,
    verdict,
    isEarlier === true ? 'by an earlier run' : `${seconds.toFixed(1)} s`,
    shape,
    ...(passedOver.length > 0 ? [`${passedOver.length} passed over`] : []),
    ...(chance.length > 0 ? [`${chance.length} by chance`] : []),
    ...(found > 0 ? [`${found} rows differ, see ${seed}.txt`] : []),
    ...(why === undefined ? [] : [why]),
  ].join('  ')
}
