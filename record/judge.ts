/**
 * From findings to verdicts, from verdicts to what holds, from that to an exit status. Pure, and the only place where
 * it is decided.
 *
 * @module
 */
import { isBlinded, isInvariantId } from './invariants.js'
import { labInterpreters } from './verdict.js'
import type {
  CombinedVerdict,
  Finding,
  Ground,
  Interpreter,
  Judgement,
  LatencyFigures,
  Verdict,
} from './verdict.js'

/** What a judge saw. */
export interface Evidence {
  readonly name: string
  readonly kind: Verdict['kind']
  readonly by: Interpreter
  /** Frames (or samples, or journal records) looked at. */
  readonly judged: number
  /** Positive controls that arrived. */
  readonly controls: number
  readonly findings: readonly Finding[]
  /** Nothing could be said at all, for this reason: the verdict is `unjudged` whatever else is given. */
  readonly cannot?: string
  /** What it rests on in a sentence, for a verdict that holds. */
  readonly reason?: string
  /** Several grounds, each with findings of its own, which come before those of the evidence. */
  readonly grounds?: readonly GroundEvidence[]
  readonly latency?: LatencyFigures
}

/** What speaks for and against one ground. */
export interface GroundEvidence extends Pick<Ground, 'ground' | 'said' | 'counts'> {
  readonly findings: readonly Finding[]
  /** It could not be looked at; then it has no findings. */
  readonly isNone?: boolean
}

/** Findings that are kept in a verdict; the count of all is in its reason. */
const KEPT_FINDINGS = 25

/**
 * The verdict that follows from evidence: `violated` with any finding (`disputed` when it is about agreement), `unjudged` when nothing was looked at or no
 * positive control arrived (vacuity is no proof), else `holds`.
 */
export function judge(evidence: Evidence): Verdict {
  const { name, kind, by, judged, controls, cannot, reason: because, latency } = evidence
  const grounds = evidence.grounds?.map(groundOf)
  const base = {
    name,
    kind,
    by,
    judged,
    controls,
    ...(grounds === undefined ? {} : { grounds }),
    ...(latency === undefined ? {} : { latency }),
  }
  if (cannot !== undefined) return { ...base, judgement: 'unjudged', reason: cannot, findings: [] }
  const findings = seen([...(evidence.grounds ?? []).flatMap((one) => one.findings), ...evidence.findings])
  if (findings.length > 0) {
    const kept = findings.slice(0, KEPT_FINDINGS)
    const more = findings.length - kept.length
    const reason =
      more > 0 ? { reason: `${findings.length} findings, the first ${kept.length} are kept` } : {}
    // Two interpreters that differ are in dispute: which of them is wrong is not known.
    return { ...base, judgement: kind === 'agreement' ? 'disputed' : 'violated', ...reason, findings: kept }
  }
  if ((judged === 0 || controls === 0) && !isBlinded('INV-NOT-VACUOUS')) {
    const what =
      judged === 0 ? 'nothing was looked at' : `${judged} frames looked at, but no positive control arrived`
    return { ...base, judgement: 'unjudged', reason: `ZT_VACUOUS: ${what}`, findings: [] }
  }
  return { ...base, judgement: 'holds', ...(because === undefined ? {} : { reason: because }), findings: [] }
}

function groundOf({ ground, said, counts, findings, isNone = false }: GroundEvidence): Ground {
  const judgement = isNone ? 'unjudged' : seen(findings).length > 0 ? 'violated' : 'holds'
  return { ground, judgement, said, counts }
}

/** Findings about invariants that judges are not told to overlook. */
function seen(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ invariant }) => !(isInvariantId(invariant) && isBlinded(invariant)))
}

/** Kinds that only a lab can measure: the twin's `unjudged` then says nothing against the lab's word. */
const measured: ReadonlySet<Verdict['kind']> = new Set(['latency'])

/**
 * What follows from two judgements of one intent, twin first, or those of two labs. A violation seen by either stands unless the other saw
 * that it holds: then the interpreters dispute. What one of them could not judge is not proven, except for what only
 * a lab can measure.
 */
export const combination: Readonly<Record<Judgement, Readonly<Record<Judgement, Judgement>>>> = {
  holds: { holds: 'holds', violated: 'disputed', unjudged: 'unjudged', disputed: 'disputed' },
  violated: { holds: 'disputed', violated: 'violated', unjudged: 'violated', disputed: 'disputed' },
  unjudged: { holds: 'unjudged', violated: 'violated', unjudged: 'unjudged', disputed: 'disputed' },
  disputed: { holds: 'disputed', violated: 'disputed', unjudged: 'disputed', disputed: 'disputed' },
}

/** Severity of several verdicts of one interpreter about one name (a test that judged twice, shards): worst first. */
const severity: readonly Judgement[] = ['disputed', 'violated', 'unjudged', 'holds']

function worst(judgements: readonly Judgement[]): Judgement | undefined {
  return severity.find((one) => judgements.includes(one))
}

/**
 * Puts the verdicts about one name side by side.
 *
 * @param verdicts at least one, all of the same name and kind
 */
function combineOne(name: string, kind: Verdict['kind'], verdicts: readonly Verdict[]): CombinedVerdict {
  const of = (by: Interpreter) =>
    worst(verdicts.filter((verdict) => verdict.by === by).map(({ judgement }) => judgement))
  const labs = labInterpreters.flatMap((by) => of(by) ?? [])
  const lab = labs.length === 0 ? undefined : labs.reduce((one, other) => combination[one][other])
  const twin = of('twin')
  if (twin === undefined || lab === undefined) {
    return { name, kind, combined: twin ?? lab ?? 'unjudged', verdicts }
  }
  const combined =
    twin === 'unjudged' && lab === 'holds' && measured.has(kind) ? 'holds' : combination[twin][lab]
  return { name, kind, combined, verdicts }
}

/** Verdicts grouped by name, in order of first appearance, and what follows for each. */
export function combine(verdicts: readonly Verdict[]): readonly CombinedVerdict[] {
  const groups = new Map<string, Verdict[]>()
  for (const verdict of verdicts) {
    const group = groups.get(verdict.name)
    if (group === undefined) groups.set(verdict.name, [verdict])
    else group.push(verdict)
  }
  return [...groups].map(([name, group]) => combineOne(name, group[0]?.kind ?? 'scenario', group))
}
