/**
 * Which peer of an interface has which addresses (WG-1, WG-33).
 *
 * @module
 */
import { formatPrefix, writeIpv4, writeIpv6, type Prefix } from '../packet/address.js'
import type { RouteTable } from './route-table.js'
import type { Peer, Wireguard } from './wireguard-state.js'

type Tables = Pick<Wireguard, 'allowed4' | 'allowed6'>

function tableOf(tables: Tables, { family }: Prefix): RouteTable<Peer> {
  return family === 4 ? tables.allowed4 : tables.allowed6
}

function keyOf(prefix: Prefix): Uint8Array {
  const key = new Uint8Array(prefix.family === 4 ? 4 : 16)
  if (prefix.family === 4) writeIpv4(key, 0, prefix.address)
  else writeIpv6(key, 0, prefix.address)
  return key
}

/** Gives a prefix to a peer; false when another has it. */
export function addAllowed(tables: Tables, prefix: Prefix, peer: Peer): boolean {
  const owner = tableOf(tables, prefix).find(keyOf(prefix), prefix.length)
  if (owner !== undefined) return owner === peer
  return tableOf(tables, prefix).add(keyOf(prefix), prefix.length, peer)
}

/** Takes all prefixes of a peer. */
export function removeAllowed(tables: Tables, peer: Peer): void {
  for (const prefix of peer.prefixes) tableOf(tables, prefix).remove(keyOf(prefix), prefix.length)
  peer.prefixes = []
}

/** WG-33: gives prefixes to a peer in place of those that it has; another's are taken from it. */
export function setAllowed(tables: Tables, peer: Peer, prefixes: readonly Prefix[]): void {
  removeAllowed(tables, peer)
  for (const prefix of prefixes) {
    const table = tableOf(tables, prefix)
    const owner = table.find(keyOf(prefix), prefix.length)
    if (owner !== undefined && owner !== peer) {
      const taken = formatPrefix(prefix)
      owner.prefixes = owner.prefixes.filter((one) => formatPrefix(one) !== taken)
    }
    table.set(keyOf(prefix), prefix.length, peer)
  }
  peer.prefixes = unique(prefixes)
}

/** Each once, in order. */
export function unique(prefixes: readonly Prefix[]): Prefix[] {
  return [...new Map(prefixes.map((prefix) => [formatPrefix(prefix), prefix])).values()]
}
