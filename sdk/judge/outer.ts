/**
 * Judges what frames look like between the leaves: VNI and VTEPs as planned, and one way for one flow.
 *
 * @module
 */
import type { Finding } from '../../record/verdict.js'
import { formatIp, parseIp } from '../../twin/packet/index.js'
import type { Ip } from '../../twin/packet/index.js'
import type { Host } from '../fabric-view.js'
import type { Seen, Sent } from '../seen.js'
import type { Tunnelled, WireReading } from '../traffic/wire.js'
import { finding } from './finding.js'

/**
 * Tunnel headers on the links that are looked at: those of honest frames are as planned for their way; whatever else is
 * in a tunnel (floods, ARP and ND of nodes and hosts) has a VNI of the plan and goes from one of its VTEPs to another.
 */
export function judgeOuter(seen: Seen): readonly Finding[] {
  const byTrace = new Map(seen.sent.map((sent) => [sent.trace, sent]))
  const members = vtepsByVni(seen)
  return seen.readings().flatMap((reading): readonly Finding[] => {
    const trace = seen.traceOf(reading)
    const sent = trace === undefined ? undefined : byTrace.get(trace)
    if (sent === undefined) return judgeAnyTunnel(reading, members)
    // What a forger put on a link is his own doing.
    if ('link' in sent.frame.at) return []
    if (sent.frame.expect.outcome === 'delivered') return judgeTunnel(seen, sent, reading)
    // In a VNI of another tenant it is the isolation judge's.
    return isForeign(seen, sent, reading) ? [] : judgeAnyTunnel(reading, members)
  })
}

function isForeign(seen: Seen, sent: Sent, { tunnel }: WireReading): boolean {
  const owner = tunnel === undefined ? undefined : ownerOf(seen, tunnel.vni)
  return owner !== undefined && owner !== sent.frame.tenant
}

function judgeTunnel(seen: Seen, sent: Sent, { tunnel, wire, clear }: WireReading): readonly Finding[] {
  const { expect, at, label } = sent.frame
  if (expect.outcome !== 'delivered' || expect.path.kind === 'none' || !('host' in at) || clear === undefined)
    return []
  const detail = { link: wire.link, node: wire.from, frame: clear }
  const problem = (text: string) => [
    finding('INV-OUTER', `${label}: on ${wire.link} from ${wire.from} ${text}`, detail),
  ]
  if (seen.source.fabric.tenant(sent.frame.tenant).underlay)
    return tunnel === undefined ? [] : problem('it is in a tunnel')
  if (tunnel === undefined) return problem('it is not in a tunnel')
  const owner = ownerOf(seen, tunnel.vni)
  if (owner !== undefined && owner !== sent.frame.tenant) {
    return [
      finding(
        'INV-ISOLATE-WIRE',
        `${label}: on ${wire.link} from ${wire.from} in VNI ${tunnel.vni} of ${owner}`,
        detail,
      ),
    ]
  }
  const from = seen.source.fabric.host(at.host)
  const to = seen.source.fabric.host(expect.host)
  const layer2 = to.network.vni
  const entry = expect.path.kind === 'routed' ? expect.path.entry : undefined
  const vnis = new Set([layer2, expect.path.vni, entry].filter((vni) => vni !== undefined))
  if (!vnis.has(tunnel.vni)) return problem(`it has VNI ${tunnel.vni}, not ${[...vnis].join(' or ')}`)
  // Over the L3 VNI a packet goes to any gateway of its network, which bridges it on if the host is elsewhere.
  const first = entry === undefined ? [from.leaf] : from.network.gatewayLeaves
  const viaGateways = expect.path.kind === 'routed' && expect.path.gateways === 2
  const gateways = to.network.gatewayLeaves
  if (tunnel.vni === entry) {
    const strayed = addressProblem(tunnel, vteps(seen, [from.leaf]), vteps(seen, from.network.leaves))
    return strayed === undefined ? [] : problem(strayed)
  }
  const senders = vteps(seen, tunnel.vni === layer2 && viaGateways ? gateways : first)
  const receivers = vteps(seen, tunnel.vni === layer2 ? to.network.leaves : gateways)
  const wrong = addressProblem(tunnel, senders, receivers)
  return wrong === undefined ? [] : problem(wrong)
}

function judgeAnyTunnel(
  { tunnel, wire, clear }: WireReading,
  members: ReadonlyMap<number, readonly Ip[]>,
): readonly Finding[] {
  if (tunnel === undefined || clear === undefined) return []
  const of = members.get(tunnel.vni)
  const wrong = of === undefined ? `has VNI ${tunnel.vni}, which nothing has` : addressProblem(tunnel, of, of)
  if (wrong === undefined) return []
  const text = `a frame on ${wire.link} from ${wire.from}, VNI ${tunnel.vni}: ${wrong}`
  return [finding('INV-OUTER', text, { link: wire.link, node: wire.from, frame: clear })]
}

