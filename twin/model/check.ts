/**
 * What only shows when the parts of a fabric are seen together: clashes across tenants, MTU chains, pools that are too
 * small, leaves that cannot hear each other.
 *
 * @module
 */
import { formatPrefix, prefixCovers, type Prefix } from '../packet/index.js'
import { capacityOf } from './addresses.js'
import { count, type Claim, type Context } from './context.js'
import {
  idOf,
  isLeaf,
  type FabricLink,
  type FabricNode,
  type Network,
  type NumberRange,
  type Tenant,
  type Underlay,
} from './fabric.js'
import { checkTenantSeals } from './check-seals.js'
import { sealOverhead, tenantLayers } from './overhead.js'
import { carriedFamilies } from './read-policies.js'
import { compareSpans } from './source.js'
import type { Path } from './tree.js'
import { vrfNodesOf } from './tunnels.js'

/** Largest MTU of a port, by the NodeProgram. */
const MAX_PORT_MTU = 9216

export interface Parts {
  readonly underlay: Underlay
  readonly nodes: readonly FabricNode[]
  readonly links: readonly FabricLink[]
  readonly tenants: readonly Tenant[]
  readonly tunnelVnis: NumberRange
}

/** More than the twin was made for, and than a program has interface ids for. */
const MAX_TENANTS = 256
const MAX_NETWORKS = 4096
const MAX_PORTS = 4096

export function checkWhole(context: Context, parts: Parts): void {
  checkSizes(context, parts)
  checkPools(context, parts)
  checkPortMtu(context, parts)
  checkVnis(context, parts.tenants)
  checkUnderlayTenants(context, parts)
  checkTenantSeals(context, parts)
  for (const tenant of parts.tenants) {
    checkVlans(context, tenant)
    if (!tenant.underlay) checkSubnets(context, tenant.networks, 'in the same tenant')
    checkNetworkMtus(context, parts.underlay, tenant)
    checkLayer3(context, tenant)
    checkPaths(context, parts, tenant)
  }
}

function checkSizes(context: Context, { links, tenants }: Parts): void {
  const ports = new Map<string, number>()
  const leadsTo = [
    ...links.flatMap((link) => link.ends),
    ...tenants.flatMap(({ hosts }) => hosts.map(({ node }) => node)),
  ]
  for (const node of leadsTo) ports.set(node, (ports.get(node) ?? 0) + 1)
  const crowded = [...ports].find(([, number]) => number > MAX_PORTS)
  const tooMany = (path: Path, what: string, limit: number): void =>
    context.badKey('ZT_FABRIC_TOO_MANY', path, `${what}, the limit is ${limit}`, 'describe fewer')
  if (crowded !== undefined) tooMany(['nodes'], `${crowded[0]} has ${crowded[1]} ports`, MAX_PORTS)
  if (tenants.length > MAX_TENANTS) tooMany(['tenants'], `there are ${tenants.length} tenants`, MAX_TENANTS)
  const networks = tenants.reduce((sum, tenant) => sum + tenant.networks.length, 0)
  if (networks > MAX_NETWORKS) tooMany(['tenants'], `there are ${networks} networks`, MAX_NETWORKS)
}

function checkPools(context: Context, { underlay, nodes, links }: Parts): void {
  const { loopbacks, bgp } = underlay
  const addresses =
    loopbacks.length >= (loopbacks.family === 6 ? 127 : 31)
      ? 2 ** ((loopbacks.family === 6 ? 128 : 32) - loopbacks.length)
      : capacityOf(loopbacks)
  const exhausted = (path: Path, room: string, need: string): void =>
    context.bad('ZT_FABRIC_POOL_EXHAUSTED', path, `${room}, the fabric has ${need}`, 'give a larger one')
  if (nodes.length > addresses) {
    exhausted(
      ['underlay', 'loopbacks'],
      `${formatPrefix(loopbacks)} has ${count(addresses, 'loopback')}`,
      count(nodes.length, 'node'),
    )
  }
  if (underlay.links !== undefined) {
    const room = linkCapacityOf(underlay.links)
    if (links.length > room) {
      exhausted(
        ['underlay', 'links'],
        `${formatPrefix(underlay.links)} has room for ${count(room, 'link')}`,
        count(links.length, 'link'),
      )
    }
  }
  if (bgp.leaves === undefined) return
  const { first, last } = bgp.leaves
  const leaves = nodes.filter(isLeaf)
  const given = new Set(nodes.flatMap(({ asn }) => asn ?? []))
  const free = last - first + 1 - [...given].filter((asn) => asn >= first && asn <= last).length
  const needed = leaves.filter(({ asn }) => asn === undefined).length
  if (needed > free) {
    exhausted(
      ['underlay', 'bgp', 'leaves'],
      `the range has ${count(free, 'AS number')} to give`,
      `${count(needed, 'leaf', 'leaves')} without one`,
    )
  }
}

