/**
 * Paths: GoBGP's messages ↔ the rows of `contract/rib.ts`.
 *
 * What a daemon tells may stem from anybody on the network. Reading never throws: what cannot be read is `undefined`, for the caller to
 * count.
 *
 * @module
 */
import type { RibPath } from '../contract/rib.js'
import { formatIp, parseIp, tryParseIpv4 } from '../twin/packet/index.js'
import type { OwnRoute } from '../twin/control/index.js'
import { AgentError } from './errors.js'
import { apiExtended, extendedText } from './extended.js'
import {
  API_FAMILIES,
  tableOf,
  withoutZone,
  type ApiAttribute,
  type ApiNlri,
  type ApiPath,
  type TableName,
} from './gobgp-api.js'
import { addressOctets, apiNlri, nlriKey, nlriLabels } from './nlri.js'

/** Whose table is read. */
export interface ReadContext {
  readonly asn: number
  /** Node names of peers, by the address of their end of the session. */
  readonly peers: ReadonlyMap<string, string>
}

/** A path with what is needed to order paths of one key (BGP-7, last two steps). */
export interface ReadPath {
  readonly table: TableName
  readonly key: string
  /** `best` is as the message has it (GoBGP says so in lists, not in events), `used` false. */
  readonly path: RibPath
  readonly withdrawn: boolean
  /** Address of the peer that gave it; empty for the node's own. */
  readonly neighbour: string
  /** Tells several paths of one peer apart (RFC 7911); else 0. */
  readonly pathId: number
  /** The peer's. */
  readonly routerId: string
}

/** Ingress replication (RFC 6514 section 5). */
const TUNNEL_INGRESS_REPLICATION = 6
const ORIGINS = ['igp', 'egp', 'incomplete'] as const
const MAX_VNI = 0xffffff
const DEFAULT_LOCAL_PREFERENCE = 100

/** True for End-of-RIB markers (RFC 4724 section 2). */
export function isEndOfRib(api: ApiPath): boolean {
  return api.nlri === undefined && api.isWithdraw !== true
}

/** `undefined` for what cannot be read: a family or route type that is not used here, or text that is none. */
export function readPath(api: ApiPath, context: ReadContext): ReadPath | undefined {
  try {
    return tryReadPath(api, context)
  } catch {
    // The codecs say why by throwing; whatever it was, somebody else's path must not stop the agent.
    return undefined
  }
}

function tryReadPath(api: ApiPath, context: ReadContext): ReadPath | undefined {
  const source = readSource(api, context)
  if (source === undefined || api.nlri === undefined) return undefined
  const nlri = readNlri(source.table, api.nlri)
  if (nlri === undefined) return undefined
  return joinPath(source, nlri, source.withdrawn ? NO_ATTRIBUTES : readAttributes(api.pattrs ?? []))
}

function isVni(label: number): boolean {
  return label >= 1 && label <= MAX_VNI
}

/** Of a path what is neither its NLRI nor its attributes. */
export type PathSource = Pick<ReadPath, 'table' | 'withdrawn' | 'neighbour' | 'pathId' | 'routerId'> &
  Pick<RibPath, 'from' | 'best'>

/** `undefined` for a family that is not used here. @throws PacketError for a neighbour that is no address */
export function readSource(api: ApiPath, { peers }: ReadContext): PathSource | undefined {
  const table = tableOf(api.family)
  if (table === undefined) return undefined
  const told = api.neighborIp === undefined || api.neighborIp === '' ? '' : canonical(api.neighborIp)
  // A path that the agent has announced under a source of its own (`needsSource`) comes from no peer.
  const own = told === '' || (api.sourceAsn === OWN_SOURCE_AS && !peers.has(told))
  const neighbour = own ? '' : told
  return {
    table,
    withdrawn: api.isWithdraw === true,
    neighbour,
    pathId: api.identifier ?? 0,
    routerId: api.sourceId ?? '',
    from: own ? 'self' : (peers.get(neighbour) ?? neighbour),
    best: api.best === true,
  }
}

export interface PathNlri {
  readonly key: string
  /** Those of the label fields that are VNIs. */
  readonly labels: number[]
  /** Its label is the PMSI tunnel's (RFC 7432 section 11.1). */
  readonly isMulticast: boolean
}

/** `undefined` for a route type that is not used here. @throws PacketError as {@link nlriKey} does */
export function readNlri(table: TableName, nlri: ApiNlri): PathNlri | undefined {
  const key = nlriKey(table, nlri)
  if (key === undefined) return undefined
  return { key, labels: nlriLabels(nlri).filter(isVni), isMulticast: nlri.evpnMulticast !== undefined }
}

