/**
 * The keys that programs name.
 *
 * @module
 */
import type { MacsecInterface, NodeProgram, WireguardInterface } from '../../contract/program.js'

/** References of keys, each once, in order. */
export function keysOf(programs: readonly NodeProgram[]): string[] {
  const keys = programs.flatMap((program) =>
    program.interfaces.flatMap((item) => {
      if (item.kind === 'macsec') return macsecKeys(item)
      return item.kind === 'wireguard' ? wireguardKeys(item) : []
    }),
  )
  return [...new Set(keys)].toSorted()
}

/** References of the keys of an interface. */
export function macsecKeys({ tx, standby = [], rx }: MacsecInterface): readonly string[] {
  return [tx, ...standby, ...rx].map(({ key }) => key)
}

/** References of the keys of an interface; a public key that is given itself needs none. */
export function wireguardKeys({ privateKey, peers }: WireguardInterface): readonly string[] {
  return [
    privateKey,
    ...peers.flatMap(({ publicKey, presharedKey }) => [
      ...(isReference(publicKey) ? [publicKey] : []),
      ...(presharedKey === undefined ? [] : [presharedKey]),
    ]),
  ]
}

/** No base64 has a colon. */
function isReference(publicKey: string): boolean {
  return publicKey.includes(':')
}
