/**
 * The control planes of a fabric, kept converged while it changes.
 *
 * @module
 */
import type { NodeControl } from '../../contract/control-plane.js'
import type { Tables } from '../../contract/program.js'
import type { RibRow } from '../../contract/rib.js'
import { parseIp } from '../packet/index.js'
import type { Change, HostKnowledge, SimOptions, SimulatedNode } from './change.js'
import type { Diagnosis } from './diagnosis.js'
import { announcedControl, checkWithdrawn, withdrawalsBetween, type Down } from './down.js'
import { announce, type SaidBefore } from './evpn-announce.js'
import type { RoutePart } from './evpn-originator.js'
import { EvpnRib } from './evpn-rib.js'
import { tablesOfImports, TableParts } from './evpn-tables.js'
import {
  NOTHING_ANNOUNCED,
  NOTHING_LEARNED,
  type Announced,
  type ControlNode,
  type Evpn,
  type Learned,
} from './node.js'
import { compareCode } from './order.js'
import { endOverLimit } from './prefix-limit.js'
import { evpnRow, unicastRow } from './rows.js'
import { NO_TABLES, tablesFrom, type DynamicTables } from './tables.js'
import { Topology } from './topology.js'
import { underlayTables, UnderlayRoutes } from './underlay.js'
import { UnicastRib } from './unicast.js'

const NO_TABLES_AT_ALL: Tables = { routes: [], groups: [], neighbours: [], fdb: [], flood: [] }

export class ControlPlaneSim {
  readonly #orders: number
  #nodes: SimulatedNode[]
  #topology: Topology
  #unicast: UnicastRib
  #evpn: EvpnRib
  #underlay: UnderlayRoutes
  #down: Down = {}
  readonly #learned = new Map<number, Learned>()
  readonly #announced = new Map<number, Announced>()
  readonly #said: SaidBefore = new WeakMap()
  readonly #dynamic = new Map<number, DynamicTables>()
  /** The part of {@link #dynamic} that is EVPN's: most changes are the underlay's alone. */
  readonly #overlay = new Map<number, DynamicTables>()
  readonly #parts = new Map<number, TableParts>()
  /** What stays in the tables of nodes whose daemon does not run (FAULT-4). */
  readonly #kept = new Map<number, DynamicTables>()
  #ties: readonly Diagnosis[] = []
  #limit: Diagnosis | undefined

  /** @throws {ControlPlaneError} `ZT_CONTROL_REFERENCE` */
  constructor(nodes: readonly SimulatedNode[], options: SimOptions = {}) {
    const { orders = 8, ...begin } = options
    this.#orders = orders
    this.#nodes = [...nodes]
    this.#topology = new Topology(nodes)
    this.#unicast = new UnicastRib(this.#topology, orders)
    this.#underlay = new UnderlayRoutes(this.#topology)
    this.#evpn = this.#newEvpn()
    checkWithdrawn(nodes, begin.down ?? {})
    this.#apply({ down: {}, ...begin }, new Set(), this.#all())
  }

  #newEvpn(): EvpnRib {
    return new EvpnRib(this.#topology, (node, source) => this.#unicast.reaches(node, source))
  }

  #all(): Set<number> {
    return new Set(this.#nodes.keys())
  }

