/**
 * Ordered steps, each with set-up and tear-down. Before a set-up runs its tear-down is already queued, so that a step
 * which fails half-way is torn down too; a cancel or a deadline ends the wait for the running set-up at once, and the
 * tear-downs always run, all of them, last first.
 *
 * @module
 */
import type { LabInterpreter } from '../record/verdict.js'
import { LabError } from './errors.js'

export interface Step {
  readonly name: string
  /** Must stop soon when the signal aborts; its promise may settle later, the tear-down waits for it. */
  setUp(signal: AbortSignal): Promise<void>
  /** Removes what the set-up made, all, part or none of it. */
  tearDown?(): Promise<void>
}

/** What a step did, for progress and timings. */
export interface StepEvent {
  readonly step: string
  readonly phase: 'set-up' | 'done' | 'failed' | 'tear-down'
  /** Milliseconds the step took; absent when it begins. */
  readonly ms?: number
}

export type StepPart = 'set-up' | 'tear-down'

export interface StepsOptions {
  readonly onEvent?: (event: StepEvent) => void
  /** Awaited before each set-up and each tear-down; lets a caller go step by step. */
  readonly gate?: (part: StepPart, step: string) => Promise<void>
  readonly now?: () => number
  /** How long a tear-down waits for a set-up that was given up, ms. Default 5000. */
  readonly grace?: number
}

/** Runs steps up once, then down once. */
export class Steps {
  /** Tear-downs due, in the order they were queued. */
  private readonly due: { readonly step: Step; running: Promise<void> }[] = []
  private readonly now: () => number
  private tearing: Promise<void> | undefined

  constructor(
    private readonly steps: readonly Step[],
    private readonly options: StepsOptions = {},
  ) {
    this.now = options.now ?? (() => performance.now())
  }

  /**
   * Sets all steps up. When one fails, or the signal aborts, what was begun is torn down before this rejects.
   *
   * @throws what the set-up threw; LabError `ZT_LAB_CANCELLED` or the signal's reason when it aborted
   */
  async up(signal: AbortSignal): Promise<void> {
    try {
      for (const step of this.steps) await this.setUp(step, signal)
    } catch (error) {
      const problems = await this.down().then(
        () => [],
        (problem: unknown) => [problem],
      )
      if (problems.length === 0) throw error
      throw new AggregateError(
        [error, ...problems],
        `${String(error)} (and not everything could be torn down)`,
        { cause: error },
      )
    }
  }

  /** Tears down what was begun; calling it again waits for the first call. @throws AggregateError of all that failed */
  down(): Promise<void> {
    this.tearing ??= this.tearDownAll()
    return this.tearing
  }

  private async setUp(step: Step, signal: AbortSignal): Promise<void> {
    if (this.options.gate !== undefined) await raced(this.options.gate('set-up', step.name), signal)
    signal.throwIfAborted()
    const began = this.now()
    this.options.onEvent?.({ step: step.name, phase: 'set-up' })
    const entry = { step, running: Promise.resolve() }
    this.due.push(entry)
    const running = step.setUp(signal)
    // The tear-down waits for the set-up itself, not for the race; its outcome is told by the race alone.
    entry.running = running.catch(() => undefined)
    try {
      await raced(running, signal)
    } catch (error) {
      this.options.onEvent?.({ step: step.name, phase: 'failed', ms: this.now() - began })
      throw error
    }
    this.options.onEvent?.({ step: step.name, phase: 'done', ms: this.now() - began })
  }

  private async tearDownAll(): Promise<void> {
    const problems: unknown[] = []
    for (const { step, running } of this.due.toReversed()) {
      // A set-up that does not heed its signal must not keep the rest from being torn down.
      await within(running, this.options.grace ?? 5000)
      if (step.tearDown === undefined) continue
      await this.options.gate?.('tear-down', step.name)
      const began = this.now()
      try {
        await step.tearDown()
      } catch (error) {
        problems.push(error)
      }
      this.options.onEvent?.({ step: step.name, phase: 'tear-down', ms: this.now() - began })
    }
    if (problems.length > 0)
      throw new AggregateError(problems, `tear-down left something: ${problems.map(String).join('; ')}`)
  }
}

/** ms that bringing a lab up, or changing it, may take unless somebody says otherwise, by what its nodes are: an image may have to be made. */
export const DEADLINES: Readonly<Record<LabInterpreter, number>> = { netns: 60_000, containerlab: 300_000 }

/** A signal that aborts with `ZT_LAB_DEADLINE` after so many milliseconds, or with `outer`. */
export function deadlineSignal(
  ms: number,
  what: string,
  outer?: AbortSignal,
): { readonly signal: AbortSignal; done(): void } {
  const controller = new AbortController()
  const onOuter = () => controller.abort(outer?.reason)
  const timer = setTimeout(
    () => controller.abort(new LabError('ZT_LAB_DEADLINE', `${what} took more than ${ms} ms`)),
    ms,
  )
  if (outer?.aborted === true) onOuter()
  outer?.addEventListener('abort', onOuter, { once: true })
  return {
    signal: controller.signal,
    done() {
      clearTimeout(timer)
      outer?.removeEventListener('abort', onOuter)
    },
  }
}

/** The promise, or a rejection with the signal's reason as soon as it aborts. */
export async function raced<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    promise.catch(() => undefined)
    throw abortReason(signal)
  }
  let onAbort: () => void = () => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(abortReason(signal))
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof LabError
    ? signal.reason
    : new LabError('ZT_LAB_CANCELLED', 'cancelled', { cause: signal.reason })
}

/** Waits for a promise, but no longer than so many milliseconds. */
export async function within(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([promise, late])
  clearTimeout(timer)
}
