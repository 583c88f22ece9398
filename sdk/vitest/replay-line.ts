/**
 * The one line that shows a failure again: everything that the run was told goes with it.
 *
 * @module
 */
import path from 'node:path'
import { RUNS_FOLDER } from '../../record/run-record.js'
import type { Interpreter } from '../../record/verdict.js'
import type { RunEnvironment } from './environment.js'

/** A failure, as far as it takes to find it again. */
export interface FailedCase {
  readonly file: string
  /** Suites and test, with a space between. */
  readonly name: string
  readonly seed: number
  readonly path: string
  /** Where the shrunk case fails: a replay goes to the twin unless it is told otherwise. */
  readonly shrunkOn: Interpreter
}

/**
 * The line, for a shell in the folder where the run was made.
 *
 * @param cwd that folder
 */
export function replayLine(environment: RunEnvironment, failed: FailedCase, cwd = process.cwd()): string {
  const { on, run, runDirectory, command, fabric, plan, lab, runs } = environment
  if (run !== undefined) {
    const folder = runDirectory === undefined ? undefined : path.dirname(runDirectory)
    const elsewhere = folder !== undefined && folder !== path.resolve(cwd, RUNS_FOLDER)
    return [
      `${command} replay ${run}`,
      ...(failed.shrunkOn === 'twin' ? [] : [`--on ${failed.shrunkOn}`]),
      ...(elsewhere ? [`--runs ${word(path.relative(cwd, folder))}`] : []),
    ].join(' ')
  }
  const variables: readonly (readonly [string, string | undefined])[] = [
    ['ON', on === 'twin' ? undefined : on],
    // A plan stands for every fabric file.
    ['FABRIC', plan === undefined ? fabric : undefined],
    ['PLAN', plan],
    ['LAB', lab],
    ['RUNS', runs === undefined ? undefined : String(runs)],
    ['SEED', String(failed.seed)],
    ['PATH', failed.path],
  ]
  return [
    ...variables.flatMap(([name, value]) => (value === undefined ? [] : [`ZTOS_${name}=${word(value)}`])),
    `npx vitest run ${word(path.relative(cwd, failed.file))} -t ${quoted(pattern(failed.name))}`,
  ].join(' ')
}

/** vitest reads `-t` as a pattern. */
function pattern(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/** A word for a shell, in quotes only where it needs them. */
function word(text: string): string {
  return /^[\w./:@%+,=-]+$/.test(text) ? text : quoted(text)
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
