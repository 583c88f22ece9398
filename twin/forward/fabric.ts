/**
 * A fabric of nodes, links and hosts in one process: what a plan describes, run frame by frame.
 *
 * A fabric is a queue of frames on their way, first in, first out, and a virtual clock that stands still while frames
 * travel. It comes to rest when nothing is on its way and nothing is held; only when packets wait for a neighbour that
 * does not answer does the clock move by itself, by seconds, until they are given up (NEIGH-7).
 *
 * A control plane acts whenever nothing is on its way, before the clock moves: it is faster than any timer of a node.
 *
 * @module
 */
import type { TableChange } from '../../contract/control.js'
import type { Plan } from '../../contract/plan.js'
import { findTraceId } from '../packet/trace-id.js'
import { ControlLoop, type FabricControlPlane } from './control-plane.js'
import { ForwardError } from './errors.js'
import { Observing, WireCopy } from './fabric-seen.js'
import type {
  FabricInjection,
  FabricObservation,
  FabricObserver,
  FabricOptions,
  FabricSendOptions,
} from './fabric-types.js'
import {
  planError,
  Wiring,
  type NodePeer,
  type NodeState,
  type HostPeer,
  type Peer,
} from './fabric-wiring.js'
import { seedOf } from './fabric-seed.js'
import { Faults, type FabricFault } from './faults.js'
import type { Effect, Lineage, Nanoseconds } from './input.js'
import { importKeys, type Keys } from './keys.js'
import { describeLoop } from './loop.js'
import { FabricNode } from './node.js'
import type { LazyFrame } from './tunnelled-frame.js'

interface Arriving {
  readonly state: NodeState
  readonly interface: number
  readonly frame: Uint8Array | LazyFrame
  readonly lineage: Lineage
}

const SECOND = 1_000_000_000n
/** Packets are given up after 3 s; an error about one may wait as long again, and one about that is never sent. */
const MOST_SETTLING_SECONDS = 16

/** An initiation that is lost is sent again after 5 s and up to 333 ms (WG-27). */
const MOST_PEER_SECONDS = 6

/** Of a loop so many frames are looked at. */
const LOOP_TRAIL = 1000

/** A running fabric. */
export class TwinFabric {
  private readonly wiring: Wiring
  private readonly observer: FabricObserver
  private readonly eventLimit: number
  private queue: Arriving[] = []
  private head = 0
  private clock: Nanoseconds = 0n
  private seen = new Observing()
  private injections: readonly FabricInjection[] = []
  private readonly control: ControlLoop | undefined
  private readonly faults: Faults

  /**
   * @param keys - for every key reference of the plan.
   * @throws {ForwardError} `ZT_PLAN_INVALID`, `ZT_PROGRAM_INVALID` or `ZT_KEY_MISSING`
   */
  constructor(
    readonly plan: Plan,
    keys: Keys = new Map(),
    options: FabricOptions = {},
  ) {
    this.observer = options.observer ?? {}
    this.eventLimit = options.eventLimit ?? 100_000
    const imported = importKeys(keys)
    const { controlPlane, controlRounds } = options
    this.wiring = new Wiring(
      withTables(plan, controlPlane?.begins),
      ({ name, program }) =>
        new FabricNode(program, imported, { lazySeal: true, tracer: options.tracer?.(name) }),
    )
    const nodes = [...this.wiring.nodes.values()].map(({ node }) => node)
    this.faults = new Faults(plan)
    for (const state of this.wiring.nodes.values()) this.seed(state, imported)
    this.control = controlPlane && new ControlLoop(controlPlane, nodes, plan.fabric, controlRounds)
    for (const [name, changes] of this.control?.begun() ?? []) this.apply(name, changes)
  }

  /** WG-4 */
  private seed(state: NodeState, keys: Keys): void {
    const seed = seedOf(state.program, keys, this.clock)
    if (seed === undefined) return
    this.observer.seeded?.(state.name, seed.wallTime, seed.entropy)
    this.spread(state, state.node.seed(this.clock, seed.wallTime, seed.entropy))
  }

  /** Of the clock, ns. */
  get now(): Nanoseconds {
    return this.clock
  }

  /** A node by name, to look at its state. */
  node(name: string): FabricNode {
    return this.wiring.nodeOf(name, 'fabric').node
  }

  /**
   * Breaks something, and lets the fabric come to rest as it then is. What comes of it is in no observation.
   *
   * @throws {ForwardError} `ZT_FAULT_UNKNOWN`, `ZT_FAULT_STANDS`; `ZT_CONTROL_UNSETTLED`, `ZT_CONTROL_REFUSED`
   */
  fail(fault: FabricFault): void {
    this.faults.add(fault)
    this.follow()
  }

  /**
   * Puts it right again, and lets the fabric come to rest. What comes of it is in no observation.
   *
   * @throws {ForwardError} `ZT_FAULT_UNKNOWN`, `ZT_FAULT_NONE`; `ZT_CONTROL_UNSETTLED`, `ZT_CONTROL_REFUSED`
   */
  repair(fault: FabricFault): void {
    this.faults.remove(fault)
    if (fault.kind === 'node-down') this.startAnew(this.wiring.nodeOf(fault.node, 'fabric'))
    this.follow()
  }

