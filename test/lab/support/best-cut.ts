/** Loss at a rate, measured where others may keep the host busy. */
import { LabError } from '../../../lab/index.js'
import { isTold, type Loss } from '../../../lab/failover.js'

const TRIES = 3
/** The host was too busy for a measurement: packets were late, or lost before anything broke. */
const UNMEASURED: ReadonlySet<string> = new Set(['ZT_LAB_LOST', 'ZT_LAB_UNSETTLED'])

/**
 * The best of at most three cuts; no more are made once one keeps to the bound. A host that is kept from its work loses packets for reasons
 * of its own, and finds out late; it never finds out sooner than the fabric can. So what the best one took is what the fabric takes at most.
 * Nothing but this figure is measured again: whatever `cut` itself expects, it expects each time.
 *
 * @param bound ms, of the window
 * @throws what the last cut threw when none could be measured
 */
export async function bestCut<L extends Loss>(bound: number, cut: () => Promise<L>): Promise<L> {
  let best: L | undefined
  let why: unknown
  for (let n = 0; n < TRIES && !(best !== undefined && best.window < bound); n++) {
    try {
      const loss = await cut()
      if (!isTold(loss, bound))
        why = new Error(`not back at the end, ${loss.window.toFixed(0)} ms after it was lost`)
      else if (best === undefined || loss.window < best.window) best = loss
    } catch (error) {
      if (!(error instanceof LabError) || !UNMEASURED.has(error.code)) throw error
      why = error
    }
  }
  if (best === undefined) throw why
  return best
}
