/**
 * Tables of BGP in their common form (`contract/rib.ts`).
 *
 * @module
 */
import type { BgpSession, NodeControl } from '../../contract/control-plane.js'
import type { RibPath, RibRow } from '../../contract/rib.js'
import { formatIpv4, type Ipv4 } from '../packet/index.js'
import { DEFAULT_LOCAL_PREFERENCE } from './decision.js'
import type { EvpnRib } from './evpn-rib.js'
import type { Entry } from './exchange.js'
import { compareCode } from './order.js'
import type { BgpPath, Candidate, PeerSession } from './path.js'
import { candidatesAt } from './settle.js'
import type { Topology } from './topology.js'
import type { UnicastKey } from './unicast.js'

const SELF = 'self'

/** The row of a prefix at a node, or `undefined` where no path was accepted. */
export function unicastRow(topology: Topology, key: UnicastKey, index: number): RibRow | undefined {
  const entry = key.entries[index]
  const unspecified = key.table === 'ipv6' ? '::' : '0.0.0.0'
  const paths = candidatesAt(key.problem, key.entries, index).map((candidate): RibPath => {
    const { path, peer } = candidate
    const best = isBest(entry, candidate)
    return {
      from: fromOf(topology, peer),
      best,
      used: peer === undefined ? best : entry?.uses(candidate) === true,
      nextHop: peer?.config.remote ?? unspecified,
      ...attributesOf(path, path.bandwidth === undefined ? [] : [path.bandwidth]),
    }
  })
  const node = topology.nodes[index]?.name ?? ''
  return paths.length === 0 ? undefined : { node, table: key.table, key: key.text, paths: inOrder(paths) }
}

/** The row of an EVPN route at a node, or `undefined` where no path was accepted. */
export function evpnRow(topology: Topology, rib: EvpnRib, key: string, index: number): RibRow | undefined {
  const group = rib.group(key)
  if (group === undefined) return undefined
  const entry = group.entries[index]
  const candidates: readonly Candidate<PeerSession>[] = candidatesAt(group.problem, group.entries, index)
  const paths = candidates.flatMap((candidate): RibPath[] => {
    const { path, peer } = candidate
    const route = rib.route(key, path.source)
    if (route === undefined) return []
    const { nextHop, extended, labels } = route.path
    return [
      {
        from: fromOf(topology, peer),
        best: isBest(entry, candidate),
        used: false,
        nextHop,
        ...attributesOf(path, extended),
        labels: [...labels],
      },
    ]
  })
  const node = topology.nodes[index]?.name ?? ''
  return paths.length === 0 ? undefined : { node, table: 'evpn', key, paths: inOrder(paths) }
}

/** What paths of a session are `from`: its peer, or of a peer over several links the link. */
export function sourceOf(
  { sessions }: Pick<NodeControl, 'sessions'>,
  { peer, link }: Pick<BgpSession, 'peer' | 'link'>,
): string {
  return sessions.some((other) => other.peer === peer && other.link !== link) ? link : peer
}

function fromOf({ nodes }: Topology, session: PeerSession | undefined): string {
  const node = session && nodes[session.node]
  return session === undefined || node === undefined ? SELF : sourceOf(node.control, session.config)
}

function isBest(entry: Entry | undefined, { peer, ordinal }: Candidate<PeerSession>): boolean {
  return entry !== undefined && entry.best.peer === peer && entry.best.ordinal === ordinal
}

/** In the order of the contract, for rows of one peer are in order of their text. */
function attributesOf(path: BgpPath, extended: readonly string[]) {
  const { asPath, origin, med, localPreference, communities, originator, clusters } = path
  return {
    asPath: [...asPath],
    origin,
    ...(med === undefined ? {} : { med }),
    ...(localPreference === undefined || localPreference === DEFAULT_LOCAL_PREFERENCE
      ? {}
      : { localPreference }),
    communities: [...communities],
    extended: [...extended],
    ...(originator === undefined ? {} : { originator: formatIpv4(originator as Ipv4) }),
    ...(clusters.length === 0 ? {} : { clusters: clusters.map((id) => formatIpv4(id as Ipv4)) }),
  }
}

/** By `from`, and of several paths of one peer by their text. */
function inOrder(paths: RibPath[]): RibPath[] {
  return paths.toSorted(
    (a, b) => compareCode(a.from, b.from) || compareCode(JSON.stringify(a), JSON.stringify(b)),
  )
}
