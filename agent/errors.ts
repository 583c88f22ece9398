/**
 * Errors of the agent: a stable code, what happened and where, and what to do about it.
 *
 * What comes from a network never throws out of the agent: it is counted and left out. These errors are for what the agent is
 * given to work with, and for who it talks to.
 *
 * @module
 */

/** Stable codes of {@link AgentError}. */
export type AgentErrorCode =
  /** A configuration that cannot be worked with. */
  | 'ZT_AGENT_CONFIG'
  /** The other end of a socket is not there or went away. */
  | 'ZT_AGENT_CONNECTION'
  /** The other end is there and does not answer. */
  | 'ZT_AGENT_DEADLINE'
  /** A message that breaks the protocol. */
  | 'ZT_AGENT_PROTOCOL'
  /** The engine or the BGP daemon said no. */
  | 'ZT_AGENT_REFUSED'
  /** The BGP daemon is not the one that the node was told of: another AS number or router id. */
  | 'ZT_AGENT_IDENTITY'
  /** The kernel did not take a route, or `ip` cannot be run. */
  | 'ZT_AGENT_KERNEL'

export interface AgentErrorOptions {
  /** What the person can do; one sentence in the imperative. */
  readonly remedy?: string
  readonly cause?: unknown
}

export class AgentError extends Error {
  override readonly name = 'AgentError'
  readonly code: AgentErrorCode
  readonly remedy: string | undefined

  constructor(code: AgentErrorCode, what: string, options: AgentErrorOptions = {}) {
    super(
      `${code}: ${what}${options.remedy === undefined ? '' : `\n  remedy: ${options.remedy}`}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.code = code
    this.remedy = options.remedy
  }
}

/** What was thrown as an error of the agent: what is none breaks a protocol that it speaks. */
export function agentErrorOf(thrown: unknown): AgentError {
  return thrown instanceof AgentError
    ? thrown
    : new AgentError('ZT_AGENT_PROTOCOL', messageOf(thrown), { cause: thrown })
}

/** An error's message, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
