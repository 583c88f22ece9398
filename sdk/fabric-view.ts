/**
 * What a scenario sees of a fabric: tenants, hosts, networks, links and intents by name. Made from the plan's declarative
 * part alone; node programs are not looked at, so that a wrong program cannot make its own judge agree.
 *
 * @module
 */
import type { Plan, PlanIntent, PlanNode } from '../contract/plan.js'
import { parseInterfaceAddress, parseIp, parseMac, isIpv6 } from '../twin/packet/index.js'
import type { InterfaceAddress, Ip, Mac } from '../twin/packet/index.js'
import { SdkError, unknownName } from './errors.js'

/** IP version. */
export type Family = 4 | 6

/** A host at the edge of the fabric. */
export interface Host {
  /** `shop/web1`. */
  readonly id: string
  readonly tenant: string
  readonly network: Network
  /** The leaf to which it is attached. */
  readonly leaf: string
  readonly mac: Mac
  readonly addresses: readonly InterfaceAddress[]
  readonly gateways: readonly Ip[]
  /** Where to send what leaves the subnet; absent in a network without gateway. */
  readonly gatewayMac: Mac | undefined
  /** IP MTU. */
  readonly mtu: number
}

/** A tenant's network. */
export interface Network {
  /** `shop/web`. */
  readonly id: string
  readonly tenant: string
  readonly name: string
  /** Absent where it is not stretched: in the underlay, or anycast. */
  readonly vni: number | undefined
  /** On several nodes, each for itself, with hosts of one address. */
  readonly anycast: boolean
  readonly gateways: readonly InterfaceAddress[]
  readonly mtu: number
  /** Leaves where it is bridged, and those of them that route for it. */
  readonly leaves: readonly string[]
  readonly gatewayLeaves: readonly string[]
}

/** A tenant. */
export interface Tenant {
  readonly name: string
  readonly l3vni: number | undefined
  /** What seals it from leaf to leaf, if anything does. */
  readonly seal: { readonly name: string; readonly kind: 'macsec' | 'wireguard' } | undefined
  /** What it seals: two leaves each, for a network or its VRF. */
  readonly tunnels: readonly Tunnel[]
  /** Its networks are routed with the fabric itself, in VRF 0. */
  readonly underlay: boolean
  readonly networks: readonly Network[]
  readonly hosts: readonly Host[]
}

/** Two leaves of a tenant between which what it sends is sealed. */
export interface Tunnel {
  /** `shop/web`; absent for what is routed from leaf to leaf. */
  readonly network: string | undefined
  /** Outside. */
  readonly vni: number
  /** In name order. */
  readonly ends: readonly [string, string]
}

/** A leaf, spine or router. */
export interface Node {
  readonly name: string
  readonly role: PlanNode['role']
  /** What its daemons are told; absent where the tables are the compiler's. */
  readonly control: PlanNode['control']
}

/** A link between two nodes. */
export interface Link {
  /** `leaf1--spine1`. */
  readonly id: string
  /** Its ends, in name order. */
  readonly ends: readonly [string, string]
  /** Name of its seal, when it is sealed. */
  readonly seal: string | undefined
  /** Largest frame minus 14 octets, seal included. */
  readonly mtu: number
}

/**
 * A fabric by names.
 *
 * @typeParam Names tenants' names; give them (`fabricTest<'shop' | 'bank'>`) where `noUncheckedIndexedAccess` is on
 */
export interface FabricView<Names extends string = string> {
  readonly name: string
  readonly plan: Plan
  /** Tenants by name; reading one that is not there throws `ZT_UNKNOWN_NAME`. */
  readonly tenants: Readonly<Record<Names, Tenant>>
  readonly hosts: readonly Host[]
  readonly nodes: readonly Node[]
  readonly intents: readonly PlanIntent[]
  /** Links, all or those that match: by seal, by name (`leaf*--spine1`, `*` for any text), by node. */
  links(filter?: LinkFilter): readonly Link[]
  tenant(name: string): Tenant
  host(id: string): Host
  /** `shop/web`. */
  network(id: string): Network
  link(id: string): Link
  node(name: string): Node
  intent(name: string): PlanIntent
}

/** Which links are meant. */
export interface LinkFilter {
  readonly seal?: string
  readonly name?: string
  readonly node?: string
}

/** A tenant as a parameter; `undefined` is in the type for `noUncheckedIndexedAccess` alone and is refused. */
export type TenantArgument = Tenant | undefined

/** VNIs of a tenant: of its networks that have one, of its VRF, and of its sealed tunnels. */
export function vnisOf({ networks, l3vni, tunnels }: Tenant): readonly number[] {
  const given = [...networks.map(({ vni }) => vni), l3vni].filter((vni) => vni !== undefined)
  return [...new Set([...given, ...tunnels.map(({ vni }) => vni)])]
}

/** The tenant of a parameter. @throws SdkError `ZT_UNKNOWN_NAME` */
export function tenantOf(argument: TenantArgument): Tenant {
  if (argument !== undefined) return argument
  throw new SdkError('ZT_UNKNOWN_NAME', 'a tenant is undefined', {
    remedy: 'take tenants from fabric.tenants or fabric.tenant(name)',
  })
}

