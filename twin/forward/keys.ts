/**
 * Keys by reference. Values come from a key file and never leave here but as `KeyObject`s, which do not print.
 *
 * @module
 */
import { createSecretKey } from 'node:crypto'
import type { Sak } from '../packet/macsec.js'
import type { Secret } from '../packet/wireguard-crypto.js'
import { ForwardError } from './errors.js'

/** Keys of 16 octets (MACsec) or 32 (WireGuard) by reference, as a key file gives them, or imported already. */
export type Keys = ReadonlyMap<string, Uint8Array | Sak | Secret>

/**
 * The key of a reference to an SA's key.
 *
 * @throws {ForwardError} `ZT_KEY_MISSING`
 */
export function keyOf(keys: Keys, reference: string, where: string): Sak {
  return find(keys, reference, where, 16)
}

/**
 * The key of a reference of WireGuard.
 *
 * @throws {ForwardError} `ZT_KEY_MISSING`
 */
export function secretOf(keys: Keys, reference: string, where: string): Secret {
  return find(keys, reference, where, 32)
}

function find(keys: Keys, reference: string, where: string, length: 16 | 32): Sak {
  const key = keys.get(reference)
  if (key === undefined) {
    throw new ForwardError('ZT_KEY_MISSING', where, `no key for ${reference}`, {
      remedy: "give the run's key file",
    })
  }
  const octets = key instanceof Uint8Array ? key.length : key.symmetricKeySize
  if (octets !== length) {
    throw new ForwardError('ZT_KEY_MISSING', where, `the key of ${reference} has ${octets} octets`, {
      remedy: `give ${length} octets (${2 * length} hexadecimal digits)`,
    })
  }
  return key instanceof Uint8Array ? (createSecretKey(key) as Sak) : key
}

/** Imports keys once, so that nodes which share a link share the key object, and comparing keys costs nothing. */
export function importKeys(keys: Keys): Keys {
  const imported = new Map<string, Sak | Secret>()
  for (const [reference, key] of keys) {
    const octets = key instanceof Uint8Array ? key.length : key.symmetricKeySize
    imported.set(reference, find(keys, reference, 'keys', octets === 32 ? 32 : 16))
  }
  return imported
}
