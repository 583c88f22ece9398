/**
 * WireGuard interfaces and their peers as a node keeps them (section 19). What a peer's program says is beside its state, which goes on
 * when another program is loaded (WG-32). All secrets are key objects, which do not print.
 *
 * @module
 */
import type { Ip, Ipv4, Ipv6, Mac, Prefix } from '../packet/address.js'
import type { PrivateKey, Secret } from '../packet/wireguard-crypto.js'
import type { Layer3, Port, Routed, Vrf } from './config.js'
import type { RouteTable } from './route-table.js'
import type { ReplayWindow } from './wireguard-window.js'

/** Where a peer is (WG-22). */
export interface Endpoint {
  readonly address: Ip
  readonly port: number
  /** The own address that it uses. */
  readonly own: Ip | undefined
}

/** A handshake begun here, until its response comes (WG-27). */
export interface Handshake {
  readonly index: number
  readonly ephemeral: PrivateKey
  readonly chainingKey: Secret
  readonly hash: Uint8Array
}

/** A pair of keys (WG-18). */
export interface Session {
  readonly index: number
  readonly peerIndex: number
  readonly isInitiator: boolean
  readonly born: bigint
  readonly sending: Secret
  readonly receiving: Secret
  /** The next counter. */
  sent: bigint
  readonly window: ReplayWindow
}

/** A packet, or an empty text, that waits for a session (WG-25). */
export interface HeldText {
  /** As it is sealed, without the padding; empty in a keepalive (WG-31). */
  readonly text: Uint8Array
  readonly family: 4 | 6
  readonly lineage: number
}

/** When what happens, ns (WG-29). */
export interface Timers {
  zeroing: bigint | undefined
  retransmission: bigint | undefined
  newHandshake: bigint | undefined
  keepalive: bigint | undefined
  persistent: bigint | undefined
}

/** What a peer has made of itself; survives a load (WG-32). */
export class PeerState {
  previous: Session | undefined
  current: Session | undefined
  next: Session | undefined
  handshake: Handshake | undefined
  held: HeldText[] = []
  readonly timers: Timers = {
    zeroing: undefined,
    retransmission: undefined,
    newHandshake: undefined,
    keepalive: undefined,
    persistent: undefined,
  }
  /** Retransmissions since somebody wanted a session. */
  attempts = 0
  /** Another keepalive is wanted behind the one to come (WG-29). */
  anotherKeepalive = false
  /** The receiving half of WG-28 was done since the last handshake completed. */
  refreshed = false
  lastSent: bigint | undefined
  /** Greatest timestamp accepted (WG-12). */
  timestamp: Uint8Array = new Uint8Array(12)
  lastInitiation: bigint | undefined
  /** Of the last message sent, until a cookie comes (WG-15). */
  mac1: Uint8Array | undefined
  cookie: { readonly value: Secret; readonly at: bigint } | undefined
  /** Wall time, ns; 0 before the first. */
  latestHandshake = 0n
  rx = 0
  tx = 0

  constructor(public endpoint: Endpoint | undefined) {}
}

export interface Peer {
  readonly publicKey: Uint8Array
  /** DH of the static keys; `undefined` when it is zeros. */
  readonly shared: Secret | undefined
  presharedKey: Secret | undefined
  /** As the program says, for WG-32. */
  readonly programEndpoint: Endpoint | undefined
  prefixes: readonly Prefix[]
  /** s */
  persistentKeepalive: number | undefined
  state: PeerState
}

/** Credit of a source, ns, at a time (WG-11). */
export interface Credit {
  credit: bigint
  at: bigint
}

/** What an interface has made of itself; survives a load (WG-32). */
export class InterfaceState {
  /** Messages with a right mac1 in the second, and in the one before (WG-8). */
  load = { second: -2n, count: 0, before: 0 }
  secret: { readonly value: Secret; readonly born: bigint } | undefined
  readonly credits = new Map<Ip, Credit>()
}

export interface Wireguard extends Layer3 {
  readonly kind: 'wireguard'
  readonly vrf: Vrf
  /** Exactly one of these (WG-1). */
  readonly lower: Port | undefined
  readonly underlay: Vrf | undefined
  readonly peerMac: Mac
  /** As the key file has it. */
  readonly secret: Secret
  readonly privateKey: PrivateKey
  readonly publicKey: Uint8Array
  readonly listenPort: number
  readonly local4: Ipv4 | undefined
  readonly local6: Ipv6 | undefined
  readonly ttl: number
  readonly df: boolean
  readonly loadLimit: number
  /** By public key in hexadecimal, in order (WG-1). */
  readonly peers: Map<string, Peer>
  readonly allowed4: RouteTable<Peer>
  readonly allowed6: RouteTable<Peer>
  /** Whose handshake or session an index is (WG-20). */
  readonly indexes: Map<number, Peer>
  state: InterfaceState
}

/** A packet on its way into a wireguard interface. */
export interface ToSeal {
  /** Behind 14 octets of room. */
  readonly frame: Uint8Array
  readonly family: 4 | 6
  readonly receivedOn: Routed | undefined
}
