/**
 * What the control plane of each node is told (`contract/control-plane.ts`), from the layout alone.
 *
 * @module
 */
import type { EvpnNetwork, EvpnVrf, NodeControl } from '../../contract/control-plane.js'
import { idOf } from '../model/index.js'
import { formatIp, formatMac, isIpv6, type Ip } from '../packet/index.js'
import type { FabricIndex, NetworkInstance, NodeIndex, VrfInstance } from './fabric-index.js'
import { hostRoute, routedPrefixes } from './prefixes.js'
import { policiesOf, sessionsOf } from './sessions.js'
import { known } from './slots.js'

/** More than any node here has links to others of its tier. */
const MULTIPATH = 64

/** By node, in name order. */
export function nodeControls(index: FabricIndex): ReadonlyMap<string, NodeControl> {
  return new Map(index.nodes.map((node) => [node.name, nodeControl(index, node)]))
}

function nodeControl(index: FabricIndex, node: NodeIndex): NodeControl {
  const { holdTime, gracefulRestart } = index.fabric.underlay.bgp
  const sessions = sessionsOf(index, node)
  return {
    daemon: node.role === 'leaf' ? 'gobgp' : 'frr',
    asn: node.asn,
    routerId: routerIdOf(index, node.loopback),
    multipath: MULTIPATH,
    holdTime,
    originate: [hostRoute(node.loopback), ...underlayPrefixes(node)],
    sessions,
    policies: policiesOf(index, sessions),
    ...(gracefulRestart === undefined ? {} : { gracefulRestart }),
    ...(node.drain ? { gracefulShutdown: true as const } : {}),
    ...(node.role === 'leaf' ? { evpn: evpnOf(index, node) } : {}),
  }
}

/** Networks of VRF 0 on a node (TABLE-8). */
function underlayPrefixes(node: NodeIndex): readonly string[] {
  return node.networks.filter(({ vrf }) => vrf === 0).flatMap(({ network }) => routedPrefixes(network))
}

/** An IPv4 loopback; of an IPv6 one its place in the pool, which is not 0. */
function routerIdOf({ fabric }: FabricIndex, loopback: Ip): string {
  if (!isIpv6(loopback)) return formatIp(loopback)
  const base = fabric.underlay.loopbacks.address
  const place = Number((BigInt(loopback) - BigInt(base)) & 0xffff_ffffn)
  return [24, 16, 8, 0].map((shift) => (place >>> shift) & 0xff).join('.')
}

/** Sealed tunnels lead to one leaf each, which the compiler knows: EVPN is not told of their tenants (TABLE-9). */
function evpnOf(index: FabricIndex, node: NodeIndex): NonNullable<NodeControl['evpn']> {
  const sealed = new Set(index.fabric.tenants.flatMap(({ name, seal }) => (seal === undefined ? [] : [name])))
  return {
    vtep: formatIp(node.loopback),
    routerMac: formatMac(node.systemMac),
    networks: node.networks
      .filter(({ network }) => !sealed.has(network.tenant))
      .flatMap((instance) => networkOf(index, node, instance)),
    vrfs: node.vrfs
      .filter(({ tenant }) => !sealed.has(tenant.name))
      .flatMap((vrf) => vrfOf(index, node, vrf)),
  }
}

/** A network that is nowhere else is nobody's business, one in the underlay or anycast no route's of types 2 and 3 (EVPN-7, TABLE-8). */
function networkOf(index: FabricIndex, node: NodeIndex, instance: NetworkInstance): EvpnNetwork[] {
  const { network, ids, hasGateway, vrf, remotes } = instance
  const { vni } = network
  const routed = hasGateway && node.vrfs.some(({ id, layer3 }) => id === vrf && layer3 !== undefined)
  if (vni === undefined || (remotes.length === 0 && !routed)) return []
  const hosts = staticHosts(index, node, instance)
  return [
    {
      vni,
      bridge: ids.bridge,
      ...(remotes.length === 0 ? {} : { vxlan: ids.vxlan }),
      ...(hasGateway ? { irb: ids.irb, vrf } : {}),
      ...instanceIds(index, node, ids.bridge, vni),
      ...(hosts.length === 0 ? {} : { hosts }),
    },
  ]
}

/** Hosts that are announced whether they have spoken or not (EVPN-8). */
function staticHosts(
  { allocation }: FabricIndex,
  node: NodeIndex,
  { ids }: NetworkInstance,
): NonNullable<EvpnNetwork['hosts']> {
  return node.hosts
    .filter(({ host, bridge }) => host.static && bridge === ids.bridge)
    .map(({ host }) => ({
      mac: formatMac(known(allocation.hostMacs, idOf(host))),
      addresses: known(allocation.hostAddresses, idOf(host)).map(formatIp),
    }))
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
      prefixes: connected.flatMap(({ network }) => routedPrefixes(network)),
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
