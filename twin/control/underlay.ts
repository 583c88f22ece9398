/**
 * Routes of the underlay (TABLE-7).
 *
 * @module
 */
import type { BgpSession, NodeControl } from '../../contract/control-plane.js'
import type { NextHop } from '../../contract/program.js'
import { formatPrefix, parsePrefix } from '../packet/index.js'
import type { Entry } from './exchange.js'
import { compareAddresses } from './order.js'
import { NO_TABLES, routePlace, type DynamicTables, type RouteEntry } from './tables.js'
import type { Topology } from './topology.js'
import type { UnicastChange } from './unicast.js'

const UNDERLAY_VRF = 0

/** By node, the routes of VRF 0. */
export class UnderlayRoutes {
  readonly #topology: Topology
  readonly #routes: readonly Map<string, RouteEntry>[]
  /** One value for each list of next hops, so that routes with the same ones are seen to have them without a look. */
  readonly #members: readonly Map<string, readonly NextHop[]>[]

  constructor(topology: Topology) {
    const { nodes } = topology
    this.#topology = topology
    this.#routes = nodes.map(() => new Map<string, RouteEntry>())
    this.#members = nodes.map(() => new Map<string, readonly NextHop[]>())
  }

  note({ key, changed }: UnicastChange): void {
    for (const index of changed) {
      const members = this.#membersOf(index, key.entries[index])
      const place = routePlace(UNDERLAY_VRF, key.text)
      if (members.length === 0) this.#routes[index]?.delete(place)
      else this.#routes[index]?.set(place, { vrf: UNDERLAY_VRF, prefix: key.text, members })
    }
  }

  /** Far ends of the sessions that are used, by ascending interface id; an own prefix has none. */
  #membersOf(index: number, entry: Entry | undefined): readonly NextHop[] {
    // Of several paths of one peer (BGP-14) there is one way to it.
    const sessions = [...new Set((entry?.used ?? []).map(({ config }) => config))]
    const key = sessions.map(({ link }) => link).join()
    const present = this.#members[index]?.get(key)
    if (present !== undefined) return present
    const isTold = (session: BgpSession) => this.#tellsWeight(index, entry, session)
    const members = weighted(sessions, isTold).toSorted(
      (a, b) => a.interface - b.interface || compareAddresses(a.gateway ?? '', b.gateway ?? ''),
    )
    this.#members[index]?.set(key, members)
    return members
  }

  /** FRR 8.4 gives a share to who told a bandwidth in its message, as GoBGP does to it and another FRR does not (BGP-13). */
  #tellsWeight(index: number, entry: Entry | undefined, session: BgpSession): boolean {
    const daemonOf = (node: number) => this.#topology.nodes[node]?.control.daemon
    const peer = entry?.used.find(({ config }) => config === session)?.remote
    return daemonOf(index) !== 'frr' || (peer !== undefined && daemonOf(peer) !== 'frr')
  }

  of(index: number): ReadonlyMap<string, RouteEntry> {
    return this.#routes[index] ?? new Map()
  }
}

function memberOf({ interface: id, remote }: BgpSession): NextHop {
  return { interface: id, gateway: remote }
}

/** Members with their shares in whole hundredths, where each of several sessions has a weight (TABLE-7). */
function weighted(sessions: readonly BgpSession[], isTold: (session: BgpSession) => boolean): NextHop[] {
  const weights = sessions.flatMap(({ weight }) => weight ?? [])
  if (sessions.length < 2 || weights.length < sessions.length) return sessions.map(memberOf)
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return sessions.map((session) => {
    const member = memberOf(session)
    if (!isTold(session)) return member
    return { ...member, weight: Math.max(1, Math.floor((100 * (session.weight ?? 0)) / sum)) }
  })
}

/** A copy, for the routes go on changing. What a node has itself is connected, whatever others announce (TABLE-7, FAULT-6). */
export function underlayTables(
  routes: ReadonlyMap<string, RouteEntry>,
  { originate }: NodeControl,
): DynamicTables {
  const copy = new Map(routes)
  for (const text of originate) copy.delete(routePlace(UNDERLAY_VRF, formatPrefix(parsePrefix(text))))
  return { ...NO_TABLES, routes: copy }
}
