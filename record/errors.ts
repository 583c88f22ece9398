/**
 * Typed errors of run records.
 *
 * @module
 */

/** Stable codes of {@link RecordError}. */
export type RecordErrorCode =
  /** `ZTOS_BLIND` names no invariant. */
  | 'ZT_BLIND_UNKNOWN'
  /** No run record where one was expected. */
  | 'ZT_RECORD_MISSING'
  /** A file of the record is not what its format says. */
  | 'ZT_RECORD_FORMAT'
  /** Written by another version. */
  | 'ZT_RECORD_VERSION'
  /** A file does not have the digest that `verification.json` states. */
  | 'ZT_RECORD_DIGEST'
  /** The record cannot be written. */
  | 'ZT_RECORD_WRITE'

/** A run record that cannot be written or read. */
export class RecordError extends Error {
  override readonly name = 'RecordError'
  /** Stable, for programs. */
  readonly code: RecordErrorCode
  /** File, and place in it where one is known. */
  readonly where: string
  /** What can be done about it. */
  readonly remedy: string

  constructor(
    code: RecordErrorCode,
    what: string,
    options: { readonly where: string; readonly remedy: string; readonly cause?: unknown },
  ) {
    super(what, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.where = options.where
    this.remedy = options.remedy
  }
}
