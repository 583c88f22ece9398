/**
 * Frames as lists of layers: what `decodeFrame` gives and `encodeFrame` takes.
 *
 * A frame is the concatenation of its layers' octets in list order: headers from the outside in, payload, then trailers
 * from the inside out. A {@link LayerSpec} may leave out what can be computed or has a usual value; a decoded
 * {@link Layer} has every field, its place, and what is wrong with it.
 *
 * @module
 */
import type { Ipv4 } from './ipv4-address.js'
import type { Ipv6 } from './ipv6-address.js'
import type { Mac } from './mac.js'
import type { Sci } from './sectag.js'

/** Ethernet II header. */
export interface EthernetSpec {
  readonly kind: 'ethernet'
  readonly dst: Mac
  readonly src: Mac
  /** By the next layer unless given; needed before a payload. At least 0x0600. */
  readonly etherType?: number
}

/** IEEE 802.3 length header; LLC and what follows is payload. */
export interface Ieee8023Spec {
  readonly kind: 'ieee802.3'
  readonly dst: Mac
  readonly src: Mac
  /** Octets that follow, padding not counted; computed unless given. Below 0x0600. */
  readonly length?: number
}

/** IEEE 802.1Q tag behind its TPID, which the layer before has as EtherType (0x8100 unless given there). */
export interface VlanSpec {
  readonly kind: 'vlan'
  /** 0 unless given. */
  readonly pcp?: number
  /** False unless given. */
  readonly dei?: boolean
  readonly vid: number
  /** By the next layer unless given. */
  readonly etherType?: number
}

/** ARP for IPv4 over Ethernet; other kinds of ARP are payload. */
export interface ArpSpec {
  readonly kind: 'arp'
  /** 1 request, 2 reply. */
  readonly operation: number
  readonly sha: Mac
  readonly spa: Ipv4
  readonly tha: Mac
  readonly tpa: Ipv4
}

/** IPv4 header. */
export interface Ipv4Spec {
  readonly kind: 'ipv4'
  /** DSCP x 4 + ECN; 0 unless given. */
  readonly tos?: number
  /** Computed unless given. */
  readonly totalLength?: number
  /** 0 unless given. */
  readonly id?: number
  /** 4 reserved, 2 DF, 1 MF; 0 unless given. */
  readonly flags?: number
  /** In units of eight octets; 0 unless given. */
  readonly fragmentOffset?: number
  /** 64 unless given. */
  readonly ttl?: number
  /** By the next layer unless given. */
  readonly protocol?: number
  /** Computed unless given. */
  readonly checksum?: number
  readonly src: Ipv4
  readonly dst: Ipv4
  /** A multiple of 4 octets, at most 40; none unless given. */
  readonly options?: Uint8Array
}

/** IPv6 fixed header. */
export interface Ipv6Spec {
  readonly kind: 'ipv6'
  /** DSCP x 4 + ECN; 0 unless given. */
  readonly trafficClass?: number
  /** 20 bits; 0 unless given. */
  readonly flowLabel?: number
  /** Computed unless given. */
  readonly payloadLength?: number
  /** By the next layer unless given. */
  readonly nextHeader?: number
  /** 64 unless given. */
  readonly hopLimit?: number
  readonly src: Ipv6
  readonly dst: Ipv6
}

/** Hop-by-hop options (0), routing (43), AH (51) or destination options (60); AH also behind IPv4. */
export interface ExtensionSpec {
  readonly kind: 'extension'
  /** Its own protocol number, which the header before names. */
  readonly header: number
  /** By the next layer unless given. */
  readonly nextHeader?: number
  /** The octets behind next header and length; with those two a multiple of 8, for AH of 4. */
  readonly data: Uint8Array
}

/** IPv6 fragment header (44). */
export interface FragmentSpec {
  readonly kind: 'fragment'
  /** By the next layer unless given. */
  readonly nextHeader?: number
  /** Octet and two bits that are sent as zero: octet x 4 + bits; 0 unless given. */
  readonly reserved?: number
  /** In units of eight octets. */
  readonly fragmentOffset: number
  readonly moreFragments: boolean
  /** 32 bits. */
  readonly id: number
}

