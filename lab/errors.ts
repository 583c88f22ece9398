/**
 * Errors of the lab: a stable code, what happened and where, and what to do about it. One place builds the message of
 * a failed command, stderr before stdout, since the reason is nearly always in the former.
 *
 * @module
 */

/** Stable codes of {@link LabError}. */
export type LabErrorCode =
  /** Neither root nor sudo without a password. */
  | 'ZT_LAB_PRIVILEGE'
  /** A program that the lab needs is not on this host or not built. */
  | 'ZT_LAB_MISSING'
  /** A command of the lab exited with an error. */
  | 'ZT_LAB_COMMAND'
  /** A step or a request took longer than it was given. */
  | 'ZT_LAB_DEADLINE'
  /** Cancelled by the caller, or the caller went away. */
  | 'ZT_LAB_CANCELLED'
  /** The plan holds something that the lab cannot do on any host (an MTU above the engine's limit). */
  | 'ZT_LAB_PLAN'
  /** A name that is no lab, node, host or link here. */
  | 'ZT_LAB_UNKNOWN'
  /** The request does not fit the lab's state: up twice, control before up. */
  | 'ZT_LAB_STATE'
  /** A message that breaks the protocol. */
  | 'ZT_LAB_PROTOCOL'
  /** The other end of a socket is not there or went away. */
  | 'ZT_LAB_CONNECTION'
  /** An engine or the probe answered with an error. */
  | 'ZT_LAB_REFUSED'
  /** An engine or the probe ended although nobody asked it to. */
  | 'ZT_LAB_DIED'
  /** The fabric did not come to rest. */
  | 'ZT_LAB_UNSETTLED'
  /** Frames left one end of a wire and did not come in at the other. */
  | 'ZT_LAB_LOST'
  /** A fault of what the fabric has not; one that stands already; a repair of what is not broken. The same codes as the twin's. */
  | 'ZT_FAULT_UNKNOWN'
  | 'ZT_FAULT_STANDS'
  | 'ZT_FAULT_NONE'
  /** A journal, a statistics page or a state file that cannot be read as what it should be. */
  | 'ZT_LAB_FORMAT'

export interface LabErrorOptions {
  /** What the person can do; one sentence in the imperative. */
  readonly remedy?: string
  readonly cause?: unknown
}

/** Something about the lab itself failed; never thrown for what a fabric does to a frame. */
export class LabError extends Error {
  override readonly name = 'LabError'
  readonly code: LabErrorCode
  readonly remedy: string | undefined

  constructor(code: LabErrorCode, what: string, options: LabErrorOptions = {}) {
    super(
      `${code}: ${what}${options.remedy === undefined ? '' : `\n  remedy: ${options.remedy}`}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.code = code
    this.remedy = options.remedy
  }
}

/** What a finished command left. `code` is `null` when a signal ended it. */
export interface CommandOutcome {
  readonly argv: readonly string[]
  readonly code: number | null
  readonly signal?: string | null
  readonly stdout: string
  readonly stderr: string
}

/** The error of a command that failed: what it was for, command, how it ended, stderr before stdout. */
export function commandError(purpose: string, outcome: CommandOutcome, remedy?: string): LabError {
  const ended =
    outcome.code === null ? `signal ${outcome.signal ?? 'unknown'}` : `exit status ${outcome.code}`
  const said = [outcome.stderr, outcome.stdout].map((text) => text.trim()).filter((text) => text !== '')
  const body = said.length === 0 ? ' and said nothing' : `:\n${indent(clip(said.join('\n')))}`
  return new LabError(
    'ZT_LAB_COMMAND',
    `${purpose}: \`${outcome.argv.join(' ')}\` ended with ${ended}${body}`,
    remedy === undefined ? {} : { remedy },
  )
}

const CODE = /^(ZT_[A-Z_]+): /

/** The text of an error without its code, for building it anew on another side of a socket. */
export function withoutCode(message: string): string {
  return message.replace(CODE, '')
}

/** An error's message, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The error of a failed call to the system, if it is one: `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function clip(text: string): string {
  const lines = text.split('\n')
  return lines.length <= 20
    ? text
    : [...lines.slice(0, 12), `... ${lines.length - 18} lines left out`, ...lines.slice(-6)].join('\n')
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}
