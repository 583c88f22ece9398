/**
 * Keys of MACsec by reference. Values come from a key file and never leave here but as `KeyObject`s, which do not print.
 *
 * @module
 */
import { importSak, type Sak } from '../packet/macsec.js'
import { ForwardError } from './errors.js'

/** Keys of 16 octets by reference, as a key file gives them, or imported already. */
export type Keys = ReadonlyMap<string, Uint8Array | Sak>

/**
 * The key of a reference.
 *
 * @throws {ForwardError} `ZT_KEY_MISSING`
 */
export function keyOf(keys: Keys, reference: string, where: string): Sak {
  const key = keys.get(reference)
  if (key === undefined) {
    throw new ForwardError('ZT_KEY_MISSING', where, `no key for ${reference}`, {
      remedy: "give the run's key file",
    })
  }
  if (!(key instanceof Uint8Array)) return key
  if (key.length !== 16) {
    throw new ForwardError('ZT_KEY_MISSING', where, `the key of ${reference} has ${key.length} octets`, {
      remedy: 'give 16 octets (32 hexadecimal digits)',
    })
  }
  return importSak(key)
}

/** Imports keys once, so that nodes which share a link share the key object, and comparing keys costs nothing. */
export function importKeys(keys: Keys): Keys {
  const imported = new Map<string, Sak>()
  for (const reference of keys.keys()) imported.set(reference, keyOf(keys, reference, 'keys'))
  return imported
}
