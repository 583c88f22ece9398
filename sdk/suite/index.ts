/**
 * `ztos test`: a suite about one thing, run on a fabric in the twin or in a lab, told as a table with a reason for all that does not hold.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Plan } from '../../contract/plan.js'
import type { Lab } from '../../lab/index.js'
import type { ReferenceVm } from '../../lab/vm/machine.js'
import { ExitStatus } from '../../record/exit-status.js'
import type { Interpreter } from '../../record/verdict.js'
import { formatProblem, loadFabric } from '../../twin/model/index.js'
import { compile } from '../../twin/compile.js'
import { SEED_LENGTH } from '../../twin/program/index.js'
import { SdkError } from '../errors.js'
import { throwIfInterrupted } from '../runner/interrupted.js'
import { openLab, whyNoLab } from '../runner/lab.js'
import { keySourcesOf, type RunProgress } from '../runner/session.js'
import { openTarget } from '../vitest/open-target.js'
import { linksNeeded, runLinuxSuite } from './linux.js'
import { runSuite, type SuiteFindings, type SuiteName } from './run-suite.js'

export interface SuiteOptions {
  readonly suite: SuiteName
  /** Fabric file. */
  readonly file: string
  readonly on: SuiteTarget
  /** A lab that runs already, judged as it is and left running. */
  readonly lab?: string
  /** File that says where keys of other schemes than `lab:` are. */
  readonly keySources?: string
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: RunProgress) => void
}

/** Where: the twin, a lab of namespaces or containers, or engines with Linux in the place of one node after the other, in the reference VM. */
export type SuiteTarget = Interpreter | 'vm'

/** What a suite found. */
export interface SuiteResult extends SuiteFindings {
  readonly suite: SuiteName
  readonly fabric: string
  readonly on: SuiteTarget
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
  const { file, on } = options
  const plan = compiled(file)
  if (on === 'twin') return onTarget({ ...options, on }, plan, undefined)
  if (on === 'vm') return onVm(options, plan)
  const stage = stagesOf(options)
  let lab: Lab
  try {
    lab = await stage(options.lab === undefined ? 'lab up' : 'lab attached', async () =>
      openLab(plan, on, options),
    )
  } catch (error) {
    if (options.signal !== undefined) throwIfInterrupted(options.signal)
    return unjudged(options, plan, error)
  }
  try {
    return await onTarget({ ...options, on: lab.driver }, plan, lab.id)
  } finally {
    if (options.lab === undefined) await stage('lab down', async () => lab.down())
    else lab.close()
  }
}

async function unjudged({ suite, on }: SuiteOptions, { fabric }: Plan, error: unknown): Promise<SuiteResult> {
  const cannot = await whyNoLab(error)
  if (cannot === undefined) throw error
  const nothing = { columns: [], rows: [], reasons: [], notes: [] }
  return { suite, fabric, on, exit: ExitStatus.Unjudged, ...nothing, cannot }
}

async function onVm(options: SuiteOptions, plan: Plan): Promise<SuiteResult> {
  const { suite, on, signal, onProgress } = options
  const stage = stagesOf(options)
  const keys = await keysOf(plan, options)
  let vm: ReferenceVm
  try {
    const { ReferenceVm: Vm } = await import('../../lab/vm/machine.js')
    vm = await stage('reference VM', async () => Vm.start({ links: linksNeeded(plan) }))
  } catch (error) {
    if (signal !== undefined) throwIfInterrupted(signal)
    return unjudged(options, plan, error)
  }
  try {
    const found = await stage(`${suite} suite`, async () =>
      runLinuxSuite(vm, {
        plan,
        suite,
        keys,
        ...(signal === undefined ? {} : { signal }),
        say: (text) => onProgress?.({ kind: 'step', text }),
      }),
    )
    return { suite, fabric: plan.fabric, on, ...found }
  } catch (error) {
    if (signal !== undefined) throwIfInterrupted(signal)
    throw error
  } finally {
    await vm.close()
  }
}

async function keysOf(plan: Plan, options: SuiteOptions): Promise<ReadonlyMap<string, Uint8Array>> {
  const { resolveKeys } = await import('../../lab/keys/resolve.js')
  const { signal } = options
  return resolveKeys(plan, { seed: randomBytes(SEED_LENGTH), sources: keySourcesOf(options), signal })
}

async function onTarget(
  options: SuiteOptions & { readonly on: Interpreter },
  plan: Plan,
  lab: string | undefined,
): Promise<SuiteResult> {
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
