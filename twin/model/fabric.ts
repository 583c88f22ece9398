/**
 * A fabric: a fabric file understood. Ranges, globs and defaults are resolved and every reference holds; addresses that the
 * file leaves open are open here too, the compiler allocates them.
 *
 * All lists are in name order ({@link ./names.ts}), so that the order of a file's keys means nothing.
 *
 * @module
 */
import type { FabricFile } from '../../contract/fabric.js'
import type { Ip, Mac, Prefix } from '../packet/index.js'
import type { Source, Span } from './source.js'

export interface Fabric {
  readonly name: string
  readonly underlay: Underlay
  readonly nodes: readonly FabricNode[]
  readonly links: readonly FabricLink[]
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
  readonly links: Prefix
  readonly bgp: { readonly spines: number; readonly leaves: AsnRange }
  /** Who fills the tables: the compiler (default), or BGP with EVPN. */
  readonly control: 'static' | 'bgp'
}

/** First and last AS number of a range. */
export interface AsnRange {
  readonly first: number
  readonly last: number
}

export interface FabricNode {
  readonly name: string
  readonly role: 'spine' | 'leaf' | 'gateway' | 'router'
  /** As the file gives it; otherwise from `underlay.bgp`. */
  readonly asn: number | undefined
}

export interface FabricLink {
  /** `leaf1--spine1`, ends in name order; `#2` for a parallel one. */
  readonly id: string
  readonly ends: readonly [string, string]
  readonly seal: Seal | undefined
}

export interface Seal {
  readonly name: string
  readonly cipher: 'gcm-aes-128'
  readonly mode: 'strict' | 'disabled'
  /** Reference, `lab:core`. */
  readonly key: string
}

export interface Tenant {
  readonly name: string
  readonly l3vni: number | undefined
  readonly networks: readonly Network[]
  readonly hosts: readonly Host[]
}

export interface Network {
  readonly tenant: string
  readonly name: string
  readonly vni: number
  readonly vlan: number | undefined
  readonly mtu: number
  /** At most one of each family, IPv4 first. */
  readonly subnets: readonly Subnet[]
  /** Leaves where it exists. */
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
  /** Its leaf. */
  readonly node: string
  readonly network: string
  /** Given ones; the others are allocated from the network's subnets. */
  readonly addresses: readonly Ip[]
  readonly mac: Mac | undefined
  readonly mtu: number
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
  readonly traffic: Traffic
}
export interface EncryptIntent extends Named {
  readonly kind: 'encrypt'
  /** Link ids. */
  readonly links: readonly string[]
  readonly by: 'macsec'
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

/** Name of the implied intent that two tenants do not hear each other. */
export function isolationName(a: string, b: string): string {
  return a < b ? `isolation:${a}--${b}` : `isolation:${b}--${a}`
}

/** `shop/web1`, `shop/web`. */
export function idOf(item: { readonly tenant: string; readonly name: string }): string {
  return `${item.tenant}/${item.name}`
}
