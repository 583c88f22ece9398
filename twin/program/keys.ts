/**
 * Values of lab keys. They never enter a plan: a plan names keys, a run derives them from its seed.
 *
 * @module
 */
import { hkdfSync } from 'node:crypto'
import type { Plan } from '../../contract/plan.js'

/** Octets of a run's seed. */
export const SEED_LENGTH = 32
/** Octets of a GCM-AES-128 key. */
const KEY_LENGTH = 16

/** Stable codes of {@link KeyError}. */
export type KeyErrorCode = 'ZT_KEY_SEED' | 'ZT_KEY_SOURCE'

/** Keys that cannot be derived. Its message holds no secret. */
export class KeyError extends Error {
  override readonly name = 'KeyError'
  readonly code: KeyErrorCode

  constructor(code: KeyErrorCode, what: string) {
    super(`${code}: ${what}`)
    this.code = code
  }
}

/**
 * Every key of a plan: HKDF-SHA-256 (RFC 5869) with the seed as key material, no salt, and the reference as info.
 *
 * @param seed 32 random octets, kept outside the run record
 * @returns 16 octets by reference
 * @throws {KeyError} `ZT_KEY_SEED` for a seed of another length, `ZT_KEY_SOURCE` for a reference that is not `lab:`
 */
export function deriveKeys(plan: Pick<Plan, 'keys'>, seed: Uint8Array): Map<string, Uint8Array> {
  if (seed.length !== SEED_LENGTH) {
    throw new KeyError(
      'ZT_KEY_SEED',
      `a seed has ${SEED_LENGTH} octets, this has ${seed.length}; draw it anew`,
    )
  }
  return new Map(
    plan.keys.map((reference) => {
      if (!reference.startsWith('lab:')) {
        throw new KeyError('ZT_KEY_SOURCE', `${reference} is no lab key; its value comes from its own source`)
      }
      return [reference, new Uint8Array(hkdfSync('sha256', seed, new Uint8Array(0), reference, KEY_LENGTH))]
    }),
  )
}