function addressProblem(
  tunnel: Tunnelled,
  senders: readonly Ip[],
  receivers: readonly Ip[],
): string | undefined {
  if (!senders.includes(tunnel.source)) return `its outer source is ${formatIp(tunnel.source)}`
  if (!receivers.includes(tunnel.destination))
    return `its outer destination is ${formatIp(tunnel.destination)}`
  return undefined
}

/** VTEPs by VNI: of the leaves that have the network, or, for an L3 VNI, any network of the tenant. */
function vtepsByVni(seen: Seen): ReadonlyMap<number, readonly Ip[]> {
  return new Map(
    seen.source.fabric.plan.tenants.flatMap(({ name, l3vni }) => {
      const { networks } = seen.source.fabric.tenant(name)
      const leaves = [...new Set(networks.flatMap((network) => network.leaves))]
      return [
        ...networks.flatMap(({ vni, leaves }): [number, readonly Ip[]][] =>
          vni === undefined ? [] : [[vni, vteps(seen, leaves)]],
        ),
        ...(l3vni === undefined ? [] : [[l3vni, vteps(seen, leaves)] as [number, readonly Ip[]]]),
      ]
    }),
  )
}

function ownerOf(seen: Seen, vni: number): string | undefined {
  return seen.source.fabric.plan.tenants.find(
    ({ l3vni, networks }) => l3vni === vni || networks.some((network) => network.vni === vni),
  )?.name
}

function vteps(seen: Seen, nodes: readonly string[]): readonly Ip[] {
  return nodes.flatMap((node) => {
    const vtep = seen.source.reader.vtep(node)
    return vtep === undefined ? [] : [parseIp(vtep)]
  })
}

/**
 * Frames of a flow take the same links once both ends are known, whatever their size and marks. The first frame is
 * flooded or waits for a neighbour, and counts for nothing here.
 */
export function judgeFlowPaths(seen: Seen): readonly Finding[] {
  const flows = new Map<string, Sent[]>()
  for (const sent of seen.sent) {
    const { flow, expect } = sent.frame
    if (flow === undefined || expect.outcome !== 'delivered') continue
    flows.set(flow, [...(flows.get(flow) ?? []), sent])
  }
  return [...flows].flatMap(([flow, [, ...later]]): readonly Finding[] => {
    const ways = new Set(
      later.map((sent) =>
        seen
          .readingsOf(sent)
          .map(({ wire }) => `${wire.link} ${wire.from}`)
          .sort()
          .join(', '),
      ),
    )
    return ways.size <= 1
      ? []
      : [
          finding(
            'INV-FLOW-PATH',
            `${flow}: frames went by ${[...ways].map((way) => way || 'no link').join(' and by ')}`,
          ),
        ]
  })
}

/**
 * Where frames were flooded to although both ends had spoken: hosts of the networks at either end, and leaves at which the
 * receiver is not.
 */
export function judgeLearned(seen: Seen, known: ReadonlySet<Host['id']>): readonly Finding[] {
  return seen.sent.flatMap((sent): readonly Finding[] => {
    const { expect, at } = sent.frame
    if (expect.outcome !== 'delivered' || !('host' in at) || !known.has(at.host) || !known.has(expect.host))
      return []
    const { fabric } = seen.source
    const [from, to] = [fabric.host(at.host), fabric.host(expect.host)]
    return [...overheard(seen, sent, from, to), ...flooded(seen, sent, to)]
  })
}

function overheard(seen: Seen, sent: Sent, from: Host, to: Host): readonly Finding[] {
  return seen
    .arrivalsOf(sent)
    .filter(({ host }) => {
      const { network } = seen.source.fabric.host(host)
      return host !== to.id && (network.id === from.network.id || network.id === to.network.id)
    })
    .map(({ host, frame }) =>
      finding('INV-LEARNED', `${sent.frame.label}: was flooded to ${host}, though both ends are known`, {
        frame,
      }),
    )
}

/** In the receiver's own VNI a frame goes to its leaf; which gateway a routed one passes before that is ECMP's choice. */
function flooded(seen: Seen, sent: Sent, to: Host): readonly Finding[] {
  const [home] = vteps(seen, [to.leaf])
  return seen.readingsOf(sent).flatMap(({ tunnel, wire, clear }): readonly Finding[] => {
    if (
      tunnel === undefined ||
      clear === undefined ||
      tunnel.vni !== to.network.vni ||
      tunnel.destination === home
    )
      return []
    const text = `${sent.frame.label}: was flooded to VTEP ${formatIp(tunnel.destination)}, though both ends are known`
    return [finding('INV-LEARNED', text, { link: wire.link, node: wire.from, frame: clear })]
  })
}
