/**
 * From a fabric to its plan, whoever fills the tables.
 *
 * @module
 */
import type { Plan } from '../contract/plan.js'
import { bgpControlPlane } from './control/index.js'
import type { Fabric } from './model/index.js'
import { compile as compileWith } from './program/index.js'

/**
 * Compiles a fabric. Its tables are the compiler's, or what BGP and EVPN come to, as `underlay.control` has it.
 *
 * @throws {ControlPlaneError} `ZT_CONTROL_…` when there is no one thing that they come to
 */
export function compile(fabric: Fabric): Plan {
  return fabric.underlay.control === 'bgp' ? compileWith(fabric, bgpControlPlane) : compileWith(fabric)
}
