/**
 * `verify`: the main job. One fabric file, judged in the twin and in a real lab, the two held against each other, one record.
 *
 * @module
 */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Plan } from '../contract/plan.js'
import type { Lab, SealState } from '../lab/index.js'
import { labEpochs } from '../lab/state.js'
import { digestOf, RunWriter } from '../record/run-record.js'
import type { Interpreter, LabInterpreter, Verdict } from '../record/verdict.js'
import { formatProblem, loadFabric } from '../twin/model/index.js'
import { compile } from '../twin/compile.js'
import { planBytes, withEpochs } from '../twin/program/index.js'
import { SdkError } from './errors.js'
import { judgeNodes } from './judge/agreement.js'
import { NOT_GUARDED } from './judge/seal-guard.js'
import { drive, shippedSuite, shippedSuites } from './runner/drive.js'
import type { TestOutcome } from './runner/drive.js'
import { throwIfInterrupted } from './runner/interrupted.js'
import { keyFile, removeKeyFiles, writeKeyFile } from './runner/key-file.js'
import { checkKeys, openLab, whyNoLab } from './runner/lab.js'
import { presentTargets } from './runner/present-targets.js'
import { unjudgedVerdict, verdictsOf } from './runner/outcomes.js'
import { finish, runsFolder, stage, standInNotes, testEnvironment, testHooks } from './runner/session.js'
import type { RunOptions, RunResult } from './runner/session.js'
import { newSeed } from './vitest/environment.js'

/** What to verify, and where. */
export interface VerifyOptions extends RunOptions {
  /** The fabric file. */
  readonly file: string
  /** Twin and lab unless given; a lab that cannot be had is then unjudged. */
  readonly on?: readonly Interpreter[]
  /** A lab that runs already, judged as it is and left running; implies the lab. */
  readonly lab?: string
}

/** What the lab's part of a verification gave. */
interface LabPart {
  readonly outcomes: readonly TestOutcome[]
  readonly verdicts: readonly Verdict[]
  readonly notes: readonly string[]
  readonly lab?: { readonly id: string; readonly attached: boolean; readonly seals: SealState[] }
}

/** What is true of every lab and must be known when a seal is judged by it. */
const GUARD_NOTE = `the egress guard of sealed ports ${NOT_GUARDED}`

/**
 * Verifies a fabric file.
 *
 * @throws SdkError `ZT_FABRIC` with every problem of the file, `ZT_NOTHING` when it has no intents, `ZT_INTERRUPTED`; then no
 *   record is left, and no lab; KeyError when no source is known for a key of the lab
 */
export async function verify(options: VerifyOptions): Promise<RunResult> {
  const signal = options.signal ?? new AbortController().signal
  const { plan: written, digest } = compiled(options)
  // Of a lab that runs, with the keys that it has by now.
  const plan = options.lab === undefined ? written : withEpochs(written, labEpochs(options.lab))
  const bytes = planBytes(plan)
  const { on, lab: where } = targetsOf(options)
  const seed = options.seed ?? newSeed()
  if (where !== undefined) await checkKeys(plan, options)
  const writer = await RunWriter.begin(runsFolder(options), `verify ${options.file}`)
  let opening: Settled<Lab> | undefined
  try {
    const planFile = path.join(writer.directory, 'plan.json')
    await writeFile(planFile, bytes, { mode: 0o600 })
    const env = { ...testEnvironment(writer, options, seed), ZTOS_PLAN: planFile }
    const context: Context = { options, plan, writer, env, signal }
    // The lab comes up while the twin is at work.
    opening = where === undefined ? undefined : settled(openLab(plan, where, { ...options, signal }))
    const twin = on.includes('twin') ? await inTwin(context) : []
    const coming = opening
    // From here on it is taken down by the one who uses it.
    opening = undefined
    const lab = coming === undefined || where === undefined ? undefined : await inLab(context, where, coming)
    throwIfInterrupted(signal)
    const outcomes = [...twin, ...(lab?.outcomes ?? [])]
    return await finish(writer, {
      command: 'verify',
      plan: bytes,
      fabric: { name: plan.fabric, file: options.file, digest },
      on,
      ...(lab?.lab === undefined ? {} : { lab: lab.lab }),
      seed,
      outcomes,
      verdicts: [...verdictsOf(outcomes), ...(lab?.verdicts ?? [])],
      notes: [...standInNotes(plan, on), ...(lab?.notes ?? [])],
    })
  } catch (error) {
    await writer.discard()
    removeKeyFiles(writer.id, options.env ?? process.env)
    if (opening !== undefined) await leave(await opening, options)
    throw error
  }
}

