/**
 * What the control plane of each node is told (`contract/control-plane.ts`), from the layout alone.
 *
 * @module
 */
import type { BgpSession, EvpnNetwork, EvpnVrf, NodeControl } from '../../contract/control-plane.js'
import { formatIp, formatMac, formatPrefix, isIpv6, type Ip } from '../packet/index.js'
import type { FabricIndex, NetworkInstance, NodeIndex, VrfInstance } from './fabric-index.js'
import { hostRoute } from './interfaces.js'

/** More than any node here has links to others of its tier. */
const MULTIPATH = 64
/** s; three keepalives. A link that goes down is told at once, this is for peers that hang. */
const HOLD_TIME = 9

/** By node, in name order. */
export function nodeControls(index: FabricIndex): ReadonlyMap<string, NodeControl> {
  return new Map(index.nodes.map((node) => [node.name, nodeControl(index, node)]))
}

function nodeControl(index: FabricIndex, node: NodeIndex): NodeControl {
  return {
    daemon: node.role === 'spine' ? 'frr' : 'gobgp',
    asn: node.asn,
    routerId: routerIdOf(index, node.loopback),
    multipath: MULTIPATH,
    holdTime: HOLD_TIME,
    originate: [hostRoute(node.loopback)],
    sessions: sessionsOf(index, node),
    policies: [],
    ...(node.role === 'leaf' ? { evpn: evpnOf(index, node) } : {}),
  }
}

/** An IPv4 loopback; of an IPv6 one its place in the pool, which is not 0. */
function routerIdOf({ fabric }: FabricIndex, loopback: Ip): string {
  if (!isIpv6(loopback)) return formatIp(loopback)
  const base = fabric.underlay.loopbacks.address
  const place = Number((BigInt(loopback) - BigInt(base)) & 0xffff_ffffn)
  return [24, 16, 8, 0].map((shift) => (place >>> shift) & 0xff).join('.')
}

function sessionsOf(index: FabricIndex, node: NodeIndex): BgpSession[] {
  return node.adjacencies.map((adjacency) => ({
    peer: adjacency.peer,
    link: adjacency.link.id,
    interface: adjacency.interface,
    port: `eth${adjacency.number}`,
    local: formatIp(adjacency.address),
    remote: formatIp(adjacency.peerAddress),
    remoteAsn: index.node(adjacency.peer).asn,
    families: [isIpv6(adjacency.address) ? 'ipv6' : 'ipv4', 'evpn'],
  }))
}

function evpnOf(index: FabricIndex, node: NodeIndex): NonNullable<NodeControl['evpn']> {
  return {
    vtep: formatIp(node.loopback),
    routerMac: formatMac(node.systemMac),
    networks: node.networks.flatMap((instance) => networkOf(index, node, instance)),
    vrfs: node.vrfs.flatMap((vrf) => vrfOf(index, node, vrf)),
  }
}

/** A network that is nowhere else is nobody's business. */
function networkOf(index: FabricIndex, node: NodeIndex, instance: NetworkInstance): EvpnNetwork[] {
  const { network, ids, hasGateway, vrf, remotes } = instance
  const routed = hasGateway && node.vrfs.some(({ id, layer3 }) => id === vrf && layer3 !== undefined)
  if (remotes.length === 0 && !routed) return []
  return [
    {
      vni: network.vni,
      bridge: ids.bridge,
      ...(remotes.length === 0 ? {} : { vxlan: ids.vxlan }),
      ...(hasGateway ? { irb: ids.irb, vrf } : {}),
      ...instanceIds(index, node, ids.bridge, network.vni),
    },
  ]
}

function vrfOf(index: FabricIndex, node: NodeIndex, { tenant, id, layer3 }: VrfInstance): EvpnVrf[] {
  if (layer3 === undefined) return []
  const { vni, ids } = layer3
  const connected = node.networks.filter(({ vrf, hasGateway }) => vrf === id && hasGateway)
  return [
    {
      vrf: id,
      name: tenant.name,
      vni,
      ...ids,
      ...instanceIds(index, node, ids.bridge, vni),
      prefixes: connected
        .flatMap(({ network }) => network.subnets)
        .flatMap(({ prefix, gateway }) => (gateway === undefined ? [] : [formatPrefix(prefix)])),
    },
  ]
}

/** The bridge's id tells a node's instances apart; the target is the fabric's: the spines' AS number, its low half if it is long, and the VNI. */
function instanceIds({ fabric, ...index }: FabricIndex, node: NodeIndex, bridge: number, vni: number) {
  const administrator = fabric.underlay.bgp.spines & 0xffff || 65000
  return {
    rd: `${routerIdOf({ fabric, ...index }, node.loopback)}:${bridge}`,
    target: `${administrator}:${vni}`,
  }
}
