/**
 * Who fills a node's tables: the compiler, from the layout alone, or behind the same interface the simulation of BGP.
 *
 * @module
 */
import type { NextHop, Route, Tables } from '../../contract/program.js'
import { compareNames, idOf } from '../model/index.js'
import { formatIp, formatMac, formatPrefix } from '../packet/index.js'
import {
  type Adjacency,
  type BridgeSet,
  type FabricIndex,
  type NetworkInstance,
  type NodeIndex,
  type VrfInstance,
} from './fabric-index.js'
import { hostRoute, routedPrefixes } from './prefixes.js'
import { membersOf, waysTo, type Ways } from './reach.js'
import { known } from './slots.js'
import type { TunnelEnd } from './tunnels.js'

export interface ControlPlane {
  /** The tables of each node, by name. */
  tables(index: FabricIndex): ReadonlyMap<string, Tables>
}

/**
 * What BGP with one AS for all spines comes to when everything is up: a leaf reaches another by every spine they share,
 * a tenant's prefix by every leaf that has it. Nothing says where hosts are, but for static ones: that is learned.
 */
export const staticControlPlane: ControlPlane = {
  tables: (index) => {
    const targets = underlayTargets(index)
    return new Map(index.nodes.map((node) => [node.name, tablesOf(index, node, targets)]))
  },
}

/** A prefix of VRF 0, and the ways to the nodes that have it. */
interface Target {
  readonly prefix: string
  readonly ways: Ways
}

/** Loopbacks in order of nodes, then networks in the underlay. */
function underlayTargets(index: FabricIndex): readonly Target[] {
  const loopbacks = index.nodes.map(({ name, loopback }) => ({
    prefix: hostRoute(loopback),
    ways: waysTo(index, new Set([name])),
  }))
  const networks = index.fabric.tenants
    .filter((tenant) => tenant.underlay)
    .flatMap((tenant) => tenant.networks)
    .flatMap((network) => {
      const ways = waysTo(index, new Set(network.gatewayNodes))
      return routedPrefixes(network).map((prefix) => ({ prefix, ways }))
    })
  return [...loopbacks, ...networks]
}

function tablesOf(index: FabricIndex, node: NodeIndex, targets: readonly Target[]): Tables {
  const groups = new Groups()
  const routes = [
    ...connectedRoutes(node),
    ...underlayRoutes(node, targets, groups),
    ...node.vrfs.flatMap((vrf) => [
      ...tenantRoutes(index, node, vrf, groups),
      ...transitRoutes(index, vrf, groups),
    ]),
  ]
  return {
    routes,
    groups: groups.all,
    neighbours: [...underlayNeighbours(node), ...node.vrfs.flatMap((vrf) => layer3Neighbours(index, vrf))],
    fdb: [
      ...node.networks.flatMap((instance) => gatewayEntries(index, instance)),
      ...node.networks.flatMap((instance) => staticEntries(index, node, instance)),
      ...node.vrfs.flatMap((vrf) => layer3Entries(index, vrf)),
    ],
    flood: node.networks.flatMap((instance) => floodList(index, instance)),
  }
}

/** Next-hop groups; routes with the same next hops share one. */
class Groups {
  readonly #ids = new Map<string, number>()
  readonly all: Tables['groups'] = []

  idOf(members: NextHop[]): number {
    const key = members.map(({ interface: id, gateway }) => `${id} ${gateway}`).join()
    const present = this.#ids.get(key)
    if (present !== undefined) return present
    const id = this.#ids.size + 1
    this.#ids.set(key, id)
    // A copy for each group: whoever changes one must not change another.
    this.all.push({ id, members: members.map((member) => ({ ...member })) })
    return id
  }
}

/** Links, and the node's own networks in the underlay. */
function connectedRoutes(node: NodeIndex): Route[] {
  const links = node.adjacencies.flatMap((adjacency): Route[] => {
    const { subnet } = adjacency
    return subnet === undefined
      ? []
      : [{ vrf: 0, prefix: formatPrefix(subnet), connected: adjacency.interface }]
  })
  const networks = node.networks
    .filter(({ vrf }) => vrf === 0)
    .flatMap(({ network, ids }) =>
      routedPrefixes(network).map((prefix): Route => ({ vrf: 0, prefix, connected: ids.irb })),
    )
  return [...links, ...networks]
}

function underlayRoutes(node: NodeIndex, targets: readonly Target[], groups: Groups): Route[] {
  // Most targets are behind the same links as others.
  const byHops = new Map<string, number>()
  const groupOf = (hops: readonly Adjacency[]): number => {
    const key = hops.map(({ number }) => number).join()
    const group = byHops.get(key) ?? groups.idOf(membersOf(node, hops))
    byHops.set(key, group)
    return group
  }
  return targets.flatMap(({ prefix, ways }): Route[] => {
    const hops = ways.get(node.name)
    return hops === undefined ? [] : [{ vrf: 0, prefix, group: groupOf(hops) }]
  })
}

