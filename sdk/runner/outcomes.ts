/**
 * From outcomes of tests to what a run record holds: test results, failures, verdicts.
 *
 * @module
 */
import { stableTestId } from '../../record/ctrf.js'
import type { CtrfTest } from '../../record/ctrf.js'
import { judge } from '../../record/judge.js'
import type { Failure } from '../../record/schema.js'
import { labInterpreters, type Interpreter, type LabInterpreter, type Verdict } from '../../record/verdict.js'
import type { TestOutcome } from './drive.js'

/** The stable id of a test. */
function testId({ on, file, name }: TestOutcome): string {
  return stableTestId(on, file, name)
}

/** A test as CTRF has it. */
export function ctrfTest(outcome: TestOutcome): CtrfTest {
  const { file, suites, title, on, status, duration, start, message, stack, note, report } = outcome
  const said = message ?? note
  return {
    id: testId(outcome),
    name: title,
    status,
    duration,
    suite: [on, file, ...suites],
    filePath: file,
    ...(start === undefined ? {} : { start }),
    ...(said === undefined ? {} : { message: said }),
    ...(stack === undefined ? {} : { trace: stack }),
    extra: { on, ...(report === undefined ? {} : { controls: report.controls, judged: report.judged }) },
  }
}

/** Shrunk failures of tests. */
export function failuresOf(outcomes: readonly TestOutcome[]): readonly Failure[] {
  return outcomes.flatMap((outcome) => {
    const failure = outcome.report?.failure
    return failure === undefined
      ? []
      : [{ ...failure, test: testId(outcome), file: outcome.file, name: outcome.name }]
  })
}

/** Errors of the lab, not of the fabric in it. */
const labFailed = /^ZT_(?:LAB_[A-Z_]+|HOST_CANNOT): /

/**
 * Verdicts of tests: the intents that they judged, or themselves as scenarios. A test that was skipped without a reason (a
 * suite that does not fit the fabric) has none.
 */
export function verdictsOf(outcomes: readonly TestOutcome[]): readonly Verdict[] {
  return [...outcomes.flatMap(verdictsOfTest), ...labInterpreters.flatMap((by) => agreementOf(outcomes, by))]
}

function verdictsOfTest(outcome: TestOutcome): readonly Verdict[] {
  const { status, report, message = '' } = outcome
  const intents = report?.verdicts ?? []
  const explained = intents.some(({ judgement }) => judgement !== 'holds')
  if (intents.length > 0 && (status !== 'failed' || explained)) return intents
  const base = {
    name: `${outcome.file} ${outcome.name}`,
    kind: 'scenario' as const,
    by: outcome.on,
    judged: report?.judged ?? 0,
    controls: report?.controls ?? 0,
    findings: report?.findings ?? [],
  }
  switch (status) {
    case 'passed':
      return [...intents, { ...base, judgement: 'holds', findings: [] }]
    case 'failed': {
      const [reason = 'failed'] = message.split('\n')
      const nothingSaid = message.startsWith('ZT_VACUOUS: ') || labFailed.test(message)
      return [...intents, { ...base, judgement: nothingSaid ? 'unjudged' : 'violated', reason }]
    }
    default:
      return outcome.note === undefined
        ? intents
        : [...intents, { ...base, judgement: 'unjudged', reason: outcome.note }]
  }
}

/** What comparing every send with the twin's gave, over all tests that did so in a lab. */
function agreementOf(outcomes: readonly TestOutcome[], by: LabInterpreter): readonly Verdict[] {
  const compared = outcomes.flatMap(({ on, report }) =>
    on === by && report?.agreement !== undefined ? [report.agreement] : [],
  )
  if (compared.length === 0) return []
  const judged = compared.reduce((sum, one) => sum + one.compared, 0)
  return [
    judge({
      name: 'agreement:fabric',
      kind: 'agreement',
      by,
      judged,
      controls: judged,
      findings: compared.flatMap(({ findings }) => findings),
      reason: `${judged} frames and arrivals of ${compared.length} tests, the same multisets in twin and lab`,
    }),
  ]
}

/** An intent's verdict where no lab could be had. */
export function unjudgedVerdict(
  intent: { readonly name: string; readonly kind: Verdict['kind'] },
  by: Interpreter,
  reason: string,
): Verdict {
  return {
    name: intent.name,
    kind: intent.kind,
    by,
    judgement: 'unjudged',
    reason,
    judged: 0,
    controls: 0,
    findings: [],
  }
}
