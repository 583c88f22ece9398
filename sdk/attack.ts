/**
 * Attacks on links that MACsec seals, for scenarios: drawn by `arb.macsecAttacks`, or made by hand.
 *
 * @module
 */
export {
  bitFlipped,
  clearKinds,
  clearOnSealed,
  reflected,
  sealedFields,
  sealedWithoutKey,
  truncatedSeal,
  wrongPeer,
  wrongSci,
  type ClearKind,
  type Keyless,
  type SealedField,
} from './traffic/attack-macsec.js'
export {
  macsecAttackFrames,
  macsecLinks,
  macsecRefusals,
  refusalsIn,
  type AttackKind,
  type MacsecAttack,
} from './traffic/attacks.js'
