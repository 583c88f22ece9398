/**
 * Typed errors of the SDK.
 *
 * @module
 */
import type { Problem } from '../twin/model/index.js'

/** Stable codes of {@link SdkError}. */
export type SdkErrorCode =
  /** A test, a matcher or a suite judged nothing, or its positive controls did not arrive. */
  | 'ZT_VACUOUS'
  /** A tenant, host, link or intent that the fabric does not have. */
  | 'ZT_UNKNOWN_NAME'
  /** Two hosts between which the plan has no way. */
  | 'ZT_NO_PATH'
  /** A frame that cannot be built as asked. */
  | 'ZT_FRAME'
  /** The environment of a run (`ZTOS_ON`, `ZTOS_SEED`, ...) is not usable. */
  | 'ZT_ENVIRONMENT'
  /** The fabric file has problems. */
  | 'ZT_FABRIC'
  /** The SDK was used where it cannot work. */
  | 'ZT_USAGE'
  /** This host cannot run what was asked for. */
  | 'ZT_HOST_CANNOT'
  /** Something is to be broken where nothing can be. */
  | 'ZT_FAULT_CANNOT'
  /** Stopped by a signal. */
  | 'ZT_INTERRUPTED'
  /** There is nothing to verify, run or replay. */
  | 'ZT_NOTHING'

/** Something about a scenario, not about the fabric under test, is wrong. */
export class SdkError extends Error {
  override readonly name = 'SdkError'
  /** Stable, for programs. */
  readonly code: SdkErrorCode
  /** What can be done about it. */
  readonly remedy: string
  /** Of `ZT_FABRIC`: each problem of the file, with its place. */
  readonly problems: readonly Problem[]

  constructor(
    code: SdkErrorCode,
    what: string,
    options: {
      readonly remedy: string
      readonly cause?: unknown
      readonly problems?: readonly Problem[]
    },
  ) {
    super(
      `${code}: ${what}\n  remedy: ${options.remedy}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.code = code
    this.remedy = options.remedy
    this.problems = options.problems ?? []
  }
}

/** A name that is not there, with the names that are. */
export function unknownName(what: string, name: string, known: readonly string[]): SdkError {
  const some = known.slice(0, 12).join(', ')
  return new SdkError('ZT_UNKNOWN_NAME', `the fabric has no ${what} '${name}'`, {
    remedy:
      known.length === 0
        ? `the fabric has no ${what} at all`
        : `use one of ${some}${known.length > 12 ? ', ...' : ''}`,
  })
}

/** The error of a run that a signal stopped. */
export function interrupted(): SdkError {
  return new SdkError('ZT_INTERRUPTED', 'stopped by a signal', {
    remedy: 'nothing is left behind: what was up has been taken down, and no record was written',
  })
}
