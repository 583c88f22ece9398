/**
 * Labs from outside: bring one up, find one, list them, take one down.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { Plan } from '../contract/plan.js'
import { controlPlaneOf } from '../twin/fabric-control.js'
import type { LabInterpreter } from '../record/verdict.js'
import { Channel } from './channel.js'
import { LabError } from './errors.js'
import { Lab } from './lab.js'
import { sweep, takeDown } from './down.js'
import { resolveKeys } from './keys/resolve.js'
import { KeyValues, ProgressEvent, type Programs } from './labd/protocol.js'
import { invoker, startLabd } from './launch.js'
import { isLabId, newLabId } from './names.js'
import { labPaths } from './paths.js'
import { containersHere } from './containerlab/here.js'
import { labInterpreter, readLabs, readLabState, type LabListing } from './state.js'
import { DEADLINES, raced, type StepEvent } from './steps.js'

export interface LabProgress {
  /** Id of the lab. */
  readonly lab: string
  readonly step: string
  readonly phase: StepEvent['phase'] | 'waiting'
  readonly ms?: number | undefined
}
export interface LabUpOptions {
  /** 32 octets from which lab keys of the plan are derived (`deriveKeys` in `twin/program`). */
  readonly keysSeed: Uint8Array
  /** File that says where all other keys are (`keys/sources.ts`). */
  readonly keySources?: string | undefined
  /** Key values by reference, besides those or in their place. */
  readonly keys?: ReadonlyMap<string, Uint8Array>
  /** Removed when this process ends (default), or running on until `labDown`. */
  readonly attached?: boolean
  /** Engines write journals (default), which a target and a comparison need. */
  readonly journal?: boolean
  /** ms for all of it; default 60 s, and five minutes for containers, whose image may have to be made first. */
  readonly deadline?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (event: LabProgress) => void
  /** Awaited before each step. */
  readonly beforeStep?: (step: string) => Promise<void>
  /** Other builds of engine and probe. */
  readonly programs?: Programs
  /** What nodes and hosts are: namespaces of this host (default), or containers under containerlab. */
  readonly driver?: LabInterpreter
}
export interface LabDownOptions {
  readonly onProgress?: (event: LabProgress) => void
  /** Awaited before each tear-down. */
  readonly beforeStep?: (step: string) => Promise<void>
}
export interface LabDownResult {
  readonly id: string
  /** Processes of others that were found in the lab's namespaces and run on, one sentence each. */
  readonly lodgers: readonly string[]
}

/**
 * Brings a lab up: namespaces, links, an engine for each node, the probe; returns when it forwards. What labs of this user
 * left whose labd was killed is removed first.
 *
 * @throws {KeyError} when a key cannot be had; LabError; then nothing of the lab is left
 */
export async function labUp(plan: Plan, options: LabUpOptions): Promise<Lab> {
  const { keysSeed: seed, keySources: sources, keys: given, signal, driver = 'netns' } = options
  const resolved = await resolveKeys(plan, { seed, sources, given, signal })
  const values = new Map(
    [...resolved, ...(given ?? [])].map(([name, value]) => [name, Buffer.from(value).toString('hex')]),
  )
  const containers = driver === 'containerlab' ? { containers: containersHere() } : {}
  await removeStale()
  const id = newLabId()
  const { uid } = invoker()
  const paths = labPaths(uid, id)
  const started = startLabd('lab', id)
  started.catch(() => undefined)
  // While labd starts.
  const expected = foretold(plan)
  await started
  const channel = await Channel.open(paths.socket, `labd of lab ${id}`)
  channel.onEvent = progress(channel, id, options)
  const request = channel.request(
    {
      op: 'up',
      plan,
      ...(expected === undefined ? {} : { expected }),
      keys: Object.fromEntries(values),
      attached: options.attached ?? true,
      journal: options.journal ?? true,
      deadline: options.deadline ?? DEADLINES[driver],
      stepwise: options.beforeStep !== undefined,
      programs: options.programs ?? {},
      ...containers,
    },
    { timeout: Infinity },
  )
  try {
    await (options.signal === undefined ? request : raced(request, options.signal))
  } catch (error) {
    // Waits until all is gone, so that "failed" means that nothing is left. labd itself may be what died: then by force.
    channel.onEvent = undefined
    await takeDown(channel, { id, uid }, false)
    throw error
  }
  return new Lab(id, paths, channel, { plan, keys: values, driver })
}

