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
  keyedGroup,
  programAt,
  sealGroups,
  withEpochs,
  type Epochs,
  type SealGroup,
  type SealEnd,
} from './epochs.js'
export { nodeControls } from './node-control.js'
export { planBytes, planDigest } from './plan-bytes.js'
export { mtuChains, type MtuChain } from './mtu-chain.js'
export { validateProgram } from './validate.js'
