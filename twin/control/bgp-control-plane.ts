/**
 * Tables of programs from the simulation.
 *
 * @module
 */
import type { Tables } from '../../contract/program.js'
import { staticControlPlane, type ControlPlane } from '../program/control-plane.js'
import type { FabricIndex } from '../program/fabric-index.js'
import { interfacesOf } from '../program/interfaces.js'
import { nodeControls } from '../program/node-control.js'
import { baseTables } from './base-tables.js'
import { describeDiagnosis } from './diagnosis.js'
import { ControlPlaneError } from './errors.js'
import type { SimulatedNode } from './change.js'
import { ControlPlaneSim } from './sim.js'

/**
 * What BGP and EVPN come to when everything is up and nobody has spoken.
 *
 * Throws {@link ControlPlaneError} `ZT_CONTROL_UNSETTLED` as {@link restingTables} does.
 */
export const bgpControlPlane: ControlPlane = {
  tables: (index) => restingTables(simulatedNodes(index)),
}

/**
 * The tables of each node, by name.
 *
 * @throws {ControlPlaneError} `ZT_CONTROL_UNSETTLED` when there is no one thing that the nodes come to
 */
export function restingTables(nodes: readonly SimulatedNode[]): ReadonlyMap<string, Tables> {
  const sim = new ControlPlaneSim(nodes)
  // Paths of one peer lead to one place, whichever is the best.
  const diagnosis = sim.diagnosis.filter(({ kind }) => kind !== 'arrival')
  if (diagnosis.length > 0) {
    throw new ControlPlaneError('ZT_CONTROL_UNSETTLED', diagnosis.map(describeDiagnosis).join('; '), {
      remedy: 'change the policies of these nodes so that their preferences do not contradict each other',
    })
  }
  return new Map(sim.names.map((name) => [name, sim.tables(name)]))
}

/** The nodes of a fabric, for the simulation. */
export function simulatedNodes(index: FabricIndex): readonly SimulatedNode[] {
  const controls = nodeControls(index)
  const tables = staticControlPlane.tables(index)
  return index.nodes.flatMap((node) => {
    const { name } = node
    const [control, filled] = [controls.get(name), tables.get(name)]
    if (control === undefined || filled === undefined) return []
    const interfaces = interfacesOf(index, node)
    return { name, control, interfaces, base: baseTables(control, filled) }
  })
}
