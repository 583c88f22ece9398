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
 * What comes behind it gives way at once to whatever else can run: labs do not feel it. Where the kernel has groups of
 * sessions, the policy counts within one alone, and the group is given the least share besides.
 */
const WHEN_IDLE = ['sh', '-c', 'echo 19 2>/dev/null >/proc/self/autogroup; exec chrt --idle 0 "$@"', 'sh']

/**
 * @param {import('../stages.mjs').Stage} stage
 * @param {{ root: string, results: string, signal: AbortSignal, isBeside?: boolean }} options `results`: folder of the
 *   accounts; `signal`: ends the stage with its whole process group; `isBeside`: runs when nothing else wants to, and says
 *   what it has to say in the end, in one piece
 * @returns {Promise<{ counts: import('./counts.mjs').Counts | undefined, broken: string | undefined }>} `broken` says
 *   why the process is to be distrusted
 */
export async function runStage(stage, { root, results, signal, isBeside = false }) {
  const countsFile = path.join(results, `${stage.name}.json`)
  const command = stage.vitest === undefined ? stage.command : ['node', 'tools/run-vitest.mjs', stage.vitest]
  if (command === undefined) throw new Error(`stage ${stage.name} has neither command nor vitest project`)
  const [program = '', ...args] = [...(isBeside ? WHEN_IDLE : []), ...command]

  const child = spawn(program, args, {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', isBeside ? 'pipe' : 'inherit'],
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
  /** @type {string[]} */
  const kept = []
  const say = (/** @type {string} */ line) => (isBeside ? kept.push(line) : console.log(line))
  eachLine(child.stdout, (line) => {
    if (isClosingLine(line) || line.startsWith('SKIP ')) lines.push(line)
    // A closing line of a part must not look like the whole run's.
    if (!isClosingLine(line)) say(line)
  })
  eachLine(child.stderr, say)

  const status = await new Promise((/** @type {(status: string | undefined) => void} */ resolve) => {
    child.on('error', (error) => resolve(`${program}: ${error.message}`))
    child.on('close', (code, killer) => {
      if (killer !== null) resolve(`was killed by ${killer}`)
      else resolve(code === 0 ? undefined : `exited ${code}`)
    })
  })
  clearTimeout(deadline)
  if (isBeside) console.log([`\n== ${stage.name}, beside: ${stage.what}`, ...kept].join('\n'))
  signal.removeEventListener('abort', end)

  const broken = late ? `ran longer than ${stage.minutes} minutes` : status
  if (!existsSync(countsFile)) return { counts: countsOfOutput(lines), broken }
  return { counts: countsSchema.parse(JSON.parse(readFileSync(countsFile, 'utf8'))), broken }
}

/**
 * @param {import('node:stream').Readable | null} stream
 * @param {(line: string) => void} use
 */
function eachLine(stream, use) {
  if (stream !== null) createInterface({ input: stream, crlfDelay: Infinity }).on('line', use)
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
