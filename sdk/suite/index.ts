/**
 * `ztos test`: a suite about one thing, run on a fabric in the twin or in a lab, told as a table with a reason for all that does not hold.
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import type { Lab } from '../../lab/index.js'
import { ExitStatus } from '../../record/exit-status.js'
import type { Interpreter } from '../../record/verdict.js'
import { formatProblem, loadFabric } from '../../twin/model/index.js'
import { compile } from '../../twin/compile.js'
import { SdkError } from '../errors.js'
import { throwIfInterrupted } from '../runner/interrupted.js'
import { openLab, whyNoLab } from '../runner/lab.js'
import type { RunProgress } from '../runner/session.js'
import { openTarget } from '../vitest/open-target.js'
import { runSuite, type SuiteFindings, type SuiteName } from './run-suite.js'

export interface SuiteOptions {
  readonly suite: SuiteName
  /** Fabric file. */
  readonly file: string
  readonly on: Interpreter
  /** A lab that runs already, judged as it is and left running. */
  readonly lab?: string
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: RunProgress) => void
}

/** What a suite found. */
export interface SuiteResult extends SuiteFindings {
  readonly suite: SuiteName
  readonly fabric: string
  readonly on: Interpreter
  readonly lab?: string
  /** Why nothing could be said, where the host cannot. */
  readonly cannot?: string
}

/**
 * Runs a suite on a fabric file.
 *
 * @throws SdkError `ZT_FABRIC`; `ZT_NOTHING` when the fabric has nothing of the kind; `ZT_INTERRUPTED`. Then no lab is left
 */
export async function testFabric(options: SuiteOptions): Promise<SuiteResult> {
  const { suite, file, on } = options
  const plan = compiled(file)
  if (on === 'twin') return onTarget(options, plan, undefined)
  const stage = stagesOf(options)
  let lab: Lab
  try {
    lab = await stage(options.lab === undefined ? 'lab up' : 'lab attached', async () =>
      openLab(plan, options),
    )
  } catch (error) {
    if (options.signal !== undefined) throwIfInterrupted(options.signal)
    const cannot = await whyNoLab(error)
    if (cannot === undefined) throw error
    const nothing = { columns: [], rows: [], reasons: [], notes: [] }
    return { suite, fabric: plan.fabric, on, exit: ExitStatus.Unjudged, ...nothing, cannot }
  }
  try {
    return await onTarget(options, plan, lab.id)
  } finally {
    if (options.lab === undefined) await stage('lab down', async () => lab.down())
    else lab.close()
  }
}

async function onTarget(options: SuiteOptions, plan: Plan, lab: string | undefined): Promise<SuiteResult> {
  const { suite, on, signal, onProgress } = options
  const target = await openTarget(plan, { on, lab })
  try {
    target.ledger.signal = signal
    const found = await stagesOf(options)(`${suite} suite`, async () =>
      runSuite(target, suite, (text) => onProgress?.({ kind: 'step', text })),
    )
    return { suite, fabric: plan.fabric, on, ...(lab === undefined ? {} : { lab }), ...found }
  } finally {
    await target.close()
  }
}

/** @throws SdkError `ZT_FABRIC` with every problem of the file */
function compiled(file: string): Plan {
  const { fabric, problems } = loadFabric(file)
  if (fabric !== undefined) return compile(fabric)
  throw new SdkError('ZT_FABRIC', `${file} is no sound fabric\n${problems.map(formatProblem).join('\n')}`, {
    remedy: 'correct the file; `ztos validate` shows the same problems',
    problems,
  })
}

/** Stages, told to who waits. */
function stagesOf({ onProgress }: SuiteOptions): <T>(stage: string, step: () => Promise<T>) => Promise<T> {
  return async (stage, step) => {
    onProgress?.({ kind: 'stage', stage, state: 'begin' })
    try {
      const result = await step()
      onProgress?.({ kind: 'stage', stage, state: 'end' })
      return result
    } catch (error) {
      onProgress?.({ kind: 'stage', stage, state: 'failed' })
      throw error
    }
  }
}