/** Where to judge; of a lab that runs already, what it is. @throws SdkError `ZT_USAGE` of more labs than one, whose journals have one place */
function targetsOf({ on = ['twin', 'netns'], lab }: VerifyOptions): {
  readonly on: readonly Interpreter[]
  readonly lab: LabInterpreter | undefined
} {
  const labs = on.filter((one) => one !== 'twin')
  if (labs.length > 1) {
    throw new SdkError('ZT_USAGE', `${labs.join(' and ')} are two labs, and one is verified at a time`, {
      remedy: 'verify once for each',
    })
  }
  const present = presentTargets(on, lab)
  return { on: present, lab: present.find((one) => one !== 'twin') }
}

/** A lab that came up for nothing. */
async function leave(opened: Awaited<Settled<Lab>>, { lab }: VerifyOptions): Promise<void> {
  if (!('value' in opened)) return
  if (lab === undefined) await opened.value.down()
  else opened.value.close()
}

interface Context {
  readonly options: VerifyOptions
  readonly plan: Plan
  readonly writer: RunWriter
  readonly env: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** The plan, and the digest of the file and its fragments. */
function compiled({ file, cwd = process.cwd() }: VerifyOptions): {
  readonly plan: Plan
  readonly digest: string
} {
  const name = cwd === process.cwd() ? file : path.resolve(cwd, file)
  const { fabric, problems } = loadFabric(name)
  if (fabric === undefined) {
    throw new SdkError('ZT_FABRIC', `${file} is no sound fabric\n${problems.map(formatProblem).join('\n')}`, {
      remedy: 'correct the file; `ztos validate` shows the same problems',
      problems,
    })
  }
  const plan = compile(fabric)
  if (plan.intents.length === 0) {
    throw new SdkError(
      'ZT_NOTHING',
      `${file} states no intent, and has no two tenants to keep apart: nothing to verify`,
      {
        remedy: 'say under `intents` what must hold',
      },
    )
  }
  const digest = digestOf(JSON.stringify(fabric.sources.map(({ name: part, text }) => [part, text])))
  return { plan, digest }
}

async function inTwin({ options, writer, env, signal }: Context): Promise<readonly TestOutcome[]> {
  return stage(writer, options, 'scenarios in the twin', async () =>
    drive({
      on: 'twin',
      files: shippedSuites.map(shippedSuite),
      env,
      cwd: options.cwd ?? process.cwd(),
      signal,
      ...testHooks(writer, options),
    }),
  )
}

/** Either way; a rejection that is looked at later must not count as unhandled meanwhile. */
type Settled<T> = Promise<{ readonly value: T } | { readonly error: unknown }>

async function settled<T>(promise: Promise<T>): Settled<T> {
  try {
    return { value: await promise }
  } catch (error) {
    return { error }
  }
}

async function inLab(context: Context, on: LabInterpreter, opening: Settled<Lab>): Promise<LabPart> {
  const { options, plan, writer, env, signal } = context
  const opened = await stage(
    writer,
    options,
    options.lab === undefined ? 'wait for the lab' : 'lab attached',
    async () => opening,
  )
  if ('error' in opened) {
    const why = await whyNoLab(opened.error)
    throwIfInterrupted(signal)
    if (why === undefined) throw opened.error
    return {
      outcomes: [],
      notes: [why],
      verdicts: plan.intents.map((intent) => unjudgedVerdict(intent, on, why)),
    }
  }
  const lab = opened.value
  try {
    const keys = new Map(
      [...lab.keys].map(([name, value]) => [name, new Uint8Array(Buffer.from(value, 'hex'))]),
    )
    writeKeyFile(keyFile(writer.id, options.env ?? process.env), keys)
    const outcomes = await stage(writer, options, 'scenarios in the lab', async () =>
      drive({
        on,
        files: shippedSuites.map(shippedSuite),
        env: { ...env, ZTOS_LAB: lab.id },
        cwd: options.cwd ?? process.cwd(),
        signal,
        ...testHooks(writer, options),
      }),
    )
    throwIfInterrupted(signal)
    const agreement = await stage(writer, options, 'twin = lab, node by node', async () =>
      compareJournals(writer, lab, on, keys),
    )
    return {
      outcomes,
      verdicts: [agreement],
      notes: plan.links.some(({ seal }) => seal !== undefined) ? [GUARD_NOTE] : [],
      lab: { id: lab.id, attached: options.lab !== undefined, seals: [...(await lab.seals())] },
    }
  } finally {
    if (options.lab === undefined) await stage(writer, options, 'lab down', async () => lab.down())
    else lab.close()
  }
}

/** Every node's journal, kept in the record and replayed by the twin. */
async function compareJournals(
  writer: RunWriter,
  lab: Lab,
  on: LabInterpreter,
  keys: ReadonlyMap<string, Uint8Array>,
): Promise<Verdict> {
  const { compareNodes } = await import('../lab/index.js')
  const journals = await lab.journals()
  const folder = path.join(writer.directory, 'journals')
  await mkdir(folder, { recursive: true })
  for (const [node, bytes] of journals)
    await writeFile(path.join(folder, `${node}.ztj`), bytes, { mode: 0o600 })
  return judgeNodes(compareNodes(journals, keys), on)
}
