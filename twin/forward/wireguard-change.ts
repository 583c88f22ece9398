/**
 * Peers by `apply` (WG-33).
 *
 * @module
 */
import { toHex } from '../packet/bytes.js'
import type { Secret } from '../packet/wireguard-crypto.js'
import type { Prefix } from '../packet/address.js'
import type { Machine } from './machine.js'
import { removeAllowed, setAllowed } from './wireguard-allowed.js'
import { makePeer, setPersistent } from './wireguard-load.js'
import { endAllHeld } from './wireguard-send.js'
import { endSessions } from './wireguard-session.js'
import type { Endpoint, Wireguard } from './wireguard-state.js'

export const MOST_PEERS = 16_384

/** A change whose names are resolved; without `to` the peer is removed. */
export interface PeerChange {
  readonly table: 'peer'
  readonly wg: Wireguard
  readonly publicKey: Uint8Array
  readonly to:
    | {
        readonly presharedKey: Secret | undefined
        readonly endpoint: Endpoint | undefined
        readonly prefixes: readonly Prefix[]
        readonly persistentKeepalive: number | undefined
      }
    | undefined
}

/** WG-33 */
export function changePeer(m: Machine, { wg, publicKey, to }: PeerChange): void {
  const known = wg.peers.get(toHex(publicKey))
  if (to === undefined) {
    m.trace?.step('WG-33', wg.id, known === undefined ? 'there is no such peer' : 'the peer is removed')
    if (known === undefined) return
    removeAllowed(wg, known)
    endSessions(wg, known)
    wg.peers.delete(toHex(publicKey))
    endAllHeld(m, known, 'program-changed')
    return
  }
  m.trace?.step('WG-33', wg.id, known === undefined ? 'a peer is added' : 'the peer is changed')
  const peer = known ?? makePeer(wg, publicKey, to)
  peer.presharedKey = to.presharedKey
  if (to.endpoint !== undefined) peer.state.endpoint = to.endpoint
  if (known !== undefined) setPersistent(peer, known.persistentKeepalive, to.persistentKeepalive)
  setAllowed(wg, peer, to.prefixes)
}
