/**
 * What all processes of a lab have in common: how one is ended, and what is said when one ended by itself.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { commandError, LabError, messageOf } from './errors.js'
import { within } from './steps.js'

/** How a process ended; an error when it never began. */
export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly error?: Error
}

export interface Ended {
  /** For messages: `the engine of leaf1`. */
  readonly title: string
  readonly argv: readonly string[]
  /** Where it wrote what it said. */
  readonly log: string
}

/**
 * SIGTERM, then SIGKILL. Returns when the process is gone.
 *
 * @param outcome how it ended, as soon as it has
 * @throws LabError `ZT_LAB_DEADLINE`
 */
export async function endChild(
  title: string,
  child: { kill(signal: NodeJS.Signals): unknown },
  exited: Promise<void>,
  outcome: () => Outcome | undefined,
): Promise<void> {
  for (const [signal, ms] of [
    ['SIGTERM', 500],
    ['SIGKILL', 5000],
  ] as const) {
    if (outcome() !== undefined) return
    child.kill(signal)
    await within(exited, ms)
  }
  if (outcome() === undefined)
    throw new LabError('ZT_LAB_DEADLINE', `${title} does not end, not even by SIGKILL`)
}

/** `ZT_LAB_MISSING` for one that never began, `ZT_LAB_DIED` with what it said for one that ended. */
export function deathOf({ title, argv, log }: Ended, outcome: Outcome | undefined): LabError {
  const { code = null, signal = null, error } = outcome ?? {}
  if (error !== undefined) {
    return new LabError('ZT_LAB_MISSING', `${title} cannot be started: ${error.message}`, { cause: error })
  }
  return died({ title, argv }, { code, signal }, readLog(log))
}

/** @param said all that it said */
export function died(
  { title, argv }: Pick<Ended, 'title' | 'argv'>,
  { code, signal }: Outcome,
  said: string,
): LabError {
  const { message } = commandError(`${title} ended`, { argv, code, signal, stdout: '', stderr: said })
  return new LabError('ZT_LAB_DIED', message.replace(/^ZT_LAB_COMMAND: /, ''))
}

function readLog(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    return `(its log cannot be read: ${messageOf(error)})`
  }
}
