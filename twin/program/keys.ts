/**
 * What keys a plan names, and values of lab keys. Values never enter a plan: a run derives those of lab keys from its seed, and takes
 * others from where its key sources say.
 *
 * @module
 */
import { createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto'
import type { Plan } from '../../contract/plan.js'
import type { MacsecInterface } from '../../contract/program.js'
import { wireguardKeys } from './key-references.js'

/** Octets of a run's seed. */
export const SEED_LENGTH = 32
/** Scheme of references whose values a run derives. */
export const LAB_SCHEME = 'lab'
/** Octets of SAKs, and of the salt that follows one with extended packet numbers (IEEE 802.1AE-2018 clauses 14.7 and 14.8). */
const MACSEC_LENGTHS: Readonly<Record<MacsecInterface['cipher'], number>> = {
  'gcm-aes-128': 16,
  'gcm-aes-256': 32,
  'gcm-aes-xpn-128': 16 + 12,
  'gcm-aes-xpn-256': 32 + 12,
}
/** Octets of an X25519 key, and of a pre-shared one. */
const WIREGUARD_LENGTH = 32
/** What stands before an X25519 private key in PKCS #8 (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex')
const PUBLIC = '/public'

/** Stable codes of {@link KeyError}. */
export type KeyErrorCode =
  /** A seed that is none. */
  | 'ZT_KEY_SEED'
  /** No source is known for keys of this scheme. */
  | 'ZT_KEY_SOURCE'
  /** A file of key sources that is none. */
  | 'ZT_KEY_SOURCES'
  /** A source has no such key, or it cannot be read. */
  | 'ZT_KEY_UNREADABLE'
  /** Others may read a key, or put another in its place. */
  | 'ZT_KEY_EXPOSED'
  /** What a source gave is no key of the kind and length that is wanted. */
  | 'ZT_KEY_VALUE'
  /** The command of a source failed, or took too long. */
  | 'ZT_KEY_COMMAND'

/** Keys that cannot be had. Its message holds no secret, nor does its cause. */
export class KeyError extends Error {
  override readonly name = 'KeyError'
  readonly code: KeyErrorCode
  /** File, or reference of the key. */
  readonly where: string | undefined
  readonly remedy: string | undefined

  constructor(
    code: KeyErrorCode,
    what: string,
    { where, remedy }: { readonly where?: string; readonly remedy?: string } = {},
  ) {
    super(`${code}: ${what}${remedy === undefined ? '' : `; ${remedy}`}`)
    this.code = code
    this.where = where
    this.remedy = remedy
  }
}

/** A plan, or what of it is needed to know its keys; without nodes all keys but public ones are taken for those of GCM-AES-128. */
export type KeyedPlan = Pick<Plan, 'keys'> & Partial<Pick<Plan, 'nodes'>>

/** What a reference names. */
export interface KeyKind {
  readonly kind: 'macsec' | 'wireguard-private' | 'wireguard-public' | 'wireguard-preshared'
  /** Of its value. */
  readonly octets: number
}

/** What the keys of a plan are, in the plan's order. */
export function keyKinds({ keys, nodes = [] }: KeyedPlan): ReadonlyMap<string, KeyKind> {
  const known = new Map(nodes.flatMap(({ program }) => program.interfaces.flatMap(kindsOf)))
  const kindOf = (reference: string): KeyKind =>
    reference.endsWith(PUBLIC)
      ? { kind: 'wireguard-public', octets: WIREGUARD_LENGTH }
      : (known.get(reference) ?? { kind: 'macsec', octets: MACSEC_LENGTHS['gcm-aes-128'] })
  return new Map(keys.map((reference) => [reference, kindOf(reference)]))
}

function kindsOf(item: Plan['nodes'][number]['program']['interfaces'][number]): [string, KeyKind][] {
  if (item.kind === 'macsec') {
    const kind = { kind: 'macsec', octets: MACSEC_LENGTHS[item.cipher] } as const
    return [item.tx, ...(item.standby ?? []), ...item.rx].map(({ key }) => [key, kind])
  }
  if (item.kind !== 'wireguard') return []
  const shared = { kind: 'wireguard-preshared', octets: WIREGUARD_LENGTH } as const
  return [
    ...wireguardKeys(item).map((reference): [string, KeyKind] => [reference, shared]),
    [item.privateKey, { kind: 'wireguard-private', octets: WIREGUARD_LENGTH }],
  ]
}

/** The scheme of a reference: `lab` of `lab:core/...`. */
export function schemeOf(reference: string): string {
  return reference.slice(0, reference.indexOf(':'))
}

/** References of a plan whose values its run can neither derive nor compute: their sources are asked. */
export function sourcedKeys({ keys }: Pick<Plan, 'keys'>): readonly string[] {
  const all = new Set(keys)
  return keys.filter(
    (reference) => schemeOf(reference) !== LAB_SCHEME && !all.has(privateOf(reference) ?? ''),
  )
}

/**
 * Every key of a plan: HKDF-SHA-256 (RFC 5869) with the seed as key material, no salt, and the reference as info. A reference that ends
 * in `/public` is the X25519 public key of the private key whose reference is the rest of it.
 *
 * @param seed 32 random octets, kept outside the run record
 * @returns by reference, as many octets as `keyKinds` says
 * @throws {KeyError} `ZT_KEY_SEED` for a seed of another length, `ZT_KEY_SOURCE` for a reference that is not `lab:`
 */
export function deriveKeys(plan: KeyedPlan, seed: Uint8Array): Map<string, Uint8Array> {
  const [other] = sourcedKeys(plan)
  if (other !== undefined) {
    throw new KeyError('ZT_KEY_SOURCE', `${other} is no lab key; its value comes from its own source`)
  }
  return standInKeys(plan, seed)
}

/**
 * Every key of a plan, those too whose values are elsewhere: for a twin, in whose process keys protect nothing and which needs no more of
 * them than that they are different.
 *
 * @throws {KeyError} `ZT_KEY_SEED`
 */
export function standInKeys(plan: KeyedPlan, seed: Uint8Array): Map<string, Uint8Array> {
  if (seed.length !== SEED_LENGTH) {
    throw new KeyError('ZT_KEY_SEED', `a seed has ${SEED_LENGTH} octets, this has ${seed.length}`, {
      remedy: 'draw it anew',
    })
  }
  return new Map([...keyKinds(plan)].map(([reference, kind]) => [reference, derived(seed, reference, kind)]))
}

function derived(seed: Uint8Array, reference: string, { kind, octets }: KeyKind): Uint8Array {
  if (kind === 'wireguard-public')
    return publicKeyOf(
      derived(seed, reference.slice(0, -PUBLIC.length), { kind: 'wireguard-private', octets }),
    )
  const key = new Uint8Array(hkdfSync('sha256', seed, new Uint8Array(0), reference, octets))
  if (kind === 'wireguard-private') clamp(key)
  return key
}

/** As X25519 takes it (RFC 7748 section 5), so that nobody can take it otherwise. */
function clamp(key: Uint8Array): void {
  key[0] = (key[0] ?? 0) & 0xf8
  key[31] = ((key[31] ?? 0) & 0x7f) | 0x40
}

/** The reference of the private key whose public key a reference names; `undefined` for other references. */
export function privateOf(reference: string): string | undefined {
  return reference.endsWith(PUBLIC) ? reference.slice(0, -PUBLIC.length) : undefined
}

/** X25519 with the base point. */
export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8_HEAD, privateKey]),
    format: 'der',
    type: 'pkcs8',
  })
  const encoded = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return new Uint8Array(encoded.subarray(-WIREGUARD_LENGTH))
}
