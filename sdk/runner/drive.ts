/**
 * Drives vitest: scenario files in, outcomes of their tests out. No second runner; vitest is the user's own.
 *
 * @module
 */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Reporter, TestCase, TestModule, TestSuite, Vitest } from 'vitest/node'
import type { CtrfStatus } from '../../record/ctrf.js'
import type { Interpreter } from '../../record/verdict.js'
import { SdkError } from '../errors.js'
import type { TestReport } from '../vitest/report.js'
import { throwIfInterrupted } from './interrupted.js'

/** What became of one test. */
export interface TestOutcome {
  /** As a person names it: relative to the working folder, or `ztos:reach` for a shipped suite. */
  readonly file: string
  /** Suites and test, with a space between, as `-t` takes it. */
  readonly name: string
  readonly suites: readonly string[]
  readonly title: string
  readonly on: Interpreter
  readonly status: CtrfStatus
  /** ms. */
  readonly duration: number
  /** ms since 1970. */
  readonly start: number | undefined
  readonly message?: string
  readonly stack?: string
  /** Why it was skipped. */
  readonly note?: string
  readonly report?: TestReport
}

/** Which test begins. */
export interface TestPlace extends Pick<TestOutcome, 'file' | 'name'> {
  /** Which one of its file it is, from 1, and how many the file has. */
  readonly nth: number
  readonly of: number
}

/** What to run, and where. */
export interface DriveOptions {
  readonly on: Interpreter
  /** Absolute paths. */
  readonly files: readonly string[]
  /** Environment of the tests, besides the process's own. */
  readonly env: Readonly<Record<string, string>>
  /** Only tests whose full name matches. */
  readonly namePattern?: RegExp
  /** A vitest configuration to start from; none unless given. */
  readonly config?: string
  readonly cwd: string
  readonly signal: AbortSignal
  /** Called for all tests of a file when the file has ended. */
  readonly onTest: (outcome: TestOutcome) => void
  readonly onBegin?: (place: TestPlace) => void
}

/** This module's package, be it built or in source. */
const here = path.dirname(fileURLToPath(import.meta.url))
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const packageFolder = path.dirname(path.dirname(here))

/** What this process was called with must not reach tests but by `env`. */
const clean = Object.fromEntries(
  ['FABRIC', 'PLAN', 'SEED', 'PATH', 'RUNS', 'LAB', 'RUN', 'RUN_DIR', 'COMMAND'].map((name) => [
    `ZTOS_${name}`,
    '',
  ]),
)

/** Names of the shipped suites, in the order in which they run. */
export const shippedSuites = [
  'intents',
  'reach',
  'isolation',
  'sealed',
  'hostile',
  'attacks-macsec',
  'learning',
  'gateways',
  'agreement',
] as const

/** Absolute path of a shipped suite. */
export function shippedSuite(name: string): string {
  return path.join(packageFolder, 'scenarios', `${name}.${extension}`)
}

/** How a file is named for people. */
function displayName(file: string, cwd: string): string {
  const inPackage = path.relative(path.join(packageFolder, 'scenarios'), file)
  if (!inPackage.startsWith('..') && !path.isAbsolute(inPackage))
    return `ztos:${path.basename(file, path.extname(file))}`
  return path.relative(cwd, file)
}

/** The file of a display name. */
export function fileOfDisplayName(name: string, cwd: string): string {
  return name.startsWith('ztos:') ? shippedSuite(name.slice(5)) : path.resolve(cwd, name)
}

/**
 * Runs test files on one target.
 *
 * @throws SdkError `ZT_USAGE` when vitest is not there, `ZT_INTERRUPTED` when the signal came
 */
export async function drive(options: DriveOptions): Promise<readonly TestOutcome[]> {
  const outcomes: TestOutcome[] = []
  const reporter = new Collector(options, (outcome) => {
    outcomes.push(outcome)
    options.onTest(outcome)
  })
  // Vitest sets it when a test fails: what became of them is for the caller to say.
  const { exitCode } = process
  const vitest = await open(options, reporter)
  const cancel = () => {
    void vitest.cancelCurrentRun('keyboard-input')
  }
  options.signal.addEventListener('abort', cancel, { once: true })
  try {
    throwIfInterrupted(options.signal)
    const project = vitest.getRootProject()
    const specifications = options.files.map((file) => project.createSpecification(file))
    await vitest.runTestSpecifications(specifications, true)
    throwIfInterrupted(options.signal)
    // Files are run as vitest sees fit; what is said of them is in the order in which they were named.
    const order = options.files.map((file) => displayName(file, options.cwd))
    return outcomes.toSorted((a, b) => order.indexOf(a.file) - order.indexOf(b.file))
  } finally {
    options.signal.removeEventListener('abort', cancel)
    await vitest.close()
    process.exitCode = exitCode
  }
}

