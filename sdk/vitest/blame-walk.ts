/**
 * The part of a walk that explains a finding: the nodes on the way to where the frame should not have been, or to where it
 * ended, each with its decisions, the clause of each, and the table entry or interface that decided.
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import type { NodeProgram } from '../../contract/program.js'
import { formatWalk } from '../../twin/forward/index.js'
import type { Hop, NodeHop, WalkEvent } from '../../twin/forward/index.js'
import { decodeFrame, formatPrefix, parsePrefix, prefixContains } from '../../twin/packet/index.js'
import type { Ip, Layer } from '../../twin/packet/index.js'
import type { WalkedPlan } from '../seen.js'

/** Clauses in which a node decides; parsing and hashing explain nothing. */
const decisive =
  /^(?:BRIDGE-[13456]|LEARN-2|FLOOD-[14]|ARP-[34]|ND-[34]|NEIGH-[3467]|ROUTE-(?:[234578]|11)|LOCAL-\d|VXLAN-[147]|MACSEC-[1-6]|PORT-2|PUNT-1|WG-(?:[23567]|1[0-7]|2[3-6]))$/

/** @param host where the frame should not have arrived, or arrived wrong; else the last place where it was is explained */
export function blameWalk(
  walked: WalkedPlan,
  host: string | undefined,
): { readonly full: readonly string[]; readonly short: readonly string[] } {
  const full = formatWalk(walked.walk).trimEnd().split('\n')
  const way = wayTo(walked.walk.hops, host)
  return { full, short: way.flatMap(({ hop, next }) => hopLines(walked.plan, hop, next)) }
}

interface Leg {
  readonly hop: NodeHop
  /** Node or host to which it sent; absent where the frame ended. */
  readonly next: string | undefined
}

/** From the first node to the host, or to the last node that decided an end. */
function wayTo(hops: readonly Hop[], host: string | undefined): readonly Leg[] {
  let next =
    host !== undefined && hops.some((hop) => hop.kind === 'host' && hop.host === host) ? host : undefined
  let at = next === undefined ? hops.findLastIndex(endsHere) : hops.findLastIndex((hop) => sendsTo(hop, next))
  const legs: Leg[] = []
  while (at >= 0) {
    const hop = hops[at]
    if (hop?.kind !== 'node') break
    legs.unshift({ hop, next })
    const came = hop.from
    next = hop.node
    const receiver = next
    at = hops.findLastIndex(
      (one, index) => index < at && one.kind === 'node' && one.node === came && sendsTo(one, receiver),
    )
  }
  return legs
}

function endsHere(hop: Hop): boolean {
  return hop.kind === 'node' && hop.events.some(({ kind }) => kind === 'fate')
}

function sendsTo(hop: Hop, to: string | undefined): boolean {
  return hop.kind === 'node' && hop.events.some((event) => event.kind === 'tx' && event.to === to)
}

function hopLines(plan: Plan, hop: NodeHop, next: string | undefined): readonly string[] {
  const program = plan.nodes.find(({ name }) => name === hop.node)?.program
  const head = `${hop.node}${hop.interface === undefined ? '' : `: ${hop.interface}`}${hop.from === undefined ? '' : ` from ${hop.from}`}`
  return [head, ...hop.events.flatMap((event) => eventLines(program, hop, event, next))]
}

function eventLines(
  program: NodeProgram | undefined,
  hop: NodeHop,
  event: WalkEvent,
  next: string | undefined,
): readonly string[] {
  switch (event.kind) {
    case 'fate':
      return next === undefined ? [`  = ${event.fate} (${event.clause})`] : []
    case 'punt':
      return next === undefined ? [`  > punted on ${event.interface} (${event.clause})`] : []
    case 'tx':
      return event.to === next
        ? [
            `  > ${event.interface} to ${event.to ?? 'nobody'} (${event.clause}); ${describeInterface(program, event.interface)}`,
          ]
        : []
    case 'step':
      if (event.clause === 'WG-24')
        return [`  WG-24 ${event.interface}: ${event.what}; ${describePeer(program, hop, event.interface)}`]
      if (event.clause === 'ROUTE-6')
        return [`  ROUTE-6 ${event.what}; ${describeRoute(program, hop, event.interface)}`]
      return decisive.test(event.clause)
        ? [`  ${event.clause} ${event.interface === undefined ? '' : `${event.interface}: `}${event.what}`]
        : []
  }
}

/** What the program says of an interface that a frame left by. */
function describeInterface(program: NodeProgram | undefined, name: string): string {
  const found = program?.interfaces.find((one) => one.name === name)
  if (program === undefined || found === undefined) return 'not in the program'
  const bridge = 'bridge' in found && found.bridge !== undefined ? found.bridge : undefined
  const upper = program.interfaces.find((one) => one.id === bridge)
  const vxlan = program.interfaces.find((one) => one.kind === 'vxlan' && one.bridge === bridge)
  const vni = vxlan?.kind === 'vxlan' ? ` of VNI ${vxlan.vni}` : ''
  return upper === undefined
    ? `entry: interface ${found.id} (${found.kind})`
    : `entry: interface ${found.id} (${found.kind}), member of bridge ${upper.name}${vni}`
}

/** The route that the packet of a hop matched in the VRF of an interface. */
function describeRoute(program: NodeProgram | undefined, hop: NodeHop, name: string | undefined): string {
  const found = program?.interfaces.find((one) => one.name === name)
  const vrf = found !== undefined && 'vrf' in found ? found.vrf : undefined
  const destinations = destinationsOf(hop.clear ?? hop.frame)
  const routes = (program?.tables.routes ?? []).filter((route) => route.vrf === vrf)
  const matches = destinations.flatMap((address) =>
    routes
      .map((route) => ({ route, prefix: parsePrefix(route.prefix) }))
      .filter(({ prefix }) => prefixContains(prefix, address)),
  )
  const best = matches.toSorted((a, b) => b.prefix.length - a.prefix.length)[0]
  if (best === undefined) return `no entry of VRF ${vrf ?? '?'} matches`
  const { route } = best
  const to =
    route.group === undefined
      ? route.connected === undefined
        ? 'blackhole'
        : `connected to interface ${route.connected}`
      : `next-hop group ${route.group}`
  return `entry: ${route.prefix} in VRF ${route.vrf}, ${to}`
}

/** The peer of a wireguard interface to which the packet of a hop belongs by `allowedIps`. */
function describePeer(program: NodeProgram | undefined, hop: NodeHop, name: string | undefined): string {
  const found = program?.interfaces.find((one) => one.name === name)
  if (found?.kind !== 'wireguard') return 'not in the program'
  const destinations = destinationsOf(hop.clear ?? hop.frame)
  const matches = found.peers.flatMap(({ publicKey, allowedIps }) =>
    allowedIps
      .map(parsePrefix)
      .filter((prefix) => destinations.some((address) => prefixContains(prefix, address)))
      .map((prefix) => ({ publicKey, prefix })),
  )
  const best = matches.toSorted((a, b) => b.prefix.length - a.prefix.length)[0]
  return best === undefined
    ? `entry: none of its peers, ${found.peers.length} in all`
    : `entry: peer ${best.publicKey}, ${formatPrefix(best.prefix)} of its allowedIps`
}

/** Destination addresses of all IP headers of a frame; tunnels have two. */
function destinationsOf(frame: Uint8Array | undefined): readonly Ip[] {
  if (frame === undefined) return []
  return decodeFrame(frame).flatMap((layer: Layer): readonly Ip[] =>
    layer.kind === 'ipv4' || layer.kind === 'ipv6' ? [layer.dst] : [],
  )
}
