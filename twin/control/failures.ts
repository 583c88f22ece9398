/**
 * What becomes of a fabric when parts of it fail: every set of so many, each from the state of the set that it extends.
 *
 * @module
 */
import type { Down } from './down.js'
import { ControlPlaneError } from './errors.js'
import type { ControlPlaneSim } from './sim.js'
import { hasSameTables } from './tables.js'

/** What may fail. */
export interface FailureSpace {
  /** Ids. */
  readonly links: readonly string[]
  readonly nodes: readonly string[]
  /** Nodes whose daemon may fail; none by default. */
  readonly daemons?: readonly string[]
  /** How many at once, at most. */
  readonly most: number
}

/** A set of failures, in the order of the space: links, nodes, daemons. */
export interface Failure {
  readonly links: readonly string[]
  readonly nodes: readonly string[]
  readonly daemons: readonly string[]
}

/** The simulation while a set is on it. */
export interface FailedFabric {
  /** Nodes whose tables may be others than in the set shown before. */
  readonly changed: ReadonlySet<string>
  /**
   * Nodes whose tables are others than without the set, worked out when asked for. Where there are none, and what failed carries nothing,
   * the set needs no further look.
   */
  readonly differing: () => ReadonlySet<string>
}

type Part = { readonly link: string } | { readonly node: string } | { readonly daemon: string }

/**
 * Puts each set of failures, the empty one first, on the simulation and shows it, a set before those that extend it. A set comes to the
 * same whatever was shown before it: sessions that end in one (BGP-12) are repaired for the next. Afterwards the simulation is as it was.
 *
 * @param visit returning `false` ends the walk
 * @throws {ControlPlaneError} `ZT_CONTROL_REFERENCE`, for a node too whose daemon does not run already: when it loses power, what it had kept
 *   is lost
 */
export function forEachFailure(
  sim: ControlPlaneSim,
  space: FailureSpace,
  visit: (failure: Failure, fabric: FailedFabric) => boolean | void,
): void {
  const { links, nodes, daemons = [], most } = space
  checkSpace(sim, space)
  const parts: readonly Part[] = [
    ...links.map((link) => ({ link })),
    ...nodes.map((node) => ({ node })),
    ...daemons.map((daemon) => ({ daemon })),
  ]
  const { knowledge, down, ended } = sim
  const intact = new Map(sim.names.map((name) => [name, sim.dynamicTables(name)]))
  /** Since the set shown before. */
  let changed: ReadonlySet<string> = new Set()
  /** Who may have other tables than intact. */
  const put = (failure: Failure, touched: ReadonlySet<string>): ReadonlySet<string> => {
    // Daemons end together, when all else has come to rest (`Change.down`).
    const states = failure.daemons.length === 0 ? [failure] : [{ ...failure, daemons: [] }, failure]
    const affected = states.flatMap((state) => [
      ...sim.update({ down: withFailure(down, state), knowledge, ended }),
    ])
    changed = new Set([...changed, ...affected])
    return new Set([...touched, ...affected])
  }
  /** True to go on. */
  const walk = (failed: readonly Part[], next: number, before: ReadonlySet<string>): boolean => {
    const failure = failureOf(failed)
    const touched = put(failure, before)
    const differing = () => {
      const others = [...touched].filter((name) => {
        const tables = intact.get(name)
        return tables !== undefined && !hasSameTables(tables, sim.dynamicTables(name))
      })
      return new Set(others)
    }
    if (visit(failure, { changed, differing }) === false) return false
    changed = new Set()
    if (failed.length === most) return true
    for (const [i, part] of parts.entries()) {
      if (i < next) continue
      if (!walk([...failed, part], i + 1, touched)) return false
      put(failure, touched)
    }
    return true
  }
  try {
    walk([], 0, new Set())
  } finally {
    sim.update({ down, knowledge, ended })
  }
}

function checkSpace({ names, down }: ControlPlaneSim, { nodes, daemons = [] }: FailureSpace): void {
  const unknown = [...nodes, ...daemons].find((name) => !names.includes(name))
  if (unknown !== undefined) {
    throw new ControlPlaneError('ZT_CONTROL_REFERENCE', `there is no node ${unknown}`, {
      remedy: 'name nodes as the plan does',
    })
  }
  const stopped = [...nodes, ...daemons].find((name) => down.daemons?.includes(name))
  if (stopped !== undefined) {
    throw new ControlPlaneError('ZT_CONTROL_REFERENCE', `the daemon of ${stopped} does not run already`, {
      remedy: 'leave the node out, or begin with a fabric in which its daemon runs',
    })
  }
}

function failureOf(failed: readonly Part[]): Failure {
  return {
    links: failed.flatMap((part) => ('link' in part ? part.link : [])),
    nodes: failed.flatMap((part) => ('node' in part ? part.node : [])),
    daemons: failed.flatMap((part) => ('daemon' in part ? part.daemon : [])),
  }
}

function withFailure(down: Down, failure: Failure): Down {
  const { links = [], nodes = [], daemons = [] } = down
  return {
    ...down,
    links: [...links, ...failure.links],
    nodes: [...nodes, ...failure.nodes],
    daemons: [...daemons, ...failure.daemons],
  }
}
