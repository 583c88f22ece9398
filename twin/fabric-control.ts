/**
 * The control plane of a plan's fabric in the twin: what nodes hear goes to the simulation, what it makes of it into their tables.
 *
 * @module
 */
import type { TableChange } from '../contract/control.js'
import type { Plan } from '../contract/plan.js'
import type { Tables } from '../contract/program.js'
import type { RibRow } from '../contract/rib.js'
import {
  baseTables,
  changesBetween,
  ControlPlaneSim,
  digestTables,
  type DynamicTables,
} from './control/index.js'
import type { FabricControlPlane, LearnedState } from './forward/index.js'

/** What a fabric's control plane comes to, after all that it has been told of. */
export interface PredictedControlPlane extends FabricControlPlane {
  /** Tables of BGP, of all nodes. */
  rows(): readonly RibRow[]
  /** A node's tables: what its program begins with, and what the control plane has made of it. */
  tables(node: string): Tables
  /** Of each leaf's part that EVPN makes (`digestTables`), by node. */
  digests(): ReadonlyMap<string, string>
}

/**
 * For a `TwinFabric` or a walk of the plan; one that has been told of nothing yet.
 *
 * @returns `undefined` for a plan whose nodes have no control plane: its tables stay as they are
 * @throws {ControlPlaneError} when what nodes are told contradicts itself
 */
export function controlPlaneOf({ nodes }: Plan): PredictedControlPlane | undefined {
  const simulated = nodes.flatMap(({ name, control, program }) =>
    control === undefined
      ? []
      : [
          {
            name,
            control,
            interfaces: program.interfaces,
            base: baseTables(program.interfaces, program.tables),
          },
        ],
  )
  return simulated.length === 0
    ? undefined
    : new SimulatedControlPlane(
        new ControlPlaneSim(simulated),
        simulated.flatMap(({ name, control }) => (control.evpn === undefined ? [] : [name])),
      )
}

class SimulatedControlPlane implements PredictedControlPlane {
  readonly #sim: ControlPlaneSim
  /** What nodes were given; at first what their programs have. */
  readonly #given: Map<string, DynamicTables>

  readonly #leaves: readonly string[]

  constructor(sim: ControlPlaneSim, leaves: readonly string[]) {
    this.#sim = sim
    this.#leaves = leaves
    this.#given = new Map(sim.names.map((name) => [name, sim.dynamicTables(name)]))
  }

  rows(): readonly RibRow[] {
    return this.#sim.names.flatMap((name) => this.#sim.rows(name))
  }

  tables(node: string): Tables {
    return this.#sim.tables(node)
  }

  digests(): ReadonlyMap<string, string> {
    return new Map(this.#leaves.map((name) => [name, digestTables(this.#sim.dynamicTables(name))]))
  }

  learned(changed: ReadonlyMap<string, LearnedState>): ReadonlyMap<string, readonly TableChange[]> {
    const affected = this.#sim.update({ learned: changed })
    const answer = new Map<string, readonly TableChange[]>()
    for (const [name, given] of this.#given) {
      const heard = changed.get(name)
      if (heard === undefined && !affected.has(name)) continue
      const wanted = this.#sim.dynamicTables(name)
      this.#given.set(name, wanted)
      answer.set(name, changesBetween(heard === undefined ? given : withoutYielded(given, heard), wanted))
    }
    return answer
  }
}

/**
 * A control entry that has yielded to what was heard (LEARN-6) is there no more: where it is wanted all the same, because the MAC is
 * another's (EVPN-6), it has to be set again.
 */
function withoutYielded(given: DynamicTables, { fdb: heard }: LearnedState): DynamicTables {
  const places = new Set(heard.map(({ bridge, mac }) => `${bridge} ${mac}`))
  const fdb = new Map([...given.fdb].filter(([, { bridge, mac }]) => !places.has(`${bridge} ${mac}`)))
  return { ...given, fdb }
}
