/**
 * From EVPN routes to tables (`docs/control-plane.md`, TABLE-1 to TABLE-6).
 *
 * @module
 */
import type { EvpnNetwork, EvpnVrf } from '../../contract/control-plane.js'
import type { IrbInterface } from '../../contract/program.js'
import {
  formatIp,
  formatPrefix,
  isIpv6,
  parseInterfaceAddress,
  parseIp,
  parsePrefix,
  prefixContains,
  prefixOf,
  type Prefix,
} from '../packet/index.js'
import {
  chosenBy,
  importRoutes,
  isMacRoute,
  isStation,
  macsOf,
  type ImportedMac,
  type ImportedRoute,
  type Imports,
} from './evpn-choice.js'
import type { Announced, ControlNode, Evpn, EvpnBest } from './node.js'
import { compareAddresses } from './order.js'
import {
  fdbPlace,
  neighbourPlace,
  NO_TABLES,
  routePlace,
  type DynamicTables,
  type FdbEntry,
  type NeighbourEntry,
  type RouteEntry,
} from './tables.js'

/** Members of a next-hop group (`contract/program.ts`). */
const MAX_MEMBERS = 64

/**
 * What EVPN wants in a node's tables.
 *
 * @param best the best path of each key, of others
 * @param announced what the node announces at the same time
 */
export function desiredTables(node: ControlNode, best: EvpnBest, announced: Announced): DynamicTables {
  const { evpn } = node.control
  return evpn === undefined
    ? NO_TABLES
    : tablesOfImports(node, evpn, importRoutes(evpn.vtep, best), announced)
}

/**
 * {@link desiredTables} of routes that have been read.
 *
 * @param parts what was made before for this node; what has not changed since is not made again
 */
export function tablesOfImports(
  node: ControlNode,
  evpn: Evpn,
  imports: Imports,
  announced: Announced,
  parts: TableParts = new TableParts(),
): DynamicTables {
  const said = saidBy(announced)
  const ground = groundOf(node, evpn)
  const made = ground.instances.map((instance) =>
    parts.part(instance, imports.get(instance.target), said, () => {
      const tables = new EvpnTables(ground, announced)
      instance.write(tables, imports)
      return tables
    }),
  )
  return parts.whole(made)
}

/** What a node announces of a bridge or IRB, by its id, as one text. */
type SaidBy = ReadonlyMap<string, string>

function saidBy({ macs, addresses }: Announced): SaidBy {
  const said = new Map<string, string>()
  const add = (place: string) => {
    const id = place.slice(0, place.indexOf(' '))
    said.set(id, `${said.get(id) ?? ''}${place},`)
  }
  for (const place of macs.keys()) add(place)
  for (const place of addresses) add(place)
  return said
}

/** Tables of one node, by network and VRF, with what they were made of. */
export class TableParts {
  readonly #parts = new WeakMap<
    Instance,
    { readonly routes: unknown; readonly said: string; readonly tables: DynamicTables }
  >()
  #last: { readonly parts: readonly DynamicTables[]; readonly whole: DynamicTables } | undefined

  /** @param routes the very list that it is made of. @param said what the node announces */
  part(of: Instance, routes: unknown, said: SaidBy, make: () => DynamicTables): DynamicTables {
    let text = ''
    for (const id of of.ids) text += said.get(id) ?? ''
    const present = this.#parts.get(of)
    if (present !== undefined && present.routes === routes && present.said === text) return present.tables
    const tables = make()
    this.#parts.set(of, { routes, said: text, tables })
    return tables
  }

  /** All parts as one: the very tables that it was before, where all parts are. Networks come before VRFs. */
  whole(parts: readonly DynamicTables[]): DynamicTables {
    const last = this.#last
    if (last?.parts.length === parts.length && parts.every((part, i) => part === last.parts[i]))
      return last.whole
    const routes = new Map<string, RouteEntry>()
    const fdb = new Map<string, FdbEntry>()
    const neighbours = new Map<string, NeighbourEntry>()
    const flood = new Map<number, readonly string[]>()
    for (const part of parts) {
      for (const [place, entry] of part.routes) routes.set(place, entry)
      // A MAC of a host in the bridge of an L3 VNI is that host's.
      for (const [place, entry] of part.fdb) if (!fdb.has(place)) fdb.set(place, entry)
      for (const [place, entry] of part.neighbours) neighbours.set(place, entry)
      for (const [id, ends] of part.flood) flood.set(id, ends)
    }
    const whole = { routes, fdb, neighbours, flood }
    this.#last = { parts, whole }
    return whole
  }
}

