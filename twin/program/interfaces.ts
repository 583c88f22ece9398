/**
 * The static part of a node's program: its interfaces.
 *
 * @module
 */
import type { BridgeInterface, Interface, IrbInterface, VxlanInterface } from '../../contract/program.js'
import { idOf, macsecOverhead, sealOverhead, type Underlay } from '../model/index.js'
import { formatIp, formatMac } from '../packet/index.js'
import {
  LOOPBACK_ID,
  UNDERLAY_VRF,
  type Adjacency,
  type FabricIndex,
  type HostPort,
  type NetworkInstance,
  type NodeIndex,
  type VrfInstance,
} from './fabric-index.js'

import { known } from './slots.js'
import { linkMacsec, tunnelMacsec } from './macsec.js'
import { cidr, hostRoute } from './prefixes.js'
import { tenantWireguard, transitMtu } from './transit.js'
import type { TunnelEnd } from './tunnels.js'
import { wireguardInterface } from './wireguard.js'

/** 300 s: IEEE 802.1Q-2022 table 8-6, and Linux's bridge. */
const AGEING = 300_000_000_000
const FDB_LIMIT = 8192
/** 260 s: group membership interval (RFC 3376 section 8.4), multicast address listening interval (RFC 3810 section 9.4). */
const MEMBERSHIP_INTERVAL = 260_000_000_000
/** 1200 s: what a neighbour that says nothing may keep its binding (RFC 826 leaves it open). */
const NEIGHBOUR_LIFETIME = 1_200_000_000_000
const NEIGHBOUR_LIMIT = 4096
/** IANA (RFC 7348 section 5). */
const VXLAN_PORT = 4789
const VXLAN_TTL = 64

/** All interfaces of a node, ascending by id. */
export function interfacesOf(index: FabricIndex, node: NodeIndex): readonly Interface[] {
  const { underlay } = index.fabric
  return [
    ...node.adjacencies.flatMap((adjacency) => linkInterfaces(node, adjacency, underlay)),
    ...node.hosts.map(hostPortInterface),
    loopbackInterface(node),
    ...node.networks.flatMap((instance) => networkInterfaces(index, node, instance)),
    ...node.vrfs.flatMap((vrf) => layer3Interfaces(index, node, vrf)),
  ].toSorted((a, b) => a.id - b.id)
}

function linkInterfaces(node: NodeIndex, adjacency: Adjacency, underlay: Underlay): readonly Interface[] {
  const { link, number, mac } = adjacency
  const port = {
    id: adjacency.port,
    name: `eth${number}`,
    kind: 'port',
    mac: formatMac(mac),
    tap: true,
  } as const
  const { subnet } = adjacency
  const addresses = subnet === undefined ? [] : [cidr(adjacency.address, subnet)]
  if (link.seal === undefined) {
    const punt = link.punt === 'xdp' ? ({ punt: 'xdp' } as const) : {}
    return [{ ...port, vrf: UNDERLAY_VRF, mtu: underlay.mtu, addresses, ...punt }]
  }
  const { seal } = link
  return [
    { ...port, mtu: underlay.mtu + sealOverhead(underlay, seal), addresses: [] },
    seal.kind === 'macsec'
      ? linkMacsec(node, adjacency, seal, underlay.mtu, addresses)
      : wireguardInterface(node, adjacency, seal, underlay.mtu, addresses),
  ]
}

function hostPortInterface(host: HostPort): Interface {
  return {
    id: host.port,
    name: `eth${host.number}`,
    kind: 'port',
    bridge: host.bridge,
    mac: formatMac(host.mac),
    mtu: host.mtu,
    addresses: [],
    tap: false,
  }
}

function loopbackInterface(node: NodeIndex): Interface {
  const { loopback } = node
  const addresses = [hostRoute(loopback)]
  return { id: LOOPBACK_ID, name: 'lo', kind: 'loopback', vrf: UNDERLAY_VRF, addresses }
}

