/**
 * A wrong piece of the twin or of a judge that tests beside the sources must notice.
 *
 * @module
 */
import type { SourceMutant } from '../source/index.js'

export interface ControlMutant extends SourceMutant {
  /** Test files that must fail, from the root of the repository. */
  readonly tests: readonly string[]
}

/** A mutant of one edit. */
export function wrong(
  id: string,
  clause: string,
  meaning: string,
  [file, find, replace]: readonly [file: string, find: string, replace: string],
  ...tests: readonly string[]
): ControlMutant {
  return { id, clause, meaning, tests, edits: [{ file, find, replace }] }
}
