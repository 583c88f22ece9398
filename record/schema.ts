/**
 * Schemas of what a run record's files hold, for reading them back: another version, a hand or a full disk may have
 * had them.
 *
 * @module
 */
import { z } from 'zod'
import { labInterpreters } from './verdict.js'

const Interpreter = z.enum(['twin', ...labInterpreters])
const Judgement = z.enum(['holds', 'violated', 'unjudged', 'disputed'])
const count = z.int().min(0)

const FindingSchema = z.strictObject({
  invariant: z.string(),
  message: z.string(),
  node: z.string().exactOptional(),
  link: z.string().exactOptional(),
  clause: z.string().exactOptional(),
  fate: z.string().exactOptional(),
  frame: z.string().exactOptional(),
  decoded: z.array(z.string()).readonly().exactOptional(),
})

const figures = { p50: z.number(), p99: z.number(), max: z.number(), count }
const LatencySchema = z.strictObject({
  tier: z.string(),
  ...figures,
  p90: z.number(),
  p999: z.number(),
  floor: z.strictObject(figures).exactOptional(),
})

const GroundSchema = z.strictObject({
  ground: z.enum(['plan', 'egress guard', 'capture']),
  judgement: z.enum(['holds', 'violated', 'unjudged']),
  said: z.string(),
  counts: z.record(z.string(), count),
})

export const VerdictSchema = z.strictObject({
  name: z.string(),
  kind: z.enum(['reach', 'isolate', 'encrypt', 'latency', 'survive', 'agreement', 'scenario']),
  by: Interpreter,
  judgement: Judgement,
  reason: z.string().exactOptional(),
  judged: count,
  controls: count,
  findings: z.array(FindingSchema),
  grounds: z.array(GroundSchema).exactOptional(),
  latency: LatencySchema.exactOptional(),
})

export const CombinedVerdictSchema = z.strictObject({
  name: z.string(),
  kind: VerdictSchema.shape.kind,
  combined: Judgement,
  verdicts: z.array(VerdictSchema),
})

/** A frame of a shrunk failure, enough to send it again by hand. */
const FailedFrame = z.strictObject({
  trace: z.int(),
  /** `host shop/web1` or `link leaf1--spine1 towards leaf1`. */
  at: z.string(),
  /** Hex. */
  frame: z.string(),
  decoded: z.array(z.string()),
})

/** A property that failed, shrunk, and how to see it again. */
export const FailureSchema = z.strictObject({
  /** The CTRF id of the test. */
  test: z.string(),
  /** Relative to the folder in which the run was started; `ztos:` marks a shipped suite. */
  file: z.string(),
  name: z.string(),
  on: Interpreter,
  /** Where it was shrunk: the twin when the twin shows the failure too. */
  shrunkOn: Interpreter,
  seed: z.int(),
  path: z.string(),
  runs: count,
  shrinks: count,
  /** The shrunk scenario, a line each. */
  scenario: z.array(z.string()),
  frames: z.array(FailedFrame),
  findings: z.array(FindingSchema),
  /** What the twin says: the way to what the findings are about, by clause and table entry. */
  blame: z.array(z.string()),
  /** The twin's whole walk, every clause of every node. */
  walk: z.array(z.string()).exactOptional(),
  /** The one line that shows it again. */
  replay: z.string(),
  /** Digest of the plan that was tested. */
  plan: z.string().exactOptional(),
})
export type Failure = z.infer<typeof FailureSchema>

/** A digest with its algorithm: `sha256:<hex>`. */
const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/)

/** `verification.json`: what was verified, with what outcome, on what grounds. */
export const VerificationSchema = z.strictObject({
  format: z.literal('ztos-verification'),
  version: z.literal(1),
  id: z.string(),
  /** What made the record: `verify` judges a fabric's intents, `run` a user's scenarios. */
  command: z.enum(['verify', 'run']),
  fabric: z.strictObject({ name: z.string(), file: z.string(), digest: Digest }).exactOptional(),
  /** Digest of `plan.json`. */
  plan: Digest.exactOptional(),
  on: z.array(Interpreter),
  /** An attached lab was judged as it was, not brought up for the run. */
  lab: z
    .strictObject({
      id: z.string(),
      attached: z.boolean(),
      /** What was sealed, with keys of which epoch, and since when. */
      seals: z
        .array(
          z.strictObject({
            name: z.string(),
            kind: z.enum(['macsec', 'wireguard']),
            seal: z.string().exactOptional(),
            epoch: z.int(),
            since: z.iso.datetime(),
            /** A rotation that has not come to its end. */
            next: z.strictObject({ epoch: z.int(), began: z.iso.datetime() }).exactOptional(),
          }),
        )
        .exactOptional(),
    })
    .exactOptional(),
  /** Seed of generated traffic (not of keys). */
  seed: z.int(),
  tool: z.strictObject({ version: z.string(), node: z.string(), platform: z.string() }),
  /** RFC 3339. */
  started: z.string(),
  finished: z.string(),
  /** Exit status of the command. */
  exit: z.int(),
  verdicts: z.array(CombinedVerdictSchema),
  /** Invariants that judges were told to overlook; never any but under test. */
  blinded: z.array(z.string()),
  /** Notes a reader must know, such as what the egress guard does not stop. */
  notes: z.array(z.string()),
  /** Digest of every file of the record by path, but of this one and of the reports made from them. */
  files: z.record(z.string(), Digest),
})
export type Verification = z.infer<typeof VerificationSchema>

/** A line of `events.jsonl`. `t` is milliseconds since the run began. */
export const RunEventSchema = z.discriminatedUnion('event', [
  z.strictObject({ t: z.number(), event: z.literal('run'), id: z.string(), command: z.string() }),
  z.strictObject({
    t: z.number(),
    event: z.literal('stage'),
    stage: z.string(),
    state: z.enum(['begin', 'end', 'failed']),
    note: z.string().exactOptional(),
  }),
  z.strictObject({
    t: z.number(),
    event: z.literal('test'),
    id: z.string(),
    name: z.string(),
    on: Interpreter,
    status: z.enum(['passed', 'failed', 'skipped', 'pending', 'other']),
    duration: z.number(),
  }),
  z.strictObject({
    t: z.number(),
    event: z.literal('verdict'),
    name: z.string(),
    by: Interpreter,
    judgement: Judgement,
  }),
  z.strictObject({ t: z.number(), event: z.literal('note'), text: z.string() }),
  z.strictObject({ t: z.number(), event: z.literal('end'), exit: z.int() }),
])
export type RunEvent = z.infer<typeof RunEventSchema>
/** An event before its time is known. */
export type NewRunEvent = RunEvent extends infer E ? (E extends RunEvent ? Omit<E, 't'> : never) : never

/** `timings.json`: how long each stage took, ms since the run began. */
export const TimingsSchema = z.strictObject({
  format: z.literal('ztos-timings'),
  version: z.literal(1),
  stages: z.array(z.strictObject({ stage: z.string(), start: z.number(), duration: z.number() })),
})
export type Timings = z.infer<typeof TimingsSchema>
