/**
 * A fabric laid out on its nodes: which interfaces there are, what they lead to, which addresses they have. This is what a
 * control plane works on, and what it does not change.
 *
 * @module
 */
import {
  compareNames,
  idOf,
  vrfNodesOf,
  type Fabric,
  type FabricLink,
  type Host,
  type Network,
  type Role,
  type Tenant,
  type WireguardSeal,
} from '../model/index.js'
import type { Ip, Mac, Prefix } from '../packet/index.js'
import { allocate, portKey, type Allocation } from './allocation.js'
import { known } from './slots.js'
import { layTunnels, type TunnelEnd, type Tunnels } from './tunnels.js'

export interface FabricIndex {
  readonly fabric: Fabric
  /** In name order. */
  readonly nodes: readonly NodeIndex[]
  readonly node: (name: string) => NodeIndex
  readonly allocation: Allocation
}

export interface NodeIndex {
  readonly name: string
  /** A gateway is a leaf here. */
  readonly role: 'spine' | 'leaf' | 'router'
  readonly asn: number
  /** Of its own AS, who is a client of its reflection (RFC 4456): spines have their leaves, routers that reflect all their peers. */
  readonly reflects: 'nothing' | 'to leaves' | 'to all'
  readonly drain: boolean
  /** Also the address of its VTEP. */
  readonly loopback: Ip
  /** Of all its IRBs. */
  readonly systemMac: Mac
  /** In order of link ids. */
  readonly adjacencies: readonly Adjacency[]
  readonly hosts: readonly HostPort[]
  readonly networks: readonly NetworkInstance[]
  readonly vrfs: readonly VrfInstance[]
}

/** This node's end of a fabric link. */
export interface Adjacency {
  readonly link: FabricLink
  /** Interface id of the port. */
  readonly port: number
  /** Number of the port: `eth1` is 1. */
  readonly number: number
  /** Interface id of what is routed: the port, or the macsec or wireguard interface on it. */
  readonly interface: number
  readonly mac: Mac
  /** Link-local where links are unnumbered. */
  readonly address: Ip
  /** Absent where links are unnumbered. */
  readonly subnet: Prefix | undefined
  readonly peer: string
  readonly peerMac: Mac
  readonly peerAddress: Ip
}

export interface HostPort {
  readonly host: Host
  readonly port: number
  readonly number: number
  readonly mac: Mac
  readonly bridge: number
  readonly mtu: number
}

/** Interface ids of a bridge and what belongs to it. */
export interface BridgeSet {
  readonly bridge: number
  readonly vxlan: number
  readonly irb: number
}

/** A network on a node. */
export interface NetworkInstance {
  readonly network: Network
  readonly ids: BridgeSet
  /** Of its tenant; 0, the fabric's own, for tenants in the underlay. */
  readonly vrf: number
  readonly hasGateway: boolean
  /** Other nodes over which it is stretched; there is a vxlan interface if there are any, or a sealed tunnel to each. */
  readonly remotes: readonly string[]
  /** Of a tenant sealed by MACsec, one for each remote. */
  readonly tunnels: readonly TunnelEnd[]
}

/** A tenant's VRF on a node. */
export interface VrfInstance {
  readonly tenant: Tenant
  readonly id: number
  /** Of the L3 VNI, when other nodes have the VRF too. */
  readonly layer3: { readonly vni: number; readonly ids: BridgeSet; readonly mtu: number } | undefined
  /** Other nodes with the VRF. */
  readonly remotes: readonly string[]
  /** Of a tenant sealed by MACsec, one for each remote. */
  readonly tunnels: readonly TunnelEnd[]
  /** Of a tenant sealed by WireGuard: its L3 VNI is in a VRF of its own. */
  readonly transit: Transit | undefined
}

/** Where the packets of a tenant's wireguard interface are routed from leaf to leaf. */
export interface Transit {
  readonly seal: WireguardSeal
  readonly vrf: number
  /** Interface id. */
  readonly wireguard: number
}

export const UNDERLAY_VRF = 0
/** Behind those of tenants. */
const FIRST_TRANSIT_VRF = 1001
/** Interface ids: one block for each kind, so that what is added does not renumber what is there. */
const FIRST_SEAL = 5000
const FIRST_NETWORK = 10000
const FIRST_LAYER3 = 30000
export const LOOPBACK_ID = 9999

