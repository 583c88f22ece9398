/**
 * What was done to a fabric since it was last reset, so that a twin can do the same in the same order.
 *
 * @module
 */
import type { Fault, Injection, Observation, Target } from '../record/target.js'
import { SdkError } from './errors.js'
import { describeFault } from './faults.js'

/** Something done to a fabric. */
export type Deed =
  | { readonly send: readonly Injection[] }
  /** ns */
  | { readonly advance: number }
  | { readonly fail: Fault }
  | { readonly repair: Fault }

/**
 * Does it all again.
 *
 * @returns what was seen of the last send
 * @throws SdkError as {@link breaking}
 */
export async function redo(target: Target, deeds: readonly Deed[]): Promise<Observation | undefined> {
  let last: Observation | undefined
  for (const deed of deeds) {
    if ('send' in deed) last = await target.send(deed.send)
    else if ('advance' in deed) await target.advanceTime(deed.advance)
    else if ('fail' in deed) await breaking(target, deed.fail).fail(deed.fail)
    else await breaking(target, deed.repair).repair(deed.repair)
  }
  return last
}

/**
 * The part of a target that breaks things.
 *
 * @throws SdkError `ZT_FAULT_CANNOT` when it has none
 */
export function breaking(target: Target, fault: Fault): Required<Pick<Target, 'fail' | 'repair'>> {
  const fail = target.fail?.bind(target)
  const repair = target.repair?.bind(target)
  if (fail === undefined || repair === undefined) {
    throw new SdkError('ZT_FAULT_CANNOT', `${describeFault(fault)}: nothing can be broken on this target`, {
      remedy: 'run it on the twin, or in a lab that was brought up for it',
    })
  }
  return { fail, repair }
}