/** ICMP header: type, code, checksum and four octets whose meaning depends on the type. */
export interface IcmpSpec {
  readonly kind: 'icmp'
  readonly type: number
  /** 0 unless given. */
  readonly code?: number
  /** Computed unless given. */
  readonly checksum?: number
  /** Unsigned 32 bits; 0 unless given. */
  readonly rest?: number
}

/** ICMPv6 header: as {@link IcmpSpec}. */
export interface Icmpv6Spec {
  readonly kind: 'icmpv6'
  readonly type: number
  /** 0 unless given. */
  readonly code?: number
  /** Computed unless given. */
  readonly checksum?: number
  /** Unsigned 32 bits; 0 unless given. */
  readonly rest?: number
}

/** Target of a neighbour solicitation or advertisement (RFC 4861 sections 4.3, 4.4). */
export interface NdTargetSpec {
  readonly kind: 'nd-target'
  readonly target: Ipv6
}

/** Timers of a router advertisement (RFC 4861 section 4.2), milliseconds. */
export interface NdRouterSpec {
  readonly kind: 'nd-router'
  readonly reachableTime: number
  readonly retransTimer: number
}

/** Neighbour discovery option (RFC 4861 section 4.6). */
export interface NdOptionSpec {
  readonly kind: 'nd-option'
  readonly type: number
  /** The octets behind type and length; with those two a multiple of 8. */
  readonly data: Uint8Array
}

/** UDP header. */
export interface UdpSpec {
  readonly kind: 'udp'
  readonly srcPort: number
  readonly dstPort: number
  /** Computed unless given. */
  readonly length?: number
  /** Computed unless given; 0 says "none". */
  readonly checksum?: number
}

/** TCP header. */
export interface TcpSpec {
  readonly kind: 'tcp'
  readonly srcPort: number
  readonly dstPort: number
  /** 0 unless given. */
  readonly sequence?: number
  /** 0 unless given. */
  readonly acknowledgement?: number
  /** The four bits behind data offset; 0 unless given. */
  readonly reserved?: number
  /** Eight control bits; 0 unless given. */
  readonly flags?: number
  /** 0xffff unless given. */
  readonly window?: number
  /** Computed unless given. */
  readonly checksum?: number
  /** 0 unless given. */
  readonly urgentPointer?: number
  /** A multiple of 4 octets, at most 40; none unless given. */
  readonly options?: Uint8Array
}

/** SCTP common header; chunks are payload. */
export interface SctpSpec {
  readonly kind: 'sctp'
  readonly srcPort: number
  readonly dstPort: number
  readonly verificationTag: number
  /** CRC32c, never computed here. */
  readonly checksum: number
}

/** VXLAN header; an Ethernet frame follows. */
export interface VxlanSpec {
  readonly kind: 'vxlan'
  /** 0x08 unless given. */
  readonly flags?: number
  /** 24 bits; 0 unless given. */
  readonly reserved1?: number
  readonly vni: number
  /** 8 bits; 0 unless given. */
  readonly reserved2?: number
}

/** WireGuard initiation; octet strings have the lengths of `wireguard.Initiation`. */
export interface WireguardInitiationSpec {
  readonly kind: 'wireguard-initiation'
  readonly sender: number
  readonly ephemeral: Uint8Array
  /** Sealed. */
  readonly static: Uint8Array
  /** Sealed. */
  readonly timestamp: Uint8Array
  readonly mac1: Uint8Array
  /** Zeros unless given. */
  readonly mac2?: Uint8Array
}

/** WireGuard response. */
export interface WireguardResponseSpec {
  readonly kind: 'wireguard-response'
  readonly sender: number
  readonly receiver: number
  readonly ephemeral: Uint8Array
  /** Nothing, sealed. */
  readonly empty: Uint8Array
  readonly mac1: Uint8Array
  /** Zeros unless given. */
  readonly mac2?: Uint8Array
}

/** WireGuard cookie reply. */
export interface WireguardCookieReplySpec {
  readonly kind: 'wireguard-cookie-reply'
  readonly receiver: number
  readonly nonce: Uint8Array
  /** Sealed. */
  readonly cookie: Uint8Array
}

/** Header of a WireGuard data message; sealed text and tag (a trailer, `icv`) are given. */
export interface WireguardDataSpec {
  readonly kind: 'wireguard-data'
  readonly receiver: number
  readonly counter: bigint
}