function underlayNeighbours(node: NodeIndex): Tables['neighbours'] {
  return node.adjacencies.map((adjacency) => ({
    // What WireGuard sends goes to the peer's outer address, on the port; inside there is nobody to ask for (WG-23, WG-24).
    interface: adjacency.link.seal?.kind === 'wireguard' ? adjacency.port : adjacency.interface,
    address: formatIp(adjacency.peerAddress),
    mac: formatMac(adjacency.peerMac),
  }))
}

function tenantRoutes(index: FabricIndex, node: NodeIndex, vrf: VrfInstance, groups: Groups): Route[] {
  return vrf.tenant.networks.flatMap((network) => {
    const local = node.networks.find((instance) => instance.network === network)
    return network.subnets.flatMap(({ prefix, gateway }): Route[] => {
      if (gateway === undefined) return []
      const route = { vrf: vrf.id, prefix: formatPrefix(prefix) }
      if (local?.hasGateway === true) return [{ ...route, connected: local.ids.irb }]
      const { layer3, transit } = vrf
      if (layer3 === undefined) return []
      // Which of its peers a packet goes to its destination says (WG-24).
      if (transit !== undefined) return [{ ...route, group: groups.idOf([{ interface: transit.wireguard }]) }]
      // The next hop of an IPv6 prefix over an IPv4 underlay is an IPv4 address too: that of the VTEP.
      const members = network.gatewayNodes
        .toSorted(compareNames)
        .map((remote) => ({ interface: layer3.ids.irb, gateway: formatIp(index.node(remote).loopback) }))
      return [{ ...route, group: groups.idOf(members) }]
    })
  })
}

/** To the tenant's VTEPs, in the VRF of what WireGuard sends between them. */
function transitRoutes(
  index: FabricIndex,
  { remotes, layer3, transit }: VrfInstance,
  groups: Groups,
): Route[] {
  if (layer3 === undefined || transit === undefined) return []
  return remotes.map((name) => {
    const { loopback } = index.node(name)
    const members = [{ interface: layer3.ids.irb, gateway: formatIp(loopback) }]
    return { vrf: transit.vrf, prefix: hostRoute(loopback), group: groups.idOf(members) }
  })
}

function layer3Neighbours(index: FabricIndex, vrf: VrfInstance): Tables['neighbours'] {
  const { layer3 } = vrf
  if (layer3 === undefined) return []
  return vrf.remotes.map((name) => {
    const remote = index.node(name)
    return { interface: layer3.ids.irb, address: formatIp(remote.loopback), mac: formatMac(remote.systemMac) }
  })
}

function layer3Entries(index: FabricIndex, vrf: VrfInstance): Tables['fdb'] {
  const { layer3 } = vrf
  if (layer3 === undefined) return []
  return vrf.remotes.map((name) => ({
    bridge: layer3.ids.bridge,
    mac: formatMac(index.node(name).systemMac),
    ...behind(index, layer3.ids, vrf.tunnels, name),
  }))
}

/** Where another leaf is: behind the vxlan interface of all, or the sealed tunnel to it, which leads nowhere else. */
function behind(
  index: FabricIndex,
  ids: BridgeSet,
  tunnels: readonly TunnelEnd[],
  name: string,
): Pick<Tables['fdb'][number], 'interface' | 'remote'> {
  const tunnel = tunnels.find(({ peer }) => peer === name)
  if (tunnel !== undefined) return { interface: tunnel.macsec }
  return { interface: ids.vxlan, remote: formatIp(index.node(name).loopback) }
}

/** A network's only gateway, for the leaves that are not it. */
function gatewayEntries(
  index: FabricIndex,
  { network, ids, hasGateway, tunnels }: NetworkInstance,
): Tables['fdb'] {
  const [gateway, ...others] = network.gatewayNodes
  if (gateway === undefined || hasGateway || others.length > 0) return []
  return [
    {
      bridge: ids.bridge,
      mac: formatMac(known(index.allocation.gatewayMacs, idOf(network))),
      ...behind(index, ids, tunnels, gateway),
    },
  ]
}

/** Hosts whose MAC addresses are not learned: on their port here, or behind the VTEP of their leaf. */
function staticEntries(index: FabricIndex, node: NodeIndex, instance: NetworkInstance): Tables['fdb'] {
  const { network, ids, remotes, tunnels } = instance
  const tenant = index.fabric.tenants.find(({ name }) => name === network.tenant)
  const hosts = (tenant?.hosts ?? []).filter((host) => host.static && host.network === network.name)
  return hosts.flatMap((host): Tables['fdb'] => {
    const entry = { bridge: ids.bridge, mac: formatMac(known(index.allocation.hostMacs, idOf(host))) }
    const port = node.hosts.find((one) => one.host === host)
    if (port !== undefined) return [{ ...entry, interface: port.port }]
    if (!remotes.includes(host.node)) return []
    return [{ ...entry, ...behind(index, ids, tunnels, host.node) }]
  })
}

/** Sealed tunnels are flooded as members of their own (FLOOD-1). */
function floodList(index: FabricIndex, { ids, remotes, tunnels }: NetworkInstance): Tables['flood'] {
  if (remotes.length === 0 || tunnels.length > 0) return []
  return [{ interface: ids.vxlan, remotes: remotes.map((name) => formatIp(index.node(name).loopback)) }]
}
