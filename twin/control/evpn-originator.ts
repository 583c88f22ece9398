/**
 * Makes the EVPN routes of one VTEP (`docs/control-plane.md`, EVPN-1 to EVPN-5, EVPN-8).
 *
 * @module
 */
import type { EvpnNetwork } from '../../contract/control-plane.js'
import { formatIp, formatPrefix, parseInterfaceAddress, parsePrefix } from '../packet/index.js'
import { formatEvpnKey, formatExtendedAll, type EvpnKey, type ExtendedCommunity } from './evpn-route.js'
import { irbOf, type ControlNode, type Evpn, type OwnRoute } from './node.js'
import { compareCode } from './order.js'

/** Routes of one node, in order of keys. */
export type RoutePart = readonly OwnRoute[]

/** Collects routes of one VTEP. */
export class Originator {
  readonly #evpn: Evpn
  readonly #routes: Map<string, OwnRoute>

  /** @param begin routes that are there already */
  constructor(evpn: Evpn, begin: RoutePart = []) {
    this.#evpn = evpn
    this.#routes = new Map(begin.map((route) => [route.key, route]))
  }

  routes(): RoutePart {
    return [...this.#routes.values()].toSorted(byKey)
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

export type Mobility = readonly ExtendedCommunity[]

/** RFC 7432 section 15: no community with the first number. */
export function moved(sequence: number): Mobility {
  return sequence === 0 ? [] : [{ kind: 'mobility', sequence, sticky: false }]
}

/** Of hosts that belong to a port (EVPN-8). */
export const FIXED: Mobility = [{ kind: 'mobility', sequence: 0, sticky: true }]

export function byKey(a: OwnRoute, b: OwnRoute): number {
  return compareCode(a.key, b.key)
}
