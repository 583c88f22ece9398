/**
 * Everything that judges a fabric on the twin, in one go: the intents, and what the shipped suites ask besides, without chance.
 *
 * @module
 */
import type { Interpreter, Verdict } from '../../../record/verdict.js'
import { judge } from '../../../record/judge.js'
import { forge } from '../../../sdk/arb/forge.js'
import { judgeAnswers } from '../../../sdk/judge/answer.js'
import { present } from '../../../sdk/judge/attempts.js'
import { judgeDelivery } from '../../../sdk/judge/delivery.js'
import { judgeFates } from '../../../sdk/judge/fate.js'
import { mergeReports, type Report } from '../../../sdk/judge/finding.js'
import { judgeIntent } from '../../../sdk/judge/intent.js'
import { judgeOuter } from '../../../sdk/judge/outer.js'
import { altered, replayed } from '../../../sdk/traffic/forge-link.js'
import { controlFlow, flow } from '../../../sdk/traffic/flow.js'
import { forgeries, type Frame } from '../../../sdk/traffic/frame.js'
import {
  echoRequest,
  gatewayQuestion,
  gatewaysOf,
  reportedPacket,
  unroutable,
} from '../../../sdk/traffic/gateway.js'
import { pathBetween } from '../../../sdk/traffic/path.js'
import type { ScenarioTarget } from '../../../sdk/scenario-target.js'

/** Tricks of each kind of forgery that are tried. */
const TRICKS = 16

/** All verdicts about a fabric. */
export async function judgeEverything(target: ScenarioTarget): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = []
  for (const intent of target.fabric.intents) verdicts.push(await judgeIntent(target, intent))
  for (const [name, run] of Object.entries(scenarios)) {
    await target.reset()
    verdicts.push(verdictOf(name, target.on, await run(target)))
  }
  return verdicts
}

function verdictOf(name: string, by: Interpreter, reports: readonly Report[]): Verdict {
  const { judged, delivered, findings } = mergeReports(reports)
  return judge({ name: `scenario:${name}`, kind: 'scenario', by, judged, controls: delivered, findings })
}

type Scenario = (target: ScenarioTarget) => Promise<readonly Report[]>

const scenarios: Readonly<Record<string, Scenario>> = {
  /** Every pair of hosts with a way, while nobody is known. */
  flows: async (target) => {
    const { fabric } = target
    const flows = fabric.hosts.flatMap((from) =>
      fabric
        .tenant(from.tenant)
        .hosts.flatMap((to) =>
          ([4, 6] as const)
            .filter((family) => pathBetween(fabric.tenant(from.tenant), from, to, family).kind !== 'none')
            .map((family) => flow(fabric, from, to, { family })),
        ),
    )
    const seen = await target.send(flows)
    return [judgeDelivery(seen), { judged: 0, delivered: 0, findings: judgeOuter(seen) }]
  },
  /** Gateways answer, and report what ends there. */
  gateways: async (target) => {
    const { fabric } = target
    const asking = fabric.hosts.flatMap(gatewaysOf)
    const frames = asking.flatMap((one, index) => [
      gatewayQuestion(one),
      echoRequest(one, index + 1),
      reportedPacket(one, 'no-listener', one.gateway),
      ...unroutable(fabric, one).map((nowhere) => reportedPacket(one, 'no-route', nowhere)),
    ])
    return [judgeAnswers(await target.send(present(frames)))]
  },
  /** Forged frames of every kind, from every host. */
  hostile: async (target) => {
    const { fabric } = target
    const frames = fabric.hosts.flatMap((from, index) => {
      const others = fabric.hosts.filter(({ tenant }) => tenant !== from.tenant)
      const victim = others[index % others.length]
      if (victim === undefined) return []
      return forgeries.flatMap((kind) => {
        const made = Array.from({ length: TRICKS }, (_, trick) =>
          forge(fabric, kind, { from, victim, trick, number: trick * 7 + index }),
        )
        return [...new Map(made.map((frame) => [frame.label, frame])).values()]
      })
    })
    const seen = await target.send(frames, {
      control: fabric.plan.tenants.map(({ name }) => fabric.tenant(name)),
    })
    return [judgeFates(seen), judgeDelivery(seen)]
  },
  /** What was captured on sealed links, again and altered. */
  captured: async (target) => {
    const { fabric } = target
    const tenants = fabric.plan.tenants.map(({ name }) => fabric.tenant(name))
    const honest = present(tenants.map((tenant) => controlFlow(fabric, tenant)))
    const { observation } = await target.send(honest)
    const sealed = new Set(fabric.links().flatMap(({ id, seal }) => (seal === undefined ? [] : [id])))
    const captured = observation.wire.filter(({ link }) => sealed.has(link))
    const judged = async (frames: readonly Frame[], fate: string): Promise<Report> =>
      judgeFates(await target.send(frames, { control: tenants }), fate)
    return [
      await judged(
        captured.map((frame) => replayed(frame, 'forger')),
        'macsec-replay',
      ),
      await judged(
        captured.map((frame, index) => altered(frame, 'forger', index * 131)),
        'macsec-icv',
      ),
    ]
  },
}
