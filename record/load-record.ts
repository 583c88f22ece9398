/**
 * Reading a run record back.
 *
 * @module
 */
import { access, readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { Plan } from '../contract/plan.js'
import { CtrfReport } from './ctrf.js'
import { RecordError } from './errors.js'
import { digestsOf, recordFiles } from './run-record.js'
import { FailureSchema, RunEventSchema, TimingsSchema, VerificationSchema } from './schema.js'
import type { Failure, RunEvent, Timings, Verification } from './schema.js'

/** A run record, read and checked against its formats. */
export interface RunRecord {
  readonly directory: string
  /** Absent when scenarios of several fabrics ran. */
  readonly plan?: Plan
  readonly events: readonly RunEvent[]
  readonly results: CtrfReport
  readonly failures: readonly Failure[]
  readonly timings: Timings
  readonly verification: Verification
  /** Paths relative to the record. */
  readonly captures: readonly string[]
  readonly journals: readonly string[]
}

/**
 * Reads `runs/<id>/`.
 *
 * @param directory the record's folder
 * @param options.digests also check every file against `verification.json` (default true)
 * @throws RecordError naming the file, and the place in it, that cannot be read
 */
export async function loadRecord(
  directory: string,
  options: { readonly digests?: boolean } = {},
): Promise<RunRecord> {
  if (!(await exists(directory))) {
    throw new RecordError('ZT_RECORD_MISSING', 'there is no run record here', {
      where: directory,
      remedy: 'name a folder below runs/, as printed at the end of a run',
    })
  }
  const verification = await readJson(directory, recordFiles.verification, VerificationSchema)
  if (options.digests ?? true) await checkDigests(directory, verification)
  const plan = (await exists(path.join(directory, recordFiles.plan)))
    ? await readJson(directory, recordFiles.plan, Plan)
    : undefined
  return {
    directory,
    ...(plan === undefined ? {} : { plan }),
    events: await readEvents(directory),
    results: await readJson(directory, recordFiles.results, CtrfReport),
    failures: await readJson(directory, recordFiles.failures, z.array(FailureSchema)),
    timings: await readJson(directory, recordFiles.timings, TimingsSchema),
    verification,
    captures: await listing(directory, 'pcap'),
    journals: await listing(directory, 'journals'),
  }
}

/** Ids of the records below a folder, oldest first. */
export async function listRecords(root: string): Promise<readonly string[]> {
  if (!(await exists(root))) return []
  const entries = await readdir(root, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort()
}

async function readJson<Schema extends z.ZodType>(
  directory: string,
  name: string,
  schema: Schema,
): Promise<z.infer<Schema>> {
  const file = path.join(directory, name)
  const parsed = schema.safeParse(parseJson(await readText(file), file))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const place = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`
  throw new RecordError('ZT_RECORD_FORMAT', `${issue?.message ?? 'not as its format says'}${place}`, {
    where: file,
    remedy: 'the record is damaged or of another version: make it again',
  })
}

async function readEvents(directory: string): Promise<readonly RunEvent[]> {
  const file = path.join(directory, recordFiles.events)
  const lines = (await readText(file)).split('\n').filter((line) => line !== '')
  return lines.map((line, index) => {
    const parsed = RunEventSchema.safeParse(parseJson(line, `${file}:${index + 1}`))
    if (parsed.success) return parsed.data
    throw new RecordError('ZT_RECORD_FORMAT', parsed.error.issues[0]?.message ?? 'no event', {
      where: `${file}:${index + 1}`,
      remedy: 'the record is damaged or of another version: make it again',
    })
  })
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new RecordError('ZT_RECORD_MISSING', 'a file of the run record cannot be read', {
      where: file,
      remedy: 'name the folder of a finished run',
      cause,
    })
  }
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new RecordError('ZT_RECORD_FORMAT', 'not JSON', {
      where,
      remedy: 'the record is damaged: make it again',
      cause,
    })
  }
}

async function checkDigests(directory: string, verification: Verification): Promise<void> {
  const found = await digestsOf(directory)
  for (const [file, digest] of Object.entries(verification.files)) {
    if (found[file] === digest) continue
    throw new RecordError(
      'ZT_RECORD_DIGEST',
      found[file] === undefined
        ? 'a file of the record is missing'
        : 'a file of the record was changed after the run',
      { where: path.join(directory, file), remedy: 'trust nothing in this record: make it again' },
    )
  }
}

async function listing(directory: string, folder: string): Promise<readonly string[]> {
  const where = path.join(directory, folder)
  if (!(await exists(where))) return []
  const entries = await readdir(where, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      path.relative(directory, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'),
    )
    .sort()
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file)
    return true
  } catch {
    return false
  }
}