/** How many links a pool numbers: /31 (RFC 3021), or /127 (RFC 6164) without the first, the subnet-router anycast address. */
function linkCapacityOf(pool: Prefix): number {
  const bits = (pool.family === 6 ? 127 : 31) - pool.length
  if (bits < 0) return 0
  return 2 ** Math.min(32, bits) - (pool.family === 6 ? 1 : 0)
}

function checkPortMtu(context: Context, { underlay, links }: Parts): void {
  const overhead = Math.max(0, ...links.flatMap(({ seal }) => (seal ? sealOverhead(underlay, seal) : [])))
  if (overhead === 0 || underlay.mtu + overhead <= MAX_PORT_MTU) return
  context.bad(
    'ZT_FABRIC_MTU',
    ['underlay', 'mtu'],
    `a seal adds ${overhead} octets to ${underlay.mtu}, a port takes at most ${MAX_PORT_MTU}`,
    `write at most ${MAX_PORT_MTU - overhead}`,
  )
}

function checkVnis(context: Context, tenants: readonly Tenant[]): void {
  const claims = tenants.flatMap((tenant): Claim[] => {
    const path = ['tenants', tenant.name]
    const claim = (vni: number, owner: string, at: Path): Claim => ({
      value: vni,
      what: `the VNI ${vni}`,
      owner,
      path: at,
    })
    const layer3 =
      tenant.l3vni === undefined ? [] : [claim(tenant.l3vni, `${tenant.name}'s layer 3`, [...path, 'l3vni'])]
    const layer2 = tenant.networks.flatMap((network) =>
      network.vni === undefined
        ? []
        : [claim(network.vni, idOf(network), [...path, 'networks', network.name, 'vni'])],
    )
    return [...layer3, ...layer2]
  })
  context.rejectClashes('ZT_FABRIC_VNI_CLASH', claims, 'choose another number')
}

/** A VLAN id is scoped to a port, and a port belongs to one tenant: within a tenant the mapping to VNIs must be clear. */
function checkVlans(context: Context, tenant: Tenant): void {
  const claims = tenant.networks.flatMap((network): Claim[] =>
    network.vlan === undefined
      ? []
      : [
          {
            value: network.vlan,
            what: `the VLAN ${network.vlan}`,
            owner: idOf(network),
            path: ['tenants', tenant.name, 'networks', network.name, 'vlan'],
          },
        ],
  )
  context.rejectClashes('ZT_FABRIC_VLAN_CLASH', claims, 'choose another number')
}

/** Networks of one VRF have subnets apart. */
function checkSubnets(context: Context, networks: readonly Network[], where: string): void {
  const routed = networks
    .flatMap((network) =>
      network.subnets.flatMap(({ prefix, gateway }) => (gateway === undefined ? [] : { network, prefix })),
    )
    .toSorted((a, b) =>
      compareSpans(context.valueAt(gatewaysOf(a.network)), context.valueAt(gatewaysOf(b.network))),
    )
  for (const [i, second] of routed.entries()) {
    const first = routed
      .slice(0, i)
      .find(({ prefix }) => prefixCovers(prefix, second.prefix) || prefixCovers(second.prefix, prefix))
    if (first === undefined) continue
    context.bad(
      'ZT_FABRIC_SUBNET_CLASH',
      gatewaysOf(second.network),
      `${formatPrefix(second.prefix)} overlaps ${formatPrefix(first.prefix)} of ${first.network.name}, ${where}`,
      'give them subnets apart',
      [{ at: context.valueAt(gatewaysOf(first.network)), message: `the subnet of ${first.network.name}` }],
    )
  }
}

function gatewaysOf(network: Network): Path {
  return ['tenants', network.tenant, 'networks', network.name, 'gateways']
}

/** Whether packets of a network may cross the underlay. */
function crosses(tenant: Tenant, network: Network): boolean {
  const isStretched = network.vni !== undefined && network.nodes.length > 1
  return tenant.underlay || isStretched || (network.gatewayNodes.length > 0 && vrfNodesOf(tenant).length > 1)
}

