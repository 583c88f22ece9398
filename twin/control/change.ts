/**
 * What a simulation begins with, and what may change.
 *
 * @module
 */
import type { NodeControl } from '../../contract/control-plane.js'
import type { Tables } from '../../contract/program.js'
import type { Down } from './down.js'
import type { Announced, ControlNode, Learned } from './node.js'

/** A node whose tables are wanted. */
export interface SimulatedNode extends ControlNode {
  /** What is in its tables whatever the control plane does. */
  readonly base?: Tables
}

/** What the nodes know of hosts, by name; a node that is not named knows nothing. */
export interface HostKnowledge {
  readonly learned: ReadonlyMap<string, Learned>
  readonly announced: ReadonlyMap<string, Announced>
}

export interface Change {
  /**
   * Takes the place of all that was down before. A daemon that ends does so when all else that the change says has come to rest: its
   * node keeps the tables of then.
   */
  readonly down?: Down
  /**
   * Takes the place of the sessions that have ended and do not begin again by themselves: from `ControlPlaneSim.ended`; none:
   * somebody has repaired them all.
   */
  readonly ended?: ReadonlySet<string>
  /** By name: takes the place of what the node had heard. What others have taken from it is gone from there (EVPN-6). */
  readonly learned?: ReadonlyMap<string, Learned>
  /** By name. */
  readonly control?: ReadonlyMap<string, NodeControl>
  /** Takes the place of all that nodes know of hosts: from `ControlPlaneSim.knowledge`. */
  readonly knowledge?: HostKnowledge
}

/** Where a simulation begins: at once, not by way of a fabric in which everything is up and nobody has spoken. */
export interface SimOptions extends Omit<Change, 'control'> {
  /** Orders of messages that are tried for keys whose outcome may depend on them; 8 by default. */
  readonly orders?: number
}
