/**
 * The compiler: one fabric, one plan.
 *
 * @module
 */
export { compile } from './compile.js'
export {
  deriveKeys,
  KeyError,
  keyKinds,
  LAB_SCHEME,
  privateOf,
  publicKeyOf,
  schemeOf,
  SEED_LENGTH,
  sourcedKeys,
  standInKeys,
  type KeyedPlan,
  type KeyErrorCode,
  type KeyKind,
} from './keys.js'
export {
  atEpoch,
  keyedPair,
  programAt,
  sealedPairs,
  withEpochs,
  type Epochs,
  type SealedPair,
  type SealEnd,
} from './epochs.js'
export { nodeControls } from './node-control.js'
export { planBytes, planDigest } from './plan-bytes.js'
export { mtuChains, type MtuChain } from './mtu-chain.js'
export { validateProgram } from './validate.js'
