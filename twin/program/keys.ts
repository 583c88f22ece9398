/**
 * Values of lab keys. They never enter a plan: a plan names keys, a run derives them from its seed.
 *
 * @module
 */
import { createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto'
import type { Plan } from '../../contract/plan.js'
import { macsecKeyLength, macsecKeys } from './macsec.js'
import { wireguardKeys } from './wireguard.js'

/** Octets of a run's seed. */
export const SEED_LENGTH = 32
/** Octets of an X25519 key, and of a pre-shared one. */
const WIREGUARD_LENGTH = 32
/** What stands before an X25519 private key in PKCS #8 (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex')
const PUBLIC = '/public'

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
 * Every key of a plan: HKDF-SHA-256 (RFC 5869) with the seed as key material, no salt, and the reference as info. A reference that ends
 * in `/public` is the X25519 public key of the private key whose reference is the rest of it.
 *
 * @param plan without nodes, all keys but those are taken for GCM-AES-128's
 * @param seed 32 random octets, kept outside the run record
 * @returns by reference 32 octets (WireGuard), or what the cipher suite of an association takes: 16 or 32, and with XPN 12 of salt behind
 * @throws {KeyError} `ZT_KEY_SEED` for a seed of another length, `ZT_KEY_SOURCE` for a reference that is not `lab:`
 */
export function deriveKeys(
  plan: Pick<Plan, 'keys'> & Partial<Pick<Plan, 'nodes'>>,
  seed: Uint8Array,
): Map<string, Uint8Array> {
  if (seed.length !== SEED_LENGTH) {
    throw new KeyError(
      'ZT_KEY_SEED',
      `a seed has ${SEED_LENGTH} octets, this has ${seed.length}; draw it anew`,
    )
  }
  const { privateKeys, lengths } = referencesOf(plan.nodes ?? [])
  const valueOf = (reference: string): Uint8Array => {
    if (reference.endsWith(PUBLIC)) return publicKeyOf(privateKeyOf(seed, reference.slice(0, -PUBLIC.length)))
    if (privateKeys.has(reference)) return privateKeyOf(seed, reference)
    return derived(seed, reference, lengths.get(reference) ?? macsecKeyLength('gcm-aes-128'))
  }
  return new Map(
    plan.keys.map((reference) => {
      if (!reference.startsWith('lab:')) {
        throw new KeyError('ZT_KEY_SOURCE', `${reference} is no lab key; its value comes from its own source`)
      }
      return [reference, valueOf(reference)]
    }),
  )
}

/** References of private keys, and the lengths of all others. */
function referencesOf(nodes: Plan['nodes']): {
  readonly privateKeys: ReadonlySet<string>
  readonly lengths: ReadonlyMap<string, number>
} {
  const privateKeys = new Set<string>()
  const lengths = new Map<string, number>()
  for (const item of nodes.flatMap(({ program }) => program.interfaces)) {
    if (item.kind === 'wireguard') {
      privateKeys.add(item.privateKey)
      for (const reference of wireguardKeys(item)) lengths.set(reference, WIREGUARD_LENGTH)
    } else if (item.kind === 'macsec') {
      for (const reference of macsecKeys(item)) lengths.set(reference, macsecKeyLength(item.cipher))
    }
  }
  return { privateKeys, lengths }
}

function derived(seed: Uint8Array, reference: string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', seed, new Uint8Array(0), reference, length))
}

/** Clamped as X25519 takes it (RFC 7748 section 5), so that nobody can take it otherwise. */
function privateKeyOf(seed: Uint8Array, reference: string): Uint8Array {
  const key = derived(seed, reference, WIREGUARD_LENGTH)
  key[0] = (key[0] ?? 0) & 0xf8
  key[31] = ((key[31] ?? 0) & 0x7f) | 0x40
  return key
}

function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8_HEAD, privateKey]),
    format: 'der',
    type: 'pkcs8',
  })
  const encoded = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return new Uint8Array(encoded.subarray(-WIREGUARD_LENGTH))
}
