/**
 * A fabric's control planes from nothing to their rest.
 *
 * @module
 */
import type { Tables } from '../../contract/program.js'
import type { RibRow } from '../../contract/rib.js'
import type { Diagnosis } from './diagnosis.js'
import type { Learned } from './node.js'
import { ControlPlaneSim, type HostKnowledge, type SimOptions, type SimulatedNode } from './sim.js'
import type { Down } from './topology.js'

export interface Conditions extends SimOptions {
  readonly down?: Down
  /** By node's name, what it has heard. All speak at once. */
  readonly learned?: ReadonlyMap<string, Learned>
  /** Instead of `learned`: also the numbers that MACs have by now. */
  readonly knowledge?: HostKnowledge
}

export interface Converged {
  /** By node's name. */
  readonly rows: ReadonlyMap<string, readonly RibRow[]>
  readonly tables: ReadonlyMap<string, Tables>
  readonly diagnosis: readonly Diagnosis[]
}

/** @throws {ControlPlaneError} `ZT_CONTROL_REFERENCE` */
export function simulate(nodes: readonly SimulatedNode[], conditions: Conditions = {}): Converged {
  const { down, learned, knowledge, ...options } = conditions
  const sim = new ControlPlaneSim(nodes, options)
  sim.update({
    ...(down === undefined ? {} : { down }),
    ...(learned === undefined ? {} : { learned }),
    ...(knowledge === undefined ? {} : { knowledge }),
  })
  return {
    rows: new Map(sim.names.map((name) => [name, sim.rows(name)])),
    tables: new Map(sim.names.map((name) => [name, sim.tables(name)])),
    diagnosis: sim.diagnosis,
  }
}
