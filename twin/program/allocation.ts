/**
 * Everything that the fabric file leaves open: loopbacks, link and host addresses, AS numbers, MAC addresses.
 *
 * @module
 */
import {
  asnInAdvance,
  idOf,
  sealedPairs,
  type Fabric,
  type FabricLink,
  type FabricNode,
  type Host,
  type Network,
  type SealedPair,
} from '../model/index.js'
import {
  isIpv6,
  linkLocalOf,
  macFromNumber,
  prefixContains,
  prefixOf,
  type Ip,
  type Ipv4,
  type Ipv6,
  type Mac,
  type Prefix,
} from '../packet/index.js'
import { allocateSlots, known, type SlotSpace } from './slots.js'

export interface LinkAddresses {
  /** Absent where links are unnumbered and the addresses are link-local. */
  readonly prefix: Prefix | undefined
  /** Of the link's two ends, in their order. */
  readonly addresses: readonly [Ip, Ip]
}

export interface Allocation {
  /** By node. */
  readonly loopbacks: ReadonlyMap<string, Ip>
  readonly asns: ReadonlyMap<string, number>
  readonly systemMacs: ReadonlyMap<string, Mac>
  /** By link id. */
  readonly links: ReadonlyMap<string, LinkAddresses>
  /** By {@link portKey}. */
  readonly portMacs: ReadonlyMap<string, Mac>
  /** By network id; only those with a gateway. */
  readonly gatewayMacs: ReadonlyMap<string, Mac>
  /** By host id, one of each family that its network has, IPv4 first. */
  readonly hostAddresses: ReadonlyMap<string, readonly Ip[]>
  readonly hostMacs: ReadonlyMap<string, Mac>
  /** By {@link tunnelKey}. */
  readonly tunnelVnis: ReadonlyMap<string, number>
  /** By node, a space and {@link tunnelKey}. */
  readonly tunnelMacs: ReadonlyMap<string, Mac>
  /** By node, of each of its tunnels by {@link tunnelKey}: a number of its own. */
  readonly tunnelPlaces: ReadonlyMap<string, ReadonlyMap<string, number>>
}

/** Names a port before it has a number: a node, and the link or host that it leads to. */
export function portKey(node: string, leadsTo: string): string {
  return `${node} ${leadsTo}`
}

/** Names a sealed tunnel. */
export function tunnelKey({ tenant, network, ends: [a, b] }: SealedPair): string {
  return `${network === undefined ? tenant.name : idOf(network)} ${a}--${b}`
}

export function allocate(fabric: Fabric): Allocation {
  const { nodes, links, tenants, underlay } = fabric
  const pairs = tenants.flatMap(sealedPairs)
  const hosts = tenants.flatMap((tenant) => tenant.hosts)
  const networks = tenants.flatMap((tenant) => tenant.networks)
  const routed = networks.filter((network) => network.gatewayNodes.length > 0)
  const portMacs = allocateMacs('port', [
    ...links.flatMap((link) => link.ends.map((node) => portKey(node, link.id))),
    ...hosts.map((host) => portKey(host.node, idOf(host))),
  ])
  return {
    loopbacks: allocateLoopbacks(nodes, underlay.loopbacks),
    asns: allocateAsns(fabric),
    systemMacs: allocateMacs(
      'system',
      nodes.map((node) => node.name),
    ),
    links: underlay.links === undefined ? linkLocals(links, portMacs) : allocateLinks(links, underlay.links),
    portMacs,
    gatewayMacs: allocateMacs('gateway', routed.map(idOf)),
    hostAddresses: allocateHostAddresses(networks, hosts),
    hostMacs: allocateHostMacs(hosts),
    tunnelVnis: allocateTunnelVnis(fabric, pairs),
    tunnelMacs: allocateMacs(
      'tunnel',
      pairs.flatMap((pair) => pair.ends.map((node) => `${node} ${tunnelKey(pair)}`)),
    ),
    tunnelPlaces: new Map(
      nodes.map(({ name }) => {
        const own = pairs.filter(({ ends }) => ends.includes(name))
        return [
          name,
          allocateSlots(own.map(tunnelKey), { purpose: 'tunnel', size: TUNNEL_PLACES, scatter: true }),
        ]
      }),
    ),
  }
}

/** For sealed tunnels of a node; more than it may have. */
const TUNNEL_PLACES = 12_500

function allocateTunnelVnis(
  { tenants, tunnelVnis: { first, last } }: Fabric,
  pairs: readonly SealedPair[],
): ReadonlyMap<string, number> {
  const given = tenants.flatMap(({ l3vni, networks }) => [l3vni, ...networks.map(({ vni }) => vni)])
  const slots = allocateSlots(pairs.map(tunnelKey), {
    purpose: 'tunnel vni',
    size: last - first + 1,
    scatter: true,
    taken: given.flatMap((vni) => (vni === undefined ? [] : vni - first)),
  })
  return new Map([...slots].map(([key, slot]) => [key, first + slot]))
}

/** Slots of a prefix: at most so many, from its first address on. IPv6 pools are never used up. */
const MAX_SLOTS = 2 ** 16

/** Quarters of a pool, so that spines and leaves count from places of their own. */
function rolesApart(size: number): Readonly<Record<string, number>> {
  return { spine: 0, leaf: Math.floor(size / 4) }
}