/** What leaves' engines are to come to, by which labd knows when the lab is up; `undefined` where the twin does not know. */
function foretold(plan: Plan): Readonly<Record<string, string>> | undefined {
  const digests = controlPlaneOf(plan)?.digests()
  return digests === undefined ? undefined : Object.fromEntries(digests)
}

/** A lab that runs detached, or that another process owns. @throws LabError `ZT_LAB_UNKNOWN`, `ZT_LAB_CONNECTION` */
export async function attach(id: string): Promise<Lab> {
  const { uid } = invoker()
  const state = readLabState(uid, checkId(id))
  if (state.phase !== 'up')
    throw new LabError('ZT_LAB_STATE', `lab ${id} is ${state.phase}`, {
      remedy: state.phase === 'broken' ? `remove it: \`ztos lab down ${id}\`` : 'wait until it is up',
    })
  const paths = labPaths(uid, id)
  let channel: Channel
  try {
    channel = await Channel.open(paths.socket, `labd of lab ${id}`)
  } catch (error) {
    throw new LabError('ZT_LAB_CONNECTION', `lab ${id} has lost its labd`, {
      remedy: `remove what is left: \`ztos lab down ${id}\``,
      cause: error,
    })
  }
  const plan = Plan.parse(JSON.parse(readFileSync(paths.plan, 'utf8')))
  const { keys } = z.object({ keys: KeyValues }).parse(await channel.request({ op: 'keys', keys: {} }))
  return new Lab(id, paths, channel, {
    plan,
    keys: new Map(Object.entries(keys)),
    driver: labInterpreter(id),
  })
}

/** The labs of this user. */
export function listLabs(): readonly LabListing[] {
  return readLabs(invoker().uid)
}

/**
 * Takes a lab down, whatever state it is in, and returns when nothing of it is left. Doing it again is no error, as long as the
 * id is one.
 */
export async function labDown(id: string, options: LabDownOptions = {}): Promise<LabDownResult> {
  const { uid } = invoker()
  const paths = labPaths(uid, checkId(id))
  let channel: Channel
  try {
    channel = await Channel.open(paths.socket, `labd of lab ${id}`)
  } catch {
    // No labd: what it left, if anything.
    return { id, lodgers: await sweep(id) }
  }
  channel.onEvent = progress(channel, id, options)
  return { id, lodgers: await takeDown(channel, { id, uid }, options.beforeStep !== undefined) }
}

/** Takes all labs of this user down. */
export async function labDownAll(): Promise<readonly LabDownResult[]> {
  return Promise.all(listLabs().map(({ id }) => labDown(id)))
}

async function removeStale(): Promise<void> {
  await Promise.all(
    listLabs()
      .filter(({ phase }) => phase === 'stale')
      .map(({ id }) => sweep(id)),
  )
}

function progress(channel: Channel, lab: string, options: LabDownOptions): (event: unknown) => void {
  return (event) => {
    const parsed = ProgressEvent.safeParse(event)
    if (!parsed.success) return
    const { step, phase, ms } = parsed.data
    options.onProgress?.({ lab, step, phase, ms })
    if (phase !== 'waiting') return
    const goOn = () => void channel.request({ op: 'continue' }).catch(() => undefined)
    const waiting = options.beforeStep?.(step) ?? Promise.resolve()
    // Whoever holds a step holds the lab; one that fails lets go of the connection, and the lab is removed.
    waiting.then(goOn, () => channel.close())
  }
}

function checkId(id: string): string {
  if (isLabId(id)) return id
  throw new LabError('ZT_LAB_UNKNOWN', `${JSON.stringify(id)} is no lab id`, {
    remedy: '`ztos lab list` shows the labs that run',
  })
}
