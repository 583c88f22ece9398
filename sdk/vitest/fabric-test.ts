/**
 * `fabricTest`: vitest's `test` with a fabric, the target on which it runs, and `forAll`.
 *
 * @module
 */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, expect as vitestExpect, test as vitestTest, vi } from 'vitest'
import type { TestAPI } from 'vitest'
import { viewOf } from '../fabric-view.js'
import type { FabricView } from '../fabric-view.js'
import { SdkError } from '../errors.js'
import { Ledger, vacuous } from '../ledger.js'
import type { ScenarioTarget } from '../scenario-target.js'
import { readEnvironment } from './environment.js'
import type { RunEnvironment } from './environment.js'
import { makeForAll } from './for-all.js'
import type { ForAll } from './for-all.js'
import { installMatchers } from './matchers.js'
import { keepPlan, openTarget, planOf } from './open-target.js'
import type { OpenTarget } from './open-target.js'
import { replayLine } from './replay-line.js'
import type { TestReport } from './report.js'

declare module 'vitest' {
  interface TaskMeta {
    /** What the test tells the one who started the run. */
    ztos?: TestReport
  }
}

/** What a test is given. */
export interface ScenarioFixtures<Names extends string = string> {
  /** The fabric by names; one for all tests of the file. */
  readonly fabric: FabricView<Names>
  /** Twin or lab, as the run says; one for all tests of the file, reset before each. */
  readonly target: ScenarioTarget
  /** Runs a body for generated cases. */
  readonly forAll: ForAll
}

/** vitest's `test`, with the fixtures of a fabric. */
export type FabricTest<Names extends string = string> = TestAPI<ScenarioFixtures<Names>>

/** How the target is made. */
export interface FabricTestOptions {
  /** Replaces twin or lab. */
  readonly open?: OpenTarget
}

/** ms for one test or hook; give a test its own timeout where that is too much or too little. */
const SCENARIO_TIMEOUT = 300_000

/** State of one call of {@link fabricTest}: one file, one fabric. */
interface Suite {
  target: ScenarioTarget | undefined
  /** Of the test that runs now. */
  current: Ledger | undefined
  readonly ledgers: Map<string, Ledger>
  /** Tests that passed. */
  passed: number
  judged: number
  unjudged: number
}

/**
 * Makes a `test` for a fabric file.
 *
 * @example
 * ```ts
 * const test = fabricTest('./shop.fabric.yaml')
 * test('web reaches db', async ({ target }) => { await expect(target).toSatisfy('web-db') })
 * ```
 * @param file relative to the test file; `ZTOS_FABRIC` unless given
 * @typeParam Names the tenants' names, for code under `noUncheckedIndexedAccess`
 */
export function fabricTest<Names extends string = string>(
  file?: string | URL,
  options: FabricTestOptions = {},
): FabricTest<Names> {
  installMatchers()
  // Vitest's five seconds are for unit tests; here a hundred cases, or a lab that comes up, are one test.
  vi.setConfig({ testTimeout: SCENARIO_TIMEOUT, hookTimeout: SCENARIO_TIMEOUT })
  const environment = readEnvironment(process.env)
  const testPath = vitestExpect.getState().testPath ?? ''
  const plan = () => planOf(resolveFile(file, testPath), environment)
  const suite: Suite = {
    target: undefined,
    current: undefined,
    ledgers: new Map(),
    passed: 0,
    judged: 0,
    unjudged: 0,
  }

  const test = vitestTest
    .extend('fabric', { scope: 'file' }, () => viewOf<Names>(plan()))
    .extend('target', { scope: 'file' }, async ({ fabric }, { onCleanup }): Promise<ScenarioTarget> => {
      const target = await openTarget(fabric.plan, environment, options.open)
      onCleanup(async () => target.close())
      suite.target = target
      if (suite.current !== undefined) target.ledger = suite.current
      return target
    })
    .extend('ztosLedger', { auto: true }, async ({ task, skip, signal }): Promise<Ledger> => {
      if (task.concurrent === true) {
        throw new SdkError('ZT_USAGE', 'tests of a fabric run one after another: they share one fabric', {
          remedy: 'remove .concurrent',
        })
      }
      const ledger = new Ledger()
      ledger.skip = (note) => skip(note)
      ledger.signal = signal
      suite.ledgers.set(task.id, ledger)
      suite.current = ledger
      if (suite.target !== undefined) {
        suite.target.ledger = ledger
        await suite.target.reset()
      }
      return ledger
    })
    .extend('forAll', ({ target, fabric, ztosLedger, task }): ForAll => {
      return makeForAll({
        target,
        environment,
        replayLine: (failed) =>
          replayLine(environment, { ...failed, file: testPath, name: fullNameOf(task) }),
        onFailure: (failure) => {
          const plan = keepPlan(fabric.plan, environment)
          task.meta.ztos = {
            ...reportOf(environment, ztosLedger),
            fabric: fabric.name,
            plan,
            failure: { ...failure, plan },
          }
        },
      })
    })

  afterEach(({ task }) => {
    const ledger = suite.ledgers.get(task.id)
    if (ledger === undefined) return
    const { failure, ...known } = task.meta.ztos ?? reportOf(environment, ledger)
    const { target } = suite
    task.meta.ztos = {
      ...known,
      ...reportOf(environment, ledger),
      ...(target === undefined
        ? {}
        : { fabric: target.fabric.name, plan: keepPlan(target.fabric.plan, environment) }),
      ...(failure === undefined ? {} : { failure }),
    }
    suite.judged += ledger.judged
    if (ledger.unjudged !== undefined) suite.unjudged++
    if (task.result?.state !== 'pass') return
    suite.passed++
    const vacuity = ledger.vacuity()
    if (vacuity !== undefined) throw vacuity
  })

  afterAll(() => {
    if (suite.passed === 0 || suite.judged > 0 || suite.unjudged > 0) return
    throw vacuous('the tests of this file judged nothing', 'send traffic and judge what target.send returns')
  })

  return test as unknown as FabricTest<Names>
}

/**
 * The fabric of a test file while tests are being collected, for suites that make a test of each intent or tenant.
 *
 * @param file as for {@link fabricTest}
 */
export function scenarioFabric<Names extends string = string>(file?: string | URL): FabricView<Names> {
  const testPath = vitestExpect.getState().testPath ?? ''
  return viewOf<Names>(planOf(resolveFile(file, testPath), readEnvironment(process.env)))
}

function reportOf({ on }: RunEnvironment, ledger: Ledger): TestReport {
  const { controls, judged, verdicts, findings, agreement } = ledger
  return {
    on,
    controls,
    judged,
    verdicts: [...verdicts],
    findings: [...findings],
    ...(agreement === undefined ? {} : { agreement }),
  }
}

/** The name that vitest holds against `-t`: suites and test, with a space between. */
function fullNameOf(task: {
  readonly name: string
  readonly suite?: { readonly name: string; readonly suite?: object } | undefined
}): string {
  const names: string[] = []
  let at: typeof task | undefined = task
  while (at !== undefined) {
    if (at.name !== '') names.unshift(at.name)
    at = at.suite as typeof task | undefined
  }
  return names.join(' ')
}

/** A file is named as its test sees it. */
function resolveFile(file: string | URL | undefined, testPath: string): string | undefined {
  if (file === undefined) return undefined
  if (file instanceof URL) return fileURLToPath(file)
  const absolute = path.resolve(path.dirname(testPath), file)
  // Problems are easier to read with the name that a person would type.
  return path.relative(process.cwd(), absolute) || absolute
}
