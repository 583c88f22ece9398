/**
 * `ztos verify`.
 *
 * @module
 */
import { statSync } from 'node:fs'
import type { Interpreter } from '../../record/verdict.js'
import { SdkError } from '../../sdk/errors.js'
import type { RunResult } from '../../sdk/runner/session.js'
import { presentTargets } from '../../sdk/runner/present-targets.js'
import { verify } from '../../sdk/verify.js'
import { calledAs } from '../called.js'
import { CliError, UnsoundFabric } from '../errors.js'
import { readFabric } from '../fabric-input.js'
import type { Invocation, Run } from '../invocation.js'
import { keySourcesOf } from '../key-sources.js'
import { resultJson } from '../result-json.js'
import { RunStages } from '../run-progress.js'
import { resultText } from '../verdict-text.js'

export const run: Run<'verify'> = async (invocation) => {
  const { options, colours } = invocation
  const on = options.on ?? ['twin', 'netns']
  const labs = on.filter((where) => where !== 'twin')
  if (options.lab !== undefined && labs.length === 0) {
    throw new CliError('ZT_CLI_USAGE', '--lab is a lab to judge, and --on leaves labs out', {
      remedy: 'leave out one of them',
    })
  }
  // A lab of somebody else's may be gone by the time that it was judged.
  const present = presentTargets(on, options.lab)
  const result = await verified(invocation, on)
  return {
    exit: result.exit,
    json: () => resultJson('ztos-verify', result),
    text: () => resultText(result, present, colours),
  }
}

async function verified(
  { arguments: { file }, options, io, progress }: Invocation<'verify'>,
  on: readonly Interpreter[],
): Promise<RunResult> {
  const stages = new RunStages(progress)
  try {
    return await verify({
      file,
      on,
      runs: options.runs,
      env: io.env,
      signal: io.signal,
      command: calledAs(),
      ...keySourcesOf(options, io),
      onProgress: stages.onProgress,
      ...(options.lab === undefined ? {} : { lab: options.lab }),
      ...(options.seed === undefined ? {} : { seed: options.seed }),
      ...(options.cases === undefined ? {} : { cases: options.cases }),
    })
  } catch (error) {
    if (!(error instanceof SdkError) || error.code !== 'ZT_FABRIC') throw error
    // Said with lines and carets. What is no file (a pipe) cannot be read twice: its problems are told without lines.
    if (isFile(file)) readFabric(file)
    throw new UnsoundFabric(file, error.problems, new Map())
  } finally {
    await stages.done()
  }
}

function isFile(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isFile() ?? true
}
