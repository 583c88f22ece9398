/**
 * The compiler: one fabric, one plan.
 *
 * @module
 */
export { compile } from './compile.js'
export { staticControlPlane, type ControlPlane } from './control-plane.js'
export type {
  Adjacency,
  BridgeSet,
  FabricIndex,
  HostPort,
  NetworkInstance,
  NodeIndex,
  VrfInstance,
} from './fabric-index.js'
export { deriveKeys, KeyError, SEED_LENGTH, type KeyErrorCode } from './keys.js'
export { planBytes, planDigest } from './plan-bytes.js'
export { validateProgram } from './validate.js'
export type { ProgramProblem, ProgramProblemCode } from './validate-findings.js'
