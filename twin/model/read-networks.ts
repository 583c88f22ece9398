/**
 * Networks of a tenant: where they are, and who routes for them.
 *
 * @module
 */
import { DEFAULT_MTU, type NetworkEntry, type TenantEntry } from '../../contract/fabric.js'
import type { Context } from './context.js'
import type { FabricNode, Network, Role } from './fabric.js'
import type { Placement } from './read-hosts.js'
import { readSubnets } from './read-subnets.js'
import { formatPath, type Path } from './tree.js'

/** Where networks of a tenant can be. */
const PLACES: Readonly<Record<'tenant' | 'underlay', readonly Role[]>> = {
  tenant: ['leaf', 'gateway'],
  underlay: ['leaf', 'router'],
}

/** What a network is made from besides its own entry. */
interface Surroundings {
  readonly tenant: string
  readonly tenantEntry: TenantEntry
  readonly nodes: readonly FabricNode[]
  readonly placements: readonly Placement[]
}

export function readNetwork(context: Context, name: string, around: Surroundings): Network {
  const { tenant, tenantEntry } = around
  const path = ['tenants', tenant, 'networks', name]
  const entry: NetworkEntry = tenantEntry.networks[name] ?? {}
  const underlay = tenantEntry.vrf === 'underlay'
  const subnets = readSubnets(context, path, entry)
  const routed = subnets.some((subnet) => subnet.gateway !== undefined)
  const { nodes, gatewayNodes } = readPlaces(context, path, name, entry, routed, around)
  const stretches = !underlay && entry.anycast !== true
  if (stretches) requireVni(context, path, entry)
  else rejectStretching(context, path, entry, underlay, nodes, routed)
  return {
    tenant,
    name,
    vni: stretches ? (entry.vni ?? 0) : undefined,
    vlan: entry.vlan,
    mtu: entry.mtu ?? DEFAULT_MTU,
    anycast: entry.anycast ?? false,
    macLimit: entry.macLimit,
    snooping: entry.snooping ?? false,
    subnets,
    nodes,
    gatewayNodes,
  }
}

function requireVni(context: Context, path: Path, entry: NetworkEntry): void {
  const { problems } = context
  if (entry.vni !== undefined || problems.has(formatPath(path)) || problems.hasInside(formatPath(path)))
    return
  context.badKey(
    'ZT_FABRIC_MISSING_KEY',
    path,
    `${formatPath(path)} has no vni`,
    'give a VXLAN network identifier, such as vni: 10010',
  )
}

/** What makes no sense where a network is not stretched over its nodes. */
function rejectStretching(
  context: Context,
  path: Path,
  entry: NetworkEntry,
  underlay: boolean,
  nodes: readonly string[],
  routed: boolean,
): void {
  const what = underlay ? 'a network in the underlay' : 'an anycast network'
  if (entry.vni !== undefined) {
    context.bad(
      'ZT_FABRIC_PLACE',
      [...path, 'vni'],
      `${what} is not stretched over its nodes, and has no VNI`,
      'leave vni out',
    )
  }
  if (entry.gatewayAt !== undefined) {
    context.bad(
      'ZT_FABRIC_PLACE',
      [...path, 'gatewayAt'],
      `${what} has a gateway on each of its nodes`,
      'leave gatewayAt out',
    )
  }
  if (!routed && !context.problems.hasInside(formatPath(path)) && entry.subnet !== undefined) {
    context.badKey(
      'ZT_FABRIC_PLACE',
      path,
      `${what} is reached by routes, and this one has no gateways`,
      'give gateways: [10.1.0.1/24]',
    )
  }
  if (underlay && entry.anycast !== true && nodes.length > 1) {
    context.badKey(
      'ZT_FABRIC_PLACE',
      path,
      `${path.slice(1, 2).join('')}/${path.slice(3).join('')} is on ${nodes.slice(0, 4).join(' and ')}, and nothing stretches a network in the underlay`,
      'give it anycast: true, or a network of its own on each node',
    )
  }
}

function readPlaces(
  context: Context,
  path: Path,
  name: string,
  entry: NetworkEntry,
  routed: boolean,
  { tenant, tenantEntry, nodes, placements }: Surroundings,
): Pick<Network, 'nodes' | 'gatewayNodes'> {
  const underlay = tenantEntry.vrf === 'underlay'
  const roles = PLACES[underlay ? 'underlay' : 'tenant']
  const places = nodes.filter(({ role }) => roles.includes(role)).map((node) => node.name)
  const kind = { part: 'nodes', one: underlay ? 'leaf or router' : 'leaf' } as const
  const hosts = placements.filter((host) => host.network === name)
  const inhabited = new Set(hosts.map((host) => host.node))
  const chosen =
    entry.gatewayAt === undefined
      ? undefined
      : context.select(entry.gatewayAt, [...path, 'gatewayAt'], places, kind)
  const isGateway = (place: string): boolean =>
    nodes.some((node) => node.name === place && node.role === 'gateway')
  // A gateway that routes for a network has it, though nobody lives there.
  const visited = places.filter(
    (place) => inhabited.has(place) || (chosen?.includes(place) === true && isGateway(place)),
  )
  const at = entry.at === undefined ? visited : context.select(entry.at, [...path, 'at'], places, kind)
  if (entry.at !== undefined) rejectHostsElsewhere(context, path, at, hosts, places)
  if (at.length === 0 && entry.at === undefined && context.isWhole('tenants') && context.isWhole('nodes')) {
    context.badKey(
      'ZT_FABRIC_PLACE',
      path,
      `the network ${tenant}/${name} is on no ${kind.one}: it has no hosts and no at`,
      'add a host, say where it is with at, or take it out',
    )
  }
  if (chosen === undefined) return { nodes: at, gatewayNodes: routed ? at : [] }
  rejectGatewayPlaces(context, path, routed, at, chosen)
  return { nodes: at, gatewayNodes: routed ? chosen : [] }
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
