/**
 * Plans for people.
 *
 * @module
 */
import type { Plan, PlanIntent, PlanNode } from '../contract/plan.js'
import type {
  Interface,
  MacsecInterface,
  NodeProgram,
  Route,
  WireguardInterface,
} from '../contract/program.js'
import { mtuChains, type MtuChain } from '../twin/program/index.js'
import { counted, indented, table } from './table.js'

/** A plan: nodes, links, networks, hosts, intents. */
export function planText(plan: Plan, digest: string): string {
  const networks = plan.tenants.flatMap((tenant) => tenant.networks)
  const sections: readonly (readonly string[])[] = [
    [
      `${plan.fabric}: ${counted(plan.nodes.length, 'node')}, ${counted(plan.links.length, 'link')}, ${counted(plan.tenants.length, 'tenant')}, ${counted(plan.hosts.length, 'host')}, underlay ${plan.underlay === 'ipv4' ? 'IPv4' : 'IPv6'}`,
      `sha256 ${digest}`,
    ],
    section(
      'Nodes',
      ['name', 'role', 'AS', 'VTEP', 'interfaces', 'routes'],
      plan.nodes.map(({ name, role, asn, vtep, program }) => [
        name,
        role,
        String(asn),
        vtep ?? '-',
        String(program.interfaces.length),
        String(program.tables.routes.length),
      ]),
    ),
    section(
      'Links',
      ['name', 'MTU', 'seal'],
      plan.links.map(({ id, mtu, seal }) => [id, String(mtu), seal ?? '-']),
    ),
    section(
      'Tenants',
      ['name', 'L3 VNI', 'seal', 'networks'],
      plan.tenants.map((tenant) => [
        tenant.name,
        String(tenant.l3vni ?? '-'),
        tenant.seal === undefined ? '-' : `${tenant.seal.name} (${tenant.seal.kind})`,
        tenant.networks.map(({ name }) => name).join(' '),
      ]),
    ),
    section(
      'Networks',
      ['name', 'VNI', 'VLAN', 'subnets', 'gateways', 'MTU', 'nodes'],
      networks.map((network) => [
        network.id,
        String(network.vni ?? '-'),
        String(network.vlan ?? '-'),
        listed(network.subnets),
        listed(network.gateways),
        String(network.mtu),
        listed(network.nodes),
      ]),
    ),
    section(
      'MTU from leaf to leaf',
      ['network', 'inside', 'added', 'on the wire', 'left'],
      distinct(mtuChains(plan).map((chain) => [chain.network, String(chain.mtu), ...mtuText(chain)])),
    ),
    section(
      'Hosts',
      ['name', 'port', 'MAC', 'addresses', 'gateways'],
      plan.hosts.map(({ id, at, mac, addresses, gateways }) => [
        id,
        `${at.node}:${interfaceName(plan, at.node, at.interface)}`,
        mac,
        listed(addresses),
        listed(gateways),
      ]),
    ),
    section(
      'Intents',
      ['name', 'kind', 'what'],
      plan.intents.map((intent) => [intent.name, intent.kind, intentText(intent)]),
    ),
  ]
  return textOf(sections)
}

/** What layers add, what then is of what there may be on the wire, and what is left there. */
function mtuText({ steps, mtu, spare }: MtuChain): readonly string[] {
  const added = steps.filter(({ adds }) => adds > 0).map(({ layer, adds }) => `${layer} ${adds}`)
  const { needs, has } = steps.at(-1) ?? { needs: mtu, has: mtu }
  const left = spare < 0 ? `${-spare} too few` : String(has - needs)
  return [added.join(', ') || '-', `${needs} of ${has}`, left]
}

function distinct(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return [...new Map(rows.map((row) => [row.join('\t'), row])).values()]
}

/** One node: interfaces, then the tables that a control plane fills. */
export function nodeText({ name, role, asn, vtep, program }: PlanNode): string {
  const { interfaces, tables, vrfs } = program
  const names = new Map(interfaces.map((one) => [one.id, one.name]))
  const nameOf = (id: number) => names.get(id) ?? String(id)
  const vrfName = (id: number) => vrfs.find((vrf) => vrf.id === id)?.name ?? String(id)
  return textOf([
    [`${name}: ${role}, AS ${asn}${vtep === undefined ? '' : `, VTEP ${vtep}`}`],
    section(
      'Interfaces',
      ['id', 'name', 'kind', 'MTU', 'addresses', 'what'],
      interfaces.map((one) => [
        String(one.id),
        one.name,
        one.kind,
        'mtu' in one ? String(one.mtu) : '-',
        'addresses' in one ? listed(one.addresses) : '-',
        interfaceText(one, nameOf, vrfName),
      ]),
    ),
    section(
      'Routes',
      ['VRF', 'prefix', 'to'],
      tables.routes.map((route) => [vrfName(route.vrf), route.prefix, routeText(route, program, nameOf)]),
    ),
    section(
      'Neighbours',
      ['interface', 'address', 'MAC'],
      tables.neighbours.map((one) => [nameOf(one.interface), one.address, one.mac]),
    ),
    section(
      'Forwarding entries',
      ['bridge', 'MAC', 'interface', 'remote'],
      tables.fdb.map((one) => [nameOf(one.bridge), one.mac, nameOf(one.interface), one.remote ?? '-']),
    ),
    section(
      'Flood lists',
      ['interface', 'remotes'],
      tables.flood.map((one) => [nameOf(one.interface), listed(one.remotes)]),
    ),
  ])
}

