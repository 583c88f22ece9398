/**
 * Judges a `reach` intent: every pair of hosts, every family both have, requests and answers.
 *
 * @module
 */
import type { PlanIntent, ProtocolSpec } from '../../contract/plan.js'
import { judge } from '../../record/judge.js'
import type { Verdict } from '../../record/verdict.js'
import type { Host } from '../fabric-view.js'
import type { ScenarioTarget } from '../scenario-target.js'
import { flow, reverse, roomBetween, tenantOfHost } from '../traffic/flow.js'
import type { Flow } from '../traffic/flow.js'
import { echoRequest, gatewayQuestion, gatewaysOf, peerQuestion } from '../traffic/gateway.js'
import { packetLength } from '../traffic/packet.js'
import type { PacketSpec } from '../traffic/packet.js'
import { pathBetween } from '../traffic/path.js'
import { judgeAnswers } from './answer.js'
import { present } from './attempts.js'
import { judgeDelivery } from './delivery.js'
import { finding, mergeReports } from './finding.js'
import type { Report } from './finding.js'
import { judgeFlowPaths, judgeLearned, judgeOuter } from './outer.js'
import { judgeAnycast } from './reach-any.js'

type ReachIntent = Extract<PlanIntent, { kind: 'reach' }>

/** Exchanges of one send; a bound on memory, not on what is judged. */
const BATCH = 64
/** Client ports of generated flows, from the dynamic range of RFC 6335. */
const CLIENT_PORT = 49152

/** Judges the intent. The target is reset first: what is judged includes first packets to hosts not yet known. */
export async function judgeReach(target: ScenarioTarget, intent: ReachIntent): Promise<Verdict> {
  const { exchanges, impossible } = exchangesOf(target, intent)
  const reports: Report[] = [
    {
      judged: impossible.length,
      delivered: 0,
      findings: impossible.map((text) => finding('INV-REACH', text)),
    },
    await judgeGateways(target, exchanges),
    ...(await judgeNeighbours(target, exchanges)),
  ]
  for (let at = 0; at < exchanges.length; at += BATCH) {
    reports.push(...(await judgeBatch(target, exchanges.slice(at, at + BATCH))))
  }
  const { fabric } = target
  const anycast = (intent.toAny ?? []).map((set) => set.map((id) => fabric.host(id)))
  const from = intent.from.map((id) => fabric.host(id))
  reports.push(...(await judgeAnycast(target, from, anycast, { traffic: intent.traffic, packetsOf })))
  const { findings, judged, delivered } = mergeReports(reports)
  return judge({
    name: intent.name,
    kind: 'reach',
    by: target.on,
    judged,
    controls: delivered,
    findings,
    reason: `${anycast.length === 0 ? '' : `one of each of ${anycast.length} anycast sets, once; `}${exchanges.length * 2} flows between ${intent.from.length} and ${intent.to.length} hosts, there and back, either side first, first frames and later ones, up to the MTU; gateways and hosts on the same network answer who asks for them`,
  })
}

/** A request and its answer. */
interface Exchange {
  readonly request: Flow
  readonly answer: Flow
}

async function judgeBatch(
  target: ScenarioTarget,
  exchanges: readonly Exchange[],
): Promise<readonly Report[]> {
  const flows = exchanges.flatMap(({ request, answer }) => [request, answer])
  const both = exchanges.flatMap(({ request }) => [request.from.id, request.to.id])
  // First frames: hosts are unknown, packets wait for neighbours, unicast is flooded; whichever side speaks first.
  await target.reset()
  const answersFirst = await target.send(exchanges.flatMap(({ request, answer }) => [answer, request]))
  await target.reset()
  const requestsFirst = await target.send(flows)
  // Then everybody has spoken: nothing may be flooded, and flows keep to one path, the first frame counting for neither.
  const later = await target.send(flows.flatMap((one) => [one, marked(one), largest(one)]))
  return [
    ...[answersFirst, requestsFirst, later].map((seen) => judgeDelivery(seen)),
    {
      judged: 0,
      delivered: 0,
      findings: [
        ...[answersFirst, requestsFirst, later].flatMap((seen) => judgeOuter(seen)),
        ...judgeFlowPaths(later),
        ...judgeLearned(later, new Set(both)),
      ],
    },
  ]
}

