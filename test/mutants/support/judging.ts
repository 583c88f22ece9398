/**
 * Judging a fabric by what the right plan says of it.
 *
 * @module
 */
import type { Plan, PlanIntent } from '../../../contract/plan.js'
import type { Target } from '../../../record/target.js'
import type { Verdict } from '../../../record/verdict.js'
import { judgeIntent } from '../../../sdk/judge/intent.js'
import type { LabWitness } from '../../../sdk/lab-witness.js'
import { ScenarioTarget } from '../../../sdk/scenario-target.js'
import { trace } from '../../../twin/forward/index.js'
import { controlPlaneOf } from '../../../twin/fabric-control.js'
import { twinTarget } from '../../../twin/target.js'
import type { Subject } from './subjects.js'

/** Kinds of intents that a twin can judge. */
export const JUDGED: readonly PlanIntent['kind'][] = ['reach', 'isolate', 'encrypt']

/** A target judged by the right plan, whatever plan it runs. */
export function judgedBy({ view, keys }: Subject, target: Target, witness?: LabWitness): ScenarioTarget {
  return new ScenarioTarget({
    fabric: view,
    target,
    keys,
    ...(witness === undefined ? {} : { witness }),
    run: 0x7a74_0001,
    openTwin: (plan) => twinTarget(plan, keys),
    walk: (of, injection, before, broken) =>
      trace(of, injection, { keys, before, broken, controlPlane: controlPlaneOf(of) }),
  })
}

/** The twin of a wrong plan, judged by the right one. */
export function wrongTwin(subject: Subject, plan: Plan): ScenarioTarget {
  return judgedBy(subject, twinTarget(plan, subject.keys))
}

/** Verdicts of the intents of some kinds, those kinds first that come first, until one is as wanted. */
export async function judgeUntil(
  target: ScenarioTarget,
  kinds: readonly PlanIntent['kind'][],
  wanted: (verdict: Verdict) => boolean,
): Promise<{ readonly verdicts: readonly Verdict[]; readonly found: Verdict | undefined }> {
  const verdicts: Verdict[] = []
  for (const kind of kinds) {
    for (const intent of target.fabric.intents.filter((one) => one.kind === kind)) {
      const verdict = await judgeIntent(target, intent)
      verdicts.push(verdict)
      if (wanted(verdict)) return { verdicts, found: verdict }
    }
  }
  return { verdicts, found: undefined }
}

/** Ids of the invariants that spoke. */
export function invariantsOf(verdict: Verdict): readonly string[] {
  return [...new Set(verdict.findings.map(({ invariant }) => invariant))]
}
