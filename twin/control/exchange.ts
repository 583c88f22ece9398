/**
 * What one node tells another, and what the other takes (BGP-3 to BGP-6).
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
} from './path.js'

/** A key as policies see it; EVPN has none. */
export interface Routed {
  readonly text: string
  readonly prefix: Prefix
}

/** What a node has settled on for a key. */
export class Entry {
  readonly best: Candidate<PeerSession>
  /** Sessions of the paths that are used, the best first (BGP-8); empty where the node's own path is the best. */
  readonly used: readonly PeerSession[]
  #plain: BgpPath | undefined

  constructor(best: Candidate<PeerSession>, used: readonly PeerSession[]) {
    this.best = best
    this.used = used
  }

  /** The best path as peers without an export policy get it. */
  plain(asn: number): BgpPath {
    return (this.#plain ??= announcedBy(asn, this.best.path, ownMed(this.best)))
  }
}

/** The path that a node accepts over a session from an entry at the other end, or `undefined`. */
export function received(
  session: PeerSession,
  entry: Entry,
  routed: Routed | undefined,
): BgpPath | undefined {
  const path = sent(session.reverse, entry, routed)
  if (path === undefined || path.asPath.includes(session.asn)) return undefined
  if (routed === undefined) return path
  const { importPolicy } = session
  const accepted =
    importPolicy === undefined ? path : importPolicy.apply(routed.text, routed.prefix, path, session.asn)
  // RFC 8326 section 4.2: whatever the policy prefers.
  return accepted?.communities.includes(GRACEFUL_SHUTDOWN) === true
    ? { ...accepted, localPreference: 0 }
    : accepted
}

function sent(session: PeerSession, entry: Entry, routed: Routed | undefined): BgpPath | undefined {
  const { best } = entry
  if (best.peer === session) return undefined
  if (best.path.communities.length > 0 && staysHere(best.path)) return undefined
  const { exportPolicy, asn } = session
  if (exportPolicy === undefined || routed === undefined) return entry.plain(asn)
  const path = exportPolicy.apply(routed.text, routed.prefix, { ...best.path, med: ownMed(best) }, asn)
  return path && announcedBy(asn, path, path.med)
}

/** RFC 1997: all peers are external, to whom none of these goes. */
const LOCAL = [NO_EXPORT, NO_ADVERTISE, NO_EXPORT_SUBCONFED]

function staysHere({ communities }: BgpPath): boolean {
  return LOCAL.some((community) => communities.includes(community))
}

/** A MED that was received, or set on import, is not handed on; one that a path has from its node, or an export policy sets, is. */
function ownMed({ peer, path }: Candidate<PeerSession>): number | undefined {
  return peer === undefined ? path.med : undefined
}

function announcedBy(asn: number, path: BgpPath, med: number | undefined): BgpPath {
  return { ...path, asPath: [asn, ...path.asPath], med, localPreference: undefined }
}
