/**
 * What an agent tells of itself.
 *
 * @module
 */
export interface AgentState {
  readonly node: string
  /** Nothing is being done, and nothing that is known waits to be done. */
  readonly idle: boolean
  /** How often all was worked out, and how long that took in all, ms. */
  readonly passes: number
  readonly worked: number
  /** Why what is wanted cannot be worked out; all stays as it was. */
  readonly fault?: string
  readonly gobgp: {
    readonly attached: boolean
    /** So much is told at once that it is let pass and then asked for as a whole; until then keys are those of before. */
    readonly behind: boolean
    /** All peers have told what they have; before that nothing is removed. */
    readonly whole: boolean
    /** Names of peers with a session that is up. */
    readonly established: readonly string[]
    /** Addresses of peers that have not told all. */
    readonly awaited: readonly string[]
    /** Keys in the daemon's tables, as far as told. */
    readonly keys: number
    /** Goes up with each path that changes. */
    readonly version: number
    /** Paths told, and those of them that could not be read. */
    readonly events: number
    readonly unreadable: number
    /** The node's own routes that the daemon has; how many were added and withdrawn since the start. */
    readonly announced: number
    readonly added: number
    readonly withdrawn: number
    readonly refused: readonly string[]
    /** How often a peer was sent all anew (`resend.ts`). */
    readonly resent: number
    readonly error?: string
  }
  readonly engine: {
    readonly attached: boolean
    /** Version of what was heard. */
    readonly learned: number
    /** Changes made since the start, and how long the engine took for them in all, ms. */
    readonly applied: number
    readonly applying: number
    readonly refused: readonly string[]
    /** What it has been given (`digestTables`); what it did not take is in `refused`. Absent while that is not known, or more is to be done. */
    readonly tables?: string
    readonly error?: string
  }
  readonly kernel?: {
    readonly routes: number
    readonly changed: number
    readonly refused: readonly string[]
    readonly error?: string
  }
}
