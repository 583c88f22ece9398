/**
 * Typed errors of the forwarder. Frames never cause one: whatever arrives ends in a fate. These are for programs, plans,
 * keys and journals that cannot be used.
 *
 * @module
 */

/** Stable codes of {@link ForwardError}. */
export type ForwardErrorCode =
  /** A program contradicts itself: an id that names nothing, two of a kind, an attachment that cannot be. */
  | 'ZT_PROGRAM_INVALID'
  /** A key reference has no key, or one of a wrong length. */
  | 'ZT_KEY_MISSING'
  /** An input names an interface that does not exist or is of another kind, or its time lies before the last one's. */
  | 'ZT_INPUT_INVALID'
  /** A plan names a node, link or host that does not exist. */
  | 'ZT_PLAN_INVALID'
  /** A fabric did not come to rest. */
  | 'ZT_FABRIC_LOOP'
  /** A control plane answers its own changes with changes, and does not come to an end. */
  | 'ZT_CONTROL_UNSETTLED'
  /** A control plane asks for a change that a node refuses, or of a node that does not exist. */
  | 'ZT_CONTROL_REFUSED'
  /** A fault of a link, node, daemon, agent or prefix that the fabric does not have. */
  | 'ZT_FAULT_UNKNOWN'
  /** A fault that stands already. */
  | 'ZT_FAULT_STANDS'
  /** A repair of what is not broken. */
  | 'ZT_FAULT_NONE'

/** A program, key, input or plan that cannot be used. */
export class ForwardError extends Error {
  override readonly name = 'ForwardError'
  /** Stable, for programs. */
  readonly code: ForwardErrorCode
  /** Where: `leaf1: interface 3`, `leaf1: tables.routes[4]`. */
  readonly where: string
  /** What the caller can do about it. */
  readonly remedy: string

  constructor(
    code: ForwardErrorCode,
    where: string,
    what: string,
    options: { readonly remedy: string; readonly cause?: unknown },
  ) {
    super(`${code}: ${where}: ${what}; ${options.remedy}`, { cause: options.cause })
    this.code = code
    this.where = where
    this.remedy = options.remedy
  }
}

/** Stable codes of {@link JournalError}. */
export type JournalErrorCode =
  /** The first octets are not a journal's. */
  | 'ZT_JOURNAL_MAGIC'
  /** A version that is not read here. */
  | 'ZT_JOURNAL_VERSION'
  /** A record contradicts the format: length, type, order, payload. */
  | 'ZT_JOURNAL_FORMAT'
  /** It holds what cannot be written: a payload beyond the format's limit. */
  | 'ZT_JOURNAL_LIMIT'

/** A journal that cannot be read on; everything before `offset` was sound. */
export class JournalError extends Error {
  override readonly name = 'JournalError'
  /** Stable, for programs. */
  readonly code: JournalErrorCode
  /** Octets from the start of the file to the header, record or field at fault. */
  readonly offset: number

  constructor(code: JournalErrorCode, what: string, offset: number, cause?: unknown) {
    super(`${code}: ${what} at octet ${offset}`, { cause })
    this.code = code
    this.offset = offset
  }
}
