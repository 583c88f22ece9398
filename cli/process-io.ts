/**
 * The process: streams, signals, exit status. The only file of the command that touches it.
 *
 * @module
 */
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ExitStatus } from '../record/exit-status.js'
import type { Io } from './io.js'

const SHOW_CURSOR = '\u001b[?25h'

/** True in the module that Node was started with, by whatever link. */
export function isEntry(url: string): boolean {
  const script = process.argv[1]
  return script !== undefined && realpathSync(script) === fileURLToPath(url)
}

/** Runs the command as this process, and ends the process with its status. */
export async function runProcess(main: (argv: readonly string[], io: Io) => Promise<number>): Promise<never> {
  const controller = new AbortController()
  onSignals(process, controller, onFirstSignal, onSecondSignal)
  const broken = brokenOutput(controller)
  const status = await main(process.argv.slice(2), {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: () => process.stdin,
    env: process.env,
    signal: controller.signal,
  })
  await Promise.all([flushed(process.stdout), flushed(process.stderr)])
  // A verdict that could not be told is none.
  return process.exit(broken() ? ExitStatus.Internal : status)
}

/** Signals by which a person, a terminal or a supervisor asks for an end. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** What is used of a process. */
export interface SignalSource {
  on(event: 'newListener', listener: (event: string | symbol, listener: () => void) => void): unknown
  on(event: (typeof signals)[number], listener: () => void): unknown
  off(event: string, listener: () => void): unknown
}

/**
 * The first signal asks for an end: what runs is stopped and cleaned up. A second one does not wait for that: what this
 * process holds of labs goes with it, since their daemon removes a lab whose owner is gone, and a record that was being
 * written is removed by the next run.
 *
 * Signals are this function's alone. vitest, and what draws progress, listen too and end the process at once, before
 * anything is cleaned up: who comes later is sent away.
 *
 * @param first called at the first signal
 * @param second called at each one after it
 */
export function onSignals(
  source: SignalSource,
  controller: AbortController,
  first: () => void,
  second: () => void,
): void {
  const stop = () => {
    if (controller.signal.aborted) {
      second()
      return
    }
    first()
    controller.abort()
  }
  for (const name of signals) source.on(name, stop)
  source.on('newListener', (event, listener) => {
    const name = signals.find((one) => one === event)
    // This event comes before the listener is added.
    if (name !== undefined) queueMicrotask(() => source.off(name, listener))
  })
}

function onFirstSignal(): void {
  if (process.stderr.isTTY) process.stderr.write('\ninterrupted, cleaning up; once more to leave at once\n')
}

function onSecondSignal(): void {
  if (process.stderr.isTTY) process.stderr.write(SHOW_CURSOR)
  process.exit(ExitStatus.Interrupted)
}

/**
 * Watches the streams. A reader that went away (`ztos lab exec ... | head`) is nobody's mistake, and ends what would go on
 * writing; a full disk is told.
 *
 * @returns whether something that was to be told could not be
 */
function brokenOutput(controller: AbortController): () => boolean {
  let broken = false
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') {
      controller.abort()
      return
    }
    broken = true
    process.stderr.write(`error: stdout cannot be written: ${error.message}\n`)
  })
  process.stderr.on('error', () => undefined)
  return () => broken
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  // An error comes by the event of that name too.
  return new Promise((resolve) => stream.write('', () => resolve()))
}
