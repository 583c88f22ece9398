/**
 * Verdicts: what was found out about an intent or an invariant, by whom, and on what grounds.
 *
 * @module
 */

/** Labs, by what their nodes are: namespaces, containers. */
export const labInterpreters = ['netns', 'containerlab'] as const
export type LabInterpreter = (typeof labInterpreters)[number]
/** Where something was judged. */
export type Interpreter = 'twin' | LabInterpreter
/** `disputed`: interpreters differ. `unjudged`: nothing could be said, with a reason. */
export type Judgement = 'holds' | 'violated' | 'unjudged' | 'disputed'

/** One finding that speaks against an intent: enough to understand it without the run. */
export interface Finding {
  /** Invariant that was broken, an id of `record/invariants.ts`. */
  readonly invariant: string
  /** One sentence: what, where. */
  readonly message: string
  readonly node?: string
  readonly link?: string
  readonly clause?: string
  readonly fate?: string
  /** The frame to show, hex. */
  readonly frame?: string
  /** Its decoding, a line per layer. */
  readonly decoded?: readonly string[]
}

/**
 * One of several grounds on which a verdict rests, with a result of its own. An `encrypt` verdict has three: what the plan says and nodes
 * run, what keeps kernels from sending in the clear, and what was captured.
 */
export interface Ground {
  readonly ground: 'plan' | 'egress guard' | 'capture'
  /** `unjudged`: this ground is none here, such as a kernel's guard on the twin. */
  readonly judgement: 'holds' | 'violated' | 'unjudged'
  /** One sentence: what was looked at, and what it does not show. */
  readonly said: string
  /** What was counted, by name. */
  readonly counts: Readonly<Record<string, number>>
}

export interface Verdict {
  /** Intent name, or `invariant:<id>`. Stable over runs. */
  readonly name: string
  readonly kind: 'reach' | 'isolate' | 'encrypt' | 'latency' | 'survive' | 'agreement' | 'scenario'
  readonly by: Interpreter
  readonly judgement: Judgement
  /** Why, when `unjudged`; otherwise the grounds in a sentence. */
  readonly reason?: string
  /** Frames looked at, and positive controls that arrived. Zero of either makes the verdict vacuous. */
  readonly judged: number
  readonly controls: number
  readonly findings: readonly Finding[]
  /** Of a verdict that rests on several. */
  readonly grounds?: readonly Ground[]
  /** Measured figures, ns, with the floor of the same run and the tier. */
  readonly latency?: LatencyFigures
}
export interface LatencyFigures {
  readonly tier: string
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
  readonly floor?: {
    readonly p50: number
    readonly p99: number
    readonly max: number
    readonly count: number
  }
}
/** An intent's verdicts side by side and what follows from them. */
export interface CombinedVerdict {
  readonly name: string
  readonly kind: Verdict['kind']
  readonly combined: Judgement
  readonly verdicts: readonly Verdict[]
}