export interface PathAttributes {
  readonly attributes: Attributes
  /** Label of the PMSI tunnel, if there is one. */
  readonly tunnel: number | undefined
}
type Attributes = Pick<RibPath, 'nextHop' | 'asPath' | 'origin' | 'communities' | 'extended'> &
  Partial<Pick<RibPath, 'med' | 'localPreference' | 'originator' | 'clusters'>>

/** @throws PacketError for a next hop that is no address */
export function readAttributes(attributes: readonly ApiAttribute[]): PathAttributes {
  const pmsi = attributes.find(({ pmsiTunnel }) => pmsiTunnel !== undefined)?.pmsiTunnel
  return { attributes: attributesOf(attributes), tunnel: pmsi === undefined ? undefined : (pmsi.label ?? 0) }
}

/** Of what is withdrawn. */
export const NO_ATTRIBUTES: PathAttributes = {
  attributes: { nextHop: '0.0.0.0', asPath: [], origin: 'incomplete', communities: [], extended: [] },
  tunnel: undefined,
}

export function joinPath(
  source: PathSource,
  { key, labels, isMulticast }: PathNlri,
  told: PathAttributes,
): ReadPath {
  const { table, withdrawn, neighbour, pathId, routerId, from, best } = source
  const vnis = isMulticast && told.tunnel !== undefined ? [told.tunnel].filter(isVni) : labels
  return {
    table,
    key,
    withdrawn,
    neighbour,
    pathId,
    routerId,
    path: { from, best, used: false, ...told.attributes, ...(table === 'evpn' ? { labels: vnis } : {}) },
  }
}

function canonical(address: string): string {
  return formatIp(parseIp(withoutZone(address)))
}

function attributesOf(attributes: readonly ApiAttribute[]): Attributes {
  let nextHop = '0.0.0.0'
  let origin: RibPath['origin'] = 'incomplete'
  let asPath: number[] = []
  let communities: string[] = []
  let extended: string[] = []
  const optional: { med?: number; localPreference?: number; originator?: string; clusters?: string[] } = {}
  for (const attribute of attributes) {
    const hop = attribute.nextHop?.nextHop ?? attribute.mpReach?.nextHops?.[0]
    if (hop !== undefined) nextHop = canonical(hop)
    else if (attribute.origin !== undefined) origin = ORIGINS[attribute.origin.origin ?? 0] ?? 'incomplete'
    else if (attribute.asPath !== undefined)
      asPath = (attribute.asPath.segments ?? []).flatMap(({ numbers }) => numbers ?? [])
    else if (attribute.multiExitDisc !== undefined) optional.med = attribute.multiExitDisc.med ?? 0
    else if (attribute.localPref !== undefined) {
      // 100 is what is assumed when there is none, and what each internal peer is told (`contract/rib.ts`).
      const preference = attribute.localPref.localPref ?? 0
      if (preference !== DEFAULT_LOCAL_PREFERENCE) optional.localPreference = preference
    } else if (attribute.originatorId !== undefined) optional.originator = attribute.originatorId.id ?? ''
    else if (attribute.clusterList !== undefined) optional.clusters = [...(attribute.clusterList.ids ?? [])]
    else if (attribute.communities !== undefined)
      // A set (RFC 1997); gobgpd keeps what a policy adds beside the same that was there.
      communities = [...new Set((attribute.communities.communities ?? []).map(communityText))].toSorted()
    else if (attribute.extendedCommunities !== undefined)
      extended = (attribute.extendedCommunities.communities ?? [])
        .flatMap((one) => extendedText(one) ?? [])
        .toSorted()
  }
  const { med, localPreference, originator, clusters } = optional
  // In the order of `contract/rib.ts`, in which paths of one peer are put by their text.
  return {
    nextHop,
    asPath,
    origin,
    ...(med === undefined ? {} : { med }),
    ...(localPreference === undefined ? {} : { localPreference }),
    communities,
    extended,
    ...(originator === undefined ? {} : { originator }),
    ...(clusters === undefined ? {} : { clusters }),
  }
}

/** RFC 1997: two halves of 16 bits. */
function communityText(value: number): string {
  return `${value >>> 16}:${value & 0xffff}`
}

/** A unicast prefix of the node's own: its next hop is whoever tells it. */
export function originatePath(prefix: string): ApiPath {
  const table = prefix.includes(':') ? 'ipv6' : 'ipv4'
  const nextHop = table === 'ipv6' ? '::' : '0.0.0.0'
  return {
    family: API_FAMILIES[table],
    nlri: apiNlri(table, prefix, []),
    pattrs: [{ origin: { origin: 0 } }, { nextHop: { nextHop } }],
  }
}

/** The node's identity, for paths whose source must be given. */
export interface Originator {
  readonly asn: number
  readonly routerId: string
  readonly vtep: string
}

