/**
 * Keys of wireguard interfaces and peers, by reference or as they are.
 *
 * @module
 */
import { takeSecret, withOctets, x25519, type PrivateKey, type Secret } from '../packet/wireguard-crypto.js'

/** Gives the secret of a reference, 32 octets long, or throws. */
export type SecretOf = (reference: string) => Secret

const LITERAL_LENGTH = 44

/** The octets of a public key: base64 has 44 characters and ends in `=`, which no reference has. */
export function publicKeyFrom(text: string, secretOf: SecretOf): Uint8Array {
  if (text.length === LITERAL_LENGTH && text.endsWith('=')) {
    return new Uint8Array(Buffer.from(text, 'base64'))
  }
  // A public key is no secret; the key file has it among those that are.
  return withOctets(secretOf(text), (octets) => Uint8Array.from(octets))
}

/** DH of two static keys, computed once for a peer. */
export function sharedOf(privateKey: PrivateKey, publicKey: Uint8Array): Secret | undefined {
  const dh = x25519(privateKey, publicKey)
  return dh && takeSecret(dh)
}
