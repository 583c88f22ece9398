/**
 * Judges what honest frames look like between the leaves: VNI and VTEPs as planned, and one way for one flow.
 *
 * @module
 */
import type { Finding } from '../../record/verdict.js'
import { formatIp, parseIp } from '../../twin/packet/index.js'
import type { Host } from '../fabric-view.js'
import type { Seen, Sent } from '../seen.js'
import type { WireReading } from '../traffic/wire.js'
import { finding } from './finding.js'

/** Tunnel headers of honest frames on the links that are looked at. */
export function judgeOuter(seen: Seen): readonly Finding[] {
  const byTrace = new Map(seen.sent.map((sent) => [sent.trace, sent]))
  return seen.readings().flatMap((reading): readonly Finding[] => {
    const sent = reading.trace?.run === seen.source.run ? byTrace.get(reading.trace.trace) : undefined
    return sent === undefined ? [] : judgeTunnel(seen, sent, reading)
  })
}

function judgeTunnel(seen: Seen, sent: Sent, { tunnel, wire, clear }: WireReading): readonly Finding[] {
  const { expect, at, label } = sent.frame
  if (expect.outcome !== 'delivered' || expect.path.kind === 'none' || !('host' in at) || clear === undefined) return []
  const problem = (text: string) => [
    finding('INV-OUTER', `${label}: on ${wire.link} from ${wire.from} ${text}`, { link: wire.link, node: wire.from, frame: clear }),
  ]
  if (tunnel === undefined) return problem('it is not in a tunnel')
  const from = seen.source.fabric.host(at.host)
  const to = seen.source.fabric.host(expect.host)
  const layer2 = to.network.vni
  const vnis = new Set([layer2, ...(expect.path.vni === undefined ? [] : [expect.path.vni])])
  if (!vnis.has(tunnel.vni)) return problem(`it has VNI ${tunnel.vni}, not ${[...vnis].join(' or ')}`)
  // Over the L3 VNI a packet goes to any gateway of its network, which bridges it on if the host is elsewhere.
  const viaGateways = expect.path.kind === 'routed' && expect.path.gateways === 2
  const gateways = to.network.gatewayLeaves
  const senders = vteps(seen, tunnel.vni === layer2 && viaGateways ? gateways : [from.leaf])
  const receivers = vteps(seen, tunnel.vni === layer2 ? to.network.leaves : gateways)
  if (!senders.includes(tunnel.source)) return problem(`its outer source is ${formatIp(tunnel.source)}`)
  if (!receivers.includes(tunnel.destination)) return problem(`its outer destination is ${formatIp(tunnel.destination)}`)
  return []
}

function vteps(seen: Seen, nodes: readonly string[]): readonly (number | bigint)[] {
  return nodes.flatMap((node) => {
    const vtep = seen.source.reader.vtep(node)
    return vtep === undefined ? [] : [parseIp(vtep)]
  })
}

/**
 * Frames of a flow take the same links once both ends are known. The first frame is flooded or waits for a neighbour,
 * and counts for nothing here.
 */
export function judgeFlowPaths(seen: Seen): readonly Finding[] {
  const links = new Map<number, string[]>()
  for (const { trace, wire } of seen.readings()) {
    if (trace?.run !== seen.source.run) continue
    links.set(trace.trace, [...(links.get(trace.trace) ?? []), `${wire.link} ${wire.from}`])
  }
  const flows = new Map<string, Sent[]>()
  for (const sent of seen.sent) {
    if (sent.frame.expect.outcome !== 'delivered') continue
    flows.set(sent.frame.label, [...(flows.get(sent.frame.label) ?? []), sent])
  }
  return [...flows].flatMap(([label, [, ...later]]): readonly Finding[] => {
    const ways = new Set(later.map(({ trace }) => (links.get(trace) ?? []).sort().join(', ')))
    return ways.size <= 1 ? [] : [finding('INV-FLOW-PATH', `${label}: frames went by ${[...ways].map((way) => way || 'no link').join(' and by ')}`)]
  })
}

/** Hosts that are neither end of a frame, received it, and should not have: both ends had spoken. */
export function judgeLearned(seen: Seen, known: ReadonlySet<Host['id']>): readonly Finding[] {
  return seen.sent.flatMap((sent): readonly Finding[] => {
    const { expect, at, label } = sent.frame
    if (expect.outcome !== 'delivered' || !('host' in at) || !known.has(at.host) || !known.has(expect.host)) return []
    return seen
      .arrivalsOf(sent)
      .filter(({ host }) => host !== expect.host)
      .map((arrival) => finding('INV-LEARNED', `${label}: was flooded to ${arrival.host}, though both ends are known`, { frame: arrival.frame }))
  })
}
