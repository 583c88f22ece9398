/**
 * Labs as targets. The lab is loaded when one is asked for: the twin must run where no lab can.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Plan } from '../contract/plan.js'
import type { Target } from '../record/target.js'
import { SEED_LENGTH } from '../twin/program/index.js'
import type { Keys } from './traffic/wire.js'

/** A lab's target and the values of its keys. */
export interface OpenedLab {
  readonly target: Target
  readonly keys: Keys
}

/**
 * Brings a lab of the plan up, or attaches to one that is running, which is then judged as it is and left running.
 *
 * @param id a running lab
 * @throws LabError when this host cannot, or there is no such lab
 */
export async function openLabTarget(plan: Plan, id: string | undefined): Promise<OpenedLab> {
  const { attach, labUp } = await import('../lab/index.js')
  const lab = id === undefined ? await labUp(plan, { keysSeed: randomBytes(SEED_LENGTH) }) : await attach(id)
  const keys = new Map(
    [...lab.keys].map(([name, value]) => [name, new Uint8Array(Buffer.from(value, 'hex'))]),
  )
  try {
    return { target: await lab.target({ ownsLab: id === undefined }), keys }
  } catch (error) {
    if (id === undefined) await lab.down()
    throw error
  }
}
