/**
 * What becomes of a fabric when parts of it fail: every set of so many, each from the state of the set that it extends.
 *
 * @module
 */
import type { Down } from './down.js'
import type { ControlPlaneSim } from './sim.js'

/** What may fail. */
export interface FailureSpace {
  /** Ids. */
  readonly links: readonly string[]
  readonly nodes: readonly string[]
  /** How many at once, at most. */
  readonly most: number
}

/** A set of failures, in the order of the space: links, then nodes. */
export interface Failure {
  readonly links: readonly string[]
  readonly nodes: readonly string[]
}

/**
 * Puts each set of failures, the empty one first, on the simulation and shows it, a set before those that extend it. Afterwards the
 * simulation is as it was.
 *
 * @param visit is given the nodes whose tables may be others than in the set shown before; returning `false` ends the walk
 * @throws {ControlPlaneError} `ZT_CONTROL_REFERENCE`
 */
export function forEachFailure(
  sim: ControlPlaneSim,
  { links, nodes, most }: FailureSpace,
  visit: (failure: Failure, changed: ReadonlySet<string>) => boolean | void,
): void {
  const parts = [...links.map((link) => ({ link })), ...nodes.map((node) => ({ node }))]
  const { knowledge, down, ended } = sim
  let changed: ReadonlySet<string> = new Set()
  /** True to go on. */
  const walk = (failed: readonly (typeof parts)[number][], next: number): boolean => {
    const failure = failureOf(failed)
    changed = new Set([...changed, ...sim.update({ down: withFailure(down, failure), knowledge, ended })])
    if (visit(failure, changed) === false) return false
    changed = new Set()
    if (failed.length === most) return true
    for (const [i, part] of parts.entries()) {
      if (i < next) continue
      if (!walk([...failed, part], i + 1)) return false
      changed = new Set([...changed, ...sim.update({ down: withFailure(down, failure), knowledge, ended })])
    }
    return true
  }
  try {
    walk([], 0)
  } finally {
    sim.update({ down, knowledge, ended })
  }
}

function failureOf(failed: readonly { readonly link?: string; readonly node?: string }[]): Failure {
  return {
    links: failed.flatMap(({ link }) => link ?? []),
    nodes: failed.flatMap(({ node }) => node ?? []),
  }
}

function withFailure(down: Down, failure: Failure): Down {
  const { links = [], nodes = [] } = down
  return { ...down, links: [...links, ...failure.links], nodes: [...nodes, ...failure.nodes] }
}
