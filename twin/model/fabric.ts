/**
 * A fabric: a fabric file understood. Ranges, globs and defaults are resolved and every reference holds; addresses that the
 * file leaves open are open here too, the compiler allocates them.
 *
 * All lists are in name order ({@link ./names.ts}), so that the order of a file's keys means nothing.
 *
 * @module
 */
import type { FabricFile } from '../../contract/fabric.js'
import type { CipherSuite } from '../../contract/program.js'
import type { Ip, Mac, Prefix } from '../packet/index.js'
import type { Source, Span } from './source.js'

export interface Fabric {
  readonly name: string
  readonly underlay: Underlay
  readonly nodes: readonly FabricNode[]
  readonly links: readonly FabricLink[]
  readonly policies: readonly RoutingPolicy[]
  /** VNIs for sealed tunnels. */
  readonly tunnelVnis: NumberRange
  readonly tenants: readonly Tenant[]
  readonly intents: readonly Intent[]
  /** The file's data, fragments merged in. */
  readonly file: FabricFile
  /** The texts it was read from, the first being the one that was asked for. */
  readonly sources: readonly Source[]
}

export interface Underlay {
  readonly family: 4 | 6
  /** IP MTU above any seal. */
  readonly mtu: number
  readonly loopbacks: Prefix
  /** Pool of the links' addresses; links are unnumbered without one. */
  readonly links: Prefix | undefined
  readonly bgp: Bgp
  /** Who fills the tables: the compiler (default), or BGP with EVPN. */
  readonly control: 'static' | 'bgp'
  /** Whether flows stay where they are when a path that is used beside others comes or goes. */
  readonly resilient: boolean
}

/** AS numbers, and what holds for all sessions. */
export interface Bgp {
  /** One for all nodes that the file gives no other: spines are route reflectors then, leaves their clients. */
  readonly as: number | undefined
  /** Of spines without one of their own. */
  readonly spines: number
  /** For leaves without one of their own; absent with `as`. */
  readonly leaves: NumberRange | undefined
  /** s (RFC 4271 section 4.2) */
  readonly holdTime: number
  /** ms between packets both ways, and how many may be missed (RFC 5880). */
  readonly bfd: { readonly interval: number; readonly multiplier: number } | undefined
  /** s (RFC 4724); absent: not at all. */
  readonly gracefulRestart: number | undefined
  /** Unicast prefixes of one family that a peer may announce. */
  readonly maximumPrefixes: number | undefined
  /** Whether reflectors send all paths (RFC 7911). */
  readonly addPaths: boolean
}

/** First and last number of a range. */
export interface NumberRange {
  readonly first: number
  readonly last: number
}

export type Role = 'spine' | 'leaf' | 'gateway' | 'router'

export interface FabricNode {
  readonly name: string
  /** A gateway is a leaf without hosts. */
  readonly role: Role
  /** As the file gives it; otherwise from `underlay.bgp`. */
  readonly asn: number | undefined
  /** A router whose peers of its own AS are clients of its reflection (RFC 4456). */
  readonly reflector: boolean
  /** Others are to avoid it (RFC 8326). */
  readonly drain: boolean
}

export interface FabricLink {
  /** `leaf1--spine1`, ends in name order; `#2` for a parallel one. */
  readonly id: string
  readonly ends: readonly [string, string]
  readonly seal: Seal | undefined
  /** Share of traffic where links are used side by side; a node with one such link has 1 for its others. */
  readonly weight: number | undefined
  /** One way, ns. */
  readonly delay: number | undefined
  /** How ARP and ICMP for a node reach its kernel: through the machine, or past it (PUNT-3). */
  readonly punt: 'tap' | 'xdp'
}

/** What some nodes do with routes that they hear from, or tell to, all or some of their peers. */
export interface RoutingPolicy {
  readonly name: string
  readonly direction: 'import' | 'export'
  readonly nodes: readonly string[]
  /** Absent: all. */
  readonly peers: readonly string[] | undefined
  /** The first that matches decides. */
  readonly statements: readonly PolicyStatement[]
  /** What becomes of a route that none matches. */
  readonly otherwise: 'accept' | 'reject'
}

export interface PolicyStatement {
  /** Any of these; absent: all prefixes match. */
  readonly prefixes: readonly PrefixRange[] | undefined
  /** Any of these, `65000:100`; absent: whatever communities there are. */
  readonly communities: readonly string[] | undefined
  readonly action: 'accept' | 'reject'
  readonly set: {
    readonly localPreference: number | undefined
    readonly med: number | undefined
    readonly prepend: number | undefined
    readonly communities: readonly string[]
  }
}

/** Prefixes that lie in one. */
export interface PrefixRange {
  readonly prefix: Prefix
  /** Bounds of their length, as the file gives them. */
  readonly ge: number | undefined
  readonly le: number | undefined
}

