/**
 * Keys by reference. Values come from a key file and never leave here but as `KeyObject`s, which do not print.
 *
 * @module
 */
import { createSecretKey } from 'node:crypto'
import type { Sak } from '../packet/macsec.js'
import type { Secret } from '../packet/wireguard-crypto.js'
import { ForwardError } from './errors.js'

/** Keys by reference, as a key file gives them or imported already: MACsec's with the salt of an XPN suite, WireGuard's of 32 octets. */
export type Keys = ReadonlyMap<string, Uint8Array | Sak | Secret>

/**
 * The key of a reference to an SA's key, as long as its suite has it.
 *
 * @throws {ForwardError} `ZT_KEY_MISSING`
 */
export function keyOf(keys: Keys, reference: string, octets: number, where: string): Sak {
  return find(keys, reference, where, octets)
}

/**
 * The key of a reference of WireGuard.
 *
 * @throws {ForwardError} `ZT_KEY_MISSING`
 */
export function secretOf(keys: Keys, reference: string, where: string): Secret {
  return find(keys, reference, where, 32)
}

function find(keys: Keys, reference: string, where: string, length: number): Sak {
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

/** Of AES-128 and AES-256 (or WireGuard), then with the salt of their XPN suites. */
const KEY_LENGTHS = [16, 32, 28, 44]

/** Imports keys once, so that nodes which share a link share the key object, and comparing keys costs nothing. */
export function importKeys(keys: Keys): Keys {
  const imported = new Map<string, Sak | Secret>()
  for (const [reference, key] of keys) {
    const octets = key instanceof Uint8Array ? key.length : key.symmetricKeySize
    imported.set(reference, find(keys, reference, 'keys', KEY_LENGTHS.find((one) => one === octets) ?? 32))
  }
  return imported
}
