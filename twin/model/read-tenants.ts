/**
 * `tenants`: networks and hosts.
 *
 * @module
 */
import { DEFAULT_MTU, type TenantEntry } from '../../contract/fabric.js'
import type { Context } from './context.js'
import type { FabricNode, Host, Network, Tenant } from './fabric.js'
import { compareNames, didYouMean } from './names.js'
import { readHostAddresses, readMac, rejectHostClashes, type Placement } from './read-hosts.js'
import { expandKey, reportTwice } from './read-nodes.js'
import { readSubnets } from './read-subnets.js'
import { IPV6_MIN_MTU } from './read-underlay.js'
import type { Path } from './tree.js'

/** More than the twin was made for. */
const MAX_HOSTS = 8192
/** Names that a node's program uses itself. */
const RESERVED_TENANTS: ReadonlySet<string> = new Set(['underlay'])

/** Tenants in name order, with networks and hosts in name order. */
export function readTenants(context: Context, nodes: readonly FabricNode[]): readonly Tenant[] {
  const room = { hosts: MAX_HOSTS }
  return Object.entries(context.file.tenants ?? {})
    .toSorted(([a], [b]) => compareNames(a, b))
    .map(([name, entry]) => readTenant(context, name, entry, nodes, room))
}

/** How many hosts may still come. */
interface Room {
  hosts: number
}

function readTenant(
  context: Context,
  name: string,
  entry: TenantEntry,
  nodes: readonly FabricNode[],
  room: Room,
): Tenant {
  if (RESERVED_TENANTS.has(name)) {
    context.badKey(
      'ZT_FABRIC_NAME_CLASH',
      ['tenants', name],
      `${name} is the name of the fabric's own VRF`,
      'choose another name',
    )
  }
  const placements = readPlacements(context, name, entry, nodes, room)
  const networks = Object.keys(entry.networks).map((network) =>
    readNetwork(context, name, network, entry, nodes, placements),
  )
  const hosts = readHosts(context, name, placements, networks)
  return {
    name,
    l3vni: entry.l3vni,
    networks: networks.toSorted((a, b) => compareNames(a.name, b.name)),
    hosts: hosts.toSorted((a, b) => compareNames(a.name, b.name)),
  }
}

function readPlacements(
  context: Context,
  tenant: string,
  entry: TenantEntry,
  nodes: readonly FabricNode[],
  room: Room,
): readonly Placement[] {
  const placements = new Map<string, Placement>()
  for (const [key, host] of Object.entries(entry.hosts ?? {})) {
    const path = ['tenants', tenant, 'hosts', key]
    checkLeaf(context, [...path, 'at'], host.at, nodes)
    checkNetworkName(context, [...path, 'network'], tenant, host.network, entry)
    const names = expandKey(context, path, key)
    if (names.length > 1 && (host.address !== undefined || host.mac !== undefined)) {
      context.bad(
        'ZT_FABRIC_ADDRESS_CLASH',
        [...path, host.address === undefined ? 'mac' : 'address'],
        `${names.length} hosts would share it`,
        'leave it out, or give each host its own entry',
      )
    }
    room.hosts -= names.length
    if (room.hosts < 0) {
      context.badKey(
        'ZT_FABRIC_TOO_MANY',
        path,
        `the fabric has more than ${MAX_HOSTS} hosts`,
        'describe fewer',
      )
      break
    }
    for (const name of names) {
      const first = placements.get(name)
      if (first !== undefined)
        reportTwice(context, 'ZT_FABRIC_NAME_CLASH', `the host ${name}`, path, first.path)
      else placements.set(name, { name, path, node: host.at, network: host.network, entry: host })
      if (Object.hasOwn(entry.networks, name)) {
        context.badKey(
          'ZT_FABRIC_NAME_CLASH',
          path,
          `${tenant}/${name} is a network; hosts and networks of a tenant share their names`,
          'choose another name',
          [{ at: context.keyAt(['tenants', tenant, 'networks', name]), message: 'the network' }],
        )
      }
    }
  }
  return [...placements.values()]
}

function checkLeaf(context: Context, path: Path, name: string, nodes: readonly FabricNode[]): void {
  const node = nodes.find((candidate) => candidate.name === name)
  if (node?.role === 'leaf' || (node === undefined && !context.isWhole('nodes'))) return
  const leaves = nodes.filter((candidate) => candidate.role === 'leaf').map((leaf) => leaf.name)
  if (node === undefined) {
    context.bad(
      'ZT_FABRIC_UNKNOWN_NAME',
      path,
      `${name} is no node of this fabric${didYouMean(name, leaves)}`,
      'write the name of a leaf',
    )
    return
  }
  context.bad('ZT_FABRIC_ROLE', path, `${name} is a spine; hosts hang on leaves`, 'write the name of a leaf')
}

function checkNetworkName(
  context: Context,
  path: Path,
  tenant: string,
  name: string,
  entry: TenantEntry,
): void {
  const names = Object.keys(entry.networks)
  if (names.includes(name) || !context.isWhole('tenants')) return
  context.bad(
    'ZT_FABRIC_UNKNOWN_NAME',
    path,
    `${name} is no network of ${tenant}${didYouMean(name, names)}`,
    names.length === 0
      ? `add it under tenants.${tenant}.networks`
      : `write ${names.slice(0, 8).join(' or ')}`,
  )
}

