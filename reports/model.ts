/**
 * What every report shows, taken from a run record once: reports differ in form, never in what they say.
 *
 * @module
 */
import type { Plan } from '../contract/plan.js'
import type { CtrfReport } from '../record/ctrf.js'
import type { Failure, Timings, Verification } from '../record/schema.js'
import type { CombinedVerdict, Interpreter, Judgement, LatencyFigures, Verdict } from '../record/verdict.js'

/** The parts of a run record that reports read. */
export interface ReportInput {
  readonly plan?: Plan
  readonly results: CtrfReport
  readonly failures: readonly Failure[]
  readonly timings: Timings
  readonly verification: Verification
}

/** A pair of tenants and what was found about their isolation; `undefined` where nobody asked. */
export interface IsolationCell {
  readonly from: string
  readonly to: string
  readonly verdict: CombinedVerdict | undefined
}
/** A fabric link, how it is to be sealed, and what was found. */
export interface LinkRow {
  readonly id: string
  readonly seal: string | undefined
  /** The intents that name the link. */
  readonly intents: readonly string[]
  readonly judgement: Judgement | 'not asked'
}
export interface LatencyRow {
  readonly name: string
  readonly by: Interpreter
  readonly judgement: Judgement
  readonly target: string
  readonly figures: LatencyFigures
}
/** A record as reports show it. */
export interface ReportModel {
  readonly title: string
  readonly input: ReportInput
  readonly verdicts: readonly CombinedVerdict[]
  readonly counts: Readonly<Record<Judgement, number>>
  readonly tenants: readonly string[]
  readonly isolation: readonly (readonly IsolationCell[])[]
  readonly links: readonly LinkRow[]
  readonly latency: readonly LatencyRow[]
}

/** Takes from a record what reports show. */
export function reportModel(input: ReportInput): ReportModel {
  const { plan, verification } = input
  const verdicts = verification.verdicts
  const counts = { holds: 0, violated: 0, unjudged: 0, disputed: 0 }
  for (const { combined } of verdicts) counts[combined] += 1
  const tenants = plan?.tenants.map(({ name }) => name) ?? []
  return {
    title: verification.fabric?.name ?? plan?.fabric ?? verification.id,
    input,
    verdicts,
    counts,
    tenants,
    isolation: tenants.map((from) =>
      tenants.filter((to) => to !== from).map((to) => isolationCell(from, to, verdicts)),
    ),
    links: plan === undefined ? [] : linkRows(plan, verdicts),
    latency: verdicts.flatMap((verdict) => latencyRows(plan, verdict)),
  }
}

/** The sentence at the top of every report. */
export function headline({ counts, verdicts }: ReportModel): string {
  const judged = verdicts.length
  if (judged === 0) return 'Nothing was judged'
  if (counts.disputed > 0) return `Disputed: twin and lab differ on ${counts.disputed} of ${judged}`
  if (counts.violated > 0) return `Violated: ${counts.violated} of ${judged} do not hold`
  if (counts.unjudged > 0) return `Unjudged: ${counts.unjudged} of ${judged} could not be judged`
  return `All ${judged} hold`
}

/** Nanoseconds for people: `412 ns`, `18.3 µs`, `2.41 ms`, `1.2 s`; three significant digits. */
export function duration(ns: number): string {
  const units: readonly (readonly [number, string])[] = [
    [1e9, 's'],
    [1e6, 'ms'],
    [1e3, 'µs'],
  ]
  for (const [size, unit] of units) if (ns >= size) return `${Number((ns / size).toPrecision(3))} ${unit}`
  return `${Math.round(ns)} ns`
}

/** One interpreter's word on a combined verdict; `undefined` when it was not asked. */
export function verdictBy(verdict: CombinedVerdict, by: Interpreter): Verdict | undefined {
  return verdict.verdicts.find((one) => one.by === by)
}

function isolationCell(from: string, to: string, verdicts: readonly CombinedVerdict[]): IsolationCell {
  const name = `isolation:${[from, to].sort().join('--')}`
  return { from, to, verdict: verdicts.find((verdict) => verdict.name === name) }
}

const worstFirst: readonly Judgement[] = ['disputed', 'violated', 'unjudged', 'holds']

function linkRows(plan: Plan, verdicts: readonly CombinedVerdict[]): readonly LinkRow[] {
  return plan.links.map(({ id, seal }) => {
    const asked = plan.intents.filter((intent) => intent.kind === 'encrypt' && intent.links.includes(id))
    const words = new Set(
      asked.flatMap(({ name }) => {
        const verdict = verdicts.find((one) => one.name === name)
        return verdict === undefined ? [] : [judgementOnLink(verdict, id)]
      }),
    )
    return {
      id,
      seal,
      intents: asked.map(({ name }) => name),
      judgement: worstFirst.find((judgement) => words.has(judgement)) ?? 'not asked',
    }
  })
}

/** A broken intent accuses the links its findings name; one that names none accuses all. */
function judgementOnLink(verdict: CombinedVerdict, link: string): Judgement {
  if (verdict.combined !== 'violated' && verdict.combined !== 'disputed') return verdict.combined
  const accused = new Set(verdict.verdicts.flatMap(({ findings }) => findings.map((one) => one.link)))
  return accused.has(link) || accused.has(undefined) || accused.size === 0 ? verdict.combined : 'holds'
}

function latencyRows(plan: Plan | undefined, { name, verdicts }: CombinedVerdict): readonly LatencyRow[] {
  const intent = plan?.intents.find((one) => one.name === name)
  const target =
    intent?.kind === 'latency'
      ? `p${intent.percentile} ≤ ${duration(intent.bound)} at ${intent.rate} packets/s`
      : ''
  return verdicts.flatMap(({ by, judgement, latency }) =>
    latency === undefined ? [] : [{ name, by, judgement, target, figures: latency }],
  )
}
