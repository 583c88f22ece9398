/**
 * Runs one stage in a process group of its own and reads what it counted.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { countsOfOutput, countsSchema, isClosingLine } from './counts.mjs'

/**
 * @param {import('../stages.mjs').Stage} stage
 * @param {{ root: string, results: string, signal: AbortSignal }} options `results`: folder of the accounts;
 *   `signal`: ends the stage with its whole process group
 * @returns {Promise<{ counts: import('./counts.mjs').Counts | undefined, broken: string | undefined }>} `broken` says
 *   why the process is to be distrusted
 */
export async function runStage(stage, { root, results, signal }) {
  const countsFile = path.join(results, `${stage.name}.json`)
  const [program, ...args] =
    stage.vitest === undefined ? (stage.command ?? []) : ['node', 'tools/run-vitest.mjs', stage.vitest]
  if (program === undefined) throw new Error(`stage ${stage.name} has neither command nor vitest project`)

  const child = spawn(program, args, {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      ZT_COUNTS: countsFile,
      ZT_TESTS: path.join(results, `${stage.name}.tests.json`),
    },
  })

  let late = false
  const end = () => killGroup(child.pid)
  const deadline = setTimeout(() => {
    late = true
    end()
  }, stage.minutes * 60_000)
  signal.addEventListener('abort', end)

  /** @type {string[]} */
  const lines = []
  const relay = createInterface({ input: child.stdout, crlfDelay: Infinity })
  relay.on('line', (line) => {
    if (isClosingLine(line) || line.startsWith('SKIP ')) lines.push(line)
    // A closing line of a part must not look like the whole run's.
    if (!isClosingLine(line)) console.log(line)
  })

  const status = await new Promise((/** @type {(status: string | undefined) => void} */ resolve) => {
    child.on('error', (error) => resolve(`${program}: ${error.message}`))
    child.on('close', (code, killer) => {
      if (killer !== null) resolve(`was killed by ${killer}`)
      else resolve(code === 0 ? undefined : `exited ${code}`)
    })
  })
  clearTimeout(deadline)
  signal.removeEventListener('abort', end)

  const broken = late ? `ran longer than ${stage.minutes} minutes` : status
  if (!existsSync(countsFile)) return { counts: countsOfOutput(lines), broken }
  return { counts: countsSchema.parse(JSON.parse(readFileSync(countsFile, 'utf8'))), broken }
}

/**
 * Asks a process group to end, and makes it after five seconds.
 *
 * @param {number | undefined} pid
 */
function killGroup(pid) {
  if (pid === undefined) return
  signalGroup(pid, 'SIGTERM')
  setTimeout(() => signalGroup(pid, 'SIGKILL'), 5000).unref()
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} signal
 */
function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    // Already gone is what was wanted.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
