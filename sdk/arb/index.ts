/**
 * Arbitraries: what properties over fabrics draw their cases from.
 *
 * @module
 */
export { macsecAttacks, type AttackOptions } from './attacks.js'
export { fabric } from './fabric.js'
export type { FabricOptions, GeneratedFabric, Range } from './fabric.js'
export { flows, frames, host, oneOf } from './traffic.js'
export type { Ends, FlowOptions, FrameOptions } from './traffic.js'
