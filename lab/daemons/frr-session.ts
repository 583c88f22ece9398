/**
 * A session in FRR's words: what stands under `router bgp`, and under each address family of it.
 *
 * @module
 */
import type { BgpSession, NodeControl } from '../../contract/control-plane.js'
import { routeMapOf } from './frr-policy.js'
import type { Family } from './policy.js'
import { isInternal, plainName } from './text.js'

export interface FrrOptions {
  /** Nodes that run FRR too. */
  readonly frr?: ReadonlySet<string>
}

/**
 * What a peer is called. FRR 8.4 does not call a link-local address that it is only told (it knows no interface for it, whatever is said), but
 * takes its call; so GoBGP calls. Two FRRs find each other by router advertisements, which they send on such interfaces.
 */
function peerName({ unnumbered, peer, port, remote }: BgpSession, { frr }: FrrOptions): string {
  return unnumbered === true && frr?.has(peer) === true ? plainName('port', port) : remote
}

export function neighbourLines(control: NodeControl, session: BgpSession, options: FrrOptions): string[] {
  const { peer, link, port, local, remote, remoteAsn, unnumbered, bfd } = session
  const name = peerName(session, options)
  const neighbour = ` neighbor ${name}`
  return [
    name === remote ? `${neighbour} remote-as ${remoteAsn}` : `${neighbour} interface remote-as ${remoteAsn}`,
    `${neighbour} description ${plainName('peer', peer)} over ${plainName('link', link)}`,
    ...(unnumbered === true
      ? [
          // Its address is one of each of the node's links.
          ...(name === remote ? [`${neighbour} interface ${plainName('port', port)}`] : []),
          `${neighbour} capability extended-nexthop`,
        ]
      : [`${neighbour} update-source ${local}`]),
    `${neighbour} advertisement-interval 0`,
    // A peer that was down is tried again each second, not each two minutes. TTL 1 is eBGP's own (BGP-1).
    `${neighbour} timers connect 1`,
    // In a group of peers a path goes back to who gave it too (BGP-3), and GoBGP, to which that is a loop, keeps what it had before.
    `${neighbour} solo`,
    // Nor does a path go back over another link to it.
    ...(isInternal(control, session) ? [] : [`${neighbour} sender-as-path-loop-detection`]),
    // An internal peer is one hop away too (RFC 5082), and so ends with its link, as external ones do.
    ...(isInternal(control, session) ? [`${neighbour} ttl-security hops 1`] : []),
    ...(bfd === undefined ? [] : [`${neighbour} bfd profile ${bfdProfile(bfd)}`]),
  ]
}

export function unicastLines(
  control: NodeControl,
  session: BgpSession,
  family: Family,
  options: FrrOptions,
): string[] {
  const neighbour = `  neighbor ${peerName(session, options)}`
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

export function evpnSessionLines(control: NodeControl, session: BgpSession, options: FrrOptions): string[] {
  const neighbour = `  neighbor ${peerName(session, options)}`
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
