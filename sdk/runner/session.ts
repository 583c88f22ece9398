/**
 * What `verify` and `run` have in common: options, progress, and how a run becomes a record.
 *
 * @module
 */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Plan } from '../../contract/plan.js'
import { ctrfReport } from '../../record/ctrf.js'
import type { ExitStatus } from '../../record/exit-status.js'
import { exitOfVerdicts } from '../../record/exit-status.js'
import { blindedInvariants } from '../../record/invariants.js'
import { combine } from '../../record/judge.js'
import { RUNS_FOLDER } from '../../record/run-record.js'
import type { RunWriter } from '../../record/run-record.js'
import type { Failure, Verification } from '../../record/schema.js'
import type { CombinedVerdict, Interpreter, Verdict } from '../../record/verdict.js'
import { renderReports } from '../../reports/index.js'
import { writePcapng } from '../../twin/packet/index.js'
import { schemeOf, sourcedKeys } from '../../twin/program/index.js'
import { packageVersion } from '../version.js'
import type { DriveOptions, TestOutcome, TestPlace } from './drive.js'
import { ctrfTest, failuresOf } from './outcomes.js'

/** What every run may be told. */
export interface RunOptions {
  /** Folder of run records; `runs` unless given. */
  readonly runs?: string
  /** Seed of generated traffic; drawn unless given. */
  readonly seed?: number
  /** Cases of every property; by target unless given. */
  readonly cases?: number
  /** Where relative paths start. */
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal
  /** How the command is called, for replay lines; `npx ztos` unless given. */
  readonly command?: string
  /** File that says where keys are that are no lab keys, for labs that are brought up. */
  readonly keySources?: string
  readonly onProgress?: (progress: RunProgress) => void
}

/** Something that a person who waits wants to know. */
export type RunProgress =
  | {
      readonly kind: 'stage'
      readonly stage: string
      readonly state: 'begin' | 'end' | 'failed'
      readonly ms?: number
    }
  | { readonly kind: 'lab'; readonly step: string; readonly phase: string }
  /** Of a stage: what is being looked at. */
  | { readonly kind: 'step'; readonly text: string }
  | { readonly kind: 'begin'; readonly place: TestPlace }
  | { readonly kind: 'test'; readonly outcome: TestOutcome }

/** What came of a run. */
export interface RunResult {
  readonly id: string
  /** Folder of the record. */
  readonly directory: string
  readonly exit: ExitStatus
  readonly verdicts: readonly CombinedVerdict[]
  readonly failures: readonly Failure[]
  readonly outcomes: readonly TestOutcome[]
  readonly notes: readonly string[]
}

/** Folder of run records. */
export function runsFolder({ runs, cwd = process.cwd() }: RunOptions): string {
  return path.resolve(cwd, runs ?? RUNS_FOLDER)
}

/** The file of key sources, wherever the process is. */
export function keySourcesOf({ keySources, cwd = process.cwd() }: RunOptions): string | undefined {
  return keySources === undefined ? undefined : path.resolve(cwd, keySources)
}

/** What is to be known of keys whose values a twin does not have. */
export function standInNotes(plan: Pick<Plan, 'keys'>, on: readonly Interpreter[]): readonly string[] {
  const schemes = [...new Set(sourcedKeys(plan).map(schemeOf))]
  if (schemes.length === 0 || !on.includes('twin')) return []
  const names = schemes.map((scheme) => `${scheme}:`).join(', ')
  return [
    `in the twin keys of ${names} are stand-ins drawn for the run; nobody asks their source for them there`,
  ]
}

/** A stage of a run: noted in the record, told to who waits. */
export async function stage<T>(
  writer: RunWriter,
  options: RunOptions,
  name: string,
  step: () => Promise<T>,
): Promise<T> {
  const began = performance.now()
  options.onProgress?.({ kind: 'stage', stage: name, state: 'begin' })
  try {
    const result = await writer.stage(name, step)
    options.onProgress?.({ kind: 'stage', stage: name, state: 'end', ms: performance.now() - began })
    return result
  } catch (error) {
    options.onProgress?.({ kind: 'stage', stage: name, state: 'failed', ms: performance.now() - began })
    throw error
  }
}

