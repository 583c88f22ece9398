/**
 * Messages of GoBGP's API (`api/*.proto` of GoBGP 4.8) as they come off the wire: fields in camel case, those that have their default
 * value are absent, octets are Buffers, enums are their names. Only what the agent reads or writes is here.
 *
 * @module
 */

export interface ApiFamily {
  readonly afi?: string
  readonly safi?: string
}
/** RFC 4364 section 4.2. */
export interface ApiRouteDistinguisher {
  readonly twoOctetAsn?: { readonly admin?: number; readonly assigned?: number }
  readonly ipAddress?: { readonly admin?: string; readonly assigned?: number }
  readonly fourOctetAsn?: { readonly admin?: number; readonly assigned?: number }
}
export interface ApiSegmentIdentifier {
  readonly type?: number
  /** Nine octets. */
  readonly value?: Buffer
}
export interface ApiNlri {
  readonly prefix?: { readonly prefixLen?: number; readonly prefix?: string }
  readonly evpnMacadv?: {
    readonly rd?: ApiRouteDistinguisher
    readonly esi?: ApiSegmentIdentifier
    readonly ethernetTag?: number
    readonly macAddress?: string
    readonly ipAddress?: string
    readonly labels?: readonly number[]
  }
  readonly evpnMulticast?: {
    readonly rd?: ApiRouteDistinguisher
    readonly ethernetTag?: number
    readonly ipAddress?: string
  }
  readonly evpnIpPrefix?: {
    readonly rd?: ApiRouteDistinguisher
    readonly esi?: ApiSegmentIdentifier
    readonly ethernetTag?: number
    readonly ipPrefix?: string
    readonly ipPrefixLen?: number
    readonly gwAddress?: string
    readonly label?: number
  }
}
interface AsSpecific {
  readonly isTransitive?: boolean
  readonly subType?: number
  readonly asn?: number
  readonly localAdmin?: number
}
interface AddressSpecific {
  readonly isTransitive?: boolean
  readonly subType?: number
  readonly address?: string
  readonly localAdmin?: number
}
/** One of the fields is there. */
export interface ApiExtendedCommunity {
  readonly unknown?: { readonly type?: number; readonly value?: Buffer }
  readonly twoOctetAsSpecific?: AsSpecific
  readonly ipv4AddressSpecific?: AddressSpecific
  readonly fourOctetAsSpecific?: AsSpecific
  readonly linkBandwidth?: { readonly asn?: number; readonly bandwidth?: number }
  readonly validation?: { readonly state?: number }
  readonly color?: { readonly color?: number }
  readonly encap?: { readonly tunnelType?: number }
  readonly defaultGateway?: Readonly<Record<string, never>>
  readonly opaque?: { readonly isTransitive?: boolean; readonly value?: Buffer }
  readonly esiLabel?: { readonly isSingleActive?: boolean; readonly label?: number }
  readonly esImport?: { readonly esImport?: string }
  readonly macMobility?: { readonly isSticky?: boolean; readonly sequenceNum?: number }
  readonly routerMac?: { readonly mac?: string }
  readonly trafficRate?: { readonly asn?: number; readonly rate?: number }
  readonly trafficAction?: { readonly terminal?: boolean; readonly sample?: boolean }
  readonly redirectTwoOctetAsSpecific?: Omit<AsSpecific, 'subType'>
  readonly redirectIpv4AddressSpecific?: Omit<AddressSpecific, 'subType'>
  readonly redirectFourOctetAsSpecific?: Omit<AsSpecific, 'subType'>
  readonly trafficRemark?: { readonly dscp?: number }
  readonly vpls?: { readonly controlFlags?: number; readonly mtu?: number }
  readonly etree?: { readonly isLeaf?: boolean; readonly label?: number }
  readonly multicastFlags?: { readonly isIgmpProxy?: boolean; readonly isMldProxy?: boolean }
  readonly mupTwoOctetAsSpecific?: AsSpecific
  readonly mupIpv4AddressSpecific?: AddressSpecific
  readonly mupFourOctetAsSpecific?: AsSpecific
}
/** One of the fields is there. */
export interface ApiAttribute {
  readonly origin?: { readonly origin?: number }
  readonly asPath?: {
    readonly segments?: readonly { readonly type?: string; readonly numbers?: readonly number[] }[]
  }
  readonly nextHop?: { readonly nextHop?: string }
  readonly multiExitDisc?: { readonly med?: number }
  readonly localPref?: { readonly localPref?: number }
  readonly communities?: { readonly communities?: readonly number[] }
  readonly originatorId?: { readonly id?: string }
  readonly clusterList?: { readonly ids?: readonly string[] }
  readonly mpReach?: { readonly family?: ApiFamily; readonly nextHops?: readonly string[] }
  readonly extendedCommunities?: { readonly communities?: readonly ApiExtendedCommunity[] }
  /** RFC 6514 section 5; `id` are the octets of the tunnel identifier. */
  readonly pmsiTunnel?: {
    readonly flags?: number
    readonly type?: number
    readonly label?: number
    readonly id?: Buffer
  }
}
export interface ApiPath {
  /** Absent in an End-of-RIB marker. */
  readonly nlri?: ApiNlri
  readonly pattrs?: readonly ApiAttribute[]
  readonly family?: ApiFamily
  readonly best?: boolean
  readonly isWithdraw?: boolean
  /** Of received paths: AS number, router id and address of the peer. */
  readonly sourceAsn?: number
  readonly sourceId?: string
  readonly neighborIp?: string
  /** As received (RFC 7911). */
  readonly identifier?: number
  readonly filtered?: boolean
  readonly isNexthopInvalid?: boolean
}
export interface ApiDestination {
  readonly prefix?: string
  readonly paths?: readonly ApiPath[]
}
export interface ApiCapability {
  readonly multiProtocol?: { readonly family?: ApiFamily }
  readonly gracefulRestart?: { readonly flags?: number; readonly time?: number }
}
export interface ApiPeer {
  readonly conf?: { readonly neighborAddress?: string; readonly peerAsn?: number }
  readonly state?: {
    readonly neighborAddress?: string
    readonly peerAsn?: number
    readonly sessionState?: string
    readonly adminState?: string
    readonly routerId?: string
    readonly remoteCap?: readonly ApiCapability[]
    readonly localCap?: readonly ApiCapability[]
    readonly messages?: { readonly sent?: { readonly update?: number } }
  }
}
export interface ApiGlobal {
  readonly asn?: number
  readonly routerId?: string
  readonly useMultiplePaths?: boolean
}
export interface ApiPeerEvent {
  readonly type?: string
  readonly peer?: ApiPeer
}

/** Address families of `contract/control-plane.ts` in GoBGP's words. */
export const API_FAMILIES = {
  ipv4: { afi: 'AFI_IP', safi: 'SAFI_UNICAST' },
  ipv6: { afi: 'AFI_IP6', safi: 'SAFI_UNICAST' },
  evpn: { afi: 'AFI_L2VPN', safi: 'SAFI_EVPN' },
} as const satisfies Record<string, ApiFamily>

export type TableName = keyof typeof API_FAMILIES

/** The table of a family, or `undefined` for one that is not used here. */
export function tableOf(family: ApiFamily | undefined): TableName | undefined {
  if (family?.safi === 'SAFI_EVPN') return family.afi === 'AFI_L2VPN' ? 'evpn' : undefined
  if (family?.safi !== 'SAFI_UNICAST') return undefined
  return family.afi === 'AFI_IP' ? 'ipv4' : family.afi === 'AFI_IP6' ? 'ipv6' : undefined
}

/** Link-local addresses come with the interface on which they are: `fe80::1%eth1`. */
export function withoutZone(address: string): string {
  const at = address.indexOf('%')
  return at < 0 ? address : address.slice(0, at)
}