/** A frame of the flow that asks for expedited forwarding (RFC 3246) and says that it knows ECN (RFC 3168). */
function marked(one: Flow): Flow {
  return { ...one, packet: { ...one.packet, dscp: 46, ecn: 2 } }
}

/** A frame of the flow that is as long as a packet between the two hosts may be. */
function largest(one: Flow): Flow {
  const empty = packetLength({ ...one.packet, size: 0 })
  return { ...one, packet: { ...one.packet, size: roomBetween(one.from, one.to) - empty } }
}

/** Hosts that reach others by a gateway ask it for its MAC, and whether it is there; it answers, and nobody else hears it. */
async function judgeGateways(target: ScenarioTarget, exchanges: readonly Exchange[]): Promise<Report> {
  const routed = exchanges.filter(({ request }) => request.path.kind === 'routed')
  const hosts = [...new Set(routed.flatMap(({ request }) => [request.from, request.to]))]
  const asking = hosts.flatMap(gatewaysOf)
  await target.reset()
  const seen = await target.send([
    ...present(asking.map(gatewayQuestion)),
    ...asking.map((one, index) => echoRequest(one, index + 1)),
  ])
  const report = judgeAnswers(seen)
  return { ...report, findings: [...report.findings, ...judgeOuter(seen)] }
}

/** Hosts of one network find each other by ARP and neighbour discovery, each when nobody has spoken yet. */
async function judgeNeighbours(
  target: ScenarioTarget,
  exchanges: readonly Exchange[],
): Promise<readonly Report[]> {
  const bridged = exchanges.flatMap(({ request, answer }) =>
    request.path.kind === 'bridged' ? [request, answer] : [],
  )
  const reports: Report[] = []
  for (const asker of new Set(bridged.map(({ from }) => from))) {
    const asked = new Map(
      bridged.flatMap(({ from, to, packet }) =>
        from === asker ? [[`${to.id} ${packet.family}`, { to, packet }]] : [],
      ),
    )
    await target.reset()
    const seen = await target.send(
      present([...asked.values()].map(({ to, packet }) => peerQuestion(asker, to, packet.family))),
    )
    reports.push(judgeAnswers(seen), { judged: 0, delivered: 0, findings: judgeOuter(seen) })
  }
  return reports
}

/** Requests and answers of every pair. A pair without any way is a violation: the intent says that there is one. */
function exchangesOf(
  target: ScenarioTarget,
  intent: ReachIntent,
): { readonly exchanges: readonly Exchange[]; readonly impossible: readonly string[] } {
  const { fabric } = target
  const exchanges: Exchange[] = []
  const impossible: string[] = []
  let port = 0
  for (const from of intent.from.map((id) => fabric.host(id))) {
    for (const to of intent.to.map((id) => fabric.host(id))) {
      if (from.id === to.id) continue
      const families = ([4, 6] as const).filter(
        (family) =>
          pathBetween(tenantOfHost(fabric, from), from, to, family, { nearest: true }).kind !== 'none',
      )
      if (families.length === 0) impossible.push(`${from.id} > ${to.id}: ${reasonOf(target, from, to)}`)
      for (const family of families) {
        for (const packet of packetsOf(intent.traffic, CLIENT_PORT + (port++ % 16384))) {
          const request = flow(fabric, from, to, { ...packet, family }, { nearest: true })
          exchanges.push({ request, answer: reverse(fabric, request) })
        }
      }
    }
  }
  return { exchanges, impossible }
}

function reasonOf(target: ScenarioTarget, from: Host, to: Host): string {
  const path = pathBetween(tenantOfHost(target.fabric, from), from, to, 4, { nearest: true })
  return path.kind === 'none' ? path.reason : 'no way'
}

/** Packets that stand for a kind of traffic. */
function packetsOf({ protocol, port }: ProtocolSpec, sourcePort: number): readonly Partial<PacketSpec>[] {
  const ports = { sourcePort, destinationPort: port ?? 7 }
  switch (protocol) {
    case 'icmp':
      return [{ protocol: 'icmp', sourcePort, destinationPort: 1 }]
    case 'tcp':
    case 'udp':
      return [{ protocol, ...ports }]
    case 'any':
      return [
        { protocol: 'udp', ...ports },
        { protocol: 'tcp', ...ports },
        { protocol: 'icmp', sourcePort, destinationPort: 1 },
      ]
  }
}
