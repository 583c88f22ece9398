/**
 * Errors of the command itself.
 *
 * @module
 */
import type { Problem } from '../twin/model/index.js'

/** Stable codes of {@link CliError}. */
export type CliErrorCode =
  /** A verb, option or argument that does not exist, is missing, or does not fit. */
  | 'ZT_CLI_USAGE'
  /** The fabric, plan, lab or host has nothing of this name. */
  | 'ZT_CLI_NAME'
  /** A file cannot be read, or does not hold what it should. */
  | 'ZT_CLI_INPUT'
  /** A file cannot be written. */
  | 'ZT_CLI_OUTPUT'

export interface CliErrorOptions {
  /** Argument, option or file. */
  readonly where?: string
  /** What to do about it, one sentence in the imperative. */
  readonly remedy: string
  readonly cause?: unknown
}

/** Something that the person who called can put right. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: CliErrorCode
  readonly where: string | undefined
  readonly remedy: string

  constructor(code: CliErrorCode, what: string, options: CliErrorOptions) {
    super(what, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.where = options.where
    this.remedy = options.remedy
  }
}

/** A fabric file with problems, and the texts in which they stand. */
export class UnsoundFabric extends Error {
  override readonly name = 'UnsoundFabric'
  readonly code = 'ZT_FABRIC'

  constructor(
    readonly file: string,
    readonly problems: readonly Problem[],
    /** Text of each file that was read, by its name. */
    readonly texts: ReadonlyMap<string, string>,
  ) {
    super(`${file} is no sound fabric`)
  }
}
