/**
 * `replay`: a run's failures again, from their seeds, and its journals, without privilege.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Plan } from '../contract/plan.js'
import { combineExit, ExitStatus } from '../record/exit-status.js'
import { loadRecord } from '../record/load-record.js'
import type { RunRecord } from '../record/load-record.js'
import type { Failure } from '../record/schema.js'
import type { Interpreter } from '../record/verdict.js'
import { readJournal, replayJournal } from '../twin/forward/index.js'
import type { ReplayResult } from '../twin/forward/index.js'
import { SdkError } from './errors.js'
import { drive, fileOfDisplayName } from './runner/drive.js'
import type { TestOutcome } from './runner/drive.js'
import { keyFile, readKeyFile } from './runner/key-file.js'
import { runsFolder } from './runner/session.js'
import type { RunOptions } from './runner/session.js'
import { planFileName } from './vitest/open-target.js'

/** What to replay, and where. */
export interface ReplayOptions extends Pick<RunOptions, 'runs' | 'cwd' | 'env' | 'signal' | 'onProgress'> {
  /** Id of a run, or the folder of its record. */
  readonly run: string
  /** Where to run failures again; the twin unless given, which needs no privilege. */
  readonly on?: Interpreter
  /** Replay journals alone. */
  readonly journalsOnly?: boolean
}

/** A failure that was run again. */
export interface ReplayedFailure {
  readonly failure: Failure
  /** Absent when its test is not there any more. */
  readonly outcome: TestOutcome | undefined
  /** It failed again. */
  readonly again: boolean
}

/** What came of a replay. */
export interface ReplayOutcome {
  readonly directory: string
  /** 1 when a failure came again, 5 when a journal differs, 0 otherwise. */
  readonly exit: ExitStatus
  readonly failures: readonly ReplayedFailure[]
  readonly journals: readonly ReplayResult[]
}

/**
 * Replays a run.
 *
 * @throws RecordError for a record that cannot be read; SdkError `ZT_NOTHING` when it holds neither failures nor journals;
 *   SdkError `ZT_ENVIRONMENT` when a journal's keys are not here
 */
export async function replay(options: ReplayOptions): Promise<ReplayOutcome> {
  const directory = recordFolder(options)
  // A record that a test or a hand touched may still be replayed: what is replayed is checked by what comes out.
  const record = await loadRecord(directory, { digests: false })
  const failures: ReplayedFailure[] = []
  for (const failure of options.journalsOnly === true ? [] : record.failures) {
    failures.push(await again(record, failure, options))
  }
  const journals = await replayJournals(record, options)
  if (failures.length === 0 && journals.length === 0) {
    throw new SdkError(
      'ZT_NOTHING',
      `run ${record.verification.id} has no failure and no journal to replay`,
      {
        remedy: 'replay a run that failed, or one that ran in a lab',
      },
    )
  }
  const statuses: ExitStatus[] = [
    ExitStatus.Holds,
    ...(failures.some((one) => one.again) ? [ExitStatus.Violated] : []),
    ...(failures.some((one) => one.outcome === undefined) ? [ExitStatus.BadInput] : []),
    ...(journals.some(({ ok }) => !ok) ? [ExitStatus.Disputed] : []),
  ]
  return { directory, exit: combineExit(statuses), failures, journals }
}

function recordFolder({ run, runs, cwd = process.cwd() }: ReplayOptions): string {
  const named = path.resolve(cwd, run)
  if (existsSync(named)) return named
  return path.join(runsFolder(runs === undefined ? { cwd } : { runs, cwd }), run)
}

async function again(record: RunRecord, failure: Failure, options: ReplayOptions): Promise<ReplayedFailure> {
  const cwd = options.cwd ?? process.cwd()
  const file = fileOfDisplayName(failure.file, cwd)
  if (!existsSync(file)) {
    throw new SdkError('ZT_USAGE', `the scenario ${failure.file} is not here`, {
      remedy: 'replay in the folder where the run was made',
    })
  }
  const outcomes = await drive({
    on: options.on ?? 'twin',
    files: [file],
    env: { ZTOS_SEED: String(failure.seed), ZTOS_PATH: failure.path, ...planOf(record, failure) },
    namePattern: new RegExp(`(?:^| )${escaped(failure.name)}$`),
    cwd,
    signal: options.signal ?? new AbortController().signal,
    onTest: (outcome) => {
      if (outcome.name === failure.name) options.onProgress?.({ kind: 'test', outcome })
    },
  })
  const outcome = outcomes.find(({ name, status }) => name === failure.name && status !== 'skipped')
  return { failure, outcome, again: outcome?.status === 'failed' }
}

/** The plan as it was: the fabric file may have changed since. */
function planOf(record: RunRecord, failure: Failure): Record<string, string> {
  const only = path.join(record.directory, 'plan.json')
  if (existsSync(only)) return { ZTOS_PLAN: path.resolve(only) }
  const one =
    failure.plan === undefined ? undefined : path.join(record.directory, 'plans', planFileName(failure.plan))
  return one !== undefined && existsSync(one) ? { ZTOS_PLAN: path.resolve(one) } : {}
}

async function replayJournals(record: RunRecord, options: ReplayOptions): Promise<readonly ReplayResult[]> {
  if (record.journals.length === 0) return []
  const results: ReplayResult[] = []
  for (const name of record.journals) {
    const bytes = await readFile(path.join(record.directory, name))
    const file = keyFile(keysOf(record, name), options.env ?? process.env)
    const keys = readKeyFile(file)
    if (keys === undefined && isSealed(bytes)) {
      throw new SdkError(
        'ZT_ENVIRONMENT',
        `${name} holds sealed frames, and the keys of the run are not at ${file}`,
        {
          remedy: 'replay as the user and on the host that made the run, or copy its key file there',
        },
      )
    }
    results.push(replayJournal(bytes, keys ?? new Map()))
  }
  return results
}

/** Tests that bring up labs of their own leave journals in a folder each: `journals/k3f9a2/leaf1.ztj`. */
function keysOf(record: RunRecord, journal: string): string {
  const { id } = record.verification
  const [, lab, node] = journal.split('/')
  return lab === undefined || node === undefined ? id : `${id}-${lab}`
}

function isSealed(journal: Uint8Array): boolean {
  const { program }: { readonly program: Plan['nodes'][number]['program'] } = readJournal(journal)
  return program.interfaces.some(
    (one) => one.kind === 'wireguard' || (one.kind === 'macsec' && one.mode === 'strict'),
  )
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
