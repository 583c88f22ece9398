/**
 * The compiler: one fabric, one plan.
 *
 * @module
 */
export { compile } from './compile.js'
export { deriveKeys, KeyError, SEED_LENGTH, type KeyErrorCode } from './keys.js'
export { nodeControls } from './node-control.js'
export { planBytes, planDigest } from './plan-bytes.js'
export { mtuChains, type MtuChain } from './mtu-chain.js'
export { validateProgram } from './validate.js'
