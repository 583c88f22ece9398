/**
 * A session in FRR's words: what stands under `router bgp`, and under each address family of it.
 *
 * @module
 */
import type { BgpSession, NodeControl } from '../../contract/control-plane.js'
import { routeMapOf } from './frr-policy.js'
import type { Family } from './policy.js'
import { isInternal, plainName } from './text.js'

export function neighbourLines(control: NodeControl, session: BgpSession): string[] {
  const { peer, link, port, local, remote, remoteAsn, unnumbered, bfd } = session
  const neighbour = ` neighbor ${remote}`
  return [
    `${neighbour} remote-as ${remoteAsn}`,
    `${neighbour} description ${plainName('peer', peer)} over ${plainName('link', link)}`,
    ...(unnumbered === true
      ? [
          // Its address is one of each of the node's links; RFC 8950 is offered only when it is asked for.
          `${neighbour} interface ${plainName('port', port)}`,
          `${neighbour} capability extended-nexthop`,
        ]
      : [`${neighbour} update-source ${local}`]),
    `${neighbour} advertisement-interval 0`,
    // A peer that was down is tried again each second, not each two minutes. TTL 1 is eBGP's own (BGP-1).
    `${neighbour} timers connect 1`,
    // An internal peer is one hop away too (RFC 5082), and so ends with its link, as external ones do.
    ...(isInternal(control, session) ? [`${neighbour} ttl-security hops 1`] : []),
    ...(bfd === undefined ? [] : [`${neighbour} bfd profile ${bfdProfile(bfd)}`]),
  ]
}

export function unicastLines(control: NodeControl, session: BgpSession, family: Family): string[] {
  const neighbour = `  neighbor ${session.remote}`
  const { client, addPaths, maximumPrefixes } = session
  const maps = (['in', 'out'] as const).flatMap((way) => {
    const map = routeMapOf(control, session, family, way)
    return map === undefined ? [] : [`${neighbour} route-map ${map.name} ${way}`]
  })
  return [
    `${neighbour} activate`,
    ...(addPaths === true ? [`${neighbour} addpath-tx-all-paths`] : []),
    ...(isInternal(control, session)
      ? [
          ...(client === true ? [`${neighbour} route-reflector-client`] : []),
          // There is no IGP: each next hop is the far end of a link (BGP-11), of reflected routes too.
          `${neighbour} next-hop-self force`,
        ]
      : []),
    ...maps,
    ...(maximumPrefixes === undefined ? [] : [`${neighbour} maximum-prefix ${maximumPrefixes}`]),
  ]
}

export function evpnSessionLines(control: NodeControl, session: BgpSession): string[] {
  const neighbour = `  neighbor ${session.remote}`
  return [
    `${neighbour} activate`,
    // BGP-3: an EVPN next hop is the VTEP, whoever hands the route on.
    `${neighbour} attribute-unchanged next-hop`,
    ...(isInternal(control, session) && session.client === true
      ? [`${neighbour} route-reflector-client`]
      : []),
  ]
}

/** What bfdd is told: intervals below 50 ms can be said in profiles alone. */
export function bfdLines({ sessions }: NodeControl): string[] {
  const profiles = new Map(sessions.flatMap(({ bfd }) => (bfd === undefined ? [] : [[bfdProfile(bfd), bfd]])))
  if (profiles.size === 0) return []
  return [
    'bfd',
    ...[...profiles].flatMap(([name, { interval, multiplier }]) => [
      ` profile ${name}`,
      `  detect-multiplier ${multiplier}`,
      `  transmit-interval ${interval}`,
      `  receive-interval ${interval}`,
      ' exit',
      ' !',
    ]),
    'exit',
    '!',
  ]
}

function bfdProfile({ interval, multiplier }: NonNullable<BgpSession['bfd']>): string {
  return `every-${interval}ms-x${multiplier}`
}
