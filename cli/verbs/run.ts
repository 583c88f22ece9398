/**
 * `ztos run`.
 *
 * @module
 */
import { run as runScenarios } from '../../sdk/run.js'
import { presentTargets } from '../../sdk/runner/present-targets.js'
import type { RunResult } from '../../sdk/runner/session.js'
import { calledAs } from '../called.js'
import type { Colours } from '../colours.js'
import type { Run } from '../invocation.js'
import { keySourcesOf } from '../key-sources.js'
import { printable, printableLine } from '../printable.js'
import { resultJson } from '../result-json.js'
import { RunStages } from '../run-progress.js'
import { indented } from '../table.js'
import { resultText } from '../verdict-text.js'

export const run: Run<'run'> = async ({ arguments: { files }, options, io, colours, progress }) => {
  const stages = new RunStages(progress)
  const on = presentTargets(options.on, options.lab)
  const { runs, lab, name, config, seed, cases } = options
  let result: RunResult
  try {
    result = await runScenarios({
      files,
      on,
      runs,
      env: io.env,
      signal: io.signal,
      command: calledAs(),
      ...keySourcesOf(options, io),
      onProgress: stages.onProgress,
      ...(lab === undefined ? {} : { lab }),
      ...(name === undefined ? {} : { name }),
      ...(config === undefined ? {} : { config }),
      ...(seed === undefined ? {} : { seed }),
      ...(cases === undefined ? {} : { cases }),
    })
  } finally {
    await stages.done()
  }
  return {
    exit: result.exit,
    json: () => resultJson('ztos-run', result),
    text: () => `${failedTests(result, colours)}${resultText(result, on, colours, { told: true })}`,
  }
}

/** Tests that failed, with what they said. */
function failedTests({ outcomes }: RunResult, colours: Colours): string {
  return outcomes
    .filter(({ status }) => status === 'failed')
    .map(({ on, file, name, message = 'failed' }) => {
      const head = `${colours.error('failed')} on ${on}: ${printableLine(`${file} ${name}`)}`
      return `${[head, ...indented(printable(message).split('\n'))].join('\n')}\n\n`
    })
    .join('')
}