  /**
   * Sends frames one after the other, each when the fabric has come to rest.
   *
   * @throws {ForwardError} `ZT_PLAN_INVALID` when a frame is to be sent where nothing is, `ZT_FABRIC_LOOP`,
   *   `ZT_CONTROL_UNSETTLED`, `ZT_CONTROL_REFUSED`
   */
  send(injections: readonly FabricInjection[], options: FabricSendOptions = {}): FabricObservation {
    const starts = injections.map((injection) => this.startOf(injection))
    const wanted = options.wire === undefined ? undefined : new Set(options.wire)
    for (const link of this.wiring.links.values()) link.keep = wanted?.has(link.id) ?? true
    this.seen = new Observing()
    this.injections = injections
    for (const [index, start] of starts.entries()) {
      const before = this.stateVersion()
      const accepted = start.via === undefined ? 0 : start.state.node.acceptedSealed
      this.inject(start, injections[index]!.frame, index + 1)
      this.settle()
      const wrote =
        this.stateVersion() !== before ||
        (start.via !== undefined && start.state.node.acceptedSealed !== accepted)
      this.seen.wrote.push(wrote)
    }
    return this.seen
  }

  /** FAULT-3: what was learned and applied is gone, packet numbers go on. */
  private startAnew(state: NodeState): void {
    const { name, node, program } = state
    this.unseen()
    this.observer.controlled?.(name, { op: 'load', program })
    this.spread(state, node.load(this.clock, program))
  }

  /** Ports notice first, then the control plane is told (FAULT-1 to FAULT-6). */
  private follow(): void {
    this.unseen()
    for (const link of this.wiring.links.values()) link.carries = this.faults.carries(link.id)
    for (const state of this.wiring.nodes.values()) {
      state.isDown = this.faults.isNodeDown(state.name)
      for (const [id, peer] of state.peers) {
        const up = peer.kind === 'host' ? !state.isDown : this.faults.hasCarrier(peer.link.id)
        if (up === state.node.hasCarrier(id)) continue
        this.observer.controlled?.(state.name, { op: 'carrier', interface: id, up })
        this.spread(state, state.node.carrier(this.clock, id, up))
      }
    }
    const answer = this.control?.broken(this.faults.down()) ?? []
    for (const [name, changes] of answer) this.apply(name, changes)
    this.settle()
  }

  /** What happens from here on is in no observation that anybody has. */
  private unseen(): void {
    this.seen = new Observing()
    this.injections = []
  }

  /** Forgets learned state everywhere (CTRL-3); what is broken stays so. What comes of it is in no observation. */
  reset(): void {
    this.unseen()
    for (const state of this.wiring.nodes.values()) {
      for (const table of ['fdb', 'neighbours'] as const) {
        this.observer.controlled?.(state.name, { op: 'flush', table })
        this.spread(state, state.node.flush(this.clock, table))
      }
    }
    this.settle()
  }

  /** Moves the clock and tells every node (CTRL-4, CLOCK-1). What comes of it is in no observation. */
  advanceTime(ns: number): void {
    if (!Number.isSafeInteger(ns) || ns < 0) {
      throw new ForwardError('ZT_INPUT_INVALID', 'advanceTime', `${ns} is no number of nanoseconds`, {
        remedy: 'give an integer from 0 on',
      })
    }
    this.unseen()
    this.tick(BigInt(ns))
    this.settle()
  }

  private startOf({ at }: FabricInjection): {
    state: NodeState
    interface: number
    via: NodePeer | undefined
  } {
    if ('host' in at) {
      const host = this.wiring.hosts.get(at.host)
      if (host === undefined) throw planError('injection', `host ${at.host} does not exist`)
      return { state: host.leaf, interface: host.interface, via: undefined }
    }
    const via = this.wiring.linkEnds.get(`${at.link} ${at.to}`)
    if (via === undefined) throw planError('injection', `link ${at.link} does not end at ${at.to}`)
    return { state: via.to, interface: via.interface, via }
  }

  private inject(start: ReturnType<TwinFabric['startOf']>, frame: Uint8Array, lineage: Lineage): void {
    if (start.via !== undefined) this.cross(start.via, frame, lineage)
    else this.queue.push({ state: start.state, interface: start.interface, frame, lineage })
  }

  /**
   * Runs until nothing is on its way and nothing is held for a neighbour. A peer that does not answer may never do: what waits for one is
   * waited for until it was asked again.
   */
  private settle(): void {
    this.rest()
    for (let seconds = 0; ; seconds++) {
      const isHolding = this.isHolding()
      if (!isHolding && (seconds >= MOST_PEER_SECONDS || !this.isHoldingForPeers())) return
      if (seconds === MOST_SETTLING_SECONDS) throw this.loop()
      this.tick(SECOND)
    }
  }

