/**
 * Sessions of a node, and the policies on them.
 *
 * @module
 */
import type { BgpSession, Policy } from '../../contract/control-plane.js'
import { carriedFamilies, type PolicyStatement, type RoutingPolicy } from '../model/index.js'
import { formatIp, formatPrefix } from '../packet/index.js'
import type { Adjacency, FabricIndex, NodeIndex } from './fabric-index.js'
import { weightOf } from './reach.js'

/** In order of link ids. */
export function sessionsOf(index: FabricIndex, node: NodeIndex): BgpSession[] {
  const families = familiesOf(index)
  return node.adjacencies.map((adjacency) => sessionOf(index, node, adjacency, families))
}

function sessionOf(
  index: FabricIndex,
  node: NodeIndex,
  adjacency: Adjacency,
  families: BgpSession['families'],
): BgpSession {
  const { bgp, links } = index.fabric.underlay
  const peer = index.node(adjacency.peer)
  const internal = peer.asn === node.asn
  const weight = weightOf(node, adjacency.link)
  const policy = (direction: RoutingPolicy['direction']): RoutingPolicy | undefined =>
    index.fabric.policies.find((one) => one.direction === direction && holdsFor(one, node, peer))
  const [heard, told] = [policy('import'), policy('export')]
  return {
    peer: adjacency.peer,
    link: adjacency.link.id,
    interface: adjacency.interface,
    port: `eth${adjacency.number}`,
    local: formatIp(adjacency.address),
    remote: formatIp(adjacency.peerAddress),
    remoteAsn: peer.asn,
    families: [...families],
    ...(heard === undefined ? {} : { import: heard.name }),
    ...(told === undefined ? {} : { export: told.name }),
    ...(links === undefined ? { unnumbered: true as const } : {}),
    ...(internal && node.reflects !== 'nothing' && isClient(node, peer) ? { client: true as const } : {}),
    ...(bgp.maximumPrefixes === undefined ? {} : { maximumPrefixes: bgp.maximumPrefixes }),
    ...(weight === undefined ? {} : { weight }),
    ...(internal && node.reflects !== 'nothing' && bgp.addPaths ? { addPaths: true as const } : {}),
    ...(bgp.bfd === undefined ? {} : { bfd: { ...bgp.bfd } }),
  }
}

/** Clients of a spine are its leaves, those of a router that reflects are all its peers (BGP-11). */
function isClient(node: NodeIndex, peer: NodeIndex): boolean {
  return node.reflects === 'to all' || peer.role === 'leaf'
}

function holdsFor({ nodes, peers }: RoutingPolicy, node: NodeIndex, peer: NodeIndex): boolean {
  return nodes.includes(node.name) && peers?.includes(peer.name) !== false
}

/** The same on all links (BGP-1, BGP-10). */
function familiesOf({ fabric, nodes }: FabricIndex): BgpSession['families'] {
  const carried = carriedFamilies(fabric)
  return [
    ...(carried.has(4) ? (['ipv4'] as const) : []),
    ...(carried.has(6) ? (['ipv6'] as const) : []),
    ...(nodes.some(({ role }) => role === 'leaf') ? (['evpn'] as const) : []),
  ]
}

/** Those that a node's sessions name, in name order. */
export function policiesOf({ fabric }: FabricIndex, sessions: readonly BgpSession[]): Policy[] {
  const named = new Set(sessions.flatMap((session) => [session.import, session.export]))
  return fabric.policies
    .filter(({ name }) => named.has(name))
    .map(({ name, statements, otherwise }) => ({
      name,
      statements: [
        ...statements.map(statementOf),
        ...(otherwise === 'accept' ? [{ match: {}, action: 'accept' as const, set: {} }] : []),
      ],
    }))
}

function statementOf({ prefixes, communities, action, set }: PolicyStatement): Policy['statements'][number] {
  const { localPreference, med, prepend } = set
  return {
    match: {
      ...(prefixes === undefined
        ? {}
        : {
            prefixes: prefixes.map(({ prefix, ge, le }) => ({
              prefix: formatPrefix(prefix),
              ...(ge === undefined ? {} : { ge }),
              ...(le === undefined ? {} : { le }),
            })),
          }),
      ...(communities === undefined ? {} : { communities: [...communities] }),
    },
    action,
    set: {
      ...(localPreference === undefined ? {} : { localPreference }),
      ...(med === undefined ? {} : { med }),
      ...(prepend === undefined ? {} : { prepend }),
      ...(set.communities.length === 0 ? {} : { communities: [...set.communities] }),
    },
  }
}