function networkInterfaces(
  index: FabricIndex,
  node: NodeIndex,
  instance: NetworkInstance,
): readonly Interface[] {
  const { network, ids, remotes } = instance
  const suffix = network.vni === undefined ? `-${ids.bridge}` : String(network.vni)
  const interfaces: Interface[] = [
    {
      ...bridgeInterface(ids.bridge, suffix),
      ...(network.macLimit === undefined ? {} : { fdbLimit: network.macLimit }),
      ...(network.snooping ? { snooping: MEMBERSHIP_INTERVAL } : {}),
    },
  ]
  for (const tunnel of instance.tunnels)
    interfaces.push(...tunnelOf(index, node, tunnel, ids.bridge, network.mtu))
  if (network.vni !== undefined && remotes.length > 0 && instance.tunnels.length === 0) {
    interfaces.push({
      ...vxlanInterface(index, node, ids.vxlan, network.vni, remotes),
      bridge: ids.bridge,
      mtu: network.mtu,
      // Where EVPN says who is where, what comes through a tunnel teaches nothing.
      learning: index.fabric.underlay.control === 'static',
    })
  }
  if (instance.hasGateway) {
    interfaces.push({
      ...irbInterface(node, ids.irb, suffix),
      bridge: ids.bridge,
      vrf: instance.vrf,
      mac: formatMac(known(index.allocation.gatewayMacs, idOf(network))),
      addresses: network.subnets.flatMap(({ prefix, gateway }) =>
        gateway === undefined ? [] : cidr(gateway, prefix),
      ),
      mtu: network.mtu,
      suppress: true,
    })
  }
  return interfaces
}

/** An L3 VNI: a bridge on which only the leaves' system MACs live. Its IRB is in the tenant's VRF, or in that of what is sealed by WireGuard. */
function layer3Interfaces(index: FabricIndex, node: NodeIndex, vrf: VrfInstance): readonly Interface[] {
  if (vrf.layer3 === undefined) return []
  const { vni, ids } = vrf.layer3
  const { tunnels, transit } = vrf
  const mtu = transit === undefined ? vrf.layer3.mtu : transitMtu(index, vrf.layer3.mtu, transit)
  const ways: readonly Interface[] =
    tunnels.length > 0
      ? tunnels.flatMap((tunnel) => tunnelOf(index, node, tunnel, ids.bridge, mtu))
      : [
          {
            ...vxlanInterface(index, node, ids.vxlan, vni, vrf.remotes),
            bridge: ids.bridge,
            mtu,
            learning: false,
          },
        ]
  return [
    bridgeInterface(ids.bridge, String(vni)),
    ...ways,
    {
      ...irbInterface(node, ids.irb, String(vni)),
      bridge: ids.bridge,
      vrf: transit?.vrf ?? vrf.id,
      mac: formatMac(node.systemMac),
      addresses: transit === undefined ? [] : [hostRoute(node.loopback)],
      mtu,
      suppress: false,
    },
    ...(transit === undefined ? [] : [tenantWireguard(index, node, vrf, vrf.layer3, transit)]),
  ]
}

/** @param suffix its VNI, or a hyphen and its id where it has none */
function bridgeInterface(id: number, suffix: string): BridgeInterface {
  return { id, name: `br${suffix}`, kind: 'bridge', ageing: AGEING, fdbLimit: FDB_LIMIT }
}

function vxlanInterface(
  index: FabricIndex,
  node: NodeIndex,
  id: number,
  vni: number,
  remotes: readonly string[],
): Omit<VxlanInterface, 'bridge' | 'mtu' | 'learning'> {
  return {
    id,
    name: `vxlan${vni}`,
    kind: 'vxlan',
    vni,
    underlayVrf: UNDERLAY_VRF,
    local: formatIp(node.loopback),
    port: VXLAN_PORT,
    ttl: VXLAN_TTL,
    dscp: 0,
    df: true,
    // RFC 7348 section 5 over IPv4; RFC 8200 section 8.1 over IPv6.
    udpChecksum: index.fabric.underlay.family === 6 ? 'compute' : 'zero',
    remotes: remotes.map((name) => formatIp(index.node(name).loopback)),
  }
}

function tunnelOf(
  index: FabricIndex,
  node: NodeIndex,
  tunnel: TunnelEnd,
  bridge: number,
  mtu: number,
): readonly Interface[] {
  const { vni, vxlan } = tunnel
  return [
    {
      ...vxlanInterface(index, node, vxlan, vni, [tunnel.peer]),
      mtu: mtu + macsecOverhead(tunnel.seal),
      learning: false,
    },
    tunnelMacsec(tunnel, bridge, mtu),
  ]
}

function irbInterface(
  node: NodeIndex,
  id: number,
  suffix: string,
): Omit<IrbInterface, 'bridge' | 'vrf' | 'mac' | 'addresses' | 'mtu' | 'suppress'> {
  return {
    id,
    name: `irb${suffix}`,
    kind: 'irb',
    systemMac: formatMac(node.systemMac),
    neighbourLifetime: NEIGHBOUR_LIFETIME,
    neighbourLimit: NEIGHBOUR_LIMIT,
  }
}
