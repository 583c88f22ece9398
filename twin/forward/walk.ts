/**
 * Walks: what becomes of one frame, hop by hop, with the clause and the reason for each step.
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import type { FabricControlPlane } from './control-plane.js'
import { TwinFabric } from './fabric.js'
import type { FabricInjection, FabricObserver } from './fabric-types.js'
import type { Fate } from './fate.js'
import type { FabricFault } from './faults.js'
import type { Reception } from './host.js'
import type { Effect, Nanoseconds } from './input.js'
import type { Keys } from './keys.js'
import { SealedFrame } from './sealed-frame.js'
import type { LazyFrame } from './tunnelled-frame.js'
import type { ClauseId, Tracer } from './tracer.js'
import { keysOfNobody } from './walk-keys.js'

/** A clause that was executed. */
export interface WalkStep {
  readonly kind: 'step'
  readonly clause: ClauseId
  /** Name of the interface, absent when none in particular. */
  readonly interface?: string
  readonly what: string
}
/** A frame that left the node. */
export interface WalkSent {
  readonly kind: 'tx' | 'punt'
  /** Decided by. */
  readonly clause: ClauseId
  readonly interface: string
  /** Node or host at the far end; absent for punts and ports without a wire. */
  readonly to?: string
  readonly frame: Uint8Array
  /** The frame before it was sealed. */
  readonly clear?: Uint8Array
}
/** The end of a copy. */
export interface WalkFate {
  readonly kind: 'fate'
  readonly clause: ClauseId
  readonly fate: Fate
}
export type WalkEvent = WalkStep | WalkSent | WalkFate

/** A frame at a node, a clock, or its control plane. */
export interface NodeHop {
  readonly kind: 'node'
  readonly node: string
  /** Name of the port; absent when the node acted on the clock (NEIGH-7) or for its control plane. */
  readonly interface?: string
  /** Node or host that sent it. */
  readonly from?: string
  /** As it was received. */
  readonly frame?: Uint8Array
  /** The frame before it was sealed. */
  readonly clear?: Uint8Array
  /** The control plane changed its tables (CTRL-6); without this and without a frame, the node was given the time. */
  readonly controlled?: true
  /** Nanoseconds since the frame was sent. */
  readonly at: bigint
  readonly events: readonly WalkEvent[]
}
/** A frame at a host. */
export interface HostHop {
  readonly kind: 'host'
  readonly host: string
  readonly frame: Uint8Array
  /** The clause by which it answered; absent when it records the frame. */
  readonly answered?: ClauseId
  /** Neither for its MAC nor for a group (HOST-3). */
  readonly foreign: boolean
}
export type Hop = NodeHop | HostHop

/** All that one frame caused, in order. */
export interface Walk {
  readonly fabric: string
  /** Host, or link and node, where the frame was put. */
  readonly start: string
  readonly frame: Uint8Array
  readonly hops: readonly Hop[]
}

/** How a walk is run. */
export interface WalkOptions {
  /** Keys of the plan; without, keys of nobody are used, and sealed frames are only as long as real ones. */
  readonly keys?: Keys
  /** Frames to send before, to teach MACs and neighbours. */
  readonly before?: readonly FabricInjection[]
  /** What is broken when the frame is sent; it breaks behind the frames sent before. */
  readonly broken?: readonly FabricFault[]
  /** Of the fabric (`FabricOptions`); one that has not been told of anything. */
  readonly controlPlane?: FabricControlPlane | undefined
}

/**
 * Sends a frame into a fresh fabric and tells all that became of it.
 *
 * @throws {ForwardError} when plan, program, fault or injection cannot be used, or the fabric does not come to rest.
 */
export function trace(plan: Plan, injection: FabricInjection, options: WalkOptions = {}): Walk {
  const recorder = new Recorder(plan)
  const fabric = new TwinFabric(plan, options.keys ?? keysOfNobody(plan), {
    tracer: () => recorder,
    observer: recorder,
    controlPlane: options.controlPlane,
  })
  if (options.before !== undefined) fabric.send(options.before, { wire: [] })
  for (const fault of options.broken ?? []) fabric.fail(fault)
  recorder.start(fabric.now)
  fabric.send([injection], { wire: [] })
  return {
    fabric: plan.fabric,
    start: 'host' in injection.at ? injection.at.host : `${injection.at.link} to ${injection.at.to}`,
    frame: injection.frame,
    hops: recorder.hops,
  }
}

