/**
 * What `ztos-labd` understands on `labd.sock`. Framing as in `contract/control.ts`; answers carry the request's id, in
 * whatever order they become ready. Besides answers labd sends events: `{ event: 'progress', ... }`, `{ event: 'output', ... }`.
 *
 * @module
 */
import { z } from 'zod'
import { Plan } from '../../contract/plan.js'
import { EngineRequest } from '../../contract/control.js'
import { KeyReference } from '../../contract/program.js'
import { FaultRequest } from '../fault.js'

export const LABD_VERSION = 1

const request = { id: z.int().min(0).max(0xffffffff) }
/** Key values, 32 to 88 hex digits by reference (as `load` has them in `contract/control.ts`). They pass through this socket (0600) and into `keys.json` (0600), nowhere else. */
export const KeyValues = z.record(
  KeyReference,
  z.string().regex(/^(?:[0-9a-f]{32}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{88})$/),
)

/** How engines and probe are started; for tests with builds of their own. */
export const Programs = z.strictObject({
  engine: z.string().startsWith('/').optional(),
  probe: z.string().startsWith('/').optional(),
  /** Further arguments of every engine. */
  engineArguments: z.array(z.string()).max(32).optional(),
  /** Further environment of every engine. */
  engineEnvironment: z.record(z.string(), z.string()).optional(),
})
export type Programs = z.infer<typeof Programs>

/** Where containerlab and Docker's engine are, as whoever asks finds them. */
export const Containers = z.strictObject({
  containerlab: z.string().startsWith('/'),
  /** `unix:///…`: containers are to be on this host. */
  docker: z.string().startsWith('unix:///'),
})
export type Containers = z.infer<typeof Containers>

export const LabdRequest = z.discriminatedUnion('op', [
  /** Answer: `{ version, lab, pid, phase }`. */
  z.strictObject({ ...request, op: z.literal('hello') }),
  /** Once. Answer: `{ steps: StepEvent[] }` when the lab forwards. The connection that asks for an attached lab owns it. */
  z.strictObject({
    ...request,
    op: z.literal('up'),
    plan: Plan,
    /** Of a plan with a control plane: digests of what EVPN makes of leaves' tables, by node, as the twin foretells them. */
    expected: z.record(z.string().max(63), z.string().regex(/^[0-9a-f]{64}$/)).optional(),
    keys: KeyValues,
    attached: z.boolean(),
    journal: z.boolean(),
    deadline: z.int().min(1).max(600_000),
    /** Each step waits for a `continue`. */
    stepwise: z.boolean(),
    programs: Programs,
    /** Nodes and hosts are to be containers under containerlab; absent: namespaces. */
    containers: Containers.optional(),
  }),
  /** Lets a stepwise `up` or `down` take its next step. */
  z.strictObject({ ...request, op: z.literal('continue') }),
  /** Answer: `{ lodgers }` when nothing of the lab is left; labd then ends. */
  z.strictObject({ ...request, op: z.literal('down'), stepwise: z.boolean() }),
  /** A control request to a node's engine, its id chosen by labd. Answer: the engine's. */
  z.strictObject({
    ...request,
    op: z.literal('node'),
    node: z.string(),
    request: z.looseObject({ op: z.string() }),
  }),
  /**
   * Brings the lab to another plan of its fabric, or says what that would do. Answer: `{ changes, untouched, steps }` (`lab/apply/changes.ts`) when
   * the lab is as the new plan says. What fails leaves a lab that is to be taken down.
   */
  z.strictObject({
    ...request,
    op: z.literal('apply'),
    plan: Plan,
    /** Of what is sealed in it, by name. */
    epochs: z.record(z.string().max(200), z.int().min(0).max(99_999)),
    /** All that the plan names at these epochs. */
    keys: KeyValues,
    dryRun: z.boolean(),
    deadline: z.int().min(1).max(600_000),
  }),
  /** Adds key values to `keys.json`, so that a `load` can name new ones. Answer: `{ keys }`, all of them. */
  z.strictObject({ ...request, op: z.literal('keys'), keys: KeyValues }),
  /**
   * Gives ends that share keys those of their next epoch, whose values are among these or were given before. Answer: `{ from, to, steps }` when the
   * old ones are gone. What fails leaves each end with either keys; the same request again completes it.
   */
  z.strictObject({
    ...request,
    op: z.literal('rotate'),
    name: z.string().max(200),
    epoch: z.int().min(1).max(99_999),
    keys: KeyValues,
  }),
  /** Answer: `{ seals }` (`lab/epochs.ts`). */
  z.strictObject({ ...request, op: z.literal('seals') }),
  /** A request to the probe. Answer: the probe's. */
  z.strictObject({ ...request, op: z.literal('probe'), request: z.looseObject({ op: z.string() }) }),
  /** Latency through as many bare forwarders. Answer: the probe's to `latency`. `data`: a frame, base64. */
  z.strictObject({
    ...request,
    op: z.literal('floor'),
    hops: z.int().min(1).max(64),
    data: z.base64(),
    rate: z.int().min(1).max(10_000_000),
    count: z.int().min(1).max(1_000_000),
    run: request.id,
  }),
  /** Breaks something, or puts it right; answer: `{}` when that is done, not when the fabric has come to rest. */
  z.strictObject({ ...request, op: z.enum(['fail', 'repair']), fault: FaultRequest }),
  /** Answer: `{ faults, ever }`: all that have been made and not repaired; whether any has ever been made. */
  z.strictObject({ ...request, op: z.literal('faults') }),
  /** Answer: `{ nodes: { name: pid | null }, probe: pid | null, daemons: [{ node, program, pid }], agents: pid | null }`; null: died. */
  z.strictObject({ ...request, op: z.literal('processes') }),
  /** Runs a command in the namespace of a node or host. Output comes as events; answer when it ends: `{ code, signal }`. */
  z.strictObject({
    ...request,
    op: z.literal('exec'),
    /** The client's own number for this command, by which output, input and signals name it. */
    exec: request.id,
    at: z.string(),
    argv: z.array(z.string().max(65536)).min(1).max(1024),
    term: z.string().max(64).optional(),
  }),
  /** Input for a running command, base64; without data: end of input. */
  z.strictObject({ ...request, op: z.literal('exec-input'), exec: request.id, data: z.base64().optional() }),
  z.strictObject({
    ...request,
    op: z.literal('exec-signal'),
    exec: request.id,
    signal: z.enum(['SIGINT', 'SIGTERM', 'SIGKILL', 'SIGHUP', 'SIGQUIT']),
  }),
])
export type LabdRequest = z.infer<typeof LabdRequest>

/** A request as an engine gets it, its id aside. */
export function parseEngineRequest(request: unknown): z.ZodSafeParseResult<EngineRequest> {
  return EngineRequest.safeParse({ ...(request as object), id: 0 })
}

/** The first line that labd writes to standard output, its only one. */
export const LabdGreeting = z.discriminatedUnion('ok', [
  z.looseObject({ ok: z.literal(true) }),
  z.object({ ok: z.literal(false), code: z.string(), message: z.string(), remedy: z.string().optional() }),
])

export const ProgressEvent = z.object({
  event: z.literal('progress'),
  step: z.string(),
  /** `waiting`: a stepwise run waits for `continue`. */
  phase: z.enum(['waiting', 'set-up', 'done', 'failed', 'tear-down']),
  ms: z.number().optional(),
})
export const OutputEvent = z.object({
  event: z.literal('output'),
  exec: z.int(),
  stream: z.enum(['stdout', 'stderr']),
  data: z.base64(),
})
