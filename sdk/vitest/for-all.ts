/**
 * Properties over a fabric: fast-check itself, with the fabric reset before each case, failures shrunk where that is
 * cheap, and a failure that says how to see it again.
 *
 * @module
 */
import * as fc from 'fast-check'
import type { Arbitrary, RunDetails } from 'fast-check'
import type { Failure } from '../../record/schema.js'
import type { Interpreter } from '../../record/verdict.js'
import { SdkError } from '../errors.js'
import type { FabricView } from '../fabric-view.js'
import type { Start } from '../greeting.js'
import type { ScenarioTarget } from '../scenario-target.js'
import { accused, blameOf, describeBlame, describeFindings, recordedFrame } from './blame.js'
import { newSeed } from './environment.js'
import type { RunEnvironment } from './environment.js'
import type { FailedCase } from './replay-line.js'

/** What a case is drawn from: an arbitrary for each name. */
export type Arbitraries<Values> = { readonly [Name in keyof Values]: Arbitrary<Values[Name]> }

/** How a property is run; the rest is fast-check's default. */
export interface ForAllOptions {
  /** Cases; 100 on the twin and 25 in a lab unless given. `ZTOS_RUNS` wins. */
  readonly numRuns?: number
  /**
   * How many properties say the same of other parts of the fabric, this one among them. More than twenty share the cases of twenty, so that a
   * fabric of twenty tenants, of which every two are a property, takes minutes and not hours. At least two each.
   */
  readonly alike?: number
  /** Seed of the generator; drawn, and printed on failure, unless given. `ZTOS_SEED` wins. */
  readonly seed?: number
  /** Where in the tree of shrunk cases to start, as a failure printed it. `ZTOS_PATH` wins. */
  readonly path?: string
  /** Stop at the first failure, without shrinking. */
  readonly endOnFailure?: boolean
  /**
   * What hosts a case begins with: ones of whom nobody has heard (default), ones who have all spoken, or either, drawn with the case.
   * `either` draws only where a control plane tells nodes of hosts, each of which then takes its time to become known; elsewhere nobody has
   * spoken.
   */
  readonly hosts?: Start | 'either'
}

/** Runs a body for generated cases. Rejects with {@link ScenarioFailure} when one fails. */
export type ForAll = <Values extends object>(
  arbitraries: Arbitraries<Values>,
  body: (values: Values) => Promise<void> | void,
  options?: ForAllOptions,
) => Promise<void>

/** A property that failed, shrunk. */
export class ScenarioFailure extends Error {
  override readonly name = 'ScenarioFailure'
  readonly code = 'ZT_SCENARIO_FAILED'
  /** Everything about it, as the run record keeps it. */
  readonly failure: RecordedFailure

  /** @param origin where the property stands; its stack is of more use than that of the runner */
  constructor(text: string, failure: RecordedFailure, origin: Error) {
    super(text)
    this.failure = failure
    const frames = origin.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? []
    this.stack = [`${this.name}: ${text}`, ...frames].join('\n')
  }
}

/** A failure without what only the one who runs the tests knows. */
export type RecordedFailure = Omit<Failure, 'test' | 'file' | 'name'>

const RUNS: Readonly<Record<Interpreter, number>> = { twin: 100, netns: 25, containerlab: 25 }
/** Cases in a lab whose daemons have to tell each other of every host; the twin runs all the same. */
const TOLD_RUNS = 12
/** Properties that are alike have the cases of so many, and no fewer than so many each. */
const [SHARE, LEAST_RUNS] = [20, 2]
/** Of six cases one begins with nobody known, where either may be; of properties that are alike, as many as of the cases that they share. */
const KNOWN_FOR_UNKNOWN = 5
/** Shrinking in a lab may take this long, ms; the twin needs no limit. */
const LAB_SHRINK_TIME = 20_000

/** What `forAll` needs to know of its test. */
export interface ForAllContext {
  readonly target: ScenarioTarget
  readonly environment: RunEnvironment
  /** The line that shows a failure again. */
  readonly replayLine: (failed: Pick<FailedCase, 'seed' | 'path' | 'shrunkOn'>) => string
  /** Keeps a failure for the run record. */
  readonly onFailure: (failure: RecordedFailure) => void
}

