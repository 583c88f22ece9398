/**
 * `ztos replay`.
 *
 * @module
 */
import { replay, type ReplayedFailure, type ReplayOutcome } from '../../sdk/replay.js'
import type { ReplayResult } from '../../twin/forward/index.js'
import type { Colours } from '../colours.js'
import type { Run } from '../invocation.js'
import { printable, printableLine } from '../printable.js'
import { recordFolder } from '../record-folder.js'
import { counted, indented } from '../table.js'

export const run: Run<'replay'> = async ({ arguments: { run: named }, options, io, colours, progress }) => {
  const folder = await recordFolder(named, options.runs)
  const outcome = await progress.stage(`replaying ${folder}`, async (say) =>
    replay({
      run: folder,
      on: options.on,
      journalsOnly: options['journals-only'],
      env: io.env,
      signal: io.signal,
      onProgress: (event) => {
        if (event.kind === 'test') say(`${event.outcome.status} ${event.outcome.name}`)
      },
    }),
  )
  return {
    exit: outcome.exit,
    json: () => replayJson(outcome),
    text: () => replayText(outcome, colours),
  }
}

function replayJson({ directory, exit, failures, journals }: ReplayOutcome): unknown {
  return {
    format: 'ztos-replay',
    version: 1,
    directory,
    exit,
    failures: failures.map(({ failure, outcome, again }) => ({
      file: failure.file,
      name: failure.name,
      again,
      status: outcome?.status,
      message: outcome?.message,
    })),
    journals: journals.map(({ node, ok, complete, inputs, outputs, mismatches }) => ({
      node,
      ok,
      complete,
      inputs,
      outputs,
      mismatches: mismatches.map(({ input, offset, message }) => ({ input, offset, message })),
    })),
  }
}

function replayText({ failures, journals }: ReplayOutcome, colours: Colours): string {
  const lines = [
    ...failures.flatMap((one) => failureLines(one, colours)),
    ...journals.flatMap((one) => journalLines(one, colours)),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function failureLines({ failure, outcome, again }: ReplayedFailure, colours: Colours): string[] {
  const name = printableLine(`${failure.file} ${failure.name}`)
  if (outcome === undefined) return [`${colours.error('gone')}: ${name}: there is no such test any more`]
  if (!again) return [`${colours.good('does not fail again')}: ${name}`]
  return [
    `${colours.error('fails again')}: ${name}`,
    ...indented(printable(outcome.message ?? 'failed').split('\n')),
  ]
}

function journalLines(result: ReplayResult, colours: Colours): string[] {
  const { node, ok, complete, inputs, outputs, mismatches } = result
  const amount = `${counted(inputs, 'input')}, ${counted(outputs, 'output')}${complete ? '' : ', cut off'}`
  if (ok) return [`${colours.good('as recorded')}: ${node}: ${amount}`]
  return [
    `${colours.error('differs')}: ${node}: ${amount}`,
    ...indented(mismatches.map(({ input, message }) => printableLine(`input ${input}: ${message}`))),
  ]
}