  /**
   * Lets the fabric come to rest after a change.
   *
   * @returns names of the nodes whose tables may be others than before
   * @throws {ControlPlaneError} `ZT_CONTROL_REFERENCE`, and then nothing has changed
   */
  update(change: Change): ReadonlySet<string> {
    const touched = new Set<number>()
    const speakers = new Set<number>()
    const { control, down = this.#down } = change
    for (const name of change.learned?.keys() ?? []) this.#topology.indexOf(name)
    this.#topology.checkDown(down)
    checkWithdrawn(this.#nodes, down, control)
    if (control !== undefined) this.#setControls(control, down, touched, speakers)
    const affected = this.#apply(change, touched, speakers)
    return new Set([...affected].map((index) => this.#nameOf(index)))
  }

  #apply(change: Change, touched: Set<number>, speakers: Set<number>): ReadonlySet<number> {
    const { down, learned, knowledge, ended } = change
    const heard = new Map([...(learned ?? [])].map(([name, one]) => [this.#topology.indexOf(name), one]))
    if (down === undefined) {
      if (ended !== undefined)
        for (const index of this.#topology.setDown(this.#down, ended)) touched.add(index)
    } else {
      const ending = (down.daemons ?? []).filter(
        (name) => !this.#topology.isStopped(this.#topology.indexOf(name)),
      )
      if (ending.length > 0) return this.#stop(change, down, new Set(ending), touched, speakers)
      for (const name of withdrawalsBetween(this.#down, down)) {
        const index = this.#topology.indexOf(name)
        touched.add(index)
        this.#overlay.delete(index)
      }
      for (const index of this.#topology.setDown(down, ended)) touched.add(index)
      this.#down = down
    }
    if (knowledge !== undefined) this.#restore(knowledge, speakers)
    for (const [index, one] of heard) {
      this.#learned.set(index, one)
      speakers.add(index)
    }
    return this.#settle(touched, speakers)
  }

  /** First all else, then the daemons. */
  #stop(
    change: Change,
    down: Down,
    ending: ReadonlySet<string>,
    touched: Set<number>,
    speakers: Set<number>,
  ): ReadonlySet<number> {
    const running = (down.daemons ?? []).filter((name) => !ending.has(name))
    const affected = this.#apply({ ...change, down: { ...down, daemons: running } }, touched, speakers)
    for (const name of ending) this.#kept.set(this.#topology.indexOf(name), this.dynamicTables(name))
    this.#down = down
    return new Set([...affected, ...this.#settle(new Set(this.#topology.setDown(down)), new Set())])
  }

  #setControls(
    control: ReadonlyMap<string, NodeControl>,
    down: Down,
    touched: Set<number>,
    speakers: Set<number>,
  ): void {
    const nodes = [...this.#nodes]
    for (const [name, one] of control) {
      const index = this.#topology.indexOf(name)
      const node = nodes[index]
      if (node !== undefined) nodes[index] = { ...node, control: one }
      speakers.add(index)
    }
    if (this.#topology.hasSessionsOf(nodes)) {
      for (const index of this.#topology.takeOn(nodes)) touched.add(index)
    } else {
      const topology = new Topology(nodes)
      // What ended has a chance of its own again.
      topology.setDown(down)
      this.#startAfresh(topology)
      for (const index of nodes.keys()) touched.add(index)
    }
    this.#nodes = nodes
  }

  #startAfresh(topology: Topology): void {
    this.#topology = topology
    this.#unicast = new UnicastRib(topology, this.#orders)
    this.#underlay = new UnderlayRoutes(topology)
    this.#evpn = this.#newEvpn()
    this.#dynamic.clear()
    this.#overlay.clear()
  }

  #restore({ learned, announced }: HostKnowledge, speakers: Set<number>): void {
    for (const [index, { name }] of this.#nodes.entries()) {
      const [heard, said] = [learned.get(name), announced.get(name)]
      if (heard === this.#learned.get(index) && said === this.#announced.get(index)) continue
      if (heard === undefined) this.#learned.delete(index)
      else this.#learned.set(index, heard)
      if (said === undefined) this.#announced.delete(index)
      else this.#announced.set(index, said)
      speakers.add(index)
    }
  }

  /** @param speakers nodes whose own routes may be others than before */
  #settle(touched: ReadonlySet<number>, speakers: Set<number>): ReadonlySet<number> {
    for (const index of touched) speakers.add(index)
    for (const index of speakers) this.#originate(index)
    const affected = new Set(touched)
    const sessions = new Set(touched)
    /** By node, where a way to its VTEP came or went. */
    const ways = new Map<number, Set<number>>()
    const settle = (news: ReadonlySet<number>) => {
      for (const index of news) {
        affected.add(index)
        sessions.add(index)
      }
      for (const change of this.#unicast.settle(news)) {
        for (const index of change.changed) affected.add(index)
        this.#underlay.note(change)
        // Where a route to a VTEP came or went, others of its routes can be imported, and handed on (BGP-9).
        if (change.appeared.length === 0) continue
        for (const source of this.#unicast.vtepsIn(change.key)) {
          const nodes = ways.get(source) ?? new Set<number>()
          ways.set(source, nodes)
          for (const index of change.appeared) {
            speakers.add(index)
            nodes.add(index)
          }
        }
      }
    }
    settle(touched)
    this.#noteLimits(settle)
    for (const index of this.#evpn.settle(sessions, ways)) speakers.add(index)
    for (const index of this.#speak(speakers)) {
      affected.add(index)
      this.#overlay.delete(index)
    }
    for (const index of affected) this.#dynamic.delete(index)
    return affected
  }

  /** What was said of sessions that have ended stands as long as some have. */
  #noteLimits(settle: (touched: ReadonlySet<number>) => void): void {
    const limit = endOverLimit({
      topology: this.#topology,
      keys: () => this.#unicast.keys,
      down: this.#down,
      settle,
      orders: this.#orders,
    })
    if (limit !== undefined) this.#limit = limit
    else if (this.#topology.ended.size === 0) this.#limit = undefined
  }

  /** A node that is down has forgotten what it heard, when it is back. One whose daemon does not run says what it said before. */
  #originate(index: number): void {
    const isDown = this.#topology.isDown(index)
    if (isDown) {
      this.#learned.delete(index)
      this.#announced.delete(index)
      this.#kept.set(index, NO_TABLES)
    }
    const isStopped = this.#topology.isStopped(index)
    if (!isStopped && !isDown) this.#kept.delete(index)
    const node = this.#nodes[index]
    if (node === undefined || (isStopped && !isDown)) return
    this.#unicast.originate(index, isDown ? [] : announcedControl(node, this.#down).originate)
    this.#unicast.setVtep(
      index,
      node.control.evpn === undefined ? undefined : parseIp(node.control.evpn.vtep),
    )
  }

  /**
   * Nodes look at what others announce and announce what they make of it, all at once, until nobody has anything new. It ends: who gives
   * up a MAC has not heard it any more.
   *
   * @returns nodes whose tables this is something to
   */
  #speak(first: ReadonlySet<number>): ReadonlySet<number> {
    const affected = new Set(first)
    const ties: Diagnosis[] = []
    let speakers = first
    while (speakers.size > 0) {
      const speaking = [...speakers].filter((index) => !this.#isMute(index))
      const spoken = speaking.map((index) => ({ index, routes: this.#announce(index, ties) }))
      const targets = new Set<string>()
      for (const { index, routes } of spoken) {
        for (const target of this.#evpn.originate(index, routes)) targets.add(target)
      }
      const next = new Set<number>()
      for (const [index, { control }] of this.#nodes.entries()) {
        if (control.evpn === undefined || !holdsTarget(control.evpn, targets)) continue
        affected.add(index)
        if ((this.#learned.get(index)?.fdb.length ?? 0) > 0) next.add(index)
      }
      speakers = next
    }
    this.#ties = ties
    return affected
  }

  /** Says nothing new: its daemon does not run. Without power, it has nothing to say any more. */
  #isMute(index: number): boolean {
    return this.#topology.isStopped(index) && !this.#topology.isDown(index)
  }

  #announce(index: number, ties: Diagnosis[]): readonly RoutePart[] {
    const node = this.#nodes[index]
    if (node === undefined || this.#topology.isDown(index)) return []
    const { evpn } = announcedControl(node, this.#down)
    if (evpn === undefined) return []
    const learned = this.#learned.get(index) ?? NOTHING_LEARNED
    const before = this.#announced.get(index) ?? NOTHING_ANNOUNCED
    const said = announce(node, evpn, learned, this.#evpn.imports(index, node), before, this.#said)
    this.#announced.set(index, said.announced)
    const forgotten = said.forget.flatMap((change) => (change.table === 'fdb' ? change : []))
    if (forgotten.length > 0) this.#learned.set(index, without(learned, evpn, forgotten))
    for (const { vni, mac, vtep } of said.ties) {
      ties.push({ kind: 'mobility', table: 'evpn', key: `${vni} ${mac}`, nodes: [node.name], to: vtep })
    }
    return said.parts
  }

  #nameOf(index: number): string {
    return this.#nodes[index]?.name ?? ''
  }

  /**
   * What the control plane makes of a node's tables; of a node that is down nothing, of one whose daemon does not run what it had made of
   * them before.
   */
  dynamicTables(name: string): DynamicTables {
    const index = this.#topology.indexOf(name)
    const present = this.#kept.get(index) ?? this.#dynamic.get(index)
    if (present !== undefined) return present
    const made = this.#tablesOf(index)
    this.#dynamic.set(index, made)
    return made
  }

  #tablesOf(index: number): DynamicTables {
    const node = this.#nodes[index]
    if (node === undefined || this.#topology.isDown(index)) return NO_TABLES
    const underlay = underlayTables(this.#underlay.of(index), node.control)
    const { evpn } = node.control
    if (evpn === undefined) return underlay
    const overlay = this.#overlayOf(index, node, evpn)
    return { ...overlay, routes: new Map([...underlay.routes, ...overlay.routes]) }
  }

  #overlayOf(index: number, node: ControlNode, evpn: Evpn): DynamicTables {
    const present = this.#overlay.get(index)
    if (present !== undefined) return present
    const announced = this.#announced.get(index) ?? NOTHING_ANNOUNCED
    const parts = this.#parts.get(index) ?? new TableParts()
    this.#parts.set(index, parts)
    const made = tablesOfImports(node, evpn, this.#evpn.imports(index, node), announced, parts)
    this.#overlay.set(index, made)
    return made
  }

  /** The tables of a node's program: its base and {@link dynamicTables}. */
  tables(name: string): Tables {
    const base = this.#nodes[this.#topology.indexOf(name)]?.base ?? NO_TABLES_AT_ALL
    return tablesFrom(base, this.dynamicTables(name))
  }

  /** BGP tables of a node, by table and key; of a node that is down, or whose daemon does not run, none. */
  rows(name: string): readonly RibRow[] {
    const index = this.#topology.indexOf(name)
    if (this.#topology.isDown(index) || this.#topology.isStopped(index)) return []
    const unicast = [...this.#unicast.keys].flatMap((key) => unicastRow(this.#topology, key, index) ?? [])
    const evpn = [...this.#evpn.keys].flatMap((key) => evpnRow(this.#topology, this.#evpn, key, index) ?? [])
    return [...unicast, ...evpn].toSorted(
      (a, b) => compareCode(a.table, b.table) || compareCode(a.key, b.key),
    )
  }

  /** What does not come to one rest. Of MACs: since the last update. */
  get diagnosis(): readonly Diagnosis[] {
    const limit = this.#limit === undefined ? [] : [this.#limit]
    return [...limit, ...this.#unicast.diagnoses(), ...this.#ties]
  }

  /** What the nodes know of hosts now. */
  get knowledge(): HostKnowledge {
    const named = <V>(map: ReadonlyMap<number, V>) =>
      new Map([...map].map(([index, value]) => [this.#nameOf(index), value]))
    return { learned: named(this.#learned), announced: named(this.#announced) }
  }

  /** Sessions that have ended and do not begin again by themselves (BGP-12, FAULT-4). */
  get ended(): ReadonlySet<string> {
    return this.#topology.ended
  }

  /** What does not work now. */
  get down(): Down {
    return this.#down
  }

  /** In the order in which they were given. */
  get names(): readonly string[] {
    return this.#nodes.map(({ name }) => name)
  }
}

function holdsTarget(evpn: Evpn, targets: ReadonlySet<string>): boolean {
  const own = targetsOf(evpn)
  for (const target of targets) if (own.has(target)) return true
  return false
}

/** Of all instances, by what a node is told. */
const targetsBy = new WeakMap<Evpn, ReadonlySet<string>>()

function targetsOf(evpn: Evpn): ReadonlySet<string> {
  const present = targetsBy.get(evpn)
  if (present !== undefined) return present
  const targets = new Set([...evpn.networks, ...evpn.vrfs].map(({ target }) => target))
  targetsBy.set(evpn, targets)
  return targets
}

/** As the engine's answer is when the entries on ports are replaced. */
function without(
  learned: Learned,
  { networks }: Evpn,
  gone: readonly { readonly bridge: number; readonly mac: string }[],
): Learned {
  const places = new Set(gone.map(({ bridge, mac }) => `${bridge} ${mac}`))
  const bridges = new Map(networks.map(({ irb, bridge }) => [irb, bridge]))
  return {
    fdb: learned.fdb.filter(({ bridge, mac }) => !places.has(`${bridge} ${mac}`)),
    neighbours: learned.neighbours.filter(
      ({ interface: irb, mac }) => !places.has(`${bridges.get(irb)} ${mac}`),
    ),
  }
}
