/**
 * The twin as a `Target`: a fabric in this process, and what it would take to know which frames must travel alone.
 *
 * @module
 */
import type { Plan } from '../contract/plan.js'
import type { Fault, Injection, Observation, SendOptions, Target, WireFrame } from '../record/target.js'
import { controlPlaneOf } from './fabric-control.js'
import { knowledgeOf } from './knowledge.js'
import { SessionOpener } from './wireguard-opener.js'
import { TwinFabric, type FabricObservation, type FabricWireFrame, type NodeTables } from './forward/index.js'

/** Keys by reference: 16 octets (MACsec) or 32 (WireGuard). */
export type Keys = ReadonlyMap<string, Uint8Array>

/** A target that says besides what its nodes know. */
export interface KnowingTarget extends Target {
  /** All that nodes have learned and been told: equal texts, equal knowledge, whatever its age. */
  knowledge(): string
}

/** A twin says besides what each of its nodes would answer. */
interface TwinTarget extends KnowingTarget {
  /** A node's dynamic state, as an engine answers `tables` (`contract/control.ts`). */
  tables(node: string): NodeTables
}

/**
 * The twin of a plan. Every frame travels alone, so that `alone` of an injection is as if always set. Where nodes have a control
 * plane, it is simulated and has come to rest before the next frame.
 *
 * @param keys - for every reference in `plan.keys`; sealed links cannot be run without.
 * @throws {ForwardError} when plan, program or keys cannot be used; {@link ControlPlaneError} when its control plane cannot.
 */
export function twinTarget(plan: Plan, keys: Keys = new Map()): TwinTarget {
  const opener = SessionOpener.of(plan)
  // While it is made, its nodes have no sessions yet.
  const made: { fabric?: TwinFabric } = {}
  const processed = (node: string): void => {
    if (made.fabric !== undefined) opener?.learn(made.fabric.node(node))
  }
  const observer = opener === undefined ? {} : { processed }
  const fabric = new TwinFabric(plan, keys, { controlPlane: controlPlaneOf(plan), observer })
  made.fabric = fabric
  return {
    interpreter: 'twin',
    plan,
    send: async (frames: readonly Injection[], options: SendOptions = {}) =>
      observationOf(frames, fabric.send(frames, options), opener),
    reset: async () => fabric.reset(),
    advanceTime: async (ns: number) => fabric.advanceTime(ns),
    fail: async (fault: Fault) => fabric.fail(fault),
    repair: async (fault: Fault) => fabric.repair(fault),
    knowledge: () =>
      knowledgeOf(
        plan.nodes.map(({ name }) => fabric.node(name)),
        fabric.now,
      ),
    tables: (node: string) => fabric.node(node).tables(),
    close: async () => {},
  }
}

function observationOf(
  sent: readonly Injection[],
  seen: FabricObservation,
  opener: SessionOpener | undefined,
): Observation {
  const { arrivals, fates, punts, answeredByHosts } = seen
  const wire = seen.wire.map((frame) => new TwinWireFrame(frame))
  const sessions = opener === undefined ? {} : { opener }
  return { by: 'twin', sent, arrivals, wire, fates, punts, answeredByHosts, ...sessions }
}

/** Keeps the sealed frame uncomputed until it is looked at. */
class TwinWireFrame implements WireFrame {
  readonly link: string
  readonly from: string
  readonly to: string
  readonly seenBy = 'twin'
  readonly #wire: FabricWireFrame

  constructor(wire: FabricWireFrame) {
    this.link = wire.link
    this.from = wire.from
    this.to = wire.to
    this.#wire = wire
  }

  get frame(): Uint8Array {
    return this.#wire.frame
  }
}

/**
 * Knows which frames change what nodes have learned, or move a packet number out of turn: those a lab sends alone, after
 * everything before them has settled. It follows a lab by doing in its twin what the lab is asked to do.
 */
export class StateOracle {
  private readonly fabric: TwinFabric

  /** @throws {ForwardError} as {@link twinTarget} */
  constructor(plan: Plan, keys: Keys = new Map()) {
    this.fabric = new TwinFabric(plan, keys, { controlPlane: controlPlaneOf(plan) })
  }

  /** True for a frame that must travel alone. The frame counts as sent. */
  writesState(injection: Injection): boolean {
    return this.fabric.send([injection], { wire: [] }).wrote[0] === true
  }

  /** The lab forgot what it had learned. */
  reset(): void {
    this.fabric.reset()
  }

  /** Something broke in the lab. @throws as {@link TwinFabric.fail} */
  fail(fault: Fault): void {
    this.fabric.fail(fault)
  }

  /** It was put right. @throws as {@link TwinFabric.repair} */
  repair(fault: Fault): void {
    this.fabric.repair(fault)
  }

  /** The lab's clocks were moved, ns. */
  advanceTime(ns: number): void {
    this.fabric.advanceTime(ns)
  }
}
