/**
 * What a test tells the one who started the run: in `task.meta`, which vitest carries from worker to parent.
 *
 * @module
 */
import type { Failure } from '../../record/schema.js'
import type { Finding, Interpreter, Verdict } from '../../record/verdict.js'

/** The report of one test. */
export interface TestReport {
  readonly on: Interpreter
  /** Digest of the plan that was tested, its name in the run record. */
  plan?: string
  fabric?: string
  controls: number
  judged: number
  verdicts: Verdict[]
  /** Of the matcher that failed last. */
  findings: Finding[]
  /** Frames compared with the twin's, and what differed. */
  agreement?: { compared: number; findings: Finding[] }
  /** Without the fields that only the parent knows. */
  failure?: Omit<Failure, 'test' | 'file' | 'name'>
}
