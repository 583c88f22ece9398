/**
 * From EVPN routes to tables (`docs/control-plane.md`, TABLE-1 to TABLE-6).
 *
 * @module
 */
import type { EvpnNetwork, EvpnVrf } from '../../contract/control-plane.js'
import {
  formatIp,
  formatPrefix,
  isIpv6,
  parseInterfaceAddress,
  parseIp,
  parsePrefix,
  prefixContains,
  prefixOf,
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
import { irbOf, type Announced, type ControlNode, type Evpn, type EvpnBest } from './node.js'
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
  parts.of(node, evpn)
  const said = saidBy(announced)
  const whole = {
    routes: new Map<string, RouteEntry>(),
    fdb: new Map<string, FdbEntry>(),
    neighbours: new Map<string, NeighbourEntry>(),
    flood: new Map<number, readonly string[]>(),
  }
  for (const network of evpn.networks) {
    const { bridge, irb } = network
    const part = parts.part(network, imports.get(network.target), [said(`${bridge}`), said(`${irb}`)], () => {
      const tables = new EvpnTables(node, evpn, announced)
      tables.network(network, imports)
      return tables
    })
    for (const [place, entry] of part.fdb) whole.fdb.set(place, entry)
    for (const [place, entry] of part.neighbours) whole.neighbours.set(place, entry)
    for (const [id, ends] of part.flood) whole.flood.set(id, ends)
  }
  for (const vrf of evpn.vrfs) {
    const irbs = evpn.networks.flatMap(({ vrf: of, irb }) => (of === vrf.vrf ? said(`${irb}`) : []))
    const part = parts.part(vrf, imports.get(vrf.target), irbs, () => {
      const tables = new EvpnTables(node, evpn, announced)
      tables.vrf(vrf, imports)
      return tables
    })
    // A MAC of a host in the bridge of an L3 VNI is that host's.
    for (const [place, entry] of part.fdb) if (!whole.fdb.has(place)) whole.fdb.set(place, entry)
    for (const [place, entry] of part.neighbours) whole.neighbours.set(place, entry)
    for (const [place, entry] of part.routes) whole.routes.set(place, entry)
  }
  return whole
}

/** What a node announces of a bridge or IRB, by its id, as one text. */
function saidBy({ macs, addresses }: Announced): (id: string) => string {
  const said = new Map<string, string>()
  for (const place of [...macs.keys(), ...addresses]) {
    const id = place.slice(0, place.indexOf(' '))
    said.set(id, `${said.get(id) ?? ''}${place},`)
  }
  return (id) => said.get(id) ?? ''
}

/** Tables of one node, by network and VRF, with what they were made of. */
export class TableParts {
  #of: { readonly interfaces: ControlNode['interfaces']; readonly evpn: Evpn } | undefined
  readonly #parts = new Map<
    object,
    { readonly routes: unknown; readonly said: string; readonly tables: DynamicTables }
  >()

  /** What was made for another node, or for one told otherwise, is forgotten. */
  of({ interfaces }: ControlNode, evpn: Evpn): void {
    if (this.#of?.interfaces === interfaces && this.#of.evpn === evpn) return
    this.#of = { interfaces, evpn }
    this.#parts.clear()
  }

  /** @param routes the very list that it is made of. @param said what the node announces there */
  part(of: object, routes: unknown, said: readonly string[], make: () => DynamicTables): DynamicTables {
    const [present, text] = [this.#parts.get(of), said.join(';')]
    if (present !== undefined && present.routes === routes && present.said === text) return present.tables
    const tables = make()
    this.#parts.set(of, { routes, said: text, tables })
    return tables
  }
}

/** Of a network or a VRF alone. */
class EvpnTables implements DynamicTables {
  readonly routes = new Map<string, RouteEntry>()
  readonly fdb = new Map<string, FdbEntry>()
  readonly neighbours = new Map<string, NeighbourEntry>()
  readonly flood = new Map<number, readonly string[]>()
  readonly #node: ControlNode
  readonly #evpn: Evpn
  readonly #announced: Announced

  constructor(node: ControlNode, evpn: Evpn, announced: Announced) {
    this.#node = node
    this.#evpn = evpn
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
    const irb = irbOf(this.#node, id)
    for (const [mac, { vtep, attributes }] of chosen) {
      if (mac === irb?.mac || mac === irb?.systemMac) continue
      if (this.#announced.macs.has(fdbPlace(bridge, mac))) continue
      this.#setFdb({ bridge, mac, interface: vxlan, remote: vtep, sticky: attributes.sticky })
    }
  }

  /** TABLE-3 */
  #addresses({ irb: id }: EvpnNetwork, routes: readonly ImportedMac[]): void {
    const irb = irbOf(this.#node, id)
    if (irb === undefined) return
    const own = new Set(irb.addresses.map((text) => formatIp(parseInterfaceAddress(text).address)))
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
    if (routerMac === undefined || routerMac === this.#evpn.routerMac || !isStation(routerMac)) return false
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
    const own = new Set([...prefixes.map(canonicalPrefix), ...this.#connected(vrf)])
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
    const connected = this.#irbAddresses(vrf).map(({ prefix }) => prefix)
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
      this.#evpn.networks.flatMap((network) =>
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

  #irbAddresses(vrf: number) {
    return this.#node.interfaces.flatMap((item) =>
      item.kind === 'irb' && item.vrf === vrf ? item.addresses.map(parseInterfaceAddress) : [],
    )
  }

  #connected(vrf: number): readonly string[] {
    return this.#irbAddresses(vrf).map(({ prefix }) => formatPrefix(prefix))
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
