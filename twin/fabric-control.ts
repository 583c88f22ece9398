/**
 * The control plane of a plan's fabric in the twin: what nodes hear goes to the simulation, what it makes of it into their tables.
 *
 * @module
 */
import type { TableChange } from '../contract/control.js'
import type { Plan } from '../contract/plan.js'
import type { Tables } from '../contract/program.js'
import type { RibRow } from '../contract/rib.js'
import { beforeControl } from './before-control.js'
import {
  changesBetween,
  ControlPlaneSim,
  digestTables,
  fdbPlace,
  NO_TABLES,
  tablesFrom,
  type Down,
  type DynamicTables,
  type SimulatedNode,
} from './control/index.js'
import type { FabricControlPlane, FabricDown, LearnedState } from './forward/index.js'

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
export function controlPlaneOf(plan: Plan): PredictedControlPlane | undefined {
  const simulated = beforeControl(plan).nodes.flatMap(({ name, control, program }) =>
    control === undefined ? [] : [{ name, control, interfaces: program.interfaces, base: program.tables }],
  )
  return simulated.length === 0
    ? undefined
    : new SimulatedControlPlane(new ControlPlaneSim(simulated), simulated)
}

type SimulatedWithBase = SimulatedNode & { readonly base: Tables }

class SimulatedControlPlane implements PredictedControlPlane {
  /** What is in tables whatever the control plane does (TABLE-10). */
  readonly begins: ReadonlyMap<string, Tables>
  readonly #sim: ControlPlaneSim
  /** What nodes have now. */
  readonly #given: Map<string, DynamicTables>
  /** Nodes that may not have what they should. */
  readonly #behind: Set<string>
  /** What nodes have heard whose agent is gone (FAULT-5). */
  readonly #unheard = new Map<string, LearnedState>()
  #down: FabricDown = { links: [], nodes: [], daemons: [], agents: [], withdrawn: [] }

  readonly #leaves: readonly string[]
  /** Over which sessions run. */
  readonly #links: ReadonlySet<string>

  constructor(sim: ControlPlaneSim, nodes: readonly SimulatedWithBase[]) {
    this.#sim = sim
    this.begins = new Map(nodes.map(({ name, base }) => [name, base]))
    this.#leaves = nodes.flatMap(({ name, control }) => (control.evpn === undefined ? [] : [name]))
    this.#links = new Set(nodes.flatMap(({ control }) => control.sessions.map(({ link }) => link)))
    this.#given = new Map(sim.names.map((name) => [name, NO_TABLES]))
    this.#behind = new Set(sim.names)
  }

  rows(): readonly RibRow[] {
    return this.#sim.names.flatMap((name) => this.#sim.rows(name))
  }

  tables(node: string): Tables {
    const base = this.begins.get(node)
    const stays = this.#without(node)
    return stays === undefined || base === undefined ? this.#sim.tables(node) : tablesFrom(base, stays)
  }

  digests(): ReadonlyMap<string, string> {
    return new Map(
      this.#leaves.map((name) => [name, digestTables(this.#without(name) ?? this.#sim.dynamicTables(name))]),
    )
  }

  /** What a node has whose agent is gone (FAULT-5); the simulation knows of no agents. */
  #without(node: string): DynamicTables | undefined {
    return this.#down.agents.includes(node) ? this.#given.get(node) : undefined
  }

  learned(changed: ReadonlyMap<string, LearnedState>): ReadonlyMap<string, readonly TableChange[]> {
    const heard = new Map(changed)
    for (const [name, state] of changed) {
      const given = this.#given.get(name)
      if (given === undefined) continue
      this.#given.set(name, withoutYielded(given, state))
      this.#behind.add(name)
      if (!this.#down.agents.includes(name)) continue
      this.#unheard.set(name, state)
      heard.delete(name)
    }
    this.#note(this.#sim.update({ learned: heard }))
    return this.#answer()
  }

  broken(down: FabricDown): ReadonlyMap<string, readonly TableChange[]> {
    for (const name of this.#down.nodes) {
      if (!this.begins.has(name) || down.nodes.includes(name)) continue
      this.#given.set(name, NO_TABLES)
      this.#behind.add(name)
    }
    this.#down = down
    const learned = new Map<string, LearnedState>()
    for (const [name, state] of this.#unheard) {
      if (down.agents.includes(name)) continue
      learned.set(name, state)
      this.#unheard.delete(name)
    }
    this.#note(this.#sim.update({ down: this.#simulated(down), learned }))
    return this.#answer()
  }

  /** Of what is down, that which sessions run over and which speaks; an agent's absence is told by nothing being heard. */
  #simulated({ links, nodes, agents: _, ...others }: FabricDown): Down {
    return {
      ...others,
      links: links.filter((id) => this.#links.has(id)),
      nodes: nodes.filter((name) => this.begins.has(name)),
    }
  }

  #note(affected: ReadonlySet<string>): void {
    for (const name of affected) this.#behind.add(name)
  }

  /** Nobody changes tables of a node whose power, daemon or agent is gone (FAULT-3 to FAULT-5). */
  #answer(): ReadonlyMap<string, readonly TableChange[]> {
    const { nodes, daemons, agents } = this.#down
    const kept = new Set([...nodes, ...daemons, ...agents])
    const answer = new Map<string, readonly TableChange[]>()
    for (const [name, given] of this.#given) {
      if (!this.#behind.has(name) || kept.has(name)) continue
      this.#behind.delete(name)
      const wanted = this.#sim.dynamicTables(name)
      this.#given.set(name, wanted)
      answer.set(name, changesBetween(given, wanted))
    }
    return answer
  }
}

/**
 * A control entry that has yielded to what was heard (LEARN-6) is there no more: where it is wanted all the same, because the MAC is
 * another's (EVPN-6), it has to be set again.
 */
function withoutYielded(given: DynamicTables, { fdb: heard }: LearnedState): DynamicTables {
  const yielded = heard
    .map(({ bridge, mac }) => fdbPlace(bridge, mac))
    .filter((place) => given.fdb.has(place))
  if (yielded.length === 0) return given
  const fdb = new Map(given.fdb)
  for (const place of yielded) fdb.delete(place)
  return { ...given, fdb }
}
