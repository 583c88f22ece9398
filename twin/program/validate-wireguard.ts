/**
 * Integrity of wireguard interfaces and their peers (WG-1).
 *
 * @module
 */
import type { WireguardInterface, WireguardPeer } from '../../contract/program.js'
import { WIREGUARD_OVERHEAD } from '../model/index.js'
import { formatPrefix, isIpv6, parseInterfaceAddress, parseIp } from '../packet/index.js'
import { checkLower, checkMac, checkVrf, type Scope } from './validate-scope.js'

export function checkWireguard(item: WireguardInterface, path: string, scope: Scope): void {
  const { findings } = scope
  checkVrf(item.vrf, `${path}.vrf`, scope)
  checkPlace(item, path, scope)
  const families = item.local.map((address) => isIpv6(parseIp(address)))
  if (new Set(families).size < families.length) {
    findings.add('ZT_PROGRAM_ADDRESS', `${path}.local`, `${item.name} has two outer addresses of one family`)
  }
  const publicKey = findings.unique('the public key')
  const prefix = findings.unique('the prefix')
  for (const [i, peer] of item.peers.entries()) {
    const where = `${path}.peers[${i}]`
    publicKey(peer.publicKey, `${where}.publicKey`)
    if (peer.publicKey === `${item.privateKey}/public`) {
      findings.add('ZT_PROGRAM_DUPLICATE', `${where}.publicKey`, `${item.name} would be its own peer`)
    }
    for (const [text, at] of prefixesOf(peer, where, scope)) prefix(text, at)
  }
}

/** Stacked on a port, with addresses to be seen there on its TAP, or in a VRF (WG-1). */
function checkPlace(item: WireguardInterface, path: string, scope: Scope): void {
  const { findings } = scope
  const { lower, underlayVrf, mac, peerMac } = item
  if ((lower === undefined) === (underlayVrf === undefined)) {
    findings.add('ZT_PROGRAM_STACK', path, `${item.name} needs one of lower and underlayVrf`)
  }
  if (underlayVrf !== undefined) checkVrf(underlayVrf, `${path}.underlayVrf`, scope)
  for (const [key, text] of Object.entries({ mac, peerMac })) {
    if (text !== undefined) checkMac(text, `${path}.${key}`, scope)
    if ((lower === undefined) === (text === undefined)) continue
    const what = lower === undefined ? 'has no port, and' : 'on a port needs'
    findings.add('ZT_PROGRAM_ADDRESS', `${path}.${key}`, `${item.name} ${what} ${key}`)
  }
  if (lower === undefined) return
  const overhead = Math.max(
    ...item.local.map((address) => WIREGUARD_OVERHEAD[isIpv6(parseIp(address)) ? 6 : 4]),
  )
  checkLower(item, lower, overhead, path, scope)
}

/** Prefixes of a peer in one spelling, each with its place. */
function prefixesOf(
  { allowedIps }: WireguardPeer,
  path: string,
  { findings }: Scope,
): readonly (readonly [string, string])[] {
  return allowedIps.map((text, i) => {
    const at = `${path}.allowedIps[${i}]`
    const { address, prefix } = parseInterfaceAddress(text)
    if (address !== prefix.address) {
      findings.add('ZT_PROGRAM_ADDRESS', at, `${text} has bits set past its length`)
    }
    return [formatPrefix(prefix), at]
  })
}