  private tick(ns: bigint): void {
    this.clock += ns
    for (const state of this.wiring.nodes.values()) {
      this.spread(state, state.node.clock(this.clock))
      // Two peers whose timers are due at once would each begin a handshake, where one is enough.
      this.drain()
    }
    this.rest()
  }

  /** Runs until nothing is on its way and the control plane has nothing to change. */
  private rest(): void {
    this.drain()
    for (let round = 0; ; round++) {
      const answer = this.control?.answer(this.clock, round)
      if (answer === undefined) return
      for (const [name, changes] of answer) this.apply(name, changes)
      this.drain()
    }
  }

  /** CTRL-6 */
  private apply(name: string, changes: readonly TableChange[]): void {
    const state = this.wiring.nodes.get(name)
    if (state === undefined) throw refusedControl(name, 'there is no such node')
    if (changes.length === 0) return
    this.observer.controlled?.(name, { op: 'apply', changes })
    const { effects, refusal } = state.node.apply(this.clock, changes)
    if (refusal !== undefined) throw refusedControl(name, refusal.message)
    this.spread(state, effects)
  }

  private isHolding(): boolean {
    for (const { node } of this.wiring.nodes.values()) if (node.held > 0) return true
    return false
  }

  private isHoldingForPeers(): boolean {
    for (const { node } of this.wiring.nodes.values()) if (node.heldByPeers > 0) return true
    return false
  }

  private stateVersion(): number {
    let version = 0
    for (const { node } of this.wiring.nodes.values()) version += node.stateVersion
    return version
  }

  private drain(): void {
    let events = 0
    while (this.head < this.queue.length) {
      if (++events > this.eventLimit) throw this.loop()
      const { state, interface: id, frame, lineage } = this.queue[this.head++]!
      this.observer.received?.(state.name, id, frame)
      this.spread(state, state.node.frame(this.clock, id, frame, lineage))
    }
    this.queue = []
    this.head = 0
  }

  private loop(): ForwardError {
    const recent = this.queue.slice(Math.max(0, this.head - LOOP_TRAIL))
    this.queue = []
    this.head = 0
    const hops = recent.map(({ state, interface: id }) => `${state.name}:${id}`)
    return new ForwardError('ZT_FABRIC_LOOP', this.plan.fabric, describeLoop(hops, this.eventLimit), {
      remedy: 'look at a walk of the frame (trace) for the nodes named',
    })
  }

  private spread(state: NodeState, effects: readonly Effect[]): void {
    this.observer.processed?.(state.name, effects, this.clock)
    const { seen } = this
    for (const effect of effects) {
      if (effect.kind === 'tx') {
        const peer = state.peers.get(effect.interface)
        // A port without a wire: the frame is sent, and nobody is there.
        if (peer !== undefined) this.cross(peer, effect.sealed ?? effect.frame, effect.lineage)
      } else if (effect.kind === 'fate') {
        const { fate } = effect
        const trace = this.injections[effect.lineage - 1]?.trace
        seen.fates.push(trace === undefined ? { node: state.name, fate } : { node: state.name, fate, trace })
      } else {
        seen.punts.push({ node: state.name, interface: effect.interface, frame: effect.frame })
      }
    }
  }

  private cross(peer: Peer, frame: Uint8Array | LazyFrame, lineage: Lineage): void {
    if (peer.kind === 'host') {
      if (peer.leaf.isDown) return
      this.arrive(peer, frame instanceof Uint8Array ? frame : frame.frame)
      return
    }
    const { link, from, to } = peer
    if (!link.carries) return
    if (link.keep) this.seen.wire.push(new WireCopy(link.id, from, to.name, frame))
    this.queue.push({ state: to, interface: peer.interface, frame, lineage })
  }

  /** HOST-3 */
  private arrive({ host, leaf, interface: id }: HostPeer, frame: Uint8Array): void {
    const reception = host.receive(frame)
    this.observer.arrived?.(host.id, frame, reception)
    if (reception.kind === 'answered') {
      this.seen.answeredByHosts++
      this.queue.push({ state: leaf, interface: id, frame: reception.reply, lineage: 0 })
      return
    }
    const { foreign } = reception
    const trace = findTraceId(frame)?.trace
    this.seen.arrivals.push(
      trace === undefined ? { host: host.id, frame, foreign } : { host: host.id, frame, foreign, trace },
    )
  }
}

function withTables(plan: Plan, tables: FabricControlPlane['begins']): Plan {
  if (tables === undefined) return plan
  const nodes = plan.nodes.map((node) => {
    const begins = tables.get(node.name)
    return begins === undefined ? node : { ...node, program: { ...node.program, tables: begins } }
  })
  return { ...plan, nodes }
}

function refusedControl(node: string, what: string): ForwardError {
  return new ForwardError('ZT_CONTROL_REFUSED', node, `the control plane asks for what cannot be: ${what}`, {
    remedy: 'this is a fault of the control plane: nothing was changed on the node',
  })
}
