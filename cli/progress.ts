/**
 * Progress on stderr: a spinner for each stage on a terminal, plain lines elsewhere.
 *
 * @module
 */
import type { Io, Sink } from './io.js'
import { printableLine } from './printable.js'

/** Says how far a stage is. */
export type Say = (text: string) => void

export interface Progress {
  /** Runs a stage, which shows until it has ended. Stages come one after another. */
  stage<T>(title: string, work: (say: Say) => Promise<T>): Promise<T>
}

/** Progress for a terminal or for a log. Nothing is loaded or written before the first stage. */
export function progressOn({ stderr, env }: Pick<Io, 'stderr' | 'env'>): Progress {
  return {
    stage: async (title, work) =>
      drawsOn(stderr, env)
        ? drawn(stderr, printableLine(title), work)
        : written(stderr, printableLine(title), work),
  }
}

/** ms between lines that say how far a stage is, where lines stay. */
const SOMETIMES = 10_000

/** A line when a stage begins, some while it lasts, and one when it has ended, with its time. */
async function written<T>(stderr: Sink, title: string, work: (say: Say) => Promise<T>): Promise<T> {
  const began = performance.now()
  let last = began
  const say = (text: string) => {
    const now = performance.now()
    if (now - last < SOMETIMES) return
    last = now
    stderr.write(`     ${printableLine(text)} (${((now - began) / 1000).toFixed(0)} s)\n`)
  }
  const ended = (how: string) => {
    stderr.write(`${how} ${title} (${((performance.now() - began) / 1000).toFixed(1)} s)\n`)
  }
  stderr.write(`...  ${title}\n`)
  try {
    const result = await work(say)
    ended('ok  ')
    return result
  } catch (error) {
    ended('FAIL')
    throw error
  }
}

/** A spinner with a line below that says what goes on. */
async function drawn<T>(
  stderr: NodeJS.WriteStream,
  title: string,
  work: (say: Say) => Promise<T>,
): Promise<T> {
  const { Listr, ListrLogger, PRESET_TIMER, ProcessOutput } = await import('listr2')
  const outcome: { result?: { readonly value: T } } = {}
  const list = new Listr<object, 'default'>(
    [
      {
        title,
        task: async (_, task) => {
          outcome.result = { value: await work((text) => (task.output = printableLine(text))) }
        },
      },
    ],
    {
      // Signals are the caller's: by default the library ends the process, and nothing would be cleaned up.
      registerSignalListeners: false,
      // Asked of stderr already. Of stdout, as the library would, it must not be: without a terminal there it writes to it.
      forceTTY: true,
      rendererOptions: {
        // The error itself is told once, where all errors are.
        showErrorMessage: false,
        collapseErrors: false,
        timer: PRESET_TIMER,
        logger: new ListrLogger({
          useIcons: true,
          toStderr: [],
          processOutput: new ProcessOutput(stderr, stderr),
        }),
      },
    },
  )
  await list.run()
  if (outcome.result === undefined) throw new TypeError('a stage ended without a result')
  return outcome.result.value
}

/** A terminal that a cursor moves on; one without width is no such thing. */
function drawsOn(sink: Sink, env: Io['env']): sink is NodeJS.WriteStream {
  const wide = sink.isTTY === true && (sink.columns ?? 0) > 0 && 'on' in sink
  return wide && env['CI'] === undefined && env['TERM'] !== 'dumb'
}
