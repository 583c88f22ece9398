/**
 * The run record: a folder `runs/<id>/` in which a run leaves what it did and found.
 *
 * While a run goes on its files lie in `runs/.partial-<id>-<pid>/`; the folder gets its name when everything is
 * written, so that a record is whole or is not there. What a killed run left is removed when the next one begins.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { CtrfReport } from './ctrf.js'
import { RecordError } from './errors.js'
import type { Failure, NewRunEvent, RunEvent, Timings, Verification } from './schema.js'

/** Folder of records, relative to where a command is run. */
export const RUNS_FOLDER = 'runs'

/** Files of a record with fixed names. */
export const recordFiles = {
  plan: 'plan.json',
  events: 'events.jsonl',
  results: 'results.json',
  failures: 'failures.json',
  timings: 'timings.json',
  verification: 'verification.json',
} as const

/** What a finished run says of itself; the writer adds digests and files. */
export interface RunContents {
  /** `planBytes(plan)`; absent when scenarios of several fabrics ran. */
  readonly plan?: Uint8Array
  readonly results: CtrfReport
  readonly failures: readonly Failure[]
  readonly verification: Omit<Verification, 'format' | 'version' | 'id' | 'plan' | 'files'>
}

/** A file that is made from the others before the record is closed: `report.html`, `junit.xml`. */
export type MadeFiles = Readonly<Record<string, string>>

/** A run record that is being written. */
export class RunWriter {
  readonly id: string
  /** Where the files lie until {@link finish}; workers may put captures and journals here. */
  readonly directory: string
  readonly #root: string
  readonly #clock: () => number
  readonly #began: number
  readonly #stages: Timings['stages'] = []
  readonly #events: RunEvent[] = []
  #closed = false

  private constructor(root: string, id: string, directory: string, clock: () => number) {
    this.#root = root
    this.id = id
    this.directory = directory
    this.#clock = clock
    this.#began = clock()
  }

  /**
   * Begins a record below `root` and clears away what killed runs left there.
   *
   * @param options.clock milliseconds since 1970, injectable for tests
   * @throws RecordError `ZT_RECORD_WRITE` when the folder cannot be made
   */
  static async begin(
    root: string,
    command: string,
    options: { readonly clock?: () => number; readonly id?: string } = {},
  ): Promise<RunWriter> {
    const clock = options.clock ?? Date.now
    const id = options.id ?? newRunId(clock())
    const directory = path.join(root, `.partial-${id}-${process.pid}`)
    try {
      await mkdir(root, { recursive: true })
      await sweepPartials(root)
      await mkdir(directory)
    } catch (cause) {
      throw writeError(directory, cause)
    }
    const writer = new RunWriter(root, id, directory, clock)
    writer.event({ event: 'run', id, command })
    return writer
  }

  /** Milliseconds since 1970 when the run began. */
  get began(): number {
    return this.#began
  }

  /** Where the record will lie. */
  get destination(): string {
    return path.join(this.#root, this.id)
  }

  /** Appends a line to `events.jsonl`, at once: the last line of a run that dies says how far it came. */
  event(event: NewRunEvent): void {
    const timed: RunEvent = { t: this.#clock() - this.#began, ...event }
    this.#events.push(timed)
    try {
      appendFileSync(path.join(this.directory, recordFiles.events), `${JSON.stringify(timed)}\n`, {
        mode: 0o600,
      })
    } catch (cause) {
      throw writeError(path.join(this.directory, recordFiles.events), cause)
    }
  }

  /** Runs a step of the run and notes when it began and ended. */
  async stage<T>(stage: string, step: () => Promise<T>): Promise<T> {
    const start = this.#clock() - this.#began
    this.event({ event: 'stage', stage, state: 'begin' })
    try {
      const result = await step()
      this.event({ event: 'stage', stage, state: 'end' })
      return result
    } catch (error) {
      this.event({
        event: 'stage',
        stage,
        state: 'failed',
        note: error instanceof Error ? error.message : String(error),
      })
      throw error
    } finally {
      this.#stages.push({ stage, start, duration: this.#clock() - this.#began - start })
    }
  }

  /**
   * Writes everything and gives the record its name.
   *
   * @param make renders reports from the record as it will be read
   * @returns the record's folder
   * @throws RecordError `ZT_RECORD_WRITE`; the partial folder is then removed
   */
  async finish(
    contents: RunContents,
    make: (record: WrittenRecord) => MadeFiles = () => ({}),
  ): Promise<string> {
    this.event({ event: 'end', exit: contents.verification.exit })
    this.#closed = true
    try {
      const timings: Timings = { format: 'ztos-timings', version: 1, stages: this.#stages }
      if (contents.plan !== undefined) await this.#write(recordFiles.plan, contents.plan)
      await this.#write(recordFiles.results, json(contents.results))
      await this.#write(recordFiles.failures, json(contents.failures))
      await this.#write(recordFiles.timings, json(timings))
      const verification: Verification = {
        format: 'ztos-verification',
        version: 1,
        id: this.id,
        ...(contents.plan === undefined ? {} : { plan: digestOf(contents.plan) }),
        ...contents.verification,
        files: await digestsOf(this.directory),
      }
      await this.#write(recordFiles.verification, json(verification))
      // Reports have no digest here: they say what the record says, and can be made from it again.
      const made = make({ ...contents, events: this.#events, timings, verification })
      for (const [name, text] of Object.entries(made)) await this.#write(name, text)
      await rename(this.directory, this.destination)
      return this.destination
    } catch (cause) {
      await rm(this.directory, { recursive: true, force: true })
      throw cause instanceof RecordError ? cause : writeError(this.destination, cause)
    }
  }

  /** Removes everything: an interrupted run leaves no record. Harmless after {@link finish}. */
  async discard(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await rm(this.directory, { recursive: true, force: true })
  }

  async #write(name: string, content: string | Uint8Array): Promise<void> {
    const file = path.join(this.directory, name)
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, content, { mode: 0o600 })
  }
}

/** What reports are made from before the record is closed. */
export interface WrittenRecord {
  readonly plan?: Uint8Array
  readonly results: CtrfReport
  readonly failures: readonly Failure[]
  readonly events: readonly RunEvent[]
  readonly timings: Timings
  readonly verification: Verification
}

/**
 * A run id: time first, so that a listing is in order, then chance, so that two runs of one second differ.
 *
 * @param now milliseconds since 1970
 */
export function newRunId(now: number): string {
  const stamp = new Date(now).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  return `${stamp}-${randomBytes(3).toString('hex')}`
}

/** `sha256:<hex>` of some octets. */
export function digestOf(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

/** Digest of every file in a folder but `verification.json`, paths with `/`, sorted. */
export async function digestsOf(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      path.relative(directory, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'),
    )
    .filter((file) => file !== recordFiles.verification)
    .sort()
  const digests: Record<string, string> = {}
  for (const file of files) digests[file] = digestOf(await readFile(path.join(directory, file)))
  return digests
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

async function sweepPartials(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const pid = /^\.partial-.*-(\d+)$/.exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid))) {
      await rm(path.join(root, name), { recursive: true, force: true })
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives and is another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function writeError(where: string, cause: unknown): RecordError {
  return new RecordError('ZT_RECORD_WRITE', 'the run record cannot be written', {
    where,
    remedy: 'check that the folder is writable and the disk is not full, or name another one with --runs',
    cause,
  })
}
