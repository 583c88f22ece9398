/**
 * Judges a `survive` intent: every set of so many failures is made, and what is to be kept is judged with it.
 *
 * @module
 */
import type { Plan, PlanIntent } from '../../contract/plan.js'
import { judge } from '../../record/judge.js'
import type { Finding, Verdict } from '../../record/verdict.js'
import { describeFault } from '../faults.js'
import { viewOf } from '../fabric-view.js'
import type { FabricView } from '../fabric-view.js'
import type { ScenarioTarget } from '../scenario-target.js'
import { failureSets, faultsOf, JudgedSets, sizeOf, Visited } from './failure-sets.js'
import type { FailureSet } from './failure-sets.js'

type SurviveIntent = Extract<PlanIntent, { kind: 'survive' }>

/** Sets that are made in a lab; the twin makes all. */
const LAB_SETS = 6

/** Judges one intent on a target as it is. */
export type JudgeIntent = (target: ScenarioTarget, intent: PlanIntent) => Promise<Verdict>

/** What sets came to. */
interface Outcome {
  readonly tried: number
  /** Came to what smaller sets had come to. */
  readonly known: number
  readonly judged: number
  readonly controls: number
  /** The first set that keeps something from holding. */
  readonly failing?: { readonly set: FailureSet; readonly findings: readonly Finding[] }
  /** Something could not be judged: why. */
  readonly cannot?: string
}

/**
 * Judges the intent. On the twin every set is made, except those that come to what a smaller one has come to. In a lab the first single
 * failures are made, and the set that fails on the twin if there is one; for the other sets the twin stands, and the verdict says so.
 */
export async function judgeSurvive(
  target: ScenarioTarget,
  intent: SurviveIntent,
  judgeIntent: JudgeIntent,
): Promise<Verdict> {
  const base = { name: intent.name, kind: 'survive' as const, by: target.on }
  const sets = failureSets(target.fabric.plan, intent)
  const none = { ...base, judged: 0, controls: 0, findings: [] }
  if (sets.length === 0) return judge({ ...none, cannot: 'nothing is said to fail: give links or nodes' })
  const kept = intent.keep.map((name) => target.fabric.intent(name))
  const judgeable = kept.filter(({ kind }) => kind !== 'latency' || target.on !== 'twin')
  if (judgeable.length === 0) {
    return judge({
      ...none,
      cannot: 'it keeps latencies alone, which the twin cannot measure: it has no clock of its own',
    })
  }
  const context = { target, kept: judgeable, judgeIntent }
  if (target.on === 'twin') {
    const all = await outcomeOf(context, sets)
    return verdictOf(
      base,
      all,
      `${counted(sets)}, ${all.tried} made, ${all.known} come to what smaller ones came to`,
    )
  }
  const onTwin = await target.onTwin(async () =>
    outcomeOf({ ...context, kept: judgeable.filter(({ kind }) => kind !== 'latency') }, sets),
  )
  const singles = sets.filter((set) => sizeOf(set) === 1).slice(0, LAB_SETS)
  const failing = onTwin.failing?.set
  const inLab = await outcomeOf(
    context,
    failing === undefined ? singles : [failing, ...singles.filter((set) => textOf(set) !== textOf(failing))],
  )
  return verdictOf(
    base,
    inLab,
    `${counted(sets)}, ${inLab.tried} made in the lab, the others in the twin alone`,
  )
}

interface Context {
  readonly target: ScenarioTarget
  readonly kept: readonly PlanIntent[]
  readonly judgeIntent: JudgeIntent
}