async function open(
  { on, env, files, namePattern, config, cwd }: DriveOptions,
  reporter: Reporter,
): Promise<Vitest> {
  const { createVitest } = await importVitest(cwd)
  const lab = on !== 'twin'
  return createVitest(
    'test',
    {
      root: cwd,
      config: config ?? false,
      watch: false,
      run: true,
      reporters: [reporter],
      include: [...files],
      exclude: [],
      env: { ...clean, ...env, ZTOS_ON: on },
      ...(namePattern === undefined ? {} : { testNamePattern: namePattern }),
      pool: 'threads',
      // Modules are loaded once; what tests share is the fabric, which is reset before each.
      isolate: false,
      // One lab, one file at a time.
      ...(lab ? { fileParallelism: false, maxWorkers: 1 } : { maxWorkers: 1 }),
      testTimeout: 300_000,
      hookTimeout: 120_000,
      passWithNoTests: true,
      allowOnly: true,
      // What was built is JavaScript and needs no transformation.
      server: { deps: { external: [/\/dist\/(?:sdk|twin|record|contract|lab|reports)\//] } },
    },
    {
      logLevel: 'error',
      clearScreen: false,
      resolve: {
        // Tests must get the library of this command, not another version that lies about.
        alias: [
          { find: /^ztos-twin$/, replacement: path.join(packageFolder, 'sdk', `index.${extension}`) },
          {
            find: /^ztos-twin\/vitest$/,
            replacement: path.join(packageFolder, 'sdk', `vitest.${extension}`),
          },
        ],
      },
    },
  )
}

async function importVitest(cwd: string) {
  try {
    return await import('vitest/node')
  } catch (cause) {
    throw new SdkError('ZT_USAGE', `scenarios are vitest tests, and vitest is not installed in ${cwd}`, {
      remedy: 'npm install --save-dev vitest fast-check',
      cause,
    })
  }
}

/** Turns vitest's reports into outcomes. */
class Collector implements Reporter {
  readonly #options: DriveOptions
  readonly #take: (outcome: TestOutcome) => void
  /** Tests of the file that runs. */
  #begun = 0

  constructor(options: DriveOptions, take: (outcome: TestOutcome) => void) {
    this.#options = options
    this.#take = take
  }

  onTestModuleStart(): void {
    this.#begun = 0
  }

  onTestCaseReady(test: TestCase): void {
    this.#options.onBegin?.({
      file: displayName(test.module.moduleId, this.#options.cwd),
      name: fullName(test),
      nth: ++this.#begun,
      of: [...test.module.children.allTests()].length,
    })
  }

  onTestModuleEnd(module: TestModule): void {
    for (const test of module.children.allTests()) this.#take(this.#outcome(test))
    for (const suite of [module, ...module.children.allSuites()]) this.#takeErrors(module, suite)
  }

  onTestRunEnd(
    _: readonly TestModule[],
    errors: readonly { readonly message: string; readonly stack?: string }[],
  ): void {
    for (const { message, stack } of errors) {
      this.#take({
        ...this.#base(''),
        file: '(run)',
        title: 'error outside of any test',
        name: 'error outside of any test',
        status: 'failed',
        message,
        ...(stack === undefined ? {} : { stack }),
      })
    }
  }

  #outcome(test: TestCase): TestOutcome {
    const result = test.result()
    const suites = suitesOf(test)
    const [error] = result.errors ?? []
    const { ztos } = test.meta()
    const note = result.state === 'skipped' ? result.note : undefined
    return {
      ...this.#base(test.module.moduleId),
      name: fullName(test),
      suites,
      title: test.name,
      status: result.state,
      duration: Math.round(test.diagnostic()?.duration ?? 0),
      start: roundedUp(test.diagnostic()?.startTime),
      ...(error === undefined
        ? {}
        : { message: error.message, ...(error.stack === undefined ? {} : { stack: error.stack }) }),
      ...(note === undefined ? {} : { note }),
      ...(ztos === undefined ? {} : { report: ztos }),
    }
  }

  /** What went wrong outside of tests: a file that cannot be loaded, a hook, a suite that judged nothing. */
  #takeErrors(module: TestModule, suite: TestSuite | TestModule): void {
    const [error] = suite.errors()
    if (error === undefined) return
    const title = suite.type === 'module' ? 'the file as a whole' : suite.name
    this.#take({
      ...this.#base(module.moduleId),
      name: title,
      title,
      status: 'failed',
      message: error.message,
      ...(error.stack === undefined ? {} : { stack: error.stack }),
    })
  }

  #base(file: string) {
    return {
      file: displayName(file, this.#options.cwd),
      suites: [],
      on: this.#options.on,
      duration: 0,
      start: undefined,
    }
  }
}

/** Suites and test, as `TestOutcome` has it. */
function fullName(test: TestCase): string {
  return [...suitesOf(test), test.name].join(' ')
}

function suitesOf(test: TestCase): string[] {
  const names: string[] = []
  for (let at = test.parent; at.type === 'suite'; at = at.parent) names.unshift(at.name)
  return names
}

function roundedUp(time: number | undefined): number | undefined {
  return time === undefined ? undefined : Math.round(time)
}