/** Makes the view of a plan. */
export function viewOf<Names extends string = string>(plan: Plan): FabricView<Names> {
  const networks = new Map<string, Network>()
  for (const tenant of plan.tenants) {
    for (const network of tenant.networks) {
      networks.set(network.id, {
        id: network.id,
        tenant: network.tenant,
        name: network.name,
        vni: network.vni,
        anycast: network.anycast === true,
        gateways: network.gateways.map(parseInterfaceAddress),
        mtu: network.mtu,
        leaves: network.nodes,
        gatewayLeaves: network.gatewayNodes,
      })
    }
  }
  const hosts = plan.hosts.map((host): Host => {
    const network = networks.get(host.network) ?? networks.get(`${host.tenant}/${host.network}`)
    if (network === undefined) throw unknownName('network', host.network, [...networks.keys()])
    return {
      id: host.id,
      tenant: host.tenant,
      network,
      leaf: host.at.node,
      mac: parseMac(host.mac),
      addresses: host.addresses.map(parseInterfaceAddress),
      gateways: host.gateways.map(parseIp),
      gatewayMac: host.gatewayMac === undefined ? undefined : parseMac(host.gatewayMac),
      mtu: host.mtu,
    }
  })
  const tenants = plan.tenants.map((tenant): Tenant => ({
    name: tenant.name,
    l3vni: tenant.l3vni,
    seal: tenant.seal,
    tunnels: (tenant.tunnels ?? []).map(({ network, vni, a, b }) => ({
      network,
      vni,
      ends: [a.node, b.node],
    })),
    underlay: tenant.underlay === true,
    networks: tenant.networks.flatMap(({ id }) => networks.get(id) ?? []),
    hosts: hosts.filter((host) => host.tenant === tenant.name),
  }))
  const links = plan.links.map((link): Link => ({
    id: link.id,
    ends: [link.a.node, link.b.node],
    seal: link.seal,
    mtu: link.mtu,
  }))
  const nodes = plan.nodes.map(({ name, role, control }): Node => ({ name, role, control }))
  const byName = <T>(what: string, entries: readonly (readonly [string, T])[]) => {
    const map = new Map(entries)
    return (name: string): T => {
      const found = map.get(name)
      if (found === undefined) throw unknownName(what, name, [...map.keys()])
      return found
    }
  }
  const tenant = byName(
    'tenant',
    tenants.map((one) => [one.name, one]),
  )
  const view: FabricView<Names> = {
    name: plan.fabric,
    plan,
    tenants: namedTenants(tenants, tenant) as Readonly<Record<Names, Tenant>>,
    hosts,
    nodes,
    intents: plan.intents,
    links: (filter = {}) => links.filter((link) => matchesLink(link, filter)),
    tenant,
    host: byName(
      'host',
      hosts.map((one) => [one.id, one]),
    ),
    network: byName('network', [...networks]),
    link: byName(
      'link',
      links.map((one) => [one.id, one]),
    ),
    node: byName(
      'node',
      nodes.map((one) => [one.name, one]),
    ),
    intent: byName(
      'intent',
      plan.intents.map((one) => [one.name, one]),
    ),
  }
  for (const one of [...tenants, ...hosts, ...networks.values()]) fabrics.set(one, view)
  return view
}

/** Not a field of each: printing a tenant would print the fabric. */
const fabrics = new WeakMap<Tenant | Host | Network, FabricView>()

/** The fabric that a tenant, host or network is of. */
export function fabricOf(part: Tenant | Host | Network): FabricView {
  const fabric = fabrics.get(part)
  if (fabric !== undefined) return fabric
  throw new SdkError('ZT_USAGE', 'this tenant, host or network is of no fabric', {
    remedy: 'take it from the fabric fixture: fabric.tenants, fabric.hosts, fabric.host(id)',
  })
}

/** `fabric.tenants.shpo` should say what is wrong rather than be `undefined` some lines further down. */
function namedTenants(tenants: readonly Tenant[], find: (name: string) => Tenant): Record<string, Tenant> {
  return new Proxy(Object.fromEntries(tenants.map((one) => [one.name, one])), {
    get: (target, name, receiver) =>
      typeof name === 'string' && !(name in target) && !probed.has(name)
        ? find(name)
        : (Reflect.get(target, name, receiver) as Tenant),
  })
}

/** Names that printers and promise machinery ask any object for. */
const probed: ReadonlySet<string> = new Set([
  'then',
  'toJSON',
  'asymmetricMatch',
  'nodeType',
  'tagName',
  'constructor',
])

function matchesLink(link: Link, filter: LinkFilter): boolean {
  return (
    (filter.seal === undefined || link.seal === filter.seal) &&
    (filter.node === undefined || link.ends.includes(filter.node)) &&
    (filter.name === undefined || globOf(filter.name).test(link.id))
  )
}

function globOf(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\#]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`)
}

/** The address of a host in a family, if it has one. */
export function addressOf(host: Host, family: Family): InterfaceAddress | undefined {
  return host.addresses.find(({ address }) => familyOf(address) === family)
}

/** The IP version of an address. */
export function familyOf(address: Ip): Family {
  return isIpv6(address) ? 6 : 4
}
