/**
 * The twin beside a lab: it does what the lab is asked to do and tells what to expect.
 *
 * @module
 */
import type { Injection } from '../record/target.js'
import type { TwinFabric } from '../twin/forward/index.js'

const SECOND = 1_000_000_000

export class Oracle {
  private last = performance.now()

  constructor(private readonly fabric: TwinFabric) {}

  /** Does the frame write state, so that it must travel alone, and how many seconds will pass until all that it holds is given up? */
  follow(injection: Injection): { readonly writes: boolean; readonly waits: number } {
    this.keepTime()
    const before = this.fabric.now
    const { wrote } = this.fabric.send([injection], { wire: [] })
    return { writes: wrote[0] === true, waits: Number((this.fabric.now - before) / BigInt(SECOND)) }
  }

  reset(): void {
    this.fabric.reset()
  }

  advanceTime(ns: number): void {
    this.fabric.advanceTime(ns)
  }

  /** Entries age in the lab while nothing is sent, and so they must here. */
  private keepTime(): void {
    const now = performance.now()
    const passed = Math.floor((now - this.last) * 1e6)
    if (passed < SECOND) return
    this.last = now
    this.fabric.advanceTime(passed)
  }
}