function readNetwork(
  context: Context,
  tenant: string,
  name: string,
  tenantEntry: TenantEntry,
  nodes: readonly FabricNode[],
  placements: readonly Placement[],
): Network {
  const path = ['tenants', tenant, 'networks', name]
  const entry = tenantEntry.networks[name]
  const leaves = nodes.filter((node) => node.role === 'leaf').map((node) => node.name)
  const hosts = placements.filter((host) => host.network === name)
  const inhabited = leaves.filter((leaf) => hosts.some((host) => host.node === leaf))
  const leafKind = { part: 'nodes', one: 'leaf' } as const
  const at = entry?.at === undefined ? inhabited : context.select(entry.at, [...path, 'at'], leaves, leafKind)
  if (entry?.at !== undefined) rejectHostsElsewhere(context, path, at, hosts, leaves)
  if (at.length === 0 && entry?.at === undefined && context.isWhole('tenants') && context.isWhole('nodes')) {
    context.badKey(
      'ZT_FABRIC_PLACE',
      path,
      `the network ${tenant}/${name} is on no leaf: it has no hosts and no at`,
      'add a host, say where it is with at, or take it out',
    )
  }
  const subnets = entry === undefined ? [] : readSubnets(context, path, entry)
  const routed = subnets.some((subnet) => subnet.gateway !== undefined)
  let gatewayNodes = routed ? at : []
  if (entry?.gatewayAt !== undefined) {
    const chosen = context.select(entry.gatewayAt, [...path, 'gatewayAt'], leaves, leafKind)
    rejectGatewayPlaces(context, path, routed, at, chosen)
    gatewayNodes = routed ? chosen : []
  }
  return {
    tenant,
    name,
    vni: entry?.vni ?? 0,
    vlan: entry?.vlan,
    mtu: entry?.mtu ?? DEFAULT_MTU,
    subnets,
    nodes: at,
    gatewayNodes,
  }
}

function rejectHostsElsewhere(
  context: Context,
  path: Path,
  at: readonly string[],
  hosts: readonly Placement[],
  leaves: readonly string[],
): void {
  for (const host of hosts) {
    if (at.includes(host.node) || !leaves.includes(host.node)) continue
    context.bad(
      'ZT_FABRIC_PLACE',
      [...host.path, 'at'],
      `${host.name} is on ${host.node}, where its network ${host.network} is not`,
      `add ${host.node} to the network's at, or move the host`,
      [{ at: context.valueAt([...path, 'at']), message: 'the network is here' }],
    )
  }
}

function rejectGatewayPlaces(
  context: Context,
  path: Path,
  routed: boolean,
  at: readonly string[],
  chosen: readonly string[],
): void {
  const here = [...path, 'gatewayAt']
  if (!routed) {
    context.bad(
      'ZT_FABRIC_PLACE',
      here,
      'the network has no gateways',
      'give it gateways, or take gatewayAt out',
    )
    return
  }
  const outside = chosen.find((leaf) => !at.includes(leaf))
  if (outside !== undefined) {
    context.bad(
      'ZT_FABRIC_PLACE',
      here,
      `the network is not on ${outside}`,
      'name leaves where the network is, or add to at',
    )
    return
  }
  // A leaf without the gateway cannot tell several apart by one anycast MAC: until EVPN tells it, frames to the
  // gateway would be flooded and routed twice.
  if (chosen.length > 1 && chosen.length < at.length) {
    context.bad(
      'ZT_FABRIC_UNSUPPORTED',
      here,
      'a gateway on several but not all leaves of its network is not supported yet',
      'name one leaf, or leave gatewayAt out to have it on all',
    )
  }
}

function readHosts(
  context: Context,
  tenant: string,
  placements: readonly Placement[],
  networks: readonly Network[],
): readonly Host[] {
  const hosts = placements.map((placement): Host & { readonly path: Path } => {
    const network = networks.find((candidate) => candidate.name === placement.network)
    const mtu = placement.entry.mtu ?? network?.mtu ?? DEFAULT_MTU
    if (network !== undefined && mtu > network.mtu) {
      context.bad(
        'ZT_FABRIC_MTU',
        [...placement.path, 'mtu'],
        `${placement.name} has an MTU of ${mtu}, its network ${network.name} one of ${network.mtu}`,
        `write at most ${network.mtu}, or raise the network's`,
      )
    }
    if (
      placement.entry.mtu !== undefined &&
      mtu < IPV6_MIN_MTU &&
      network?.subnets.some(({ prefix }) => prefix.family === 6) === true
    ) {
      context.bad(
        'ZT_FABRIC_MTU',
        [...placement.path, 'mtu'],
        `IPv6 needs an MTU of ${IPV6_MIN_MTU}, this is ${mtu}`,
        `write at least ${IPV6_MIN_MTU}`,
      )
    }
    return {
      tenant,
      name: placement.name,
      node: placement.node,
      network: placement.network,
      addresses: network === undefined ? [] : readHostAddresses(context, placement, network),
      mac: readMac(context, placement),
      mtu,
      path: placement.path,
    }
  })
  for (const network of networks) {
    const inhabitants = hosts.filter((host) => host.network === network.name)
    rejectHostClashes(context, ['tenants', tenant, 'networks', network.name], network, inhabitants)
  }
  return hosts.map(({ path: _, ...host }) => host)
}
