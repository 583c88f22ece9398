/**
 * What a test did, kept so that one which judged nothing fails (`ZT_VACUOUS`) and so that the run record knows what was
 * found out.
 *
 * @module
 */
import type { Finding, Verdict } from '../record/verdict.js'
import { isBlinded } from '../record/invariants.js'
import { SdkError } from './errors.js'

/** A matcher that was called. */
export interface Asked {
  readonly matcher: string
  awaited: boolean
}

/** Counts of one test. */
export class Ledger {
  /** Calls of `target.send`. */
  sends = 0
  /** Honest frames that arrived where they should. */
  controls = 0
  /** Frames that each matcher looked at, over all cases. */
  readonly judgedBy = new Map<string, number>()
  readonly asked: Asked[] = []
  readonly verdicts: Verdict[] = []
  /** Findings of the matcher that failed last. */
  findings: readonly Finding[] = []
  /** Frames compared with the twin's, and what differed. */
  agreement: { compared: number; findings: Finding[] } | undefined
  /** Why nothing could be judged, when a matcher said so. */
  unjudged: string | undefined

  /** Frames that matchers looked at. */
  get judged(): number {
    return [...this.judgedBy.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Notes that a matcher looked at so many frames; in some cases of a property that may be none. */
  looked(matcher: string, frames: number): void {
    this.judgedBy.set(matcher, (this.judgedBy.get(matcher) ?? 0) + frames)
  }

  /** Aborted when the run is stopped, or the test ran out of time; set by the one who runs it. */
  signal: AbortSignal | undefined
  /** Ends the test as skipped, with a note; set by the one who runs it. */
  skip: ((note: string) => void) | undefined

  /**
   * Says that nothing can be judged here: the test is skipped, which a run counts as unjudged.
   *
   * @throws what the test runner throws to skip, or SdkError `ZT_HOST_CANNOT` outside a test
   */
  cannotJudge(reason: string): void {
    this.unjudged = reason
    this.skip?.(`unjudged: ${reason}`)
    throw new SdkError('ZT_HOST_CANNOT', `nothing can be judged here: ${reason}`, {
      remedy: 'run it where it can be judged',
    })
  }

  /** Notes a call of a matcher; it is answered for when its promise is awaited. */
  ask(matcher: string): Asked {
    const asked = { matcher, awaited: false }
    this.asked.push(asked)
    return asked
  }

  /**
   * What makes a test that passed vacuous, or `undefined`.
   */
  vacuity(): SdkError | undefined {
    if (isBlinded('INV-NOT-VACUOUS')) return undefined
    const forgotten = this.asked.find(({ awaited }) => !awaited)
    if (forgotten !== undefined) {
      return vacuous(
        `${forgotten.matcher} was not awaited, so that its answer was lost`,
        `write: await expect(...).${forgotten.matcher}(...)`,
      )
    }
    if (this.sends === 0 || this.unjudged !== undefined) return undefined
    if (this.asked.length === 0) {
      return vacuous(
        'frames were sent, but no matcher looked at what became of them',
        'judge what target.send returns: await expect(seen).toReach(...)',
      )
    }
    const idle = [...this.judgedBy].find(([, count]) => count === 0)
    if (idle !== undefined) {
      return vacuous(
        `${idle[0]} looked at no frame in any case`,
        'send frames of the kind that it judges, or leave it out',
      )
    }
    if (this.controls === 0) {
      return vacuous(
        'no honest traffic arrived, so that silence proves nothing',
        'send flows too, or give positive controls: target.send(frames, { control: [tenant] })',
      )
    }
    return undefined
  }
}

/** The error of something that judged nothing. */
export function vacuous(what: string, remedy: string): SdkError {
  return new SdkError('ZT_VACUOUS', what, { remedy })
}