/** A network or a VRF. */
interface Instance {
  readonly target: string
  /** Bridges and IRBs: its tables depend on what the node announces there. */
  readonly ids: readonly string[]
  readonly write: (tables: EvpnTables, imports: Imports) => void
}

/** What a node is told, as its tables need it. */
interface Ground {
  readonly evpn: Evpn
  readonly interfaces: ControlNode['interfaces']
  /** Networks before VRFs. */
  readonly instances: readonly Instance[]
  /** By id. */
  readonly irbs: ReadonlyMap<number, { readonly irb: IrbInterface; readonly addresses: ReadonlySet<string> }>
  /** Prefixes of a VRF's IRBs. */
  readonly connected: ReadonlyMap<number, readonly Prefix[]>
}

const grounds = new WeakMap<Evpn, Ground>()

function groundOf({ interfaces }: ControlNode, evpn: Evpn): Ground {
  const present = grounds.get(evpn)
  if (present?.interfaces === interfaces) return present
  const irbs = new Map<number, { irb: IrbInterface; addresses: Set<string> }>()
  const connected = new Map<number, Prefix[]>()
  for (const item of interfaces) {
    if (item.kind !== 'irb') continue
    const own = item.addresses.map(parseInterfaceAddress)
    irbs.set(item.id, { irb: item, addresses: new Set(own.map(({ address }) => formatIp(address))) })
    connected.set(item.vrf, [...(connected.get(item.vrf) ?? []), ...own.map(({ prefix }) => prefix)])
  }
  const instances = [
    ...evpn.networks.map((network): Instance => ({
      target: network.target,
      ids: [`${network.bridge}`, `${network.irb}`],
      write: (tables, imports) => tables.network(network, imports),
    })),
    ...evpn.vrfs.map((vrf): Instance => ({
      target: vrf.target,
      ids: evpn.networks.flatMap(({ vrf: of, irb }) => (of === vrf.vrf ? `${irb}` : [])),
      write: (tables, imports) => tables.vrf(vrf, imports),
    })),
  ]
  const made = { evpn, interfaces, instances, irbs, connected }
  grounds.set(evpn, made)
  return made
}

/** Of a network or a VRF alone. */
class EvpnTables implements DynamicTables {
  readonly routes = new Map<string, RouteEntry>()
  readonly fdb = new Map<string, FdbEntry>()
  readonly neighbours = new Map<string, NeighbourEntry>()
  readonly flood = new Map<number, readonly string[]>()
  readonly #ground: Ground
  readonly #announced: Announced

  constructor(ground: Ground, announced: Announced) {
    this.#ground = ground
    this.#announced = announced
  }

  network(network: EvpnNetwork, imports: Imports): void {
    const { vxlan } = network
    if (vxlan === undefined) return
    const routes = imports.get(network.target) ?? []
    this.#flood(vxlan, routes)
    this.#macs(network, vxlan, macsOf(imports, network))
    this.#addresses(network, routes.filter(isMacRoute))
  }

