/**
 * Changing a running lab in place, from outside: labd says what another plan would do, and does it.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Plan } from '../contract/plan.js'
import { SEED_LENGTH, withEpochs } from '../twin/program/index.js'
import type { LabChanges } from './apply/changes.js'
import { epochsAfter } from './apply/epochs.js'
import { epochsOf } from './epochs.js'
import { resolveKeys } from './keys/resolve.js'
import type { Lab } from './lab.js'
import { DEADLINES, raced } from './steps.js'
import type { LabProgress } from './up.js'

export interface ApplyOptions {
  /** Say what would be done, and do nothing. */
  readonly dryRun?: boolean
  /** File that says where keys are that are no lab keys. */
  readonly keySources?: string | undefined
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** ms for all of it; default as `labUp` has it. */
  readonly deadline?: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: (event: LabProgress) => void
}

/**
 * Brings a running lab to another plan of its fabric: what differs is changed, and whoever is in no change is not touched; its processes, its
 * sessions and what it has learned stay. What is sealed as before keeps its keys; new lab keys come of a seed that is drawn for this one time.
 *
 * Targets of the lab are to be closed before, and opened anew.
 *
 * @returns what was done, or would be
 * @throws {KeyError} when a key cannot be had. LabError `ZT_LAB_STATE` for a lab that cannot be changed; in both cases nothing has been done.
 *   Whatever a step of it meets: then the lab is `broken`, and is to be taken down
 */
export async function labApply(lab: Lab, plan: Plan, options: ApplyOptions = {}): Promise<LabChanges> {
  const {
    dryRun = false,
    keySources: sources,
    env,
    signal,
    deadline = DEADLINES[lab.driver],
    onProgress,
  } = options
  await lab.refreshKeys()
  const known = new Set(lab.keys.keys())
  const epochs = epochsAfter(lab.plan, plan, { epochs: epochsOf(await lab.seals()), known })
  const keyed = withEpochs(plan, epochs)
  const given = new Map([...lab.keys].map(([name, value]) => [name, Buffer.from(value, 'hex')]))
  const values = dryRun
    ? new Map<string, Uint8Array>()
    : await resolveKeys(keyed, { seed: randomBytes(SEED_LENGTH), sources, given, env, signal })
  const keys = Object.fromEntries(
    [...values].map(([name, value]) => [name, Buffer.from(value).toString('hex')]),
  )
  const request = { plan, epochs: Object.fromEntries(epochs), keys, dryRun, deadline }
  const applied = lab.apply(request, (event) => onProgress?.({ lab: lab.id, ...event }))
  // labd goes on with it.
  return signal === undefined ? applied : raced(applied, signal)
}
