/**
 * What can be wrong with a topology file: where it stands, why, and what to do about it.
 *
 * @module
 */

/** Stable codes. */
export type TopologyProblemCode =
  /** No YAML, or YAML that says too much (aliases of aliases). */
  | 'ZT_TOPOLOGY_YAML'
  /** A template that containerlab does not render. */
  | 'ZT_TOPOLOGY_TEMPLATE'
  /** A `${` without its brace. */
  | 'ZT_TOPOLOGY_VARIABLE'
  | 'ZT_TOPOLOGY_UNKNOWN_KEY'
  | 'ZT_TOPOLOGY_DUPLICATE_KEY'
  | 'ZT_TOPOLOGY_MISSING_KEY'
  | 'ZT_TOPOLOGY_TYPE'
  | 'ZT_TOPOLOGY_VALUE'
  /** Ends of a link that are not two, that are taken already, or that are no ends. */
  | 'ZT_TOPOLOGY_LINK'
  /** A node that is named and not there. */
  | 'ZT_TOPOLOGY_UNKNOWN_NODE'

export interface TopologyProblem {
  readonly code: TopologyProblemCode
  /** Lines and columns count from 1; of the file before variables were replaced. */
  readonly at: { readonly file: string; readonly line: number; readonly column: number }
  /** Keys from the top of the file, `topology.nodes.leaf1.binds[0]`. */
  readonly path: string
  /** What is wrong, one clause without a full stop. */
  readonly reason: string
  /** What to write instead, one clause in the imperative. */
  readonly remedy: string
}

/** `file:line:column: CODE: reason; remedy`. */
export function formatTopologyProblem({ at, code, reason, remedy }: TopologyProblem): string {
  return `${at.file}:${at.line}:${at.column}: ${code}: ${reason}; ${remedy}`
}
