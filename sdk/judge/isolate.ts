/**
 * Judges an `isolate` intent: all attempts of each tenant on the other, with honest traffic of both beside them.
 *
 * @module
 */
import type { PlanIntent } from '../../contract/plan.js'
import { judge } from '../../record/judge.js'
import type { Verdict } from '../../record/verdict.js'
import type { ScenarioTarget } from '../scenario-target.js'
import { controlFlow } from '../traffic/flow.js'
import { attemptsOn } from './attempts.js'
import { mergeReports } from './finding.js'
import type { Report } from './finding.js'
import { deliveredOf, judgeIsolation } from './isolation.js'
import { judgeOuter } from './outer.js'

type IsolateIntent = Extract<PlanIntent, { kind: 'isolate' }>

const BATCH = 256

/** Judges the intent. */
export async function judgeIsolate(target: ScenarioTarget, intent: IsolateIntent): Promise<Verdict> {
  const [a, b] = intent.tenants.map((name) => target.fabric.tenant(name))
  const base = { name: intent.name, kind: 'isolate' as const, by: target.on }
  if (a === undefined || b === undefined) throw new TypeError('an isolate intent names two tenants')
  const none = { ...base, judged: 0, controls: 0, findings: [] }
  const mute = [a, b].find((tenant) => controlFlow(target.fabric, tenant) === undefined)
  if (mute !== undefined) {
    return judge({
      ...none,
      cannot: `${mute.name} has no two hosts with a way between them: nothing shows that it can hear`,
    })
  }
  await target.reset()
  const attempts = [...attemptsOn(target, a, b), ...attemptsOn(target, b, a)]
  const reports: Report[] = []
  let silent: string | undefined
  for (let at = 0; at < attempts.length; at += BATCH) {
    const seen = await target.send(attempts.slice(at, at + BATCH), { control: [a, b] })
    reports.push(judgeIsolation(seen, a, b), { judged: 0, delivered: 0, findings: judgeOuter(seen) })
    silent ??= [a, b].find((tenant) => deliveredOf(seen, tenant) === 0)?.name
  }
  const { findings, judged, delivered } = mergeReports(reports)
  return judge({
    ...base,
    judged,
    // One tenant that hears nothing at all makes silence worthless, however lively the other.
    controls: silent === undefined ? delivered : 0,
    findings,
    reason: `${attempts.length} attempts between all hosts of ${a.name} and ${b.name}, from ports and links, with honest traffic of both`,
  })
}
