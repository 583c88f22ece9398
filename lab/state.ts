/**
 * `lab.json`: what is known about a lab from outside, written by `ztos-labd` before anything else of it exists, so that
 * whatever a crash leaves behind has a name under which it can be removed.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import type { LabInterpreter } from '../record/verdict.js'
import { epochsOf, SealState } from './epochs.js'
import { LabError, messageOf, systemCode } from './errors.js'
import { isLabId } from './names.js'
import { labPaths, RUN_ROOT, userFolder } from './paths.js'
import { isAlive } from './process-identity.js'

const LAB_STATE_VERSION = 1

export const LabState = z.strictObject({
  format: z.literal('ztos-lab'),
  version: z.literal(LAB_STATE_VERSION),
  id: z.string().refine(isLabId, 'a lab id is six lower-case letters or digits'),
  uid: z.int().min(0),
  /** The fabric's name; empty until `up` was asked for. */
  fabric: z.string(),
  /** ISO 8601, UTC. */
  created: z.iso.datetime(),
  attached: z.boolean(),
  /** `broken`: a change of its plan failed half-way; nothing is left to do but to take it down. */
  phase: z.enum(['starting', 'up', 'changing', 'broken', 'stopping']),
  labd: z.strictObject({ pid: z.int().min(1), startTime: z.string().regex(/^\d+$/) }),
})
export type LabState = z.infer<typeof LabState>

/** A lab of a user as found on this host. */
export interface LabListing {
  readonly id: string
  /** `stale`: its labd is gone, `lab down` removes what is left. */
  readonly phase: LabState['phase'] | 'stale'
  /** Absent when a crash came before the state was written, or wrote it in half. */
  readonly state?: LabState
  /** What is sealed, and which keys it has. */
  readonly seals?: readonly SealState[]
  /** What its nodes are. */
  readonly driver: LabInterpreter
}

/** @throws LabError `ZT_LAB_FORMAT` naming the file and the first thing that is wrong */
export function parseLabState(text: string, file: string): LabState {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new LabError('ZT_LAB_FORMAT', `${file} is not JSON: ${messageOf(error)}`, { cause: error })
  }
  const parsed = LabState.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new LabError(
    'ZT_LAB_FORMAT',
    `${file}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is no lab state'}`,
  )
}

/** @throws LabError `ZT_LAB_UNKNOWN` when there is no such lab */
export function readLabState(uid: number, lab: string, root: string = RUN_ROOT): LabState {
  const file = labPaths(uid, lab, root).lab
  try {
    return parseLabState(readFileSync(file, 'utf8'), file)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
    throw new LabError('ZT_LAB_UNKNOWN', `there is no lab ${JSON.stringify(lab)}`, {
      remedy: '`ztos lab list` shows those that run',
      cause: error,
    })
  }
}

/** Epochs of a lab's keys; of a lab that is not there none, which is for others to say. */
export function labEpochs(lab: string, uid: number = process.getuid?.() ?? 0): ReadonlyMap<string, number> {
  return epochsOf(isLabId(lab) ? readSeals(uid, lab, RUN_ROOT) : [])
}

/**
 * What the nodes of a lab are; of one that is not there namespaces, and that it is not there is for others to say. It is no part of `lab.json`:
 * that is read by whatever version of this program looks for labs.
 */
export function labInterpreter(
  lab: string,
  uid: number = process.getuid?.() ?? 0,
  root = RUN_ROOT,
): LabInterpreter {
  return existsSync(labPaths(uid, lab, root).containers) ? 'containerlab' : 'netns'
}

/** `seals.json`, which is no part of `lab.json`: that is read by whatever version of this program looks for labs. */
function readSeals(uid: number, lab: string, root: string): readonly SealState[] {
  const file = labPaths(uid, lab, root).seals
  try {
    return z.array(SealState).parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    // It is being made, or the lab is no more.
    return []
  }
}

/** The user's labs, by id. Folders whose name is no lab id are none of ours and not listed. */
export function readLabs(uid: number, root: string = RUN_ROOT): LabListing[] {
  let names: string[]
  try {
    names = readdirSync(userFolder(uid, root))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
  return names
    .filter(isLabId)
    .sort()
    .map((id) => {
      const driver = labInterpreter(id, uid, root)
      try {
        const state = readLabState(uid, id, root)
        const phase = isAlive(state.labd) ? state.phase : 'stale'
        return { id, state, phase, seals: readSeals(uid, id, root), driver }
      } catch (error) {
        if (error instanceof LabError) return { id, phase: 'stale', driver }
        throw error
      }
    })
}
