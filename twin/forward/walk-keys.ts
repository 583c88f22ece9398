/**
 * Keys for walks of plans whose keys are not at hand.
 *
 * @module
 */
import { hkdfSync } from 'node:crypto'
import type { Plan } from '../../contract/plan.js'
import { privateKeyOf, publicKeyOf } from '../packet/wireguard-crypto.js'
import type { Keys } from './keys.js'

const PUBLIC = '/public'

/** Keys that differ from each other and are the same in each walk; they protect nothing. */
export function keysOfNobody(plan: Plan): Keys {
  const privates = new Set<string>()
  const others = new Set<string>()
  for (const { program } of plan.nodes) {
    for (const one of program.interfaces) {
      if (one.kind !== 'wireguard') continue
      privates.add(one.privateKey)
      for (const { publicKey, presharedKey } of one.peers) {
        if (publicKey.endsWith(PUBLIC)) others.add(publicKey)
        if (presharedKey !== undefined) others.add(presharedKey)
      }
    }
  }
  const valueOf = (reference: string): Uint8Array => {
    if (!privates.has(reference) && !others.has(reference)) return keyOf(reference, 16)
    const own = reference.endsWith(PUBLIC) ? privateOf(reference, privates) : undefined
    return own === undefined ? keyOf(reference, 32) : publicKeyOf(privateKeyOf(keyOf(own, 32)))
  }
  return new Map([...plan.keys, ...privates, ...others].map((reference) => [reference, valueOf(reference)]))
}

function keyOf(reference: string, length: 16 | 32): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', new Uint8Array(16), 'ztos walk', reference, length))
}

/** The private key that a reference is the public one of. */
function privateOf(reference: string, privates: ReadonlySet<string>): string | undefined {
  const stem = reference.slice(0, -PUBLIC.length)
  return [stem, `${stem}/private`].find((one) => privates.has(one))
}
