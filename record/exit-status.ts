/**
 * Exit statuses of the `ztos` command and which one wins when several apply.
 *
 * @module
 */
import type { CombinedVerdict, Judgement } from './verdict.js'

/** Exit statuses, by what they say. */
export const ExitStatus = {
  /** Everything holds. */
  Holds: 0,
  /** An intent or a scenario is violated. */
  Violated: 1,
  /** Bad input, or nothing to verify. */
  BadInput: 2,
  /** Something is unjudged, or this host cannot do it. */
  Unjudged: 3,
  /** The program itself failed. */
  Internal: 4,
  /** Twin and lab differ. */
  Disputed: 5,
  /** Stopped by a signal. */
  Interrupted: 130,
} as const
export type ExitStatus = (typeof ExitStatus)[keyof typeof ExitStatus]

/** What each says, for help and documentation. */
export const exitMeanings: readonly (readonly [ExitStatus, string])[] = [
  [ExitStatus.Holds, 'all hold'],
  [ExitStatus.Violated, 'violated'],
  [ExitStatus.BadInput, 'bad input, or nothing to verify'],
  [ExitStatus.Unjudged, 'unjudged, or the host cannot'],
  [ExitStatus.Internal, 'internal error'],
  [ExitStatus.Disputed, 'disputed: twin and lab differ'],
  [ExitStatus.Interrupted, 'interrupted'],
]

/** First wins. */
const precedence: readonly ExitStatus[] = [130, 4, 2, 5, 1, 3, 0]

const ofJudgement: Readonly<Record<Judgement, ExitStatus>> = {
  holds: ExitStatus.Holds,
  violated: ExitStatus.Violated,
  unjudged: ExitStatus.Unjudged,
  disputed: ExitStatus.Disputed,
}

/** The one status of several; of none, 2: there was nothing to verify. */
export function combineExit(statuses: readonly ExitStatus[]): ExitStatus {
  return precedence.find((status) => statuses.includes(status)) ?? ExitStatus.BadInput
}

/** The status of a run's verdicts. */
export function exitOfVerdicts(verdicts: readonly CombinedVerdict[]): ExitStatus {
  return combineExit(verdicts.map(({ combined }) => ofJudgement[combined]))
}