  /** TABLE-1 */
  #flood(vxlan: number, routes: readonly ImportedRoute[]): void {
    const ends = routes.filter(({ key }) => key.type === 3).map(({ vtep }) => vtep)
    this.flood.set(vxlan, [...new Set(ends)].toSorted(compareAddresses))
  }

  /** TABLE-2 */
  #macs({ bridge, irb: id }: EvpnNetwork, vxlan: number, chosen: ReadonlyMap<string, ImportedMac>): void {
    const { irb } = this.#irb(id) ?? {}
    for (const [mac, { vtep, attributes }] of chosen) {
      if (mac === irb?.mac || mac === irb?.systemMac) continue
      if (this.#announced.macs.has(fdbPlace(bridge, mac))) continue
      this.#setFdb({ bridge, mac, interface: vxlan, remote: vtep, sticky: attributes.sticky })
    }
  }

  /** TABLE-3 */
  #addresses({ irb: id }: EvpnNetwork, routes: readonly ImportedMac[]): void {
    const present = this.#irb(id)
    if (present === undefined) return
    const { irb, addresses: own } = present
    for (const [address, { key, attributes }] of chosenBy(routes, (route) => route.key.ip)) {
      if (own.has(address) || this.#announced.addresses.has(neighbourPlace(irb.id, address))) continue
      this.#setNeighbour({ interface: irb.id, address, mac: key.mac, sticky: attributes.sticky })
    }
  }

  vrf(vrf: EvpnVrf, imports: Imports): void {
    const routes = (imports.get(vrf.target) ?? []).filter((route): route is RoutedRoute =>
      this.#isRouted(route),
    )
    this.#routers(vrf, routes)
    this.#prefixes(vrf, routes)
    // Behind the prefixes: of a host route of each kind the one that names the host holds.
    this.#hosts(vrf, routes.filter(isMacRoute))
  }

  /** A route that leads through the L3 VNI: it says to which MAC (RFC 9135 section 8.1), and the MAC is another's. */
  #isRouted({ key, attributes: { routerMac, defaultGateway } }: ImportedRoute): boolean {
    if (routerMac === undefined || routerMac === this.#ground.evpn.routerMac || !isStation(routerMac))
      return false
    return key.type === 5 || (key.type === 2 && key.ip !== undefined && !defaultGateway)
  }

  /** TABLE-4. A VTEP with several router's MACs counts by the lowest, a MAC of several VTEPs leads to the lowest. */
  #routers({ bridge, vxlan, irb }: EvpnVrf, routes: readonly RoutedRoute[]): void {
    const macs = new Map<string, string>()
    for (const { vtep, attributes } of routes) {
      const present = macs.get(vtep)
      if (present === undefined || attributes.routerMac < present) macs.set(vtep, attributes.routerMac)
    }
    for (const [vtep, mac] of [...macs].toSorted(([a], [b]) => compareAddresses(a, b))) {
      this.#setNeighbour({ interface: irb, address: vtep, mac, sticky: true })
      if (this.fdb.has(fdbPlace(bridge, mac))) continue
      this.#setFdb({ bridge, mac, interface: vxlan, remote: vtep, sticky: true })
    }
  }

  /** TABLE-6 */
  #prefixes({ vrf, irb, prefixes }: EvpnVrf, routes: readonly RoutedRoute[]): void {
    const own = new Set([...prefixes.map(canonicalPrefix), ...this.#connected(vrf).map(formatPrefix)])
    const ends = new Map<string, Set<string>>()
    for (const { key, vtep } of routes) {
      if (key.type !== 5 || own.has(key.prefix)) continue
      const present = ends.get(key.prefix)
      if (present === undefined) ends.set(key.prefix, new Set([vtep]))
      else present.add(vtep)
    }
    for (const [prefix, vteps] of ends) this.#setRoute(vrf, prefix, irb, [...vteps])
  }

  /** TABLE-5 */
  #hosts({ vrf, irb }: EvpnVrf, routes: readonly ImportedMac[]): void {
    const announced = this.#announcedIn(vrf)
    const connected = this.#connected(vrf)
    for (const [address, { vtep }] of chosenBy(routes, ({ key }) => key.ip)) {
      // A network that is here is bridged to its hosts (TABLE-2, TABLE-3), whoever has spoken.
      const ip = parseIp(address)
      if (announced.has(address) || connected.some((prefix) => prefixContains(prefix, ip))) continue
      this.#setRoute(vrf, hostPrefix(address), irb, [vtep])
    }
  }

  /** Addresses that the node announces in a VRF. */
  #announcedIn(vrf: number): ReadonlySet<string> {
    const irbs = new Set(
      this.#ground.evpn.networks.flatMap((network) =>
        network.vrf === vrf && network.irb !== undefined ? `${network.irb}` : [],
      ),
    )
    return new Set(
      [...this.#announced.addresses].flatMap((place) => {
        const [irb, address] = place.split(' ')
        return irb !== undefined && address !== undefined && irbs.has(irb) ? address : []
      }),
    )
  }

  #irb(id: number | undefined) {
    return id === undefined ? undefined : this.#ground.irbs.get(id)
  }

  #connected(vrf: number): readonly Prefix[] {
    return this.#ground.connected.get(vrf) ?? []
  }

  #setFdb(entry: FdbEntry): void {
    this.fdb.set(fdbPlace(entry.bridge, entry.mac), entry)
  }

  #setNeighbour(entry: NeighbourEntry): void {
    this.neighbours.set(neighbourPlace(entry.interface, entry.address), entry)
  }

  #setRoute(vrf: number, prefix: string, irb: number, vteps: readonly string[]): void {
    const members = vteps
      .toSorted(compareAddresses)
      .slice(0, MAX_MEMBERS)
      .map((gateway) => ({ interface: irb, gateway }))
    this.routes.set(routePlace(vrf, prefix), { vrf, prefix, members })
  }
}

type RoutedRoute = ImportedRoute & { readonly attributes: { readonly routerMac: string } }

function canonicalPrefix(text: string): string {
  return formatPrefix(parsePrefix(text))
}

function hostPrefix(address: string): string {
  const ip = parseIp(address)
  return formatPrefix(prefixOf(ip, isIpv6(ip) ? 128 : 32))
}
