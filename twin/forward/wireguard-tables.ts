/**
 * What the operation `tables` tells of wireguard interfaces (`contract/control.ts`).
 *
 * @module
 */
import { formatIp, formatPrefix } from '../packet/address.js'
import type { Config } from './config.js'
import { sessionsOf } from './wireguard-session.js'
import type { Peer, Session } from './wireguard-state.js'

/** A session; `sent` is the next counter, `received` the greatest one received plus 1. */
export interface KnownSession {
  readonly role: 'previous' | 'current' | 'next'
  readonly index: number
  readonly peerIndex: number
  readonly initiator: boolean
  /** ns */
  readonly age: number
  readonly sent: number
  readonly received: number
}

export interface KnownPeer {
  readonly publicKey: string
  readonly presharedKey: boolean
  readonly endpoint: { readonly address: string; readonly port: number } | null
  readonly allowedIps: readonly string[]
  /** s since the Unix epoch, or 0 */
  readonly latestHandshake: number
  /** Octets of messages. */
  readonly rx: number
  readonly tx: number
  /** s, or 0 */
  readonly persistentKeepalive: number
  readonly sessions: readonly KnownSession[]
}

export interface KnownWireguard {
  readonly interface: number
  readonly publicKey: string
  readonly listenPort: number
  readonly peers: readonly KnownPeer[]
}

/** The keys of a session; they do not print. */
export interface SessionKeys extends Pick<Session, 'index' | 'peerIndex' | 'sending' | 'receiving'> {
  readonly interface: number
  /** Public keys of this end and of its peer, base64. */
  readonly publicKey: string
  readonly peer: string
}

/** Of all peers, interfaces, peers and sessions in order. */
export function sessionKeysOf({ wireguards }: Config): readonly SessionKeys[] {
  return wireguards.flatMap((wg) =>
    [...wg.peers.values()].flatMap((peer) =>
      sessionsOf(peer).map(({ session: { index, peerIndex, sending, receiving } }) => ({
        interface: wg.id,
        publicKey: base64(wg.publicKey),
        peer: base64(peer.publicKey),
        index,
        peerIndex,
        sending,
        receiving,
      })),
    ),
  )
}

/** All of it at a time, ns, interfaces, peers and sessions in order. */
export function wireguardOf(config: Config, now: bigint): readonly KnownWireguard[] {
  return config.wireguards.map((wg) => ({
    interface: wg.id,
    publicKey: base64(wg.publicKey),
    listenPort: wg.listenPort,
    peers: [...wg.peers.values()].map((peer) => peerOf(peer, now)),
  }))
}

function peerOf(peer: Peer, now: bigint): KnownPeer {
  const { publicKey, presharedKey, prefixes, persistentKeepalive, state } = peer
  const { endpoint, latestHandshake, rx, tx } = state
  return {
    publicKey: base64(publicKey),
    presharedKey: presharedKey !== undefined,
    endpoint: endpoint === undefined ? null : { address: formatIp(endpoint.address), port: endpoint.port },
    allowedIps: prefixes.map(formatPrefix),
    latestHandshake: Number(latestHandshake / 1_000_000_000n),
    rx,
    tx,
    persistentKeepalive: persistentKeepalive ?? 0,
    sessions: sessionsOf(peer).map(({ role, session }) => ({
      role,
      index: session.index,
      peerIndex: session.peerIndex,
      initiator: session.isInitiator,
      age: Number(now - session.born),
      sent: Number(session.sent),
      received: Number(session.window.received),
    })),
  }
}

function base64(octets: Uint8Array): string {
  return Buffer.from(octets).toString('base64')
}
