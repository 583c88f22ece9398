/**
 * `run`: a user's scenario files, on twin, lab or both, one record.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { readdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { RunWriter } from '../record/run-record.js'
import type { Interpreter, Verdict } from '../record/verdict.js'
import { SdkError } from './errors.js'
import { judgeNodes } from './judge/agreement.js'
import { drive } from './runner/drive.js'
import type { TestOutcome } from './runner/drive.js'
import { presentTargets } from './runner/present-targets.js'
import { interpreterOfJournals } from './runner/journal-names.js'
import { keyFile, readKeyFile, removeKeyFiles } from './runner/key-file.js'
import { verdictsOf } from './runner/outcomes.js'
import { finish, runsFolder, stage, testEnvironment, testHooks } from './runner/session.js'
import type { RunOptions, RunResult } from './runner/session.js'
import { newSeed } from './vitest/environment.js'

/** Which files to run, and where. */
export interface RunFilesOptions extends RunOptions {
  /** Scenario files: vitest tests. */
  readonly files: readonly string[]
  /** The twin unless given. */
  readonly on?: readonly Interpreter[]
  /** A lab that runs already, for tests of its fabric. */
  readonly lab?: string
  /** Only tests whose full name matches this pattern. */
  readonly name?: string
  /** A vitest configuration to start from; none unless given. */
  readonly config?: string
}

/**
 * Runs scenario files.
 *
 * @throws SdkError `ZT_NOTHING` when no test ran, `ZT_USAGE` for files that do not exist, `ZT_INTERRUPTED`; then no record is left
 */
export async function run(options: RunFilesOptions): Promise<RunResult> {
  const cwd = options.cwd ?? process.cwd()
  const files = options.files.map((file) => path.resolve(cwd, file))
  const missing = files.find((file) => !existsSync(file))
  if (missing !== undefined) {
    throw new SdkError('ZT_USAGE', `there is no scenario file ${path.relative(cwd, missing)}`, {
      remedy: 'name vitest files',
    })
  }
  const signal = options.signal ?? new AbortController().signal
  const on = presentTargets(options.on ?? ['twin'], options.lab)
  const seed = options.seed ?? newSeed()
  const writer = await RunWriter.begin(runsFolder(options), `run ${options.files.join(' ')}`)
  try {
    const outcomes: TestOutcome[] = []
    for (const where of on) {
      const some = await stage(writer, options, `scenarios on ${where}`, async () =>
        drive({
          on: where,
          files,
          env: {
            ...testEnvironment(writer, options, seed),
            ...(options.lab === undefined ? {} : { ZTOS_LAB: options.lab }),
          },
          ...(options.name === undefined ? {} : { namePattern: patternOf(options.name) }),
          ...(options.config === undefined ? {} : { config: path.resolve(cwd, options.config) }),
          cwd,
          signal,
          ...testHooks(writer, options),
        }),
      )
      outcomes.push(...some)
    }
    if (!outcomes.some(({ status }) => status === 'passed' || status === 'failed')) {
      throw new SdkError('ZT_NOTHING', 'no test ran', {
        remedy: 'name files that hold tests, and a --name that fits one',
      })
    }
    const plan = await onlyPlan(writer)
    const verdicts = [...verdictsOf(outcomes), ...(await nodeAgreement(writer, options))]
    return await finish(writer, {
      command: 'run',
      ...(plan === undefined ? {} : { plan }),
      on,
      seed,
      outcomes,
      verdicts,
      notes: [],
    })
  } catch (error) {
    await writer.discard()
    removeKeyFiles(writer.id, options.env ?? process.env)
    throw error
  }
}

/** Journals that the tests' own labs left, replayed by the twin. */
async function nodeAgreement(writer: RunWriter, options: RunFilesOptions): Promise<readonly Verdict[]> {
  const folder = path.join(writer.directory, 'journals')
  const labs = existsSync(folder) ? await readdir(folder) : []
  if (labs.length === 0) return []
  return stage(writer, options, 'twin = lab, node by node', async () => {
    const { compareNodes } = await import('../lab/index.js')
    return Promise.all(
      labs.map(async (lab) => {
        const journals = new Map<string, Uint8Array>()
        for (const name of await readdir(path.join(folder, lab))) {
          journals.set(path.basename(name, '.ztj'), await readFile(path.join(folder, lab, name)))
        }
        const keys = readKeyFile(keyFile(`${writer.id}-${lab}`, options.env ?? process.env))
        return judgeNodes(compareNodes(journals, keys ?? new Map()), interpreterOfJournals(lab))
      }),
    )
  })
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text)
  } catch (cause) {
    throw new SdkError('ZT_USAGE', `'${text}' is no pattern`, { remedy: 'give a regular expression', cause })
  }
}

/** The plan of a run of one fabric becomes `plan.json`; several stay in `plans/`. */
async function onlyPlan(writer: RunWriter): Promise<Uint8Array | undefined> {
  const folder = path.join(writer.directory, 'plans')
  const names = existsSync(folder) ? await readdir(folder) : []
  const [name] = names
  if (name === undefined || names.length > 1) return undefined
  const only = path.join(writer.directory, 'plan.json')
  await rename(path.join(folder, name), only)
  await rm(folder, { recursive: true })
  return readFile(only)
}
