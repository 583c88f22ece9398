/**
 * A wrong machine: the twin with a line or two of it changed.
 *
 * @module
 */

/** A piece of text replaced by another. It must be there exactly once, or the harness fails. */
export interface Edit {
  /** A compiled file of the twin, `forward/route.js`, of the agent, `agent/gobgp-sink.js`, or of a judge, `sdk/judge/survive.js`. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** A fault put into the twin's source. */
export interface SourceMutant {
  readonly id: string
  readonly meaning: string
  /** The clause that it breaks. */
  readonly clause: string
  /** The row of docs/features.tsv that it breaks, where one is about this very thing. */
  readonly row?: string
  readonly edits: readonly Edit[]
}

/** A mutant of one edit. */
export function mutant(
  id: string,
  clause: string,
  meaning: string,
  file: string,
  find: string,
  replace: string,
): SourceMutant {
  return { id, clause, meaning, edits: [{ file: `forward/${file}.js`, find, replace }] }
}
