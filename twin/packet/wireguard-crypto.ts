/**
 * What WireGuard computes with: X25519 (RFC 7748), ChaCha20-Poly1305 (RFC 8439) and its X variant, BLAKE2s (RFC 7693) as a hash,
 * keyed, in HMAC and in the KDFs of the paper.
 *
 * Secrets are `KeyObject`s, which do not print and are overwritten when they are gone; octets of one are had for as long as a function runs.
 *
 * @module
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto'
import { blake2s } from './blake2s.js'

/** Octets that only functions of this module see. */
export type Secret = KeyObject & { readonly type: 'secret' }
/** An X25519 private key. */
export type PrivateKey = KeyObject & { readonly type: 'private' }

/** Octets of keys, hashes and points. */
export const KEY_LENGTH = 32
/** Octets of an authentication tag. */
export const TAG_LENGTH = 16

const AEAD = 'chacha20-poly1305'
const NOTHING = new Uint8Array(0)
/** DER around the 32 octets of a private key (RFC 8410 section 7, PKCS #8): octets can be overwritten, the string of a JWK cannot. */
const PRIVATE_DER = Buffer.from('302e020100300506032b656e04220420', 'hex')

/** Takes octets as a secret and overwrites them with zeros. */
export function takeSecret(octets: Uint8Array): Secret {
  const secret = createSecretKey(octets) as Secret
  octets.fill(0)
  return secret
}

/** Runs a function with the octets of a secret, which are overwritten behind it. */
export function withOctets<T>(secret: Secret, use: (octets: Uint8Array) => T): T {
  const octets = secret.export()
  try {
    return use(octets)
  } finally {
    octets.fill(0)
  }
}

/** X25519 private key of 32 octets, clamped or not: the function clamps (RFC 7748 section 5). */
export function privateKeyOf(octets: Uint8Array): PrivateKey {
  const der = Buffer.concat([PRIVATE_DER, octets])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }) as PrivateKey
  der.fill(0)
  return key
}

/** The public key of a private one. */
export function publicKeyOf(key: PrivateKey): Uint8Array {
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' })
  return new Uint8Array(Buffer.from(x, 'base64url'))
}

/** DH of a private and a public key; `undefined` when the result is zeros (RFC 7748 section 6.1). The caller wipes it. */
export function x25519(privateKey: PrivateKey, publicKey: Uint8Array): Uint8Array | undefined {
  // RFC 8037. OpenSSL takes six times as long over DER.
  const x = Buffer.from(publicKey).toString('base64url')
  const other = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' })
  try {
    return diffieHellman({ privateKey, publicKey: other })
  } catch {
    // OpenSSL refuses a result of zeros; both keys have the right length and type.
    return undefined
  }
}

/** BLAKE2s-256 of what is given, one behind the other. */
export function hash(...parts: readonly Uint8Array[]): Uint8Array {
  const made = createHash('blake2s256')
  for (const part of parts) made.update(part)
  return new Uint8Array(made.digest())
}

/** MAC of the paper: keyed BLAKE2s-128, the key being a cookie, a secret or a hash. */
export function keyedMac(key: Uint8Array, message: Uint8Array): Uint8Array {
  return blake2s(16, message, key)
}

/** Keyed BLAKE2s-256 (WG-4). */
export function keyedHash(key: Uint8Array, message: Uint8Array): Uint8Array {
  return blake2s(32, message, key)
}

/** HMAC-BLAKE2s (RFC 2104). */
export function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const made = createHmac('blake2s256', key)
  for (const part of parts) made.update(part)
  return new Uint8Array(made.digest())
}

/** KDF1 to KDF3 of the paper: so many keys of a chaining key and what comes in, as HKDF (RFC 5869) has them. */
export function kdf(count: 1 | 2 | 3, chainingKey: Uint8Array, input: Uint8Array): Uint8Array[] {
  const extracted = hmac(chainingKey, input)
  const keys: Uint8Array[] = []
  for (let n = 1; n <= count; n++) keys.push(hmac(extracted, keys.at(-1) ?? NOTHING, Uint8Array.of(n)))
  extracted.fill(0)
  return keys
}

