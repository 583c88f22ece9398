/**
 * What goes into a node and what comes out of it (MODEL-1, MODEL-3).
 *
 * @module
 */
import type { Ip, Mac } from '../packet/address.js'
import type { NodeProgram } from '../../contract/program.js'
import type { Fate } from './fate.js'
import type { LazyFrame } from './tunnelled-frame.js'

/**
 * Nanoseconds, an unsigned 64-bit count that never decreases (MODEL-2). A bigint, because a journal's clock may be the
 * time of day, which is beyond 2^53 ns; nodes store it and subtract, which costs nothing that is seen beside a frame.
 */
export type Nanoseconds = bigint

/**
 * Lineage of a frame: a number that the caller gives to an input and finds again on every effect that is about that
 * frame or a copy of it, also when a packet was held in between. 0 for frames that a node sends on behalf of nobody in
 * particular (ARP and ND of its own). A node never looks at it.
 */
export type Lineage = number

/** A frame received on a port. Its octets must not change afterwards: nodes keep and pass on views of them. */
export interface FrameInput {
  readonly kind: 'frame'
  readonly now: Nanoseconds
  readonly interface: number
  /** A sealed one that has not been computed yet is opened without being computed, when the keys are the same. */
  readonly frame: Uint8Array | LazyFrame
  readonly lineage?: Lineage
}

/** A frame from the TAP of a port (PUNT-2). */
export interface PuntInput {
  readonly kind: 'punt'
  readonly now: Nanoseconds
  readonly interface: number
  readonly frame: Uint8Array
  readonly lineage?: Lineage
}

/** A neighbour of a port or macsec interface was set or, without `mac`, removed (NEIGH-1). */
export interface NeighbourInput {
  readonly kind: 'neighbour'
  readonly now: Nanoseconds
  readonly interface: number
  readonly address: Ip
  readonly mac?: Mac
}

/** A control operation; one that is not valid changes nothing (CTRL-5). */
export interface ControlInput {
  readonly kind: 'control'
  readonly now: Nanoseconds
  /** One of `JOURNALLED_OPS` of `contract/control.ts`: `set-vni`, `set-macsec-mode`, `flush`, `apply` or `carrier`. */
  readonly request: unknown
}

/** A new program (CTRL-1). */
export interface LoadInput {
  readonly kind: 'load'
  readonly now: Nanoseconds
  readonly program: NodeProgram
}

/** A clock (CLOCK-1). */
export interface ClockInput {
  readonly kind: 'clock'
  readonly now: Nanoseconds
}

/** What draws and timestamps come of (WG-4). */
export interface SeedInput {
  readonly kind: 'seed'
  readonly now: Nanoseconds
  /** ns since the Unix epoch. */
  readonly wallTime: Nanoseconds
  /** 32 octets. */
  readonly entropy: Uint8Array
}

export type Input =
  FrameInput | PuntInput | NeighbourInput | ControlInput | LoadInput | ClockInput | SeedInput

/** A frame sent on a port. */
export interface TxEffect {
  readonly kind: 'tx'
  readonly interface: number
  /** As it is on the wire. With lazy sealing it is computed when it is first read. */
  readonly frame: Uint8Array
  /** Set when the frame was sealed lazily: give it to the next node instead of `frame`, and nothing is computed. */
  readonly sealed: LazyFrame | undefined
  readonly lineage: Lineage
}

/** A frame handed to the node's kernel by the TAP of a port (PUNT-1). */
export interface PuntEffect {
  readonly kind: 'punt'
  readonly interface: number
  readonly frame: Uint8Array
  readonly lineage: Lineage
}

/** The end of a copy (MODEL-4). */
export interface FateEffect {
  readonly kind: 'fate'
  readonly fate: Fate
  readonly lineage: Lineage
}

export type Effect = TxEffect | PuntEffect | FateEffect
