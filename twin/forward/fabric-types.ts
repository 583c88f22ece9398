/**
 * What a fabric takes and gives (`fabric.ts`).
 *
 * @module
 */
import type { TableChange } from '../../contract/control.js'
import type { NodeProgram } from '../../contract/program.js'
import type { FabricControlPlane } from './control-plane.js'
import type { Fate } from './fate.js'
import type { Reception } from './host.js'
import type { Effect, Nanoseconds } from './input.js'
import type { LazyFrame } from './tunnelled-frame.js'
import type { Tracer } from './tracer.js'

/** A frame to be sent, as `Injection` of `record/target.ts`. */
export interface FabricInjection {
  readonly trace: number
  readonly at: { readonly host: string } | { readonly link: string; readonly to: string }
  readonly frame: Uint8Array
}

/** A frame that arrived at a host. */
export interface FabricArrival {
  readonly host: string
  readonly frame: Uint8Array
  /** Neither for the host's MAC nor to a group (HOST-3). */
  readonly foreign: boolean
  /** Of the mark in its payload. */
  readonly trace?: number
}

/** A frame on a fabric link; sealed ones are computed when they are looked at. */
export interface FabricWireFrame {
  readonly link: string
  readonly from: string
  readonly to: string
  readonly frame: Uint8Array
}

/** What was seen between two settled states. */
export interface FabricObservation {
  readonly arrivals: readonly FabricArrival[]
  readonly wire: readonly FabricWireFrame[]
  /** `trace` is that of the frame whose copy it was, also when it was held in between. */
  readonly fates: readonly { readonly node: string; readonly fate: Fate; readonly trace?: number }[]
  readonly punts: readonly { readonly node: string; readonly interface: number; readonly frame: Uint8Array }[]
  readonly answeredByHosts: number
  /**
   * For each frame sent: it changed what nodes have learned, or was accepted by the MACsec interface of the link that it
   * was put on. Such frames travel alone where others could overtake them.
   */
  readonly wrote: readonly boolean[]
}

/** A control operation that a fabric does to a node, as `contract/control.ts` has it, without an id. */
export type FabricOperation =
  | { readonly op: 'flush'; readonly table: 'fdb' | 'neighbours' }
  | { readonly op: 'apply'; readonly changes: readonly TableChange[] }
  | { readonly op: 'carrier'; readonly interface: number; readonly up: boolean }
  | { readonly op: 'load'; readonly program: NodeProgram }

/** Looks on while a fabric runs. */
export interface FabricObserver {
  /** A node is about to process a frame received on a port. */
  received?(node: string, interfaceId: number, frame: Uint8Array | LazyFrame): void
  /** A node is about to do a control operation: a control plane's, a flush of {@link TwinFabric.reset}, or what a fault does to it. */
  controlled?(node: string, operation: FabricOperation): void
  /** A node is about to take a seed (WG-4). */
  seeded?(node: string, wallTime: Nanoseconds, entropy: Uint8Array): void
  /** What came of it; of a clock, when nothing was told before. */
  processed?(node: string, effects: readonly Effect[], now: Nanoseconds): void
  /** A host received a frame. */
  arrived?(host: string, frame: Uint8Array, reception: Reception): void
}

export interface FabricOptions {
  /** Clauses executed by each node. */
  readonly tracer?: (node: string) => Tracer
  readonly observer?: FabricObserver
  /** Most frames on their way after one was sent, before the fabric is said to loop; 100,000 unless given. */
  readonly eventLimit?: number
  /** Follows what nodes learn and changes their tables; tables stay as programs have them unless given. */
  readonly controlPlane?: FabricControlPlane | undefined
  /** Most answers of the control plane to one frame, before it is said not to settle; 100 unless given. */
  readonly controlRounds?: number
}

/** What to keep of a send. */
export interface FabricSendOptions {
  /** Keep wire frames of these links only; all unless given. */
  readonly wire?: readonly string[]
}