export function indexFabric(fabric: Fabric): FabricIndex {
  const allocation = allocate(fabric)
  const tunnels = layTunnels(fabric, allocation)
  const networkIds = new Map(
    fabric.tenants
      .flatMap((tenant) => tenant.networks)
      .map((network, k) => [idOf(network), bridgeSet(FIRST_NETWORK, k)]),
  )
  const nodes = fabric.nodes.map(({ name, role, reflector, drain }): NodeIndex => {
    const links = fabric.links.filter((link) => link.ends.includes(name))
    const hosts = fabric.tenants
      .flatMap((tenant) => tenant.hosts.map((host) => ({ host, tenant })))
      .filter(({ host }) => host.node === name)
    return {
      name,
      role: role === 'gateway' ? 'leaf' : role,
      asn: known(allocation.asns, name),
      reflects: reflector ? 'to all' : isSpineOfOneAs(fabric, role) ? 'to leaves' : 'nothing',
      drain,
      loopback: known(allocation.loopbacks, name),
      systemMac: known(allocation.systemMacs, name),
      adjacencies: links.map((link, i) => adjacency(allocation, link, name, i + 1)),
      hosts: hosts.map(({ host, tenant }, i) => {
        const network = tenant.networks.find((candidate) => candidate.name === host.network)
        return hostPort(allocation, networkIds, host, network, links.length + i + 1)
      }),
      networks: fabric.tenants.flatMap((tenant, t) =>
        networksOn(name, tenant, tenant.underlay ? 0 : t + 1, networkIds, tunnels),
      ),
      vrfs: fabric.tenants.flatMap((tenant, t) => vrfOn(name, tenant, t, tunnels) ?? []),
    }
  })
  const byName = new Map(nodes.map((node) => [node.name, node]))
  return { fabric, nodes, node: (name) => known(byName, name), allocation }
}

function isSpineOfOneAs({ underlay }: Fabric, role: Role): boolean {
  return role === 'spine' && underlay.bgp.as !== undefined
}

function bridgeSet(first: number, k: number): BridgeSet {
  return { bridge: first + 4 * k, vxlan: first + 4 * k + 1, irb: first + 4 * k + 2 }
}

function adjacency(allocation: Allocation, link: FabricLink, node: string, number: number): Adjacency {
  const { prefix, addresses } = known(allocation.links, link.id)
  const [a, b] = link.ends
  const isFirst = a === node
  const peer = isFirst ? b : a
  return {
    link,
    port: number,
    number,
    interface: link.seal === undefined ? number : FIRST_SEAL + number,
    mac: known(allocation.portMacs, portKey(node, link.id)),
    address: addresses[isFirst ? 0 : 1],
    subnet: prefix,
    peer,
    peerMac: known(allocation.portMacs, portKey(peer, link.id)),
    peerAddress: addresses[isFirst ? 1 : 0],
  }
}

function hostPort(
  allocation: Allocation,
  networkIds: ReadonlyMap<string, BridgeSet>,
  host: Host,
  network: Network | undefined,
  number: number,
): HostPort {
  return {
    host,
    port: number,
    number,
    mac: known(allocation.portMacs, portKey(host.node, idOf(host))),
    bridge: known(networkIds, `${host.tenant}/${host.network}`).bridge,
    mtu: network?.mtu ?? host.mtu,
  }
}

function networksOn(
  node: string,
  tenant: Tenant,
  vrf: number,
  networkIds: ReadonlyMap<string, BridgeSet>,
  tunnels: Tunnels,
): readonly NetworkInstance[] {
  return tenant.networks
    .filter((network) => network.nodes.includes(node))
    .map((network) => ({
      network,
      ids: known(networkIds, idOf(network)),
      vrf,
      hasGateway: network.gatewayNodes.includes(node),
      remotes:
        network.vni === undefined
          ? []
          : network.nodes.filter((other) => other !== node).toSorted(compareNames),
      tunnels: tunnels.of(node, tenant, network),
    }))
}

function vrfOn(node: string, tenant: Tenant, tenantIndex: number, tunnels: Tunnels): VrfInstance | undefined {
  const places = vrfNodesOf(tenant)
  if (!places.includes(node)) return undefined
  const remotes = places.filter((other) => other !== node).toSorted(compareNames)
  const mtus = tenant.networks
    .filter((network) => network.gatewayNodes.length > 0)
    .map((network) => network.mtu)
  const ids = bridgeSet(FIRST_LAYER3, tenantIndex)
  const layer3 =
    tenant.l3vni === undefined || remotes.length === 0
      ? undefined
      : { vni: tenant.l3vni, ids, mtu: Math.max(...mtus) }
  return {
    tenant,
    id: tenantIndex + 1,
    remotes,
    layer3,
    tunnels: tunnels.of(node, tenant, undefined),
    transit:
      layer3 === undefined || tenant.seal?.kind !== 'wireguard'
        ? undefined
        : { seal: tenant.seal, vrf: FIRST_TRANSIT_VRF + tenantIndex, wireguard: ids.bridge + 3 },
  }
}
