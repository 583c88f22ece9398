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
  /** Index of the node that originates it. */
  readonly source: number
}

/** What the decision process knows of a peer. */
export interface Peer {
  /** BGP identifier as a number. */
  readonly routerId: number
  readonly address: Ip
  /** eBGP. */
  readonly external: boolean
  /** To the next hop. */
  readonly metric: number
}

/** A path that a node may choose: a peer's, or its own. */
export interface Candidate<P extends Peer = Peer> {
  readonly path: BgpPath
  /** `undefined`: the node itself. */
  readonly peer: P | undefined
}

/** One end of a session. */
export interface PeerSession extends Peer {
  /** Index of the node at this end, and at the other. */
  readonly node: number
  readonly remote: number
  /** The own AS number. */
  readonly asn: number
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
  return { asPath: [], origin: 'igp', med, localPreference: undefined, communities: [], source }
}

export function isSamePath(a: BgpPath, b: BgpPath): boolean {
  return (
    a === b ||
    (a.source === b.source &&
      a.origin === b.origin &&
      a.med === b.med &&
      a.localPreference === b.localPreference &&
      isSameList(a.asPath, b.asPath) &&
      isSameList(a.communities, b.communities))
  )
}

export function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a === b || (a.length === b.length && a.every((value, i) => value === b[i]))
}
