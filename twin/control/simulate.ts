/**
 * A fabric's control planes from nothing to their rest.
 *
 * @module
 */
import type { Tables } from '../../contract/program.js'
import type { RibRow } from '../../contract/rib.js'
import type { SimOptions, SimulatedNode } from './change.js'
import type { Diagnosis } from './diagnosis.js'
import { ControlPlaneSim } from './sim.js'

export interface Converged {
  /** By node's name. */
  readonly rows: ReadonlyMap<string, readonly RibRow[]>
  readonly tables: ReadonlyMap<string, Tables>
  readonly diagnosis: readonly Diagnosis[]
}

/** @throws {ControlPlaneError} `ZT_CONTROL_REFERENCE` */
export function simulate(nodes: readonly SimulatedNode[], options: SimOptions = {}): Converged {
  const sim = new ControlPlaneSim(nodes, options)
  return {
    rows: new Map(sim.names.map((name) => [name, sim.rows(name)])),
    tables: new Map(sim.names.map((name) => [name, sim.tables(name)])),
    diagnosis: sim.diagnosis,
  }
}