function allocateLoopbacks(nodes: readonly FabricNode[], pool: Prefix): ReadonlyMap<string, Ip> {
  const bits = (pool.family === 6 ? 128 : 32) - pool.length
  const size = Math.min(MAX_SLOTS, 2 ** bits)
  const slots = allocateSlots(
    nodes.map((node) => node.name),
    {
      purpose: 'loopback',
      size,
      homes: rolesApart(size),
      // First and last address of a pool are legal on a loopback, and yet puzzle people.
      taken: bits < 2 ? [] : reservedSlots(pool),
    },
  )
  return new Map([...slots].map(([name, slot]) => [name, addressAt(pool, slot)]))
}

/** First and, for IPv4, last address of a prefix, where it is among the slots. */
function reservedSlots(prefix: Prefix): readonly number[] {
  return prefix.family === 6 ? [0] : [0, 2 ** (32 - prefix.length) - 1]
}

function addressAt(prefix: Prefix, slot: number): Ip {
  return prefix.family === 6 ? ((prefix.address + BigInt(slot)) as Ipv6) : ((prefix.address + slot) as Ipv4)
}

/** Inverse of {@link addressAt}; large numbers are outside of the slots and do no harm there. */
function slotOf(prefix: Prefix, address: Ip): number {
  return Number(BigInt(address) - BigInt(prefix.address))
}

/** /31 (RFC 3021) and /127 (RFC 6164) subnets of the pool. */
function allocateLinks(links: readonly FabricLink[], pool: Prefix): ReadonlyMap<string, LinkAddresses> {
  const width = pool.family === 6 ? 127 : 31
  const slots = allocateSlots(
    links.map((link) => link.id),
    {
      purpose: 'link',
      size: Math.min(MAX_SLOTS, 2 ** (width - pool.length)),
      scatter: true,
      // The subnet-router anycast address of the pool (RFC 4291 section 2.6.1).
      taken: pool.family === 6 ? [0] : [],
    },
  )
  return new Map(
    [...slots].map(([id, slot]) => {
      const addresses: [Ip, Ip] = [addressAt(pool, 2 * slot), addressAt(pool, 2 * slot + 1)]
      return [id, { prefix: prefixOf(addresses[0], width), addresses }]
    }),
  )
}

/** Link-local addresses of the ports, which are those of macsec interfaces on them too. */
function linkLocals(
  links: readonly FabricLink[],
  portMacs: ReadonlyMap<string, Mac>,
): ReadonlyMap<string, LinkAddresses> {
  return new Map(
    links.map(({ id, ends: [a, b] }) => {
      const of = (node: string): Ip => linkLocalOf(known(portMacs, portKey(node, id)))
      return [id, { prefix: undefined, addresses: [of(a), of(b)] }]
    }),
  )
}

function allocateAsns({ nodes, underlay }: Fabric): ReadonlyMap<string, number> {
  const { bgp } = underlay
  const { leaves } = bgp
  const given = new Map(nodes.map((node) => [node.name, asnInAdvance(bgp, node)]))
  const open = nodes.filter(({ name }) => given.get(name) === undefined)
  const slots = allocateSlots(
    open.map((node) => node.name),
    {
      purpose: 'asn',
      size: leaves === undefined ? 0 : leaves.last - leaves.first + 1,
      homes: { leaf: 0 },
      origin: 1,
      taken: nodes.flatMap(({ asn }) => (asn === undefined ? [] : asn - (leaves?.first ?? 0))),
    },
  )
  return new Map(
    nodes.map(({ name }) => [name, given.get(name) ?? (leaves?.first ?? 0) + known(slots, name)]),
  )
}

/** Third octet of an allocated MAC address, behind 02:5a. */
const MAC_KINDS = { port: 1, system: 2, gateway: 3, host: 4, tunnel: 5 } as const

function allocateMacs(kind: keyof typeof MAC_KINDS, names: readonly string[]): ReadonlyMap<string, Mac> {
  const slots = allocateSlots(names, { purpose: `${kind} mac`, size: 2 ** 24, scatter: true })
  const base = (0x025a00 + MAC_KINDS[kind]) * 2 ** 24
  return new Map([...slots].map(([name, slot]) => [name, macFromNumber(base + slot)]))
}

function allocateHostMacs(hosts: readonly Host[]): ReadonlyMap<string, Mac> {
  const allocated = allocateMacs('host', hosts.map(idOf))
  return new Map(hosts.map((host) => [idOf(host), host.mac ?? known(allocated, idOf(host))]))
}

function allocateHostAddresses(
  networks: readonly Network[],
  hosts: readonly Host[],
): ReadonlyMap<string, readonly Ip[]> {
  const addresses = new Map<string, Ip[]>(hosts.map((host) => [idOf(host), []]))
  for (const network of networks) {
    const inhabitants = hosts.filter(
      (host) => host.tenant === network.tenant && host.network === network.name,
    )
    for (const { prefix, gateway } of network.subnets) {
      const given = inhabitants.flatMap((host) =>
        host.addresses.filter((address) => prefixContains(prefix, address)),
      )
      const used = gateway === undefined ? given : [...given, gateway]
      const space: SlotSpace = {
        purpose: 'host',
        size: Math.min(MAX_SLOTS, 2 ** ((prefix.family === 6 ? 128 : 32) - prefix.length)),
        taken: [...reservedSlots(prefix), ...used.map((address) => slotOf(prefix, address))],
      }
      const familyOf = (host: Host): Ip | undefined =>
        host.addresses.find((address) => isIpv6(address) === (prefix.family === 6))
      const open = inhabitants.filter((host) => familyOf(host) === undefined)
      const slots = allocateSlots(
        open.map((host) => host.name),
        space,
      )
      for (const host of inhabitants) {
        const address = familyOf(host) ?? addressAt(prefix, slots.get(host.name) ?? 0)
        addresses.get(idOf(host))?.push(address)
      }
    }
  }
  return addresses
}