export type Seal = MacsecSeal | WireguardSeal
export interface MacsecSeal extends NamedKey {
  readonly kind: 'macsec'
  readonly cipher: CipherSuite
  readonly mode: 'strict' | 'check' | 'disabled'
  /** What of a frame's data is encrypted: nothing, or all but the first octets; absent: all. */
  readonly confidentiality: 'none' | 'offset-30' | 'offset-50' | undefined
  /** Tags do not carry the sender; absent: they do. */
  readonly tag: 'implicit' | 'end-station' | undefined
  /** As the file gives it. */
  readonly replayWindow: number | undefined
  /** Associations that follow the first. */
  readonly standby: number
}
export interface WireguardSeal extends NamedKey {
  readonly kind: 'wireguard'
  /** Whether each two ends have a pre-shared key. */
  readonly psk: boolean
  /** UDP, at both ends. */
  readonly port: number
  /** s */
  readonly keepalive: number | undefined
}
interface NamedKey {
  readonly name: string
  /** Reference, `lab:core`. */
  readonly key: string
}

export interface Tenant {
  readonly name: string
  readonly l3vni: number | undefined
  /** What encrypts it from leaf to leaf. */
  readonly seal: Seal | undefined
  /** Its networks are routed in VRF 0, with the fabric itself. */
  readonly underlay: boolean
  readonly networks: readonly Network[]
  readonly hosts: readonly Host[]
}

export interface Network {
  readonly tenant: string
  readonly name: string
  /** Absent where the network is not stretched: in the underlay, and anycast. */
  readonly vni: number | undefined
  readonly vlan: number | undefined
  readonly mtu: number
  /** Each of its nodes has it for itself, with the same addresses. */
  readonly anycast: boolean
  /** MAC addresses that a node learns in it. */
  readonly macLimit: number | undefined
  /** Multicast goes where it is asked for (RFC 4541). */
  readonly snooping: boolean
  /** At most one of each family, IPv4 first. */
  readonly subnets: readonly Subnet[]
  /** Nodes where it exists. */
  readonly nodes: readonly string[]
  /** Those of them that are its gateway; empty without one. */
  readonly gatewayNodes: readonly string[]
}

export interface Subnet {
  readonly prefix: Prefix
  readonly gateway: Ip | undefined
}

export interface Host {
  readonly tenant: string
  readonly name: string
  /** Its leaf, or its router. */
  readonly node: string
  readonly network: string
  /** Given ones; the others are allocated from the network's subnets. */
  readonly addresses: readonly Ip[]
  readonly mac: Mac | undefined
  readonly mtu: number
  /** Its MAC address is its port's alone, and is never learned elsewhere. */
  readonly static: boolean
}

/** Protocol and port of a `reach`. */
export interface Traffic {
  readonly protocol: 'any' | 'icmp' | 'tcp' | 'udp'
  readonly port: number | undefined
}

interface Named {
  readonly name: string
  /** Where its name stands. */
  readonly at: Span
}
export type Intent = ReachIntent | EncryptIntent | LatencyIntent | SurviveIntent
export interface ReachIntent extends Named {
  readonly kind: 'reach'
  /** Host ids, `shop/web1`. */
  readonly from: readonly string[]
  readonly to: readonly string[]
  /** Hosts of an anycast network each: one of them is enough. */
  readonly toAny: readonly (readonly string[])[]
  readonly traffic: Traffic
}
export interface EncryptIntent extends Named {
  readonly kind: 'encrypt'
  /** Link ids. */
  readonly links: readonly string[]
  /** Names of tenants that are sealed themselves; absent: links are. */
  readonly tenants: readonly string[] | undefined
  /** Absent: each link or tenant by its own seal, of which there are several kinds. */
  readonly by: Seal['kind'] | undefined
}
export interface LatencyIntent extends Named {
  readonly kind: 'latency'
  readonly from: string
  readonly to: string
  readonly percentile: 50 | 90 | 99 | 99.9
  /** ns */
  readonly bound: number
  /** Packets a second. */
  readonly rate: number
}
export interface SurviveIntent extends Named {
  readonly kind: 'survive'
  readonly links: number
  readonly nodes: number
  /** Names of intents, implied ones included. */
  readonly keep: readonly string[]
}

/** Whether packet numbers have 64 bits, and keys a salt (IEEE 802.1AE-2018 clauses 14.7 and 14.8). */
export function isExtended(cipher: CipherSuite): boolean {
  return cipher === 'gcm-aes-xpn-128' || cipher === 'gcm-aes-xpn-256'
}

/** Runs EVPN and routes for tenants. */
export function isLeaf({ role }: { readonly role: Role }): boolean {
  return role === 'leaf' || role === 'gateway'
}

/** Whether the session between two nodes is internal. A leaf without a number is given one of its own. */
export function areInternal(bgp: Bgp, a: FabricNode, b: FabricNode): boolean {
  const number = asnInAdvance(bgp, a)
  return number !== undefined && number === asnInAdvance(bgp, b)
}

/** The AS number of a node, unless it is one of those for leaves that are yet to be given out. */
export function asnInAdvance({ as, spines }: Bgp, { asn, role }: FabricNode): number | undefined {
  return asn ?? as ?? (role === 'spine' ? spines : undefined)
}

/** Whether two tenants are kept apart; those in the underlay share its VRF. */
export function areIsolated(a: Tenant, b: Tenant): boolean {
  return a !== b && !(a.underlay && b.underlay)
}

/** Name of the implied intent that two tenants do not hear each other. */
export function isolationName(a: string, b: string): string {
  return a < b ? `isolation:${a}--${b}` : `isolation:${b}--${a}`
}

/** `shop/web1`, `shop/web`. */
export function idOf(item: { readonly tenant: string; readonly name: string }): string {
  return `${item.tenant}/${item.name}`
}