/**
 * An EVPN route of the node's own (EVPN-1 to EVPN-5).
 *
 * @param sourced it names its source (see {@link needsSource})
 * @throws AgentError `ZT_AGENT_CONFIG` for a key or an extended community that is none
 */
export function announcePath(
  route: OwnRoute,
  originator: Originator,
  sourced: boolean = needsSource(route, () => false),
): ApiPath {
  const { key, path } = route
  const nlri = nlriOf(key, path.labels)
  const communities = path.extended.map((text) => {
    const community = apiExtended(text)
    if (community === undefined) {
      throw new AgentError('ZT_AGENT_CONFIG', `${JSON.stringify(text)} is no extended community`)
    }
    return community
  })
  return {
    ...(sourced ? sourceOf(originator) : {}),
    family: API_FAMILIES.evpn,
    nlri,
    pattrs: [
      { origin: { origin: ORIGINS.indexOf(path.origin) } },
      { nextHop: { nextHop: path.nextHop } },
      ...(path.communities.length === 0
        ? []
        : [{ communities: { communities: path.communities.map(communityNumber) } }]),
      { extendedCommunities: { communities } },
      ...(nlri.evpnMulticast === undefined ? [] : [ingressReplication(path.nextHop, path.labels[0])]),
    ],
  }
}

/** What is withdrawn. @param source that under which it was announced, if it was (see {@link needsSource}) */
export function withdrawPath(table: TableName, key: string, source: Originator | undefined): ApiPath {
  return {
    ...(source === undefined ? {} : sourceOf(source)),
    family: API_FAMILIES[table],
    nlri: table === 'evpn' ? nlriOf(key, []) : apiNlri(table, key, []),
    isWithdraw: true,
  }
}

function nlriOf(key: string, labels: readonly number[]) {
  try {
    return apiNlri('evpn', key, labels)
  } catch (error) {
    throw new AgentError('ZT_AGENT_CONFIG', `${JSON.stringify(key)} is no key of an EVPN route`, {
      cause: error,
    })
  }
}

/** RFC 6514 section 5, with the VNI in all 24 bits of the label field (RFC 8365 section 5.1.3). */
function ingressReplication(end: string, vni: number | undefined): ApiAttribute {
  return {
    pmsiTunnel: {
      flags: 0,
      type: TUNNEL_INGRESS_REPLICATION,
      label: vni ?? 0,
      id: addressOctets(end),
    },
  }
}

/**
 * GoBGP works out mobility numbers of local MAC routes (type 2) by itself: it refuses one whose number is not above another VTEP's for the
 * same MAC, sticky or not, though anycast gateways all have the same MAC and number 0 (EVPN-4); and it writes a number of its own into one
 * that has none while another VTEP's stands (EVPN-6). Of a route that names a source it demands only that its number be no lower than the
 * others'. So such a route names its source; all others do not, for only local ones can be told many at once.
 *
 * @param isContested of a MAC: another VTEP has a route for it
 */
export function needsSource({ key, path }: OwnRoute, isContested: (mac: string) => boolean): boolean {
  const mac = macOf(key)
  if (mac === undefined) return false
  return path.extended.some((text) => text.startsWith('mobility:')) || isContested(mac)
}

/** The MAC of a route of type 2. */
export function macOf(key: string): string | undefined {
  return key.startsWith('[2]') ? key.slice(1).split('][')[3]?.slice(0, 17) : undefined
}

/**
 * No node's AS number (RFC 7300): from a source of the own AS a path would be another internal peer's, which GoBGP does not hand on to
 * internal peers (BGP-11).
 */
const OWN_SOURCE_AS = 4_294_967_295

function sourceOf({ routerId, vtep }: Originator): Pick<ApiPath, 'sourceAsn' | 'sourceId' | 'neighborIp'> {
  return { sourceAsn: OWN_SOURCE_AS, sourceId: routerId, neighborIp: vtep }
}

function communityNumber(text: string): number {
  const [high, low] = text.split(':').map(Number)
  return (((high ?? 0) << 16) | (low ?? 0)) >>> 0
}

/** Order of paths that BGP holds for equal: router id of the peer, then its address, as numbers (BGP-7). */
export function comparePeers(a: ReadPath, b: ReadPath): number {
  return (
    (tryParseIpv4(a.routerId) ?? 0) - (tryParseIpv4(b.routerId) ?? 0) ||
    compareNumbers(a.neighbour, b.neighbour)
  )
}

function compareNumbers(a: string, b: string): number {
  if (a === b) return 0
  if (a === '' || b === '') return a === '' ? -1 : 1
  const [left, right] = [parseIp(a), parseIp(b)]
  return left < right ? -1 : 1
}
