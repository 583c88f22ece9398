/**
 * `tenants`: networks and hosts.
 *
 * @module
 */
import { DEFAULT_MTU, type TenantEntry } from '../../contract/fabric.js'
import type { Context } from './context.js'
import type { FabricNode, Host, Network, Seal, Tenant } from './fabric.js'
import { compareNames, didYouMean } from './names.js'
import { readHostAddresses, readMac, rejectHostClashes, type Placement } from './read-hosts.js'
import { readNetwork } from './read-networks.js'
import { expandKey, reportTwice } from './read-nodes.js'
import { NO_SEAL, readSealName } from './read-seals.js'
import { IPV6_MIN_MTU } from './read-underlay.js'
import type { Path } from './tree.js'

/** More than the twin was made for. */
const MAX_HOSTS = 8192
/** Names that a node's program uses itself. */
const RESERVED_TENANTS: ReadonlySet<string> = new Set(['underlay'])

/** Tenants in name order, with networks and hosts in name order. */
export function readTenants(
  context: Context,
  nodes: readonly FabricNode[],
  seals: ReadonlyMap<string, Seal>,
): readonly Tenant[] {
  const room = { hosts: MAX_HOSTS }
  const common = readSealName(context, ['overlay', 'seal'], context.file.overlay?.seal, seals)
  return Object.entries(context.file.tenants ?? {})
    .toSorted(([a], [b]) => compareNames(a, b))
    .map(([name, entry]) => ({
      ...readTenant(context, name, entry, nodes, room),
      seal: readTenantSeal(context, name, entry, seals, common),
    }))
}

/** Its own, or that of all tenants; in the underlay there is nothing that could be sealed from leaf to leaf. */
function readTenantSeal(
  context: Context,
  name: string,
  entry: TenantEntry,
  seals: ReadonlyMap<string, Seal>,
  common: Seal | undefined,
): Seal | undefined {
  const path = ['tenants', name, 'seal']
  if (entry.vrf === 'underlay') {
    if (entry.seal === undefined || entry.seal === NO_SEAL) return undefined
    context.bad(
      'ZT_FABRIC_SEAL',
      path,
      `${name} is routed in the underlay, and what crosses it is in no tunnel`,
      'leave it out, and seal the links',
    )
    return undefined
  }
  if (entry.seal === undefined) return common
  return entry.seal === NO_SEAL ? undefined : readSealName(context, path, entry.seal, seals)
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
): Omit<Tenant, 'seal'> {
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
    readNetwork(context, network, { tenant: name, tenantEntry: entry, nodes, placements }),
  )
  const hosts = readHosts(context, name, placements, networks)
  const underlay = entry.vrf === 'underlay'
  if (underlay && entry.l3vni !== undefined) {
    context.bad(
      'ZT_FABRIC_L3VNI',
      ['tenants', name, 'l3vni'],
      `${name} is routed in the underlay, which has no layer 3 VNI`,
      'leave it out, or leave out vrf',
    )
  }
  return {
    name,
    l3vni: entry.l3vni,
    underlay,
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
    checkPlace(context, [...path, 'at'], host.at, nodes, entry.vrf === 'underlay')
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

/** Hosts hang on leaves; on routers those that are routed in the underlay. */
function checkPlace(
  context: Context,
  path: Path,
  name: string,
  nodes: readonly FabricNode[],
  underlay: boolean,
): void {
  const node = nodes.find((candidate) => candidate.name === name)
  const isPlace = ({ role }: FabricNode): boolean => role === 'leaf' || (underlay && role === 'router')
  if (node === undefined ? !context.isWhole('nodes') : isPlace(node)) return
  const remedy = underlay ? 'write the name of a leaf or a router' : 'write the name of a leaf'
  if (node === undefined) {
    const places = nodes.filter(isPlace).map((place) => place.name)
    const reason = `${name} is no node of this fabric${didYouMean(name, places)}`
    context.bad('ZT_FABRIC_UNKNOWN_NAME', path, reason, remedy)
    return
  }
  const why =
    node.role === 'router' ? 'which has hosts of tenants with vrf: underlay alone' : 'hosts hang on leaves'
  context.bad(
    'ZT_FABRIC_ROLE',
    path,
    `${name} is a ${node.role}${node.role === 'router' ? ', ' : '; '}${why}`,
    remedy,
  )
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
      static: placement.entry.static ?? false,
      path: placement.path,
    }
  })
  for (const network of networks) {
    const inhabitants = hosts.filter((host) => host.network === network.name)
    rejectHostClashes(context, ['tenants', tenant, 'networks', network.name], network, inhabitants)
  }
  return hosts.map(({ path: _, ...host }) => host)
}
