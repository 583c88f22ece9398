/**
 * What the control plane of one node is told: the same for the simulation (`twin/control`), the daemons of a lab and the agent
 * beside an engine. What they make of it is in `docs/control-plane.md`.
 *
 * @module
 */
import { z } from 'zod'
import { CidrText, InterfaceId, IpText, MacText, Vni } from './program.js'

const Asn = z.int().min(1).max(4294967294)
/** BGP identifier (RFC 6286): an IPv4 address in form alone. */
export const RouterId = z.ipv4()
/** Route distinguisher of type 1 (RFC 4364 section 4.2): `10.255.0.1:7`. */
export const RouteDistinguisher = z.string().regex(/^\d{1,3}(?:\.\d{1,3}){3}:\d{1,5}$/)
/** Route target, two-octet AS (RFC 4360 section 4): `65000:10010`. */
export const RouteTarget = z.string().regex(/^\d{1,5}:\d{1,10}$/)
/** Standard community (RFC 1997): `65000:100`. */
export const Community = z.string().regex(/^\d{1,5}:\d{1,5}$/)

/** A statement of a policy matches when all that it states matches. */
const PolicyStatement = z.strictObject({
  match: z.strictObject({
    /** Any of these; `ge` and `le` bound the length of what matches, the prefix's own length when absent. */
    prefixes: z
      .array(
        z.strictObject({
          prefix: CidrText,
          ge: z.int().min(0).max(128).optional(),
          le: z.int().min(0).max(128).optional(),
        }),
      )
      .optional(),
    /** Any of these. */
    communities: z.array(Community).optional(),
  }),
  action: z.enum(['accept', 'reject']),
  set: z.strictObject({
    localPreference: z.int().min(0).max(0xffffffff).optional(),
    med: z.int().min(0).max(0xffffffff).optional(),
    /** How often the node's own AS number is put before the path, beside the once of eBGP. */
    prepend: z.int().min(1).max(16).optional(),
    /** Added to those that are there. */
    communities: z.array(Community).optional(),
  }),
})
/** In order; the first statement that matches decides. What none matches is rejected. */
export const Policy = z.strictObject({ name: z.string().max(63), statements: z.array(PolicyStatement) })

export const BgpSession = z.strictObject({
  /** The node at the other end, and the link. */
  peer: z.string(),
  link: z.string(),
  /** What is routed here: the port, or the macsec or wireguard interface on it. */
  interface: InterfaceId,
  /** The port's name, and so its TAP's. */
  port: z.string(),
  local: IpText,
  remote: IpText,
  remoteAsn: Asn,
  /** IPv4 and IPv6 are unicast. */
  families: z.array(z.enum(['ipv4', 'ipv6', 'evpn'])).min(1),
  /** Names of policies; absent: everything passes. They hold for unicast routes. */
  import: z.string().optional(),
  export: z.string().optional(),
  /** `local` and `remote` are link-local addresses; IPv4 routes have IPv6 next hops (RFC 8950, BGP-10). */
  unnumbered: z.literal(true).optional(),
  /** The peer is a client of this node's reflection (RFC 4456, BGP-11). */
  client: z.literal(true).optional(),
  /** Unicast prefixes of one family that are accepted from the peer; one more ends the session (BGP-12). */
  maximumPrefixes: z.int().min(1).max(1_000_000).optional(),
  /** Share of the link where paths over several sessions are used side by side (BGP-13); absent on all sessions of a node: even shares. */
  weight: z.int().min(1).max(256).optional(),
  /** All unicast paths are sent to the peer, not the best alone (RFC 7911, BGP-14). */
  addPaths: z.literal(true).optional(),
  /** BFD (RFC 5880, asynchronous, single hop): ms between packets both ways, and how many may be missed (BGP-15). */
  bfd: z
    .strictObject({ interval: z.int().min(10).max(60_000), multiplier: z.int().min(2).max(255) })
    .optional(),
})
/** A layer-2 VNI (RFC 8365, VLAN-based service: Ethernet tag 0). */
export const EvpnNetwork = z.strictObject({
  vni: Vni,
  bridge: InterfaceId,
  /** Absent where the network is on this node alone: it has no type 3, and its MACs no routes but those with addresses (EVPN-3). */
  vxlan: InterfaceId.optional(),
  irb: InterfaceId.optional(),
  /** The VRF in which it is routed here; `vrfs` holds it when it has an L3 VNI. */
  vrf: z.int().min(1).optional(),
  rd: RouteDistinguisher,
  /** One route target, imported and exported. */
  target: RouteTarget,
  /** Hosts that belong to one of this node's ports (EVPN-8). */
  hosts: z.array(z.strictObject({ mac: MacText, addresses: z.array(IpText) })).optional(),
})
/** A VRF with a layer-3 VNI (RFC 9135 symmetric IRB, RFC 9136 interface-less). */
export const EvpnVrf = z.strictObject({
  vrf: z.int().min(1),
  name: z.string(),
  vni: Vni,
  bridge: InterfaceId,
  vxlan: InterfaceId,
  irb: InterfaceId,
  rd: RouteDistinguisher,
  target: RouteTarget,
  /** Connected prefixes that are announced (type 5). */
  prefixes: z.array(CidrText),
})
export const NodeControl = z.strictObject({
  daemon: z.enum(['frr', 'gobgp']),
  asn: Asn,
  routerId: RouterId,
  /** Paths used side by side. */
  multipath: z.int().min(1).max(64),
  /** s (RFC 4271 section 4.2). */
  holdTime: z.int().min(3).max(65535),
  /** The node's own unicast prefixes: its loopback, and networks in VRF 0. */
  originate: z.array(CidrText),
  /** In order of link ids. */
  sessions: z.array(BgpSession),
  policies: z.array(Policy),
  /** s for which peers keep what a node gave whose daemon restarts (RFC 4724, BGP-16); absent: not at all. */
  gracefulRestart: z.int().min(1).max(4095).optional(),
  /** The node is being taken out of service (RFC 8326, BGP-6). */
  gracefulShutdown: z.literal(true).optional(),
  /** Of leaves. */
  evpn: z
    .strictObject({
      vtep: IpText,
      /** Router's MAC extended community (RFC 9135 section 8.1). */
      routerMac: MacText,
      networks: z.array(EvpnNetwork),
      vrfs: z.array(EvpnVrf),
    })
    .optional(),
})
export type NodeControl = z.infer<typeof NodeControl>
export type BgpSession = z.infer<typeof BgpSession>
export type EvpnNetwork = z.infer<typeof EvpnNetwork>
export type EvpnVrf = z.infer<typeof EvpnVrf>
export type Policy = z.infer<typeof Policy>
