/**
 * What a node did to a frame, clause by clause. Clause coverage is measured by it, and `trace` prints it.
 *
 * @module
 */
import type { Effect } from './input.js'

/** Id of a clause of `docs/fabric-machine.md`, such as `ROUTE-3`. */
export type ClauseId = string

/** One clause that was executed. */
export interface Step {
  readonly clause: ClauseId
  /** Interface the clause was executed on, 0 when none in particular. */
  readonly interface: number
  /** What was decided, in a few words. */
  readonly what: string
}

/**
 * Receives each clause as it is executed. Nodes without a tracer pay one test of `undefined` a clause: arguments are
 * written behind `?.`, which does not evaluate them.
 */
export interface Tracer {
  step(clause: ClauseId, interfaceId: number, what: string): void
  /** An effect was decided, by the clause told last. */
  effect?(effect: Effect): void
}
