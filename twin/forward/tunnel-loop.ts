/**
 * Tunnels that lead into themselves: a bridge whose VXLAN packets are routed out of its own IRB would wrap a frame again and again,
 * a flooded one in as many copies more at each round. Such tables are refused, at loading and by `apply`.
 *
 * Judged is what could be, not what a packet meets: that some route of the underlay's VRF leads out of the IRB is enough.
 *
 * @module
 */
import type { Bridge, Irb, RouteMember, Vrf } from './config.js'

/** The IRBs among next hops. */
export function irbsOf(members: readonly RouteMember[]): Irb[] {
  return members.flatMap(({ interface: one }) => (one.kind === 'irb' ? one : []))
}

/**
 * The first bridge that leads to itself: a bridge leads to another when a vxlan interface of it has an underlay VRF in which a
 * route leads out of the IRB of the other.
 *
 * @param more - IRBs that routes not in the tables yet lead out of, by VRF.
 */
export function bridgeInLoop(
  bridges: readonly Bridge[],
  more: ReadonlyMap<Vrf, readonly Irb[]> = new Map(),
): Bridge | undefined {
  const led = new Map<Vrf, ReadonlySet<Bridge>>()
  const ledTo = (vrf: Vrf): ReadonlySet<Bridge> => {
    const known = led.get(vrf)
    if (known !== undefined) return known
    const found = new Set([...routesOf(vrf), more.get(vrf) ?? []].flat().map(({ bridge }) => bridge))
    led.set(vrf, found)
    return found
  }
  return bridges.find((bridge) => reaches(bridge, bridge, ledTo, new Set()))
}

function* routesOf({ routes4, routes6 }: Vrf): Generator<Irb[]> {
  for (const table of [routes4, routes6]) {
    for (const { members } of table.values()) yield irbsOf(members)
  }
}

function reaches(
  from: Bridge,
  wanted: Bridge,
  ledTo: (vrf: Vrf) => ReadonlySet<Bridge>,
  seen: Set<Bridge>,
): boolean {
  for (const member of from.members) {
    if (member.kind !== 'vxlan') continue
    for (const next of ledTo(member.underlay)) {
      if (next === wanted) return true
      if (seen.has(next)) continue
      seen.add(next)
      if (reaches(next, wanted, ledTo, seen)) return true
    }
  }
  return false
}
