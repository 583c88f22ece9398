/**
 * A lab that is brought up on the clock, used, and taken down whatever happens.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Plan } from '../contract/plan.js'
import { labUp, type Lab } from '../lab/index.js'
import { SEED_LENGTH } from '../twin/program/index.js'

export interface LabTimes {
  /** `performance.now()` when it was asked for. */
  readonly began: number
  /** ms until it was up. */
  readonly up: number
  /** ms of each step. */
  readonly steps: ReadonlyMap<string, number>
}

/** @throws whatever bringing it up, `use` and taking it down throw */
export async function withTimedLab<T>(
  plan: Plan,
  signal: AbortSignal,
  use: (lab: Lab, times: LabTimes) => Promise<T>,
): Promise<T> {
  const steps = new Map<string, number>()
  const began = performance.now()
  const lab = await labUp(plan, {
    keysSeed: randomBytes(SEED_LENGTH),
    signal,
    onProgress: ({ step, ms }) => {
      if (ms !== undefined) steps.set(step, ms)
    },
  })
  try {
    return await use(lab, { began, up: performance.now() - began, steps })
  } finally {
    await lab.down()
  }
}
