/**
 * The EVPN routes that a node originates (`docs/control-plane.md` section 3).
 *
 * @module
 */
import type { TableChange } from '../../contract/control.js'
import type { EvpnNetwork } from '../../contract/control-plane.js'
import { formatIp, formatPrefix, parseInterfaceAddress, parsePrefix } from '../packet/index.js'
import {
  canonicalIp,
  formatEvpnKey,
  formatExtendedAll,
  type EvpnKey,
  type ExtendedCommunity,
} from './evpn-route.js'
import { importRoutes, macsOf, type ImportedMac, type Imports } from './evpn-choice.js'
import {
  irbOf,
  NOTHING_ANNOUNCED,
  type Announced,
  type ControlNode,
  type Evpn,
  type EvpnBest,
  type Learned,
  type OwnRoute,
} from './node.js'
import { compareAddresses, compareCode } from './order.js'

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
  return announce(node, evpn, learned, importRoutes(evpn.vtep, best), previous)
}

/** {@link announcements} of routes that have been read. */
export function announce(
  node: ControlNode,
  evpn: Evpn,
  learned: Learned,
  imports: Imports,
  previous: Announced,
): Announcement {
  const origin = new Originator(evpn, lasting(node, evpn))
  const macs = new Map<string, number>()
  const addresses = new Set<string>()
  const forget: TableChange[] = []
  const ties: Announcement['ties'][number][] = []
  for (const network of evpn.networks) {
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
    const remote = macsOf(imports, network)
    for (const { mac } of learned.fdb.filter(({ bridge }) => bridge === network.bridge)) {
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
    for (const { address, mac } of learned.neighbours.filter((one) => one.interface === network.irb)) {
      const sequence = macs.get(`${network.bridge} ${mac}`)
      if (sequence === undefined) continue
      if (!origin.address(network, mac, address, fixed.has(mac) ? FIXED : moved(sequence))) continue
      addresses.add(`${network.irb} ${address}`)
    }
  }
  return { routes: origin.routes(), announced: { macs, addresses }, forget, ties }
}

/** By what a node is told: routes that do not depend on what was heard, made once. */
const lastingRoutes = new WeakMap<
  Evpn,
  { readonly interfaces: ControlNode['interfaces']; readonly routes: ReadonlyMap<string, OwnRoute> }
>()

function lasting(node: ControlNode, evpn: Evpn): ReadonlyMap<string, OwnRoute> {
  const known = lastingRoutes.get(evpn)
  if (known?.interfaces === node.interfaces) return known.routes
  const origin = new Originator(evpn, new Map())
  for (const network of evpn.networks) {
    if (network.vxlan !== undefined) {
      origin.flood(network)
      origin.gateway(node, network)
    }
  }
  origin.prefixes()
  const routes = new Map(origin.routes().map((route) => [route.key, route]))
  lastingRoutes.set(evpn, { interfaces: node.interfaces, routes })
  return routes
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

/** Collects routes of one VTEP. */
class Originator {
  readonly #evpn: Evpn
  readonly #routes: Map<string, OwnRoute>

  /** @param begin routes that are there already */
  constructor(evpn: Evpn, begin: ReadonlyMap<string, OwnRoute>) {
    this.#evpn = evpn
    this.#routes = new Map(begin)
  }

  routes(): readonly OwnRoute[] {
    return [...this.#routes.values()].toSorted((a, b) => compareCode(a.key, b.key))
  }

  #add(key: EvpnKey, labels: readonly number[], communities: readonly ExtendedCommunity[]): void {
    const text = formatEvpnKey(key)
    const extended = formatExtendedAll([{ kind: 'vxlan' }, ...communities])
    this.#routes.set(text, {
      key: text,
      path: { nextHop: this.#evpn.vtep, asPath: [], origin: 'igp', communities: [], extended, labels },
    })
  }

  /** EVPN-1 */
  flood({ rd, vni, target }: EvpnNetwork): void {
    this.#add({ type: 3, rd, originator: this.#evpn.vtep }, [vni], [{ kind: 'route-target', target }])
  }

  /** EVPN-4 */
  gateway(node: ControlNode, { rd, vni, target, irb: id }: EvpnNetwork): void {
    const irb = irbOf(node, id)
    if (irb === undefined) return
    for (const text of irb.addresses) {
      const ip = formatIp(parseInterfaceAddress(text).address)
      this.#add(
        { type: 2, rd, mac: irb.mac, ip },
        [vni],
        [
          { kind: 'route-target', target },
          { kind: 'mobility', sequence: 0, sticky: true },
          { kind: 'default-gateway' },
        ],
      )
    }
  }

  /** EVPN-2 */
  mac({ rd, vni, target, vxlan }: EvpnNetwork, mac: string, mobility: Mobility): void {
    if (vxlan === undefined) return
    this.#add({ type: 2, rd, mac }, [vni], [{ kind: 'route-target', target }, ...mobility])
  }

  /** EVPN-3. False where the address is of no use to others. */
  address(
    { rd, vni, target, vxlan, vrf }: EvpnNetwork,
    mac: string,
    ip: string,
    mobility: Mobility,
  ): boolean {
    const routed = vrf === undefined ? undefined : this.#evpn.vrfs.find((one) => one.vrf === vrf)
    if (vxlan === undefined && routed === undefined) return false
    const key = { type: 2, rd, mac, ip } as const
    const communities: ExtendedCommunity[] = [{ kind: 'route-target', target }, ...mobility]
    if (routed === undefined) {
      this.#add(key, [vni], communities)
      return true
    }
    this.#add(
      key,
      [vni, routed.vni],
      [
        ...communities,
        { kind: 'route-target', target: routed.target },
        { kind: 'router-mac', mac: this.#evpn.routerMac },
      ],
    )
    return true
  }

  /** EVPN-5 */
  prefixes(): void {
    for (const { prefixes, rd, vni, target } of this.#evpn.vrfs) {
      for (const prefix of prefixes) {
        this.#add(
          { type: 5, rd, prefix: formatPrefix(parsePrefix(prefix)) },
          [vni],
          [
            { kind: 'route-target', target },
            { kind: 'router-mac', mac: this.#evpn.routerMac },
          ],
        )
      }
    }
  }
}

type Mobility = readonly ExtendedCommunity[]

/** RFC 7432 section 15: no community with the first number. */
function moved(sequence: number): Mobility {
  return sequence === 0 ? [] : [{ kind: 'mobility', sequence, sticky: false }]
}

/** Of hosts that belong to a port (EVPN-8). */
const FIXED: Mobility = [{ kind: 'mobility', sequence: 0, sticky: true }]
