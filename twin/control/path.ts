/**
 * BGP paths and the sessions that they come by.
 *
 * @module
 */
import type { BgpSession, NodeControl } from '../../contract/control-plane.js'
import type { RibPath } from '../../contract/rib.js'
import type { Ip } from '../packet/index.js'
import type { RoutePolicy } from './policy.js'

/** Attributes that BGP-3 to BGP-8 look at. Values are never changed: nodes share them. */
export interface BgpPath {
  /** Leftmost first. */
  readonly asPath: readonly number[]
  readonly origin: RibPath['origin']
  readonly med: number | undefined
  readonly localPreference: number | undefined
  /** Sorted by code unit, each once. */
  readonly communities: readonly string[]
  /** Reflected paths (RFC 4456): router ids as numbers, that of the last reflector first. */
  readonly originator: number | undefined
  readonly clusters: readonly number[]
  /** Link bandwidth (BGP-13), as `contract/rib.ts` writes it. */
  readonly bandwidth: string | undefined
  /** Index of the node that originates it. */
  readonly source: number
}

/** What the decision process knows of a peer. */
export interface Peer {
  /** Index of the node. */
  readonly remote: number
  /** BGP identifier as a number. */
  readonly routerId: number
  readonly address: Ip
  /** eBGP. */
  readonly external: boolean
  /** To the next hop. */
  readonly metric: number
  /** By which the peer is reached. */
  readonly interface: number
}

/** A path that a node may choose: a peer's, or its own. */
export interface Candidate<P extends Peer = Peer> {
  readonly path: BgpPath
  /** `undefined`: the node itself. */
  readonly peer: P | undefined
  /** Which of several paths of one peer it is (BGP-14), from 0. */
  readonly ordinal: number
}

/** What all sessions of a node know of it. It changes with what the node is told. */
export interface Speaker {
  readonly asn: number
  readonly daemon: NodeControl['daemon']
  /** BGP identifier as a number, and the cluster id (RFC 4456). */
  readonly routerId: number
  /** It is being taken out of service (BGP-6). */
  readonly isDraining: boolean
}

/** One end of a session. */
export interface PeerSession extends Peer {
  /** Index of the node at this end. */
  readonly node: number
  readonly self: Speaker
  /** The peer is a client of this node's reflection. */
  readonly client: boolean
  /** What paths that are heard here are noted to have (BGP-13). */
  readonly bandwidth: string | undefined
  /** Names and addresses, as the node is told. */
  readonly config: BgpSession
  /** The other end. */
  readonly reverse: PeerSession
  readonly families: ReadonlySet<string>
  readonly importPolicy: RoutePolicy | undefined
  readonly exportPolicy: RoutePolicy | undefined
  /** BGP-2 */
  isUp: boolean
}

/** A node among others, by number. */
export interface BgpNode {
  readonly index: number
  readonly name: string
  readonly control: NodeControl
  /** Its daemon does not run: it chooses nothing, and what it had said is what peers that wait for it go by (BGP-16). */
  readonly isStopped: boolean
  /** Some peer is told of all paths (BGP-14). */
  readonly tellsAll: boolean
  /** In the order in which the node is told. */
  readonly sessions: readonly PeerSession[]
}

/** BGP-6, as numbers (RFC 1997, RFC 8326). */
export const NO_EXPORT = '65535:65281'
export const NO_ADVERTISE = '65535:65282'
export const NO_EXPORT_SUBCONFED = '65535:65283'
export const GRACEFUL_SHUTDOWN = '65535:0'

/** MED of a node's own prefixes, by its daemon: FRR gives them 0 and says so to its peers (BGP-3). */
export const OWN_MED = { frr: 0, gobgp: undefined } as const

/** The path of a node's own prefix or EVPN route. */
export function ownPath(source: number, med?: number): BgpPath {
  return {
    asPath: NONE,
    origin: 'igp',
    med,
    localPreference: undefined,
    communities: NONE,
    originator: undefined,
    clusters: NONE,
    bandwidth: undefined,
    source,
  }
}

const NONE: readonly never[] = []

export function isSamePath(a: BgpPath, b: BgpPath): boolean {
  return (
    a === b ||
    (a.source === b.source &&
      a.origin === b.origin &&
      a.med === b.med &&
      a.localPreference === b.localPreference &&
      a.originator === b.originator &&
      a.bandwidth === b.bandwidth &&
      isSameList(a.clusters, b.clusters) &&
      isSameList(a.asPath, b.asPath) &&
      isSameList(a.communities, b.communities))
  )
}

/** Two paths of two peers, or of one, are one path only if they are alike. */
export function isSameCandidate(a: Candidate, b: Candidate): boolean {
  return a.peer === b.peer && a.ordinal === b.ordinal && isSamePath(a.path, b.path)
}

export function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a === b || (a.length === b.length && a.every((value, i) => value === b[i]))
}