/** An event whose interface is still a number. */
type RawEvent =
  | { readonly clause: ClauseId; readonly interface: number; readonly what: string }
  | { readonly clause: ClauseId; readonly effect: Effect }

class Recorder implements Tracer, FabricObserver {
  hops: Hop[] = []
  private started = 0n
  private raw: RawEvent[] = []
  private clause: ClauseId = ''
  private incoming: { readonly interface: number; readonly frame: Uint8Array | LazyFrame } | undefined
  private isControlled = false
  private readonly names = new Map<string, string>()
  private readonly farEnds = new Map<string, string>()

  constructor(plan: Plan) {
    for (const { name, program } of plan.nodes) {
      for (const one of program.interfaces) this.names.set(`${name} ${one.id}`, one.name)
    }
    for (const { a, b } of plan.links) {
      this.farEnds.set(`${a.node} ${a.interface}`, b.node)
      this.farEnds.set(`${b.node} ${b.interface}`, a.node)
    }
    for (const { id, at } of plan.hosts) this.farEnds.set(`${at.node} ${at.interface}`, id)
  }

  /** Forgets what was before. */
  start(now: Nanoseconds): void {
    this.hops = []
    this.started = now
  }

  step(clause: ClauseId, interfaceId: number, what: string): void {
    this.clause = clause
    this.raw.push({ clause, interface: interfaceId, what })
  }

  effect(effect: Effect): void {
    this.raw.push({ clause: this.clause, effect })
  }

  received(_node: string, interfaceId: number, frame: Uint8Array | LazyFrame): void {
    this.incoming = { interface: interfaceId, frame }
  }

  controlled(): void {
    this.isControlled = true
  }

  processed(node: string, _effects: readonly Effect[], now: Nanoseconds): void {
    const events = this.raw.map((raw) => this.eventOf(node, raw))
    const { incoming, isControlled } = this
    this.raw = []
    this.incoming = undefined
    this.isControlled = false
    // A clock that found nothing to do is no hop.
    if (incoming === undefined && !isControlled && events.length < 2) return
    const at = now - this.started
    if (incoming === undefined) {
      this.hops.push({ kind: 'node', node, ...(isControlled ? { controlled: true } : {}), at, events })
      return
    }
    const from = this.farEnds.get(`${node} ${incoming.interface}`)
    this.hops.push({
      kind: 'node',
      node,
      interface: this.nameOf(node, incoming.interface),
      ...(from === undefined ? {} : { from }),
      ...framesOf(incoming.frame),
      at,
      events,
    })
  }

  arrived(host: string, frame: Uint8Array, reception: Reception): void {
    const hop = { kind: 'host' as const, host, frame }
    if (reception.kind === 'answered') this.hops.push({ ...hop, answered: reception.clause, foreign: false })
    else this.hops.push({ ...hop, foreign: reception.foreign })
  }

  private nameOf(node: string, interfaceId: number): string {
    return this.names.get(`${node} ${interfaceId}`) ?? String(interfaceId)
  }

  private eventOf(node: string, raw: RawEvent): WalkEvent {
    const { clause } = raw
    if ('what' in raw) {
      const step = { kind: 'step' as const, clause, what: raw.what }
      return raw.interface === 0 ? step : { ...step, interface: this.nameOf(node, raw.interface) }
    }
    const { effect } = raw
    if (effect.kind === 'fate') return { kind: 'fate', clause, fate: effect.fate }
    const to = effect.kind === 'tx' ? this.farEnds.get(`${node} ${effect.interface}`) : undefined
    const frame = (effect.kind === 'tx' ? effect.sealed : undefined) ?? effect.frame
    return {
      kind: effect.kind,
      clause,
      interface: this.nameOf(node, effect.interface),
      ...(to === undefined ? {} : { to }),
      ...framesOf(frame),
    }
  }
}

function framesOf(frame: Uint8Array | LazyFrame): { frame: Uint8Array; clear?: Uint8Array } {
  if (frame instanceof Uint8Array) return { frame }
  return frame instanceof SealedFrame ? { frame: frame.frame, clear: frame.clear } : { frame: frame.frame }
}