function checkNetworkMtus(context: Context, underlay: Underlay, tenant: Tenant): void {
  const layers = tenantLayers(underlay, tenant)
  const added = layers.reduce((sum, { adds }) => sum + adds, 0)
  for (const network of tenant.networks) {
    const missing = network.mtu + added - underlay.mtu
    if (!crosses(tenant, network) || missing <= 0) continue
    const sum = layers.map(({ name, adds }) => ` + ${adds} of ${name}`).join('')
    context.badKey(
      'ZT_FABRIC_MTU',
      ['tenants', tenant.name, 'networks', network.name, 'mtu'],
      `${idOf(network)} has an MTU of ${network.mtu}${sum === '' ? '' : `,${sum} is ${network.mtu + added}`}; the underlay has ${underlay.mtu}, ${count(missing, 'octet')} too few`,
      `raise underlay.mtu to ${network.mtu + added}, or write an mtu of at most ${underlay.mtu - added} here`,
      [{ at: context.valueAt(['underlay', 'mtu']), message: 'the underlay' }],
    )
  }
}

/** Without an L3 VNI a packet is routed only where its network's gateway is. */
function checkLayer3(context: Context, tenant: Tenant): void {
  if (tenant.l3vni !== undefined || tenant.underlay) return
  const routers = vrfNodesOf(tenant)
  for (const network of tenant.networks) {
    const missing = routers.find((node) => !network.gatewayNodes.includes(node))
    if (network.gatewayNodes.length === 0 || missing === undefined) continue
    context.badKey(
      'ZT_FABRIC_L3VNI',
      ['tenants', tenant.name],
      `${tenant.name} routes on ${missing}, where ${network.name} has no gateway, and has no l3vni to reach it`,
      'give the tenant an l3vni',
    )
    return
  }
}

/** Spines share an AS number, so a path has one spine in it: two leaves need one in common. */
function checkPaths(context: Context, { nodes, links }: Parts, tenant: Tenant): void {
  if (!context.isWhole('links') || !context.isWhole('nodes')) return
  const roles = new Map(nodes.map((node) => [node.name, node.role]))
  const spinesOf = new Map<string, Set<string>>()
  for (const { ends } of links) {
    const [leaf, spine] = roles.get(ends[0]) === 'spine' ? [ends[1], ends[0]] : ends
    if (roles.get(spine) !== 'spine') continue
    spinesOf.set(leaf, (spinesOf.get(leaf) ?? new Set()).add(spine))
  }
  const groups = [
    ...tenant.networks.map((network) => ({
      nodes: network.vni === undefined ? [] : network.nodes,
      what: `the network ${tenant.name}/${network.name}`,
    })),
    { nodes: tenant.l3vni === undefined ? [] : vrfNodesOf(tenant), what: `${tenant.name}'s layer 3` },
  ]
  for (const group of groups) {
    for (const [i, a] of group.nodes.entries()) {
      const b = group.nodes.slice(i + 1).find((other) => !intersects(spinesOf.get(a), spinesOf.get(other)))
      if (b === undefined) continue
      context.badKey(
        'ZT_FABRIC_NO_PATH',
        ['tenants', tenant.name],
        `${group.what} is on ${a} and ${b}, which have no spine in common`,
        'link both to one spine, or keep the tenant on leaves that share one',
      )
      return
    }
  }
}

function intersects(a: ReadonlySet<string> | undefined, b: ReadonlySet<string> | undefined): boolean {
  return a !== undefined && b !== undefined && [...a].some((item) => b.has(item))
}

/** Tenants in the underlay share a VRF with each other and with the fabric's own addresses. */
function checkUnderlayTenants(context: Context, { underlay, tenants }: Parts): void {
  const networks = tenants.filter((tenant) => tenant.underlay).flatMap((tenant) => tenant.networks)
  checkSubnets(context, networks, 'in the underlay too')
  const pools = [
    { key: 'loopbacks', prefix: underlay.loopbacks },
    ...(underlay.links === undefined ? [] : [{ key: 'links', prefix: underlay.links }]),
  ]
  const carried = carriedFamilies({ underlay, tenants })
  for (const network of networks) {
    for (const { prefix } of network.subnets) {
      const pool = pools.find((one) => prefixCovers(one.prefix, prefix) || prefixCovers(prefix, one.prefix))
      if (pool !== undefined) {
        context.bad(
          'ZT_FABRIC_SUBNET_CLASH',
          gatewaysOf(network),
          `${formatPrefix(prefix)} overlaps the underlay's ${pool.key}, ${formatPrefix(pool.prefix)}`,
          'give it a subnet apart',
          [{ at: context.valueAt(['underlay', pool.key]), message: `the pool of ${pool.key}` }],
        )
      }
      if (carried.has(prefix.family)) continue
      context.bad(
        'ZT_FABRIC_FAMILY',
        gatewaysOf(network),
        `${formatPrefix(prefix)} is IPv${prefix.family}, and the links are IPv${underlay.family}`,
        'give underlay links: unnumbered, which carry both',
        [{ at: context.valueAt(['underlay', 'links']), message: 'the links' }],
      )
    }
  }
}
