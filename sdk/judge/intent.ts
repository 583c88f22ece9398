/**
 * Judges intents by name: one verdict for one intent on one target.
 *
 * @module
 */
import type { PlanIntent } from '../../contract/plan.js'
import type { Verdict } from '../../record/verdict.js'
import type { ScenarioTarget } from '../scenario-target.js'
import { judgeEncrypt } from './encrypt.js'
import { judgeTenantSeals } from './encrypt-tenants.js'
import { judgeIsolate } from './isolate.js'
import { judgeLatency } from './latency.js'
import { judgeReach } from './reach.js'
import { judgeSurvive } from './survive.js'

/**
 * Judges one intent. Resets the target first, and leaves it with what was learned on the way.
 *
 * @throws only when the target itself fails
 */
export async function judgeIntent(target: ScenarioTarget, intent: PlanIntent): Promise<Verdict> {
  switch (intent.kind) {
    case 'reach':
      return judgeReach(target, intent)
    case 'isolate':
      return judgeIsolate(target, intent)
    case 'encrypt':
      return intent.tenants === undefined
        ? judgeEncrypt(target, intent)
        : judgeTenantSeals(target, intent, intent.tenants)
    case 'latency':
      return judgeLatency(target, intent)
    case 'survive':
      return judgeSurvive(target, intent, judgeIntent)
  }
}
