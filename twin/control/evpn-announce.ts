/**
 * The EVPN routes that a node originates (`docs/control-plane.md` section 3).
 *
 * @module
 */
import type { TableChange } from '../../contract/control.js'
import type { EvpnNetwork } from '../../contract/control-plane.js'
import { importRoutes, macsOf, type ImportedMac, type Imports } from './evpn-choice.js'
import { byKey, FIXED, moved, Originator, type RoutePart } from './evpn-originator.js'
import { canonicalIp } from './evpn-route.js'
import {
  NOTHING_ANNOUNCED,
  type Announced,
  type ControlNode,
  type Evpn,
  type EvpnBest,
  type Learned,
  type OwnRoute,
} from './node.js'
import { compareAddresses } from './order.js'

export interface Announcement {
  /** In order of keys. */
  readonly routes: readonly OwnRoute[]
  /** To be passed in the next time. */
  readonly announced: Announced
  /**
   * What makes the engine forget MACs that it heard and that others have now (EVPN-6): their control entries, which take the place of
   * what was learned. Also part of what `desiredTables` wants; they may be applied twice.
   */
  readonly forget: readonly TableChange[]
  /** Of these MACs, those that both had announced with the same number: nobody knew of the other, and who was first is not known. */
  readonly ties: readonly { readonly vni: number; readonly mac: string; readonly vtep: string }[]
}

/** An announcement in parts, so that who follows it looks only at what has changed. */
export interface PartedAnnouncement extends Omit<Announcement, 'routes'> {
  /** No key is in two of them. A part is the very list that it was before where nothing in it has changed. */
  readonly parts: readonly RoutePart[]
}
/** All routes of an announcement, in order of keys. */
export function routesOf({ parts }: PartedAnnouncement): readonly OwnRoute[] {
  return parts.flat().toSorted(byKey)
}

/** RFC 7432 section 7.7: four octets. A MAC cannot be moved away from who holds the last number. */
const LAST_SEQUENCE = 0xffff_ffff

/**
 * The EVPN routes of a node.
 *
 * @param learned what was heard, asked for after `forget` of the call before was applied: a MAC that has only just been yielded must
 *   not look like one that has come back
 * @param previous what the call before gave as `announced`
 */
export function announcements(
  node: ControlNode,
  learned: Learned,
  best: EvpnBest,
  previous: Announced = NOTHING_ANNOUNCED,
): Announcement {
  const { evpn } = node.control
  if (evpn === undefined) return { routes: [], announced: NOTHING_ANNOUNCED, forget: [], ties: [] }
  const said = announce(node, evpn, learned, importRoutes(evpn.vtep, best), previous)
  const { announced, forget, ties } = said
  return { routes: routesOf(said), announced, forget, ties }
}

/**
 * {@link announcements} of routes that have been read.
 *
 * @param known what was said before by this node; what has not changed since is not worked out again
 */
export function announce(
  node: ControlNode,
  evpn: Evpn,
  learned: Learned,
  imports: Imports,
  previous: Announced,
  known: SaidBefore = new WeakMap(),
): PartedAnnouncement {
  const { prefixes, speakers } = lastingOf(node, evpn)
  const fdb = groupedBy(learned.fdb, ({ bridge }) => bridge)
  const neighbours = groupedBy(learned.neighbours, (one) => one.interface)
  const parts: RoutePart[] = [prefixes]
  const macs = new Map<string, number>()
  const addresses = new Set<string>()
  const forget: TableChange[] = []
  const ties: Announcement['ties'][number][] = []
  for (const speaker of speakers) {
    const heard = speaker.networks.flatMap((network): Heard[] => {
      const own = fdb.get(network.bridge) ?? NONE
      const addressed = (network.irb === undefined ? undefined : neighbours.get(network.irb)) ?? NONE
      return own.length === 0 && addressed.length === 0 && network.hosts === undefined
        ? []
        : [{ network, fdb: own, neighbours: addressed, remote: macsOf(imports, network) }]
    })
    if (heard.length === 0) {
      parts.push(speaker.always)
      continue
    }
    const said = saidOf(speaker, heard, previous, known, evpn)
    parts.push(said.routes)
    for (const [place, sequence] of said.macs) macs.set(place, sequence)
    for (const place of said.addresses) addresses.add(place)
    forget.push(...said.forget)
    ties.push(...said.ties)
  }
  return { parts, announced: { macs, addresses }, forget, ties }
}

/** What was heard of a network, and what others say of it. */
interface Heard {
  readonly network: EvpnNetwork
  readonly fdb: readonly { readonly mac: string }[]
  readonly neighbours: readonly { readonly address: string; readonly mac: string }[]
  readonly remote: ReadonlyMap<string, ImportedMac>
}

/** What is said of the networks of a speaker. */
interface Said {
  readonly routes: RoutePart
  readonly macs: ReadonlyMap<string, number>
  readonly addresses: ReadonlySet<string>
  readonly forget: readonly TableChange[]
  readonly ties: Announcement['ties']
}
/** By speaker, what was said last, and of what. */
export type SaidBefore = WeakMap<
  object,
  { readonly heard: string; readonly remote: Heard['remote'][]; readonly said: Said }
