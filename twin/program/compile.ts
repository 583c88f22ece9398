/**
 * From a fabric to its plan.
 *
 * @module
 */
import {
  PLAN_VERSION,
  type Plan,
  type PlanHost,
  type PlanLink,
  type PlanTenant,
} from '../../contract/plan.js'
import { PROGRAM_VERSION, type NodeProgram, type Tables } from '../../contract/program.js'
import {
  idOf,
  sealOverhead,
  type Fabric,
  type FabricLink,
  type Network,
  type Tenant,
} from '../model/index.js'
import { formatIp, formatMac, formatPrefix, prefixContains } from '../packet/index.js'
import type { Allocation } from './allocation.js'
import { staticControlPlane, type ControlPlane } from './control-plane.js'
import { indexFabric, type FabricIndex, type HostPort, type NodeIndex } from './fabric-index.js'
import { planIntents } from './intents.js'
import { interfacesOf } from './interfaces.js'
import { keysOf } from './key-references.js'
import { nodeControls } from './node-control.js'
import { planTunnels } from './plan-tunnels.js'
import { cidr } from './prefixes.js'
import { hash, known } from './slots.js'

/**
 * Compiles a fabric. The result depends on nothing but the fabric, and not on the order of keys in its file.
 *
 * @param controlPlane who fills the tables
 */
export function compile(fabric: Fabric, controlPlane: ControlPlane = staticControlPlane): Plan {
  const index = indexFabric(fabric)
  const tables = controlPlane.tables(index)
  const controls = fabric.underlay.control === 'bgp' ? nodeControls(index) : undefined
  const nodes = index.nodes.map((node) => ({
    name: node.name,
    role: node.role,
    asn: node.asn,
    ...(node.role === 'leaf' ? { vtep: formatIp(node.loopback) } : {}),
    ...(controls === undefined ? {} : { control: known(controls, node.name) }),
    program: programOf(index, node, known(tables, node.name)),
  }))
  return {
    format: 'ztos-plan',
    version: PLAN_VERSION,
    fabric: fabric.name,
    underlay: fabric.underlay.family === 6 ? 'ipv6' : 'ipv4',
    nodes,
    links: fabric.links.map((link) => planLink(index, link)),
    tenants: fabric.tenants.map((tenant) => planTenant(index, tenant)),
    hosts: planHosts(index),
    intents: planIntents(fabric),
    keys: keysOf(nodes.map((node) => node.program)),
  }
}

function programOf(index: FabricIndex, node: NodeIndex, tables: Tables): NodeProgram {
  const seed = (what: string): number => hash(`seed\n${what}\n${index.fabric.name}\n${node.name}`)
  return {
    format: 'ztos-program',
    version: PROGRAM_VERSION,
    node: node.name,
    seeds: { ecmp: seed('ecmp'), sourcePort: seed('source port') },
    vrfs: [
      { id: 0, name: 'underlay' },
      ...node.vrfs.map((vrf) => ({ id: vrf.id, name: vrf.tenant.name })),
      ...node.vrfs.flatMap(({ tenant, transit }) =>
        transit === undefined ? [] : [{ id: transit.vrf, name: `${tenant.name}/transit` }],
      ),
    ],
    interfaces: [...interfacesOf(index, node)],
    ...(index.fabric.underlay.control === 'bgp' ? { kernelRoutes: true as const } : {}),
    ...(index.fabric.underlay.resilient ? { resilient: true as const } : {}),
    tables,
  }
}

function planLink(index: FabricIndex, link: FabricLink): PlanLink {
  const { underlay } = index.fabric
  const { mtu } = underlay
  const [a, b] = link.ends.map((node) => {
    const adjacency = index.node(node).adjacencies.find((candidate) => candidate.link === link)
    return { node, interface: adjacency?.port ?? 0 }
  }) as [PlanLink['a'], PlanLink['b']]
  return {
    id: link.id,
    a,
    b,
    ...(link.seal === undefined
      ? { mtu }
      : { mtu: mtu + sealOverhead(underlay, link.seal), seal: link.seal.name }),
    ...(link.delay === undefined ? {} : { delay: link.delay }),
  }
}

function planTenant(index: FabricIndex, tenant: Tenant): PlanTenant {
  const { seal } = tenant
  return {
    name: tenant.name,
    ...(tenant.l3vni === undefined ? {} : { l3vni: tenant.l3vni }),
    ...(seal === undefined
      ? {}
      : { seal: { name: seal.name, kind: seal.kind }, tunnels: planTunnels(index, tenant) }),
    ...(tenant.underlay ? { underlay: true as const } : {}),
    networks: tenant.networks.map((network) => ({
      id: idOf(network),
      tenant: tenant.name,
      name: network.name,
      ...(network.vni === undefined ? {} : { vni: network.vni }),
      ...(network.anycast ? { anycast: true as const } : {}),
      ...(network.vlan === undefined ? {} : { vlan: network.vlan }),
      subnets: network.subnets.map(({ prefix }) => formatPrefix(prefix)),
      gateways: network.subnets.flatMap(({ prefix, gateway }) =>
        gateway === undefined ? [] : cidr(gateway, prefix),
      ),
      mtu: network.mtu,
      nodes: [...network.nodes],
      gatewayNodes: [...network.gatewayNodes],
    })),
  }
}

/** In order of tenants and names. */
function planHosts(index: FabricIndex): PlanHost[] {
  const ports = new Map(index.nodes.flatMap((node) => node.hosts).map((port) => [port.host, port]))
  return index.fabric.tenants.flatMap((tenant) =>
    tenant.hosts.flatMap((host) => {
      const port = ports.get(host)
      const network = tenant.networks.find((candidate) => candidate.name === host.network)
      return port === undefined || network === undefined ? [] : planHost(index.allocation, port, network)
    }),
  )
}

function planHost(allocation: Allocation, { host, port }: HostPort, network: Network): PlanHost {
  const id = idOf(host)
  const gateways = network.subnets.flatMap(({ gateway }) => (gateway === undefined ? [] : formatIp(gateway)))
  return {
    id,
    tenant: host.tenant,
    network: network.name,
    at: { node: host.node, interface: port },
    mac: formatMac(known(allocation.hostMacs, id)),
    addresses: known(allocation.hostAddresses, id).flatMap((address) => {
      const subnet = network.subnets.find(({ prefix }) => prefixContains(prefix, address))
      return subnet === undefined ? [] : cidr(address, subnet.prefix)
    }),
    gateways,
    ...(gateways.length === 0 ? {} : { gatewayMac: formatMac(known(allocation.gatewayMacs, idOf(network))) }),
    mtu: host.mtu,
  }
}