/** Makes the `forAll` of a test. */
export function makeForAll(context: ForAllContext): ForAll {
  let calls = 0
  const forAll: ForAll = async (arbitraries, body, options = {}) => {
    const origin = new Error('forAll')
    Error.captureStackTrace(origin, forAll)
    calls++
    const { environment } = context
    if (environment.path !== undefined && environment.path.forAll !== calls) return
    await new Property(context, { number: calls, origin }, arbitraries, body, options).run()
  }
  return forAll
}

/** A case as it is drawn. */
interface Case<Values> {
  readonly hosts: Start
  readonly values: Values
}

class Property<Values extends object> {
  readonly #context: ForAllContext
  readonly #number: number
  readonly #arbitrary: Arbitrary<Case<Values>>
  readonly #body: (values: Values) => Promise<void> | void
  readonly #options: ForAllOptions
  readonly #origin: Error
  readonly #seed: number
  readonly #path: string | undefined
  /** Thrown to skip, or because the scenario itself is wrong: not to be shrunk, to be thrown as it is. */
  #aside: Error | undefined

  constructor(
    context: ForAllContext,
    call: { readonly number: number; readonly origin: Error },
    arbitraries: Arbitraries<Values>,
    body: (values: Values) => Promise<void> | void,
    options: ForAllOptions,
  ) {
    this.#context = context
    this.#number = call.number
    this.#origin = call.origin
    this.#arbitrary = fc.record({
      values: fc.record<Values>({ ...arbitraries }),
      hosts: startOf(context.target, options),
    })
    this.#body = body
    this.#options = options
    const { environment } = context
    this.#seed = environment.seed ?? options.seed ?? newSeed()
    this.#path = environment.path?.path ?? options.path
  }

  async run(): Promise<void> {
    const { target } = this.#context
    const numRuns =
      this.#context.environment.runs ?? this.#options.numRuns ?? runsOn(target, this.#options.alike)
    const where = this.#path === undefined ? {} : { path: this.#path }
    const first = await this.#check({
      numRuns,
      ...where,
      endOnFailure: target.on !== 'twin' || this.#options.endOnFailure === true,
    })
    if (!first.failed) return
    const shrunk = target.on === 'twin' ? { details: first, on: target.on } : await this.#shrinkLab(first)
    throw await this.#failure(shrunk.details, shrunk.on)
  }

  async #check(parameters: fc.Parameters<[Case<Values>]>): Promise<RunDetails<[Case<Values>]>> {
    const property = fc.asyncProperty(this.#arbitrary, async (one) => this.#case(one))
    const details = await fc.check(property, { seed: this.#seed, ...parameters })
    if (this.#aside !== undefined) throw this.#aside
    return details
  }

  async #case({ hosts, values }: Case<Values>): Promise<void> {
    // After something that must not be shrunk the remaining cases are not run.
    if (this.#aside !== undefined) return
    await this.#context.target.reset(hosts)
    try {
      await this.#body(values)
    } catch (error) {
      if (isAside(error)) {
        this.#aside = error
        return
      }
      throw error
    }
  }

  /** A lab's failure is shrunk on the twin when the twin shows it, else on the lab for a while. */
  async #shrinkLab(
    first: RunDetails<[Case<Values>]>,
  ): Promise<{ readonly details: RunDetails<[Case<Values>]>; readonly on: Interpreter }> {
    const path = first.counterexamplePath ?? ''
    const { on } = this.#context.target
    if (this.#options.endOnFailure === true || path === '') return { details: first, on }
    const onTwin = await this.#context.target.onTwin(async () => this.#check({ path, numRuns: 1 }))
    if (onTwin.failed) return { details: onTwin, on: 'twin' }
    const onLab = await this.#check({ path, numRuns: 1, interruptAfterTimeLimit: LAB_SHRINK_TIME })
    return { details: onLab.failed ? onLab : first, on }
  }

  async #failure(details: RunDetails<[Case<Values>]>, shrunkOn: Interpreter): Promise<ScenarioFailure> {
    const { target, replayLine, onFailure } = this.#context
    const [one] = details.counterexample ?? []
    const prefix = this.#number === 1 ? '' : `${this.#number}/`
    const path = `${prefix}${details.counterexamplePath ?? ''}`
    // The last case that ran was a smaller one that held; the smallest one that fails is run again, to be shown.
    const again = one === undefined ? undefined : await this.#again(one, shrunkOn)
    const findings = target.ledger.findings
    const guilty = accused(target.sends, findings)
    const blame = blameOf(guilty, findings)
    const failure: RecordedFailure = {
      on: target.on,
      shrunkOn,
      seed: this.#seed,
      path,
      runs: details.numRuns,
      shrinks: details.numShrinks,
      scenario: one === undefined ? [] : describeCase(one),
      frames: guilty === undefined ? [] : [recordedFrame(guilty.sent)],
      findings: [...findings],
      blame: [...blame.short],
      walk: [...blame.full],
      replay: replayLine({ seed: this.#seed, path, shrunkOn }),
    }
    onFailure(failure)
    const error = again ?? details.errorInstance
    const lines = [
      `property failed on ${target.on} after ${details.numRuns} cases and ${details.numShrinks} shrinks${shrunkOn === target.on ? '' : ` (shrunk on the ${shrunkOn})`}`,
      `seed ${this.#seed}, path ${path}`,
      'scenario:',
      ...failure.scenario.map((line) => `  ${line}`),
      ...(again === undefined
        ? ['(the shrunk scenario held when it was run once more: it fails by chance)']
        : []),
      ...(findings.length > 0 ? describeFindings(findings) : [messageOf(error)]),
      ...describeBlame(blame),
      `replay: ${failure.replay}`,
    ]
    return new ScenarioFailure(lines.join('\n'), failure, this.#origin)
  }

  /** @returns what it threw, or undefined when it held this time */
  async #again(one: Case<Values>, on: Interpreter): Promise<unknown> {
    const { target } = this.#context
    const run = async (): Promise<unknown> => {
      try {
        await this.#case(one)
        return undefined
      } catch (error) {
        return error
      }
    }
    return target.on === on ? run() : target.onTwin(run)
  }
}

/** Skipping, and errors of the scenario itself. */
function isAside(error: unknown): error is Error {
  return (
    error instanceof SdkError ||
    (error instanceof Error && 'code' in error && error.code === 'VITEST_PENDING')
  )
}

/** Cases unless somebody says how many. */
function runsOn({ on, fabric }: ScenarioTarget, alike = 1): number {
  const runs = on !== 'twin' && isTold(fabric) ? TOLD_RUNS : RUNS[on]
  return sharedRuns(runs, alike)
}

/** Cases of one property of so many that are alike, of which each alone would have `runs`. */
export function sharedRuns(runs: number, alike: number): number {
  return alike <= SHARE ? runs : Math.min(runs, Math.max(LEAST_RUNS, Math.ceil((runs * SHARE) / alike)))
}

/** Whether what nodes know of hosts comes by a control plane. */
function isTold({ nodes }: FabricView): boolean {
  return nodes.some(({ control }) => control !== undefined)
}

/**
 * The same in twin and lab, so that one's failure is the other's. To forget all and make it known again is what takes a lab longest, and
 * GoBGP 4.8 keeps something of each time for ever.
 */
function startOf(
  { fabric }: ScenarioTarget,
  { hosts = 'unknown', alike = 1 }: ForAllOptions,
): Arbitrary<Start> {
  if (hosts !== 'either') return fc.constant(hosts)
  if (!isTold(fabric)) return fc.constant('unknown')
  const weight = Math.round(KNOWN_FOR_UNKNOWN * excess(alike))
  return fc.oneof(
    { arbitrary: fc.constant<Start>('unknown'), weight: 1 },
    { arbitrary: fc.constant<Start>('known'), weight },
  )
}

/** How many times the cases that they share so many properties have, because each has a few. */
export function excess(alike: number): number {
  return Math.max(1, (alike * LEAST_RUNS) / (SHARE * TOLD_RUNS))
}

/** The values of a case, a line each; lists an item a line. */
function describeCase({ hosts, values }: Case<object>): string[] {
  return [
    ...(hosts === 'known' ? ['hosts: all have spoken before'] : []),
    ...Object.entries(values).flatMap(([name, value]: [string, unknown]) =>
      Array.isArray(value)
        ? [`${name}: ${value.length}`, ...value.map((item: unknown) => `  - ${fc.stringify(item)}`)]
        : [`${name}: ${fc.stringify(value)}`],
    ),
  ]
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
