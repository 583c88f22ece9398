/**
 * What a bench says: figures, each of several runs, or why there is none.
 *
 * @module
 */

/** One measured quantity. */
export interface Figure {
  readonly name: string
  readonly unit: string
  /** What ran: `twin`, `lab` (namespaces, AF_XDP in copy mode), `command`, `engine` (in memory), `kernel` (its tools alone). */
  readonly tier: 'twin' | 'lab' | 'command' | 'engine' | 'kernel'
  /** One value a run, in the order in which they were taken. */
  readonly runs: readonly number[]
  /** The bound that the project set itself, where it did. */
  readonly target?: Target
  /** What must be known to read it: sizes, counts, rates. */
  readonly detail: Readonly<Record<string, number | string>>
}

/** A bound, in the figure's unit: of the median, or of each run. */
export type Target = { readonly atMost: number; readonly eachRun?: true } | { readonly atLeast: number }

/** A figure that this host or this build cannot give. */
export interface Skip {
  readonly name: string
  readonly reason: string
}

/** What a bench is given. */
export interface BenchContext {
  /** Runs of each figure. */
  readonly runs: number
  readonly signal: AbortSignal
  /** Tells the person who waits; goes to standard error. */
  readonly say: (line: string) => void
}

/** A bench: one file of this folder. */
export interface Bench {
  readonly name: string
  readonly what: string
  readonly run: (context: BenchContext) => Promise<readonly (Figure | Skip)[]>
}

/** Middle and ends of the runs. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** @throws RangeError for no values */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const [min, max] = [sorted.at(0), sorted.at(-1)]
  const [low, high] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.ceil((sorted.length - 1) / 2)],
  ]
  if (min === undefined || max === undefined || low === undefined || high === undefined) {
    throw new RangeError('no values, no median')
  }
  return { median: (low + high) / 2, min, max }
}

/** Whether the median, or each run, keeps to the target; `undefined` where there is none. */
export function meets({ runs, target }: Figure): boolean | undefined {
  if (target === undefined) return undefined
  const { median, max } = spreadOf(runs)
  if ('atLeast' in target) return median >= target.atLeast
  return (target.eachRun === true ? max : median) <= target.atMost
}

/** Labs need root: the reason of the skip for who is not. */
export function whyNoLab(): string | undefined {
  return process.getuid?.() === 0 ? undefined : 'labs need root'
}