/** Makes sets one after the other, until one keeps something from holding. */
async function outcomeOf(context: Context, sets: readonly FailureSet[]): Promise<Outcome> {
  const { target } = context
  const sum = { tried: 0, known: 0, judged: 0, controls: 0 }
  const judgedSets = new JudgedSets(target.fabric.plan)
  // What links carry is judged on each of them: there is no frame that takes no part.
  const reuses = target.on === 'twin' && context.kept.every(({ kind }) => kind === 'reach')
  for (const set of reuses ? [{ links: [], nodes: [] }, ...sets] : sets) {
    if (reuses && judgedSets.isKnown(set)) {
      sum.known++
      continue
    }
    const visited = new Visited()
    const verdicts = await target.watched(
      (seen) => visited.note(seen),
      async () => target.during(faultsOf(set), async () => judgeKept(context, set)),
    )
    if (sizeOf(set) > 0) sum.tried++
    judgedSets.note(set, visited)
    for (const { judged, controls } of verdicts) {
      sum.judged += judged
      sum.controls += controls
    }
    const findings = verdicts.flatMap(({ name, findings: some }) =>
      some.map((one) => ({ ...one, message: `${textOf(set)}, ${name}: ${one.message}` })),
    )
    if (findings.length > 0) return { ...sum, failing: { set, findings } }
    const open = verdicts.find(({ judgement }) => judgement === 'unjudged')
    if (open !== undefined)
      return { ...sum, cannot: `${textOf(set)}, ${open.name}: ${open.reason ?? 'unjudged'}` }
  }
  return sum
}

/** With a set made: what it leaves of each intent. */
async function judgeKept(
  { target, kept, judgeIntent }: Context,
  set: FailureSet,
): Promise<readonly Verdict[]> {
  const left = leftOf(target.fabric, set)
  return target.within(left, async () => {
    const verdicts: Verdict[] = []
    for (const intent of kept) {
      const one = remaining(left, intent)
      if (one !== undefined) verdicts.push(await judgeIntent(target, one))
    }
    return verdicts
  })
}

/** The fabric without what has failed: hosts of a node without power have none either. */
function leftOf({ plan }: FabricView, { links, nodes }: FailureSet): FabricView {
  const isGone = (node: string) => nodes.includes(node)
  const left: Plan = {
    ...plan,
    hosts: plan.hosts.filter(({ at }) => !isGone(at.node)),
    links: plan.links.filter(({ id, a, b }) => !links.includes(id) && !isGone(a.node) && !isGone(b.node)),
  }
  return viewOf(left)
}

/** What an intent asks of the hosts and links that are left; `undefined` when it asks nothing of them. */
function remaining(left: FabricView, intent: PlanIntent): PlanIntent | undefined {
  const hosts = new Set(left.hosts.map(({ id }) => id))
  const links = new Set(left.links().map(({ id }) => id))
  switch (intent.kind) {
    case 'reach': {
      const from = intent.from.filter((id) => hosts.has(id))
      const to = intent.to.filter((id) => hosts.has(id))
      const toAny = intent.toAny
        ?.map((set) => set.filter((id) => hosts.has(id)))
        .filter((set) => set.length > 0)
      const any = toAny === undefined ? 0 : toAny.length
      const pairs = from.some((one) => to.some((other) => other !== one))
      if (from.length === 0 || (!pairs && any === 0)) return undefined
      return { ...intent, from, to, ...(toAny === undefined ? {} : { toAny }) }
    }
    case 'encrypt': {
      const some = intent.links.filter((id) => links.has(id))
      return some.length === 0 ? undefined : { ...intent, links: some }
    }
    case 'latency':
      return hosts.has(intent.from) && hosts.has(intent.to) ? intent : undefined
    case 'isolate':
      return intent
    case 'survive':
      return undefined
  }
}

function verdictOf(
  base: Pick<Verdict, 'name' | 'kind' | 'by'>,
  { judged, controls, failing, cannot }: Outcome,
  reason: string,
): Verdict {
  const seen = { ...base, judged, controls, findings: failing?.findings ?? [] }
  return judge(cannot === undefined ? { ...seen, reason } : { ...seen, cannot })
}

function counted(sets: readonly FailureSet[]): string {
  const most = Math.max(...sets.map(sizeOf))
  return `${sets.length} sets of ${most === 1 ? 'one failure' : `up to ${most} failures`}`
}

function textOf(set: FailureSet): string {
  return sizeOf(set) === 0 ? 'with nothing broken' : `with ${faultsOf(set).map(describeFault).join(' and ')}`
}