/** Nonce of RFC 8439 for a counter: four zero octets, then the counter, little-endian. */
function nonceOf(counter: bigint): Uint8Array {
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setBigUint64(4, counter, true)
  return nonce
}

/** ChaCha20-Poly1305: text encrypted, then its tag. */
export function sealAead(
  key: Secret | Uint8Array,
  counter: bigint,
  text: Uint8Array,
  additional: Uint8Array = NOTHING,
): Uint8Array {
  return sealWith(key, nonceOf(counter), text, additional)
}

/** What {@link sealAead} sealed, `undefined` when it does not open. */
export function openAead(
  key: Secret | Uint8Array,
  counter: bigint,
  sealed: Uint8Array,
  additional: Uint8Array = NOTHING,
): Uint8Array | undefined {
  return openWith(key, nonceOf(counter), sealed, additional)
}

function sealWith(
  key: Secret | Uint8Array,
  nonce: Uint8Array,
  text: Uint8Array,
  additional: Uint8Array,
): Uint8Array {
  const cipher = createCipheriv(AEAD, key, nonce, { authTagLength: TAG_LENGTH })
  cipher.setAAD(additional, { plaintextLength: text.length })
  const sealed = new Uint8Array(text.length + TAG_LENGTH)
  sealed.set(cipher.update(text))
  cipher.final()
  sealed.set(cipher.getAuthTag(), text.length)
  return sealed
}

function openWith(
  key: Secret | Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  additional: Uint8Array,
): Uint8Array | undefined {
  const length = sealed.length - TAG_LENGTH
  if (length < 0) return undefined
  const decipher = createDecipheriv(AEAD, key, nonce, { authTagLength: TAG_LENGTH })
  decipher.setAAD(additional, { plaintextLength: length })
  decipher.setAuthTag(sealed.subarray(length))
  const text = new Uint8Array(decipher.update(sealed.subarray(0, length)))
  try {
    decipher.final()
    return text
  } catch {
    text.fill(0)
    return undefined
  }
}

/** XChaCha20-Poly1305 with a nonce of 24 octets. */
export function sealXaead(
  key: Uint8Array,
  nonce: Uint8Array,
  text: Uint8Array,
  additional: Uint8Array,
): Uint8Array {
  return withSubkey(key, nonce, (subkey, rest) => sealWith(subkey, rest, text, additional))
}

/** What {@link sealXaead} sealed, `undefined` when it does not open. */
export function openXaead(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  additional: Uint8Array,
): Uint8Array | undefined {
  return withSubkey(key, nonce, (subkey, rest) => openWith(subkey, rest, sealed, additional))
}

function withSubkey<T>(
  key: Uint8Array,
  nonce: Uint8Array,
  use: (subkey: Uint8Array, nonce: Uint8Array) => T,
): T {
  const subkey = hchacha20(key, nonce.subarray(0, 16))
  const rest = new Uint8Array(12)
  rest.set(nonce.subarray(16), 4)
  try {
    return use(subkey, rest)
  } finally {
    subkey.fill(0)
  }
}

/** The words of "expand 32-byte k", with which ChaCha20's state begins. */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const

/**
 * HChaCha20: the first and last four words of the state behind the rounds. A block of ChaCha20's key stream is that state plus the one
 * before the rounds, which is known.
 */
function hchacha20(key: Uint8Array, nonce: Uint8Array): Uint8Array {
  const block = createCipheriv('chacha20', key, nonce).update(new Uint8Array(64))
  const subkey = new Uint8Array(KEY_LENGTH)
  const [from, to] = [new DataView(block.buffer, block.byteOffset), new DataView(subkey.buffer)]
  const input = new DataView(nonce.buffer, nonce.byteOffset)
  for (const [i, constant] of CONSTANTS.entries()) {
    to.setUint32(i * 4, from.getUint32(i * 4, true) - constant, true)
    to.setUint32(16 + i * 4, from.getUint32(48 + i * 4, true) - input.getUint32(i * 4, true), true)
  }
  block.fill(0)
  return subkey
}

/** In constant time (WG-34). */
export function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
