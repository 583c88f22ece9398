/**
 * A program as a node keeps it: interfaces that know each other, addresses in binary, tables that can be looked up, and
 * beside them the state that frames leave. Made by `load.ts`.
 *
 * @module
 */
import type { Ip, Ipv4, Ipv4Prefix, Ipv6, Ipv6Prefix, Mac } from '../packet/address.js'
import type { Fdb } from './fdb.js'
import type { Macsec } from './macsec-state.js'
import type { Memberships } from './memberships.js'
import type { ControlNeighbour, Neighbour } from './neighbour-table.js'
import type { RouteTable } from './route-table.js'
import type { Wireguard } from './wireguard-state.js'

/** An IPv4 address of an interface and its subnet. */
export interface Address4 {
  readonly address: Ipv4
  readonly prefix: Ipv4Prefix
}

/** An IPv6 address of an interface and its subnet. */
export interface Address6 {
  readonly address: Ipv6
  readonly prefix: Ipv6Prefix
  readonly linkLocal: boolean
}

/** What all interfaces that carry IP have. */
export interface Layer3 {
  readonly id: number
  readonly name: string
  readonly mac: Mac
  readonly mtu: number
  readonly addresses4: readonly Address4[]
  readonly addresses6: readonly Address6[]
  /** Static neighbours: on ports and macsec interfaces as updates have left them (NEIGH-1), on IRBs as `apply` has (CTRL-6). */
  readonly neighbours: Map<Ip, Mac>
}

export interface Port extends Layer3 {
  readonly kind: 'port'
  readonly tap: boolean
  /** PUNT-3 */
  readonly passes: boolean
  readonly vrf: Vrf | undefined
  readonly bridge: Bridge | undefined
  /** The macsec or wireguard interface stacked on it; then it has neither VRF nor bridge. */
  upper: Macsec | Wireguard | undefined
}

export interface Bridge {
  readonly kind: 'bridge'
  readonly id: number
  readonly name: string
  /** Ports, macsec and vxlan interfaces in interface order. */
  readonly members: Member[]
  irb: Irb | undefined
  readonly fdb: Fdb
  /** Of a bridge that snoops (SNOOP-1). */
  readonly memberships: Memberships | undefined
}

/** An interface that can be attached to a bridge. */
export type Member = Port | Macsec | Vxlan

export interface Irb extends Layer3 {
  readonly kind: 'irb'
  readonly bridge: Bridge
  readonly vrf: Vrf
  readonly systemMac: Mac
  /** Of `mac` and of `systemMac` (IRB-1); absent without an IPv6 address. */
  readonly linkLocals: { readonly mac: Ipv6; readonly systemMac: Ipv6 } | undefined
  readonly suppress: boolean
  /** ns, NEIGH-2. */
  readonly neighbourLifetime: bigint
  readonly neighbourLimit: number
  /** Control neighbours (NEIGH-8). An address is a key of one of the three maps at most. */
  readonly control: Map<Ip, ControlNeighbour>
  /** Dynamic neighbours, incomplete ones included. */
  readonly dynamic: Map<Ip, Neighbour>
}

export interface Vxlan {
  readonly kind: 'vxlan'
  readonly id: number
  readonly name: string
  /** Exactly one of these (MACSEC-10). */
  readonly bridge: Bridge | undefined
  upper: Macsec | undefined
  /** CTRL-2 */
  vni: number
  readonly underlay: Vrf
  readonly local: Ip
  readonly port: number
  readonly mtu: number
  readonly learning: boolean
  readonly ttl: number
  readonly dscp: number
  readonly df: boolean
  readonly udpChecksum: 'zero' | 'compute'
  readonly remotes: ReadonlySet<Ip>
  /** In program order, or as `apply` has set them (FLOOD-2, CTRL-6). */
  flood: readonly Ip[]
}

export interface Loopback {
  readonly kind: 'loopback'
  readonly id: number
  readonly name: string
  readonly vrf: Vrf
  readonly addresses4: readonly Address4[]
  readonly addresses6: readonly Address6[]
}

/** An interface on which packets are received into a VRF. */
export type Routed = Port | Macsec | Irb | Wireguard

/** An interface that has addresses. */
export type Addressed = Routed | Loopback

export type AnyInterface = Port | Macsec | Bridge | Irb | Vxlan | Loopback | Wireguard

/** A member of a next-hop group. */
export interface RouteMember {
  readonly interface: Routed | Loopback
  readonly gateway: Ip | undefined
  /** Share among the members of its group, from 1 on. */
  readonly weight: number
}

/** A route of a VRF. */
export interface RouteEntry {
  readonly prefix: Ipv4Prefix | Ipv6Prefix
  readonly kind: 'group' | 'connected' | 'blackhole'
  /** Of the group; the connected interface alone; none of a blackhole. */
  readonly members: readonly RouteMember[]
  /** ROUTE-7: first and last address of a connected IPv4 prefix of up to 30 bits. */
  readonly broadcasts: { readonly first: number; readonly last: number } | undefined
}

export interface Vrf {
  readonly id: number
  readonly name: string
  /** Interfaces of it that have addresses, in interface order. */
  readonly interfaces: Addressed[]
  /** Addresses of its interfaces, those of one IRB only (link-local ones) left out (section 13). */
  readonly own4: Set<Ipv4>
  readonly own6: RouteTable<true>
  /** Those of IRBs, link-local ones left out. */
  readonly gateways: Set<Ip>
  readonly routes4: RouteTable<RouteEntry>
  readonly routes6: RouteTable<RouteEntry>
}

/** A loaded program. */
export interface Config {
  readonly node: string
  readonly seeds: { readonly ecmp: number; readonly sourcePort: number }
  /** Members of groups are chosen by HASH-6 instead of HASH-4. */
  readonly resilient: boolean
  readonly vrfs: ReadonlyMap<number, Vrf>
  /** By id. */
  readonly interfaces: ReadonlyMap<number, AnyInterface>
  /** In interface order. */
  readonly irbs: readonly Irb[]
  readonly vxlans: readonly Vxlan[]
  readonly bridges: readonly Bridge[]
  readonly macsecs: readonly Macsec[]
  readonly wireguards: readonly Wireguard[]
}
