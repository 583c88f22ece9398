/**
 * NodeProgram: what one node does, in no vendor's words. The language-neutral contract between the compiler,
 * the twin's forwarder and the engine; semantics are in `docs/fabric-machine.md`.
 *
 * @module
 */
import { z } from 'zod'

/** Version of the NodeProgram format. A reader refuses any other. */
export const PROGRAM_VERSION = 1

/** Interface id, unique within a node; "interface order" is ascending id (MODEL-5). */
export const InterfaceId = z.int().min(1).max(65535)
/** 24-bit VXLAN network identifier. */
export const Vni = z.int().min(1).max(0xffffff)
/** MAC address, lower case, colons: `02:00:5e:00:00:01`. */
export const MacText = z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/)
/** IPv4 or IPv6 address in canonical text (RFC 5952). */
export const IpText = z.union([z.ipv4(), z.ipv6()])
/** Address with prefix length, host bits kept (`10.1.0.1/24`), or a prefix, host bits zero. */
export const CidrText = z.union([z.cidrv4(), z.cidrv6()])
/** Name of a key; its value is never in a plan: `lab:core/leaf1--spine1/leaf1/0`. */
export const KeyReference = z
  .string()
  .regex(/^[a-z][a-z0-9+.-]*:[A-Za-z0-9._/#-]+$/)
  .max(200)
/** Secure Channel Identifier: 16 hex digits, MAC then port identifier (IEEE 802.1AE-2018 clause 9.9). */
export const SciText = z.string().regex(/^[0-9a-f]{16}$/)
/**
 * X25519 public key: base64 (RFC 4648 section 4) as `wg` shows it, 44 characters; or the reference of one that the key file has, which
 * ends in `/public`.
 */
export const WireguardPublicKey = z.union([
  z.string().regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/),
  KeyReference.regex(/\/public$/),
])
const Mtu = z.int().min(68).max(9216)
const Nanoseconds = z.int().min(0)
const U32 = z.int().min(0).max(0xffffffff)

const named = { id: InterfaceId, name: z.string().min(1).max(15) }
/** What an interface hands its frames to: a VRF (routed) or a bridge (member); what is below a macsec or wireguard interface has neither. */
const attach = { vrf: z.int().min(0).optional(), bridge: InterfaceId.optional() }

export const PortInterface = z.strictObject({
  ...named,
  ...attach,
  kind: z.literal('port'),
  mac: MacText,
  /** Largest frame minus 14 octets, seal included. */
  mtu: Mtu,
  addresses: z.array(CidrText),
  /** A TAP of the port's name carries what is punted (PUNT-1). */
  tap: z.boolean(),
  /** What is asked of the node itself by ARP and ICMP goes to its kernel by XDP_PASS (PUNT-3); absent: by the TAP, and the journal. */
  punt: z.literal('xdp').optional(),
})
/** Packet number, decimal: 1 to 2^32 − 1, with an XPN suite to 2^64 − 1. */
const PnText = z.string().regex(/^[1-9]\d{0,19}$/)
/** What an SA is, but its channel and number. */
export const associationKey = {
  /** SAK; with an XPN suite SAK, then 12 octets of salt. */
  key: KeyReference,
  /** Short SCI (clause 10.7.13); with an XPN suite alone, and always. */
  ssci: U32.optional(),
  /** Next (transmit) or lowest acceptable (receive) PN of an SA that is new (MACSEC-9); absent: 1. */
  pn: PnText.optional(),
}
export const AssociationNumber = z.int().min(0).max(3)
/** An SA of a channel that is known. */
export const Association = z.strictObject({ an: AssociationNumber, ...associationKey })
const SecureAssociation = z.strictObject({ sci: SciText, an: AssociationNumber, ...associationKey })
/** IEEE 802.1AE-2018 clauses 14.5 to 14.8. */
export const CipherSuite = z.enum(['gcm-aes-128', 'gcm-aes-256', 'gcm-aes-xpn-128', 'gcm-aes-xpn-256'])
/** validateFrames (clause 10.7.8). */
export const MacsecMode = z.enum(['strict', 'check', 'disabled'])
export const MacsecInterface = z.strictObject({
  ...named,
  ...attach,
  kind: z.literal('macsec'),
  /** A port, or a vxlan interface with one remote (MACSEC-10). */
  lower: InterfaceId,
  mac: MacText,
  /** IP MTU above the seal. */
  mtu: Mtu,
  addresses: z.array(CidrText),
  cipher: CipherSuite,
  mode: MacsecMode,
  /** protectFrames (clause 10.7.17); absent: as `mode` is not `disabled`. */
  protect: z.boolean().optional(),
  /** What of Secure Data is encrypted: nothing, or all but the first octets (clause 10.7.25); absent: all. */
  confidentiality: z.enum(['none', 'offset-30', 'offset-50']).optional(),
  /** SecTAGs without SCI (clause 9.5): nothing, or the ES bit, in its place; absent: with SCI. */
  tag: z.enum(['implicit', 'end-station']).optional(),
  /** Whether MACSEC-4 drops (clause 10.7.8); absent: true. */
  replayProtect: z.boolean().optional(),
  /** Packet numbers below the greatest that are acceptable still; with an XPN suite below 2^30. */
  replayWindow: U32,
  tx: SecureAssociation,
  /** SAs of the same channel that follow `tx`, in order (MACSEC-7). */
  standby: z.array(Association).max(3).optional(),
  /** May be empty: changes can remove all of them (MACSEC-11). */
  rx: z.array(SecureAssociation),
})
export const Endpoint = z.strictObject({ address: IpText, port: z.int().min(1).max(65535) })
/** What a peer is, but its public key. */
export const wireguardPeer = {
  /** Absent: none (zeros). */
  presharedKey: KeyReference.optional(),
  /** Absent: learned from the peer's first authenticated packet (WG-22). */
  endpoint: Endpoint.optional(),
  /** Prefixes, host bits zero. */
  allowedIps: z.array(CidrText).max(65536),
  /** s */
  persistentKeepalive: z.int().min(1).max(65535).optional(),
}
export const WireguardPeer = z.strictObject({ publicKey: WireguardPublicKey, ...wireguardPeer })
/** Exactly one of `lower` and `underlayVrf`; `mac` and `peerMac` with `lower` alone (WG-1). */
export const WireguardInterface = z.strictObject({
  ...named,
  kind: z.literal('wireguard'),
  vrf: z.int().min(0),
  lower: InterfaceId.optional(),
  underlayVrf: z.int().min(0).optional(),
  /** The port's, on its TAP. */
  mac: MacText.optional(),
  /** What packets from the peer come from, on the TAP (WG-3, PUNT-1). */
  peerMac: MacText.optional(),
  /** IP MTU inside. */
  mtu: Mtu,
  addresses: z.array(CidrText),
  /** 32 octets. */
  privateKey: KeyReference,
  listenPort: z.int().min(1).max(65535),
  /** Outer addresses, at most one of each family. */
  local: z.array(IpText).min(1).max(2),
  ttl: z.int().min(1).max(255),
  df: z.boolean(),
  /** Handshake messages a second above which cookies are asked for (WG-8). */
  loadLimit: z.int().min(1).max(1_000_000),
  peers: z.array(WireguardPeer).max(16384),
})
export const BridgeInterface = z.strictObject({
  ...named,
  kind: z.literal('bridge'),
  /** FDB ageing time, ns (LEARN-4). */
  ageing: Nanoseconds,
  fdbLimit: z
    .int()
    .min(1)
    .max(1 << 20),
  /** IGMP and MLD reports are looked at and valid for so long, ns (SNOOP-1); absent: all multicast is flooded. */
  snooping: Nanoseconds.optional(),
})
export const IrbInterface = z.strictObject({
  ...named,
  kind: z.literal('irb'),
  bridge: InterfaceId,
  vrf: z.int().min(0),
  mac: MacText,
  systemMac: MacText,
  addresses: z.array(CidrText),
  mtu: Mtu,
  /** Bind and answer for hosts (ARP-2, ARP-4, ND-2, ND-4). */
  suppress: z.boolean(),
  /** ns, NEIGH-2. */
  neighbourLifetime: Nanoseconds,
  neighbourLimit: z
    .int()
    .min(1)
    .max(1 << 20),
})
export const VxlanInterface = z.strictObject({
  ...named,
  kind: z.literal('vxlan'),
  /** Absent when a macsec interface is stacked on it (MACSEC-10). */
  bridge: InterfaceId.optional(),
  vni: Vni,
  underlayVrf: z.int().min(0),
  local: IpText,
  port: z.int().min(1).max(65535),
  mtu: Mtu,
  learning: z.boolean(),
  ttl: z.int().min(1).max(255),
  dscp: z.int().min(0).max(63),
  df: z.boolean(),
  udpChecksum: z.enum(['zero', 'compute']),
  /** VTEPs from which this VNI is accepted (VXLAN-5). */
  remotes: z.array(IpText),
})
export const LoopbackInterface = z.strictObject({
  ...named,
  kind: z.literal('loopback'),
  vrf: z.int().min(0),
  addresses: z.array(CidrText),
})
export const Interface = z.discriminatedUnion('kind', [
  PortInterface,
  MacsecInterface,
  WireguardInterface,
  BridgeInterface,
  IrbInterface,
  VxlanInterface,
  LoopbackInterface,
])

/** Exactly one of `group`, `connected`, `blackhole`. Prefixes are unique within a VRF. */
export const Route = z.strictObject({
  vrf: z.int().min(0),
  prefix: CidrText,
  group: z.int().min(1).optional(),
  connected: InterfaceId.optional(),
  blackhole: z.literal(true).optional(),
})
export const NextHop = z.strictObject({
  interface: InterfaceId,
  gateway: IpText.optional(),
  /** Share of the member among those of its group (HASH-4, HASH-6); 1 when absent. */
  weight: z.int().min(1).max(256).optional(),
})
export const NextHopGroup = z.strictObject({ id: z.int().min(1), members: z.array(NextHop).min(1).max(64) })
export const StaticNeighbour = z.strictObject({ interface: InterfaceId, address: IpText, mac: MacText })
export const StaticFdb = z.strictObject({
  bridge: InterfaceId,
  mac: MacText,
  interface: InterfaceId,
  remote: IpText.optional(),
})
export const FloodList = z.strictObject({ interface: InterfaceId, remotes: z.array(IpText) })

/** The dynamic part: what a control plane computes. */
export const Tables = z.strictObject({
  routes: z.array(Route),
  groups: z.array(NextHopGroup),
  neighbours: z.array(StaticNeighbour),
  fdb: z.array(StaticFdb),
  flood: z.array(FloodList),
})
export const NodeProgram = z.strictObject({
  format: z.literal('ztos-program'),
  version: z.literal(PROGRAM_VERSION),
  node: z.string().min(1).max(63),
  seeds: z.strictObject({ ecmp: U32, sourcePort: U32 }),
  /** VRF 0 is the underlay. */
  vrfs: z.array(z.strictObject({ id: z.int().min(0), name: z.string().min(1).max(63) })),
  /** Ascending by id. */
  interfaces: z.array(Interface),
  /** Routes of VRF 0 follow the kernel's main table (CTRL-7); absent: only what the program and `apply` say. */
  kernelRoutes: z.literal(true).optional(),
  /** Members of next-hop groups are chosen by HASH-6, which moves no flow that need not move, instead of HASH-4. */
  resilient: z.literal(true).optional(),
  tables: Tables,
})

export type Interface = z.infer<typeof Interface>
export type PortInterface = z.infer<typeof PortInterface>
export type CipherSuite = z.infer<typeof CipherSuite>
export type MacsecInterface = z.infer<typeof MacsecInterface>
export type WireguardInterface = z.infer<typeof WireguardInterface>
export type WireguardPeer = z.infer<typeof WireguardPeer>
export type BridgeInterface = z.infer<typeof BridgeInterface>
export type IrbInterface = z.infer<typeof IrbInterface>
export type VxlanInterface = z.infer<typeof VxlanInterface>
export type LoopbackInterface = z.infer<typeof LoopbackInterface>
export type Route = z.infer<typeof Route>
export type NextHop = z.infer<typeof NextHop>
export type NextHopGroup = z.infer<typeof NextHopGroup>
export type Tables = z.infer<typeof Tables>
export type NodeProgram = z.infer<typeof NodeProgram>
