/**
 * Test results in the Common Test Report Format (https://ctrf.io), the part of it that runs write.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { labInterpreters } from './verdict.js'
import { CombinedVerdictSchema } from './schema.js'

/** Version of the CTRF schema that is written. */
const CTRF_VERSION = '0.0.0'

export const CtrfStatus = z.enum(['passed', 'failed', 'skipped', 'pending', 'other'])
export type CtrfStatus = z.infer<typeof CtrfStatus>

export const CtrfTest = z.looseObject({
  /** Stable over runs: made from target, file and name. */
  id: z.uuid(),
  name: z.string().min(1),
  status: CtrfStatus,
  /** Milliseconds. */
  duration: z.int().min(0),
  /** Milliseconds since 1970. */
  start: z.int().exactOptional(),
  suite: z.array(z.string()).min(1).exactOptional(),
  message: z.string().exactOptional(),
  trace: z.string().exactOptional(),
  filePath: z.string().exactOptional(),
  extra: z
    .looseObject({
      /** Where it ran. */
      on: z.enum(['twin', ...labInterpreters]),
      /** Positive controls that arrived and frames that were judged. */
      controls: z.int().min(0).exactOptional(),
      judged: z.int().min(0).exactOptional(),
    })
    .exactOptional(),
})
export type CtrfTest = z.infer<typeof CtrfTest>

const count = z.int().min(0)
export const CtrfReport = z.looseObject({
  reportFormat: z.literal('CTRF'),
  specVersion: z.string(),
  timestamp: z.string().exactOptional(),
  generatedBy: z.string().exactOptional(),
  /** What CTRF has no name for: the run whose results these are. */
  extra: z.looseObject({ run: z.string() }).exactOptional(),
  results: z.looseObject({
    tool: z.looseObject({ name: z.string().min(1), version: z.string().exactOptional() }),
    summary: z.looseObject({
      tests: count,
      passed: count,
      failed: count,
      skipped: count,
      pending: count,
      other: count,
      start: z.int(),
      stop: z.int(),
    }),
    tests: z.array(CtrfTest),
    extra: z.looseObject({ verdicts: z.array(CombinedVerdictSchema).exactOptional() }).exactOptional(),
  }),
})
export type CtrfReport = z.infer<typeof CtrfReport>

/**
 * A stable id for a test, in the form CTRF wants (a UUID, version 8 of RFC 9562: vendor's own, from SHA-256).
 *
 * @param parts what identifies the test: target, file, full name
 */
export function stableTestId(...parts: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest()
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x80
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80
  const hex = digest.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  )
}

/** Puts tests into a report; the summary counts them. */
export function ctrfReport(options: {
  readonly tests: readonly CtrfTest[]
  readonly runId: string
  readonly version: string
  /** Milliseconds since 1970. */
  readonly start: number
  readonly stop: number
}): CtrfReport {
  const of = (status: CtrfStatus) => options.tests.filter((test) => test.status === status).length
  return {
    reportFormat: 'CTRF',
    specVersion: CTRF_VERSION,
    timestamp: new Date(options.stop).toISOString(),
    generatedBy: 'ztos',
    // The schema allows no other keys beside its own, but anything in here.
    extra: { run: options.runId },
    results: {
      tool: { name: 'ztos', version: options.version },
      summary: {
        tests: options.tests.length,
        passed: of('passed'),
        failed: of('failed'),
        skipped: of('skipped'),
        pending: of('pending'),
        other: of('other'),
        start: options.start,
        stop: options.stop,
      },
      tests: [...options.tests],
    },
  }
}
