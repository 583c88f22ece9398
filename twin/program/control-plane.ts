/**
 * Who fills a node's tables. Today that is the compiler, from the layout alone; the BGP simulation will take over behind the
 * same interface.
 *
 * @module
 */
import type { NextHop, Route, Tables } from '../../contract/program.js'
import { compareNames, idOf } from '../model/index.js'
import { formatIp, formatMac, formatPrefix } from '../packet/index.js'
import { type FabricIndex, type NetworkInstance, type NodeIndex, type VrfInstance } from './fabric-index.js'
import { hostRoute } from './interfaces.js'
import { known } from './slots.js'

export interface ControlPlane {
  /** The tables of each node, by name. */
  tables(index: FabricIndex): ReadonlyMap<string, Tables>
}

/**
 * What eBGP with one AS for all spines comes to when everything is up: a leaf reaches another by every spine they share,
 * a tenant's prefix by every leaf that has it. Nothing says where hosts are: that is learned.
 */
export const staticControlPlane: ControlPlane = {
  tables: (index) => {
    const peers = new Map(
      index.nodes.map((node) => [node.name, new Set(node.adjacencies.map(({ peer }) => peer))]),
    )
    return new Map(index.nodes.map((node) => [node.name, tablesOf(index, node, peers)]))
  },
}

/** By node, the nodes that it has links to. */
type Peers = ReadonlyMap<string, ReadonlySet<string>>

function tablesOf(index: FabricIndex, node: NodeIndex, peers: Peers): Tables {
  const groups = new Groups()
  const routes = [
    ...underlayRoutes(index, node, peers, groups),
    ...node.vrfs.flatMap((vrf) => tenantRoutes(index, node, vrf, groups)),
  ]
  return {
    routes,
    groups: groups.all,
    neighbours: [...underlayNeighbours(node), ...node.vrfs.flatMap((vrf) => layer3Neighbours(index, vrf))],
    fdb: [
      ...node.networks.flatMap((instance) => gatewayEntries(index, instance)),
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

function underlayRoutes(index: FabricIndex, node: NodeIndex, peers: Peers, groups: Groups): Route[] {
  const connected = node.adjacencies.map((adjacency): Route => ({
    vrf: 0,
    prefix: formatPrefix(adjacency.subnet),
    connected: adjacency.interface,
  }))
  const hops = node.adjacencies.map((adjacency) => ({
    peer: adjacency.peer,
    beyond: known(peers, adjacency.peer),
    member: { interface: adjacency.interface, gateway: formatIp(adjacency.peerAddress) },
  }))
  const loopbacks = index.nodes.flatMap((target): Route[] => {
    if (target === node) return []
    // Spines share an AS number, so a route passes one spine at most: only between leaves.
    const between = node.role === 'leaf' && target.role === 'leaf'
    const members = hops
      .filter(({ peer, beyond }) => peer === target.name || (between && beyond.has(target.name)))
      .map(({ member }) => member)
    if (members.length === 0) return []
    return [{ vrf: 0, prefix: hostRoute(target.loopback), group: groups.idOf(members) }]
  })
  return [...connected, ...loopbacks]
}

function underlayNeighbours(node: NodeIndex): Tables['neighbours'] {
  return node.adjacencies.map((adjacency) => ({
    interface: adjacency.interface,
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
      const { layer3 } = vrf
      if (layer3 === undefined) return []
      // The next hop of an IPv6 prefix over an IPv4 underlay is an IPv4 address too: that of the VTEP.
      const members = network.gatewayNodes
        .toSorted(compareNames)
        .map((remote) => ({ interface: layer3.ids.irb, gateway: formatIp(index.node(remote).loopback) }))
      return [{ ...route, group: groups.idOf(members) }]
    })
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
  return vrf.remotes.map((name) => {
    const remote = index.node(name)
    return {
      bridge: layer3.ids.bridge,
      mac: formatMac(remote.systemMac),
      interface: layer3.ids.vxlan,
      remote: formatIp(remote.loopback),
    }
  })
}

/** A network's only gateway, for the leaves that are not it. */
function gatewayEntries(index: FabricIndex, { network, ids, hasGateway }: NetworkInstance): Tables['fdb'] {
  const [gateway, ...others] = network.gatewayNodes
  if (gateway === undefined || hasGateway || others.length > 0) return []
  return [
    {
      bridge: ids.bridge,
      mac: formatMac(known(index.allocation.gatewayMacs, idOf(network))),
      interface: ids.vxlan,
      remote: formatIp(index.node(gateway).loopback),
    },
  ]
}

function floodList(index: FabricIndex, { ids, remotes }: NetworkInstance): Tables['flood'] {
  if (remotes.length === 0) return []
  return [{ interface: ids.vxlan, remotes: remotes.map((name) => formatIp(index.node(name).loopback)) }]
}
