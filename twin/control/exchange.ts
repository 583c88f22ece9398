/**
 * What one node tells another, and what the other takes (BGP-3 to BGP-6, BGP-11, BGP-13, BGP-14).
 *
 * @module
 */
import type { Prefix } from '../packet/index.js'
import {
  GRACEFUL_SHUTDOWN,
  NO_ADVERTISE,
  NO_EXPORT,
  NO_EXPORT_SUBCONFED,
  type BgpPath,
  type Candidate,
  type PeerSession,
  type Speaker,
} from './path.js'

/** A key as policies see it; EVPN has none. */
export interface Routed {
  readonly text: string
  readonly prefix: Prefix
}

type Chosen = Candidate<PeerSession>

/** What a node has settled on for a key. */
export class Entry {
  readonly best: Chosen
  /** Paths that are used, the best first (BGP-8), by their sessions; empty where the node's own path is the best. */
  readonly used: readonly PeerSession[]
  /** Which paths of these sessions, where a peer has given several; empty where each is the first. */
  readonly ordinals: readonly number[]
  /** All that was accepted, where some peer is told of all (BGP-14); else empty. */
  readonly accepted: readonly Chosen[]
  #plain: BgpPath | undefined

  constructor(best: Chosen, used: readonly Chosen[], accepted: readonly Chosen[] = []) {
    this.best = best
    this.used = used.flatMap(({ peer }) => peer ?? [])
    this.ordinals = used.some(({ ordinal }) => ordinal > 0) ? used.map(({ ordinal }) => ordinal) : []
    this.accepted = accepted
  }

  /** The best path as external peers without an export policy get it. */
  plain(self: Speaker): BgpPath {
    return (this.#plain ??= acrossBorder(self, this.best.path, ownMed(this.best)))
  }

  /** True for the path of a peer that has this place among those of its peer. */
  uses({ peer, ordinal }: Chosen): boolean {
    return this.used.some((session, i) => session === peer && (this.ordinals[i] ?? 0) === ordinal)
  }
}

/** True when a session brings all paths of a key (BGP-14), not the best alone. */
export function bringsAll({ reverse }: PeerSession, routed: Routed | undefined): boolean {
  return routed !== undefined && reverse.config.addPaths === true
}

/** The path that a node accepts over a session that brings one, from an entry at the other end. */
export function receivedBest(
  session: PeerSession,
  entry: Entry,
  routed: Routed | undefined,
): BgpPath | undefined {
  const path = told(session.reverse, entry.best, routed, entry)
  return path && accepted(session, path, routed)
}

/** The paths that a node accepts over a session from an entry at the other end. */
export function received(session: PeerSession, entry: Entry, routed: Routed | undefined): readonly BgpPath[] {
  return heard(session, entry, routed).flatMap((path) => accepted(session, path, routed) ?? [])
}

/** What arrives over a session: the best path, or all. */
export function heard(session: PeerSession, entry: Entry, routed: Routed | undefined): readonly BgpPath[] {
  const sender = session.reverse
  if (bringsAll(session, routed)) return entry.accepted.flatMap((one) => told(sender, one, routed) ?? [])
  const path = told(sender, entry.best, routed, entry)
  return path === undefined ? [] : [path]
}

/** BGP-4, BGP-11, BGP-5, BGP-6, in this order. */
function accepted(session: PeerSession, path: BgpPath, routed: Routed | undefined): BgpPath | undefined {
  const { self, external } = session
  if (path.asPath.includes(self.asn)) return undefined
  if (!external && (path.originator === self.routerId || path.clusters.includes(self.routerId)))
    return undefined
  if (routed === undefined) return path
  const { importPolicy } = session
  const taken =
    importPolicy === undefined ? path : importPolicy.apply(routed.text, routed.prefix, path, self.asn)
  return taken && noted(session, taken)
}

/** What a node notes on what it has accepted, whatever the policy says. */
function noted({ self, external, bandwidth }: PeerSession, path: BgpPath): BgpPath {
  // RFC 8326 section 4.2: only at the border, inside the AS the local preference tells.
  const isGoing = external && (self.isDraining || path.communities.includes(GRACEFUL_SHUTDOWN))
  if (!isGoing && bandwidth === undefined) return path
  return {
    ...path,
    ...(isGoing ? { localPreference: LEAST_PREFERENCE[self.daemon] } : {}),
    ...(bandwidth === undefined ? {} : { bandwidth }),
  }
}

/** GoBGP's policies take 0 for "leave it". */
const LEAST_PREFERENCE = { frr: 0, gobgp: 1 } as const

/** The path that a node sends over a session. */
function told(
  session: PeerSession,
  candidate: Chosen,
  routed: Routed | undefined,
  entry?: Entry,
): BgpPath | undefined {
  const { self, external, exportPolicy } = session
  const { peer, path } = candidate
  if (peer === session) return undefined
  if (path.communities.length > 0 && staysHere(path, external)) return undefined
  const isReflected = peer !== undefined && !peer.external && !external
  if (isReflected && !peer.client && !session.client) return undefined
  const before = isReflected ? reflected(path, peer, self) : path
  if (exportPolicy === undefined || routed === undefined) {
    if (!external) return before
    const plain = entry?.plain(self) ?? acrossBorder(self, path, ownMed(candidate))
    return routed !== undefined && self.isDraining ? going(plain) : plain
  }
  const med = external ? ownMed(candidate) : before.med
  const after = exportPolicy.apply(routed.text, routed.prefix, { ...before, med }, self.asn)
  if (after === undefined || !external) return after
  const sent = acrossBorder(self, after, after.med)
  return self.isDraining ? going(sent) : sent
}

/** RFC 1997. */
function staysHere({ communities }: BgpPath, external: boolean): boolean {
  return communities.includes(NO_ADVERTISE) || (external && LOCAL.some((one) => communities.includes(one)))
}
const LOCAL = [NO_EXPORT, NO_EXPORT_SUBCONFED]

/** RFC 4456 section 8. FRR says a MED of 0 where there is none, of what it reflects alone. */
function reflected(path: BgpPath, from: PeerSession, { routerId, daemon }: Speaker): BgpPath {
  return {
    ...path,
    med: path.med ?? (daemon === 'frr' ? 0 : undefined),
    originator: path.originator ?? from.routerId,
    clusters: [routerId, ...path.clusters],
  }
}

/** A MED that was received, or set on import, is not handed on; one that a path has from its node, or an export policy sets, is. */
function ownMed({ peer, path }: Chosen): number | undefined {
  return peer === undefined ? path.med : undefined
}

/** What is of the AS alone stays there, but GoBGP hands on link bandwidth, transitive or not (RFC 4360 section 6). */
function acrossBorder({ asn, daemon }: Speaker, path: BgpPath, med: number | undefined): BgpPath {
  return {
    ...path,
    asPath: [asn, ...path.asPath],
    med,
    localPreference: undefined,
    originator: undefined,
    clusters: NO_CLUSTERS,
    bandwidth: daemon === 'gobgp' ? path.bandwidth : undefined,
  }
}
const NO_CLUSTERS: readonly number[] = []

function going(path: BgpPath): BgpPath {
  const { communities } = path
  return communities.includes(GRACEFUL_SHUTDOWN)
    ? path
    : { ...path, communities: [...communities, GRACEFUL_SHUTDOWN].toSorted() }
}