>

function saidOf(
  speaker: Speaker,
  heard: readonly Heard[],
  previous: Announced,
  known: SaidBefore,
  evpn: Evpn,
): Said {
  const text = heard.map((one) => textOf(one, previous)).join(';')
  const last = known.get(speaker)
  const isSame = last?.heard === text && heard.every(({ remote }, i) => remote === last.remote[i])
  if (isSame) return last.said
  const origin = new Originator(evpn, speaker.always)
  const macs = new Map<string, number>()
  const addresses = new Set<string>()
  const forget: TableChange[] = []
  const ties: Announcement['ties'][number][] = []
  for (const { network, fdb, neighbours, remote } of heard) {
    const fixed = new Set(network.hosts?.map(({ mac }) => mac))
    for (const host of network.hosts ?? []) {
      macs.set(`${network.bridge} ${host.mac}`, 0)
      origin.mac(network, host.mac, FIXED)
      for (const address of host.addresses) {
        if (origin.address(network, host.mac, canonicalIp(address) ?? address, FIXED)) {
          addresses.add(`${network.irb} ${canonicalIp(address) ?? address}`)
        }
      }
    }
    for (const { mac } of fdb) {
      if (fixed.has(mac)) continue
      const place = `${network.bridge} ${mac}`
      const other = remote.get(mac)
      const own = previous.macs.get(place)
      const sequence = sequenceOf(own, other, evpn.vtep)
      if (sequence !== undefined) {
        macs.set(place, sequence)
        origin.mac(network, mac, moved(sequence))
      } else if (other !== undefined) {
        forget.push(...entryOf(network, other))
        const { sticky, sequence: theirs } = other.attributes
        if (!sticky && theirs === own) ties.push({ vni: network.vni, mac, vtep: other.vtep })
      }
    }
    for (const { address, mac } of neighbours) {
      const sequence = macs.get(`${network.bridge} ${mac}`)
      if (sequence === undefined) continue
      if (!origin.address(network, mac, address, fixed.has(mac) ? FIXED : moved(sequence))) continue
      addresses.add(`${network.irb} ${address}`)
    }
  }
  const said = { routes: origin.routes(), macs, addresses, forget, ties }
  known.set(speaker, { heard: text, remote: heard.map(({ remote }) => remote), said })
  return said
}

/** All that an answer to what was heard depends on, but for what others say. */
function textOf({ network: { bridge }, fdb, neighbours }: Heard, { macs }: Announced): string {
  const heard = fdb.map(({ mac }) => `${mac} ${macs.get(`${bridge} ${mac}`)}`)
  return `${bridge} ${heard.join()} ${neighbours.map(({ address, mac }) => `${address} ${mac}`).join()}`
}

/** The networks of one route distinguisher, of which there is one as a rule: no other speaker has a route of the same key. */
interface Speaker {
  readonly networks: readonly EvpnNetwork[]
  /** What is said of them whatever was heard. */
  readonly always: RoutePart
}

/** What a node says whatever it has heard. */
interface Lasting {
  readonly interfaces: ControlNode['interfaces']
  readonly prefixes: RoutePart
  readonly speakers: readonly Speaker[]
}

/** By what a node is told. */
const lasting = new WeakMap<Evpn, Lasting>()

function lastingOf(node: ControlNode, evpn: Evpn): Lasting {
  const present = lasting.get(evpn)
  if (present?.interfaces === node.interfaces) return present
  const prefixes = new Originator(evpn)
  prefixes.prefixes()
  const speakers = [...groupedBy(evpn.networks, ({ rd }) => rd).values()].map((networks) => {
    const origin = new Originator(evpn)
    for (const network of networks) {
      if (network.vxlan === undefined) continue
      origin.flood(network)
      origin.gateway(node, network)
    }
    return { networks, always: origin.routes() }
  })
  const made = { interfaces: node.interfaces, prefixes: prefixes.routes(), speakers }
  lasting.set(evpn, made)
  return made
}

const NONE: readonly never[] = []

function groupedBy<K, V>(values: readonly V[], keyOf: (value: V) => K): ReadonlyMap<K, readonly V[]> {
  const groups = new Map<K, V[]>()
  for (const value of values) {
    const key = keyOf(value)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [value])
    else group.push(value)
  }
  return groups
}

/** EVPN-6. `undefined`: it is another's. */
function sequenceOf(
  own: number | undefined,
  other: ImportedMac | undefined,
  vtep: string,
): number | undefined {
  if (other === undefined) return own ?? 0
  const { sticky, sequence } = other.attributes
  if (sticky) return undefined
  if (own === undefined) return sequence === LAST_SEQUENCE ? undefined : sequence + 1
  if (sequence > own) return undefined
  return sequence === own && compareAddresses(other.vtep, vtep) < 0 ? undefined : own
}

function entryOf({ bridge, vxlan }: EvpnNetwork, { key, vtep, attributes }: ImportedMac): TableChange[] {
  if (vxlan === undefined) return []
  const to = { interface: vxlan, remote: vtep, sticky: attributes.sticky }
  return [{ table: 'fdb', bridge, mac: key.mac, to }]
}
