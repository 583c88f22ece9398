/**
 * What a run found, for programs.
 *
 * @module
 */
import type { RunResult } from '../sdk/runner/session.js'

/** The document of `verify` and `run`; all else is in the record. */
export function resultJson(format: string, result: RunResult): unknown {
  const { id, directory, exit, verdicts, failures, outcomes, notes } = result
  const of = (status: string) => outcomes.filter((outcome) => outcome.status === status).length
  return {
    format,
    version: 1,
    run: id,
    directory,
    exit,
    tests: { passed: of('passed'), failed: of('failed'), skipped: of('skipped') },
    verdicts,
    failures,
    notes,
  }
}