/** MACsec SecTAG behind its EtherType. Nothing is sealed here: Secure Data and ICV are given. */
export interface MacsecSpec {
  readonly kind: 'macsec'
  /** TCI bits and AN in one octet. */
  readonly tciAn: number
  /** SL octet; computed unless given. */
  readonly shortLength?: number
  readonly pn: number
  /** Sent when `tciAn` has the SC bit, and needed then. */
  readonly sci?: Sci
}

/** The EtherType at the head of Secure Data that is not encrypted. */
export interface EtherTypeSpec {
  readonly kind: 'ethertype'
  /** By the next layer unless given. */
  readonly etherType?: number
}

/** Octets that are not taken apart. */
export interface PayloadSpec {
  readonly kind: 'payload'
  readonly data: Uint8Array
}

/** Octets behind what the length field of an inner layer covers. */
export interface TrailerSpec {
  readonly kind: 'trailer'
  readonly role: 'padding' | 'icv'
  /** Index of the innermost layer in the list that these octets still belong to. */
  readonly of: number
  readonly data: Uint8Array
}

/** A layer to encode. */
export type LayerSpec =
  | EthernetSpec
  | Ieee8023Spec
  | VlanSpec
  | ArpSpec
  | Ipv4Spec
  | Ipv6Spec
  | ExtensionSpec
  | FragmentSpec
  | IcmpSpec
  | Icmpv6Spec
  | NdTargetSpec
  | NdRouterSpec
  | NdOptionSpec
  | UdpSpec
  | TcpSpec
  | SctpSpec
  | VxlanSpec
  | WireguardInitiationSpec
  | WireguardResponseSpec
  | WireguardCookieReplySpec
  | WireguardDataSpec
  | MacsecSpec
  | EtherTypeSpec
  | PayloadSpec
  | TrailerSpec

/** Name of a kind of layer. */
export type LayerKind = LayerSpec['kind']

/** What may be wrong with octets received. */
export type ProblemCode =
  /** `found` octets are left where `wanted` are needed. */
  | 'truncated'
  /** A checksum field holds `found`, `wanted` is right. */
  | 'checksum'
  /** A length field says `found` octets, `wanted` are there (or are the least). */
  | 'length'
  /** The version field holds `found`. */
  | 'version'
  /** A field that must be `wanted` is `found`. */
  | 'reserved'
  /** More than `wanted` frames inside one another. */
  | 'nesting'

/** Something wrong with a layer. Frames are hostile: this is data, not an error. */
export interface Problem {
  readonly code: ProblemCode
  /** Protocol and field, such as `ipv4 total length`. */
  readonly what: string
  /** Octets from the start of the frame. */
  readonly offset: number
  readonly found: number
  readonly wanted: number
}

/** What decoding adds to every layer. */
export interface Located {
  /** Octets from the start of the frame. */
  readonly offset: number
  /** Octets of the layer itself, without what it carries. */
  readonly size: number
  readonly problems: readonly Problem[]
}

/** A decoded layer: every field is there, except `sci` where none was sent. */
export type Layer = {
  [K in LayerKind]: K extends 'macsec'
    ? Required<Omit<MacsecSpec, 'sci'>> & Pick<MacsecSpec, 'sci'> & Located
    : Required<Extract<LayerSpec, { readonly kind: K }>> & Located
}[LayerKind]

/** The decoded layer of one kind. */
export type LayerOf<K extends LayerKind> = Extract<Layer, { readonly kind: K }>

/** The first layer of a kind, or `undefined`. */
export function firstLayer<K extends LayerKind>(layers: readonly Layer[], kind: K): LayerOf<K> | undefined {
  return layers.find((layer): layer is LayerOf<K> => layer.kind === kind)
}

/** The last layer of a kind (the innermost, behind tunnels), or `undefined`. */
export function lastLayer<K extends LayerKind>(layers: readonly Layer[], kind: K): LayerOf<K> | undefined {
  return layers.findLast((layer): layer is LayerOf<K> => layer.kind === kind)
}

/** All problems of a frame, from the outside in. */
export function problemsOf(layers: readonly Layer[]): readonly Problem[] {
  return layers.flatMap((layer) => layer.problems)
}
