/**
 * Tunnels that lead into themselves: a bridge whose VXLAN packets are routed out of its own IRB would wrap a frame again and again,
 * a flooded one in as many copies more at each round; a wireguard interface whose outer packets are routed out of itself would seal them
 * again. Such tables are refused, at loading and by `apply` (CTRL-6).
 *
 * Judged is what could be, not what a packet meets: that some route of the underlay's VRF leads out of it is enough.
 *
 * @module
 */
import type { Bridge, RouteMember, Vrf } from './config.js'
import type { Wireguard } from './wireguard-state.js'

/** What wraps packets and sends them in an underlay's VRF. */
export type Tunnel = Bridge | Wireguard

/** The bridges of IRBs, and the wireguard interfaces, among next hops. */
export function tunnelsOf(members: readonly RouteMember[]): Tunnel[] {
  return members.flatMap(({ interface: one }): Tunnel[] => {
    if (one.kind === 'irb') return [one.bridge]
    return one.kind === 'wireguard' ? [one] : []
  })
}

/**
 * The first that leads to itself: a wireguard interface, or a bridge by a vxlan interface of it or below a macsec of it, leads to another when a route of its
 * underlay's VRF leads out of the other, or of its IRB.
 *
 * @param more - what routes not in the tables yet lead out of, by VRF.
 */
export function tunnelInLoop(
  tunnels: readonly Tunnel[],
  more: ReadonlyMap<Vrf, readonly Tunnel[]> = new Map(),
): Tunnel | undefined {
  const led = new Map<Vrf, ReadonlySet<Tunnel>>()
  const ledTo = (vrf: Vrf): ReadonlySet<Tunnel> => {
    const known = led.get(vrf)
    if (known !== undefined) return known
    const found = new Set([...routesOf(vrf), more.get(vrf) ?? []].flat())
    led.set(vrf, found)
    return found
  }
  return tunnels.find((tunnel) => reaches(tunnel, tunnel, ledTo, new Set()))
}

function* routesOf({ routes4, routes6 }: Vrf): Generator<Tunnel[]> {
  for (const table of [routes4, routes6]) {
    for (const { members } of table.values()) yield tunnelsOf(members)
  }
}

/** VRFs in which a tunnel sends. */
function underlaysOf(tunnel: Tunnel): Vrf[] {
  if (tunnel.kind === 'wireguard') return tunnel.underlay === undefined ? [] : [tunnel.underlay]
  return tunnel.members.flatMap((member) => {
    const below = member.kind === 'macsec' ? member.lower : member
    return below.kind === 'vxlan' ? [below.underlay] : []
  })
}

function reaches(
  from: Tunnel,
  wanted: Tunnel,
  ledTo: (vrf: Vrf) => ReadonlySet<Tunnel>,
  seen: Set<Tunnel>,
): boolean {
  for (const underlay of underlaysOf(from)) {
    for (const next of ledTo(underlay)) {
      if (next === wanted) return true
      if (seen.has(next)) continue
      seen.add(next)
      if (reaches(next, wanted, ledTo, seen)) return true
    }
  }
  return false
}
