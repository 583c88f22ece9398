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
import { flow, reverse, tenantOfHost } from '../traffic/flow.js'
import type { Flow } from '../traffic/flow.js'
import { pathBetween } from '../traffic/path.js'
import type { PacketSpec } from '../traffic/packet.js'
import { judgeDelivery } from './delivery.js'
import { finding, mergeReports } from './finding.js'
import type { Report } from './finding.js'
import { judgeFlowPaths, judgeLearned, judgeOuter } from './outer.js'

type ReachIntent = Extract<PlanIntent, { kind: 'reach' }>

/** Flows of one send; a bound on memory, not on what is judged. */
const BATCH = 128
/** Client ports of generated flows, from the dynamic range of RFC 6335. */
const CLIENT_PORT = 49152

/** Judges the intent. The target is reset first: what is judged includes first packets to hosts not yet known. */
export async function judgeReach(target: ScenarioTarget, intent: ReachIntent): Promise<Verdict> {
  const { flows, impossible } = flowsOf(target, intent)
  await target.reset()
  const reports: Report[] = impossible.length === 0 ? [] : [{ judged: impossible.length, delivered: 0, findings: impossible.map((text) => finding('INV-REACH', text)) }]
  for (let at = 0; at < flows.length; at += BATCH) {
    reports.push(...(await judgeBatch(target, flows.slice(at, at + BATCH))))
  }
  const { findings, judged, delivered } = mergeReports(reports)
  return judge({
    name: intent.name,
    kind: 'reach',
    by: target.on,
    judged,
    controls: delivered,
    findings,
    grounds: `${flows.length} flows between ${intent.from.length} and ${intent.to.length} hosts, there and back, first frames and later ones`,
  })
}

async function judgeBatch(target: ScenarioTarget, flows: readonly Flow[]): Promise<readonly Report[]> {
  // First frames: hosts are unknown, packets wait for neighbours, unicast is flooded.
  const first = await target.send(flows)
  // Then everybody has spoken: nothing may be flooded, and flows keep to one path. Three frames, the first counts for neither.
  const later = await target.send(flows.map((one) => ({ ...one, count: 3 })))
  const known = new Set(flows.flatMap(({ from, to }) => [from.id, to.id]))
  return [
    judgeDelivery(first),
    judgeDelivery(later),
    {
      judged: 0,
      delivered: 0,
      findings: [...judgeOuter(first), ...judgeOuter(later), ...judgeFlowPaths(later), ...judgeLearned(later, known)],
    },
  ]
}

/** Requests and answers of every pair. A pair without any way is a violation: the intent says that there is one. */
function flowsOf(target: ScenarioTarget, intent: ReachIntent): { readonly flows: readonly Flow[]; readonly impossible: readonly string[] } {
  const { fabric } = target
  const flows: Flow[] = []
  const impossible: string[] = []
  let port = 0
  for (const from of intent.from.map((id) => fabric.host(id))) {
    for (const to of intent.to.map((id) => fabric.host(id))) {
      if (from.id === to.id) continue
      const families = ([4, 6] as const).filter((family) => pathBetween(tenantOfHost(fabric, from), from, to, family).kind !== 'none')
      if (families.length === 0) impossible.push(`${from.id} > ${to.id}: ${reasonOf(target, from, to)}`)
      for (const family of families) {
        for (const packet of packetsOf(intent.traffic, CLIENT_PORT + (port++ % 16384))) {
          const request = flow(fabric, from, to, { ...packet, family })
          flows.push(request, reverse(fabric, request))
        }
      }
    }
  }
  return { flows, impossible }
}

function reasonOf(target: ScenarioTarget, from: Host, to: Host): string {
  const path = pathBetween(tenantOfHost(target.fabric, from), from, to, 4)
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