function textOf(sections: readonly (readonly string[])[]): string {
  const shown = sections.filter((lines) => lines.length > 0)
  return `${shown.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

/** Nothing for a table without rows. */
function section(
  title: string,
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  return rows.length === 0 ? [] : [title, ...indented(table(headings, rows))]
}

function listed(texts: readonly string[]): string {
  return texts.length === 0 ? '-' : texts.join(' ')
}

function interfaceName(plan: Plan, node: string, id: number): string {
  const program = plan.nodes.find(({ name }) => name === node)?.program
  return program?.interfaces.find((one) => one.id === id)?.name ?? String(id)
}

function interfaceText(
  one: Interface,
  nameOf: (id: number) => string,
  vrfName: (id: number) => string,
): string {
  switch (one.kind) {
    case 'port':
    case 'macsec': {
      const to =
        one.bridge === undefined
          ? one.vrf === undefined
            ? ''
            : `VRF ${vrfName(one.vrf)}`
          : `bridge ${nameOf(one.bridge)}`
      if (one.kind === 'port') return to
      return [to, `on ${nameOf(one.lower)}`, macsecText(one)].filter(Boolean).join(', ')
    }
    case 'wireguard':
      return wireguardText(one, nameOf, vrfName)
    case 'bridge':
      return `ageing ${one.ageing / 1e9} s, at most ${counted(one.fdbLimit, 'entry', 'entries')}`
    case 'irb':
      return `bridge ${nameOf(one.bridge)}, VRF ${vrfName(one.vrf)}, MAC ${one.mac}`
    case 'vxlan': {
      const bridge = one.bridge === undefined ? '' : `bridge ${nameOf(one.bridge)}, `
      return `VNI ${one.vni}, ${bridge}from ${one.local} to ${listed(one.remotes)}`
    }
    case 'loopback':
      return `VRF ${vrfName(one.vrf)}`
  }
}

function macsecText({
  cipher,
  mode,
  confidentiality,
  tag,
  replayWindow,
  tx,
  standby = [],
}: MacsecInterface): string {
  return [
    cipher,
    mode,
    ...(confidentiality === undefined ? [] : [`confidentiality ${confidentiality}`]),
    ...(tag === undefined ? [] : [`${tag} SCI`]),
    ...(replayWindow === 0 ? [] : [`window ${replayWindow}`]),
    `key ${tx.key}`,
    ...(standby.length === 0 ? [] : [`${standby.length} in reserve`]),
  ].join(', ')
}

function wireguardText(
  one: WireguardInterface,
  nameOf: (id: number) => string,
  vrfName: (id: number) => string,
): string {
  const below =
    one.lower === undefined ? `in VRF ${vrfName(one.underlayVrf ?? 0)}` : `on ${nameOf(one.lower)}`
  const peers = one.peers.map(({ endpoint, presharedKey }) => {
    const place = endpoint === undefined ? 'anywhere' : `${endpoint.address} port ${endpoint.port}`
    return presharedKey === undefined ? place : `${place} with pre-shared key`
  })
  return [
    `VRF ${vrfName(one.vrf)}`,
    below,
    `WireGuard from ${listed(one.local)} port ${one.listenPort}`,
    ...(peers.length > 4 ? [counted(peers.length, 'peer')] : peers.map((peer) => `peer ${peer}`)),
    `key ${one.privateKey}`,
  ].join(', ')
}

function routeText(
  { group, connected }: Route,
  { tables }: NodeProgram,
  nameOf: (id: number) => string,
): string {
  if (connected !== undefined) return nameOf(connected)
  if (group === undefined) return 'blackhole'
  const members = tables.groups.find(({ id }) => id === group)?.members ?? []
  return members
    .map(({ interface: id, gateway }) => `${gateway === undefined ? '' : `${gateway} `}${nameOf(id)}`)
    .join(', ')
}

/** What an intent asks for, in a phrase. */
function intentText(intent: PlanIntent): string {
  switch (intent.kind) {
    case 'reach': {
      const { protocol, port } = intent.traffic
      const what = protocol === 'any' ? 'anything' : port === undefined ? protocol : `${protocol}/${port}`
      return `${intent.from.join(' ')} to ${intent.to.join(' ')}: ${what}`
    }
    case 'isolate':
      return `${intent.tenants.join(' and ')} do not hear each other`
    case 'encrypt':
      return intent.tenants === undefined
        ? `${intent.by ?? 'each by its own seal'} on ${counted(intent.links.length, 'link')}`
        : `${intent.by ?? 'each by its own seal'} from leaf to leaf of ${intent.tenants.join(' ')}`
    case 'latency':
      return `${intent.from} to ${intent.to}: p${intent.percentile} within ${intent.bound / 1000} µs at ${intent.rate} packets a second`
    case 'survive':
      return `${counted(intent.links, 'link')} and ${counted(intent.nodes, 'node')} down: ${intent.keep.join(', ')}`
  }
}