/** Notes a test in the record and tells it. */
function noteTest(writer: RunWriter, options: RunOptions, outcome: TestOutcome): void {
  const { name, on, status, duration } = outcome
  writer.event({ event: 'test', id: ctrfTest(outcome).id, name, on, status, duration })
  options.onProgress?.({ kind: 'test', outcome })
}

/** What is told of the tests of a run. */
export function testHooks(writer: RunWriter, options: RunOptions): Pick<DriveOptions, 'onBegin' | 'onTest'> {
  return {
    onBegin: (place) => options.onProgress?.({ kind: 'begin', place }),
    onTest: (outcome) => noteTest(writer, options, outcome),
  }
}

/** Environment of the tests of a run. */
export function testEnvironment(
  writer: RunWriter,
  options: RunOptions,
  seed: number,
): Record<string, string> {
  return {
    ZTOS_SEED: String(seed),
    ZTOS_RUN: writer.id,
    ZTOS_RUN_DIR: writer.directory,
    ...(options.cases === undefined ? {} : { ZTOS_RUNS: String(options.cases) }),
    ...(options.command === undefined ? {} : { ZTOS_COMMAND: options.command }),
    ...(options.keySources === undefined ? {} : { ZTOS_KEY_SOURCES: keySourcesOf(options) ?? '' }),
  }
}

/** What a run found, ready to be written. */
export interface Findings {
  readonly command: Verification['command']
  readonly plan?: Uint8Array
  readonly fabric?: Verification['fabric']
  readonly on: readonly Interpreter[]
  readonly lab?: Verification['lab']
  readonly seed: number
  readonly outcomes: readonly TestOutcome[]
  readonly verdicts: readonly Verdict[]
  readonly notes: readonly string[]
}

/** Combines verdicts, writes the record with its reports, and says how it ended. */
export async function finish(writer: RunWriter, found: Findings): Promise<RunResult> {
  const verdicts = combine(found.verdicts)
  for (const { name, by, judgement } of found.verdicts)
    writer.event({ event: 'verdict', name, by, judgement })
  const exit = exitOfVerdicts(verdicts)
  const failures = failuresOf(found.outcomes)
  await writeCaptures(writer, failures)
  const now = Date.now()
  const results = ctrfReport({
    tests: found.outcomes.map(ctrfTest),
    runId: writer.id,
    version: packageVersion(),
    start: writer.began,
    stop: now,
  })
  const directory = await writer.finish(
    {
      ...(found.plan === undefined ? {} : { plan: found.plan }),
      results,
      failures,
      verification: {
        command: found.command,
        ...(found.fabric === undefined ? {} : { fabric: found.fabric }),
        on: [...found.on],
        ...(found.lab === undefined ? {} : { lab: found.lab }),
        seed: found.seed,
        tool: {
          version: packageVersion(),
          node: process.version,
          platform: `${process.platform}-${process.arch}`,
        },
        started: new Date(writer.began).toISOString(),
        finished: new Date(now).toISOString(),
        exit,
        verdicts: structuredClone(verdicts) as Verification['verdicts'],
        blinded: [...blindedInvariants()],
        notes: [...found.notes],
      },
    },
    ({ plan, ...record }) =>
      renderReports({
        ...record,
        ...(plan === undefined ? {} : { plan: Plan.parse(JSON.parse(Buffer.from(plan).toString('utf8'))) }),
      }),
  )
  return { id: writer.id, directory, exit, verdicts, failures, outcomes: found.outcomes, notes: found.notes }
}

/** The frame of each failure as a capture, to be opened in any tool. */
async function writeCaptures(writer: RunWriter, failures: readonly Failure[]): Promise<void> {
  const folder = path.join(writer.directory, 'pcap')
  for (const [index, { frames }] of failures.entries()) {
    if (frames.length === 0) continue
    await mkdir(folder, { recursive: true })
    const places = [...new Set(frames.map(({ at }) => at))]
    const bytes = writePcapng({
      interfaces: places.map((name) => ({ name })),
      packets: frames.map(({ at, frame }) => ({
        interface: places.indexOf(at),
        bytes: new Uint8Array(Buffer.from(frame, 'hex')),
      })),
      application: 'ztos',
    })
    await writeFile(path.join(folder, `failure-${index + 1}.pcapng`), bytes, { mode: 0o600 })
  }
}
