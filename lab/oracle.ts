/**
 * The twin beside a lab: it does what the lab is asked to do and tells what to expect.
 *
 * @module
 */
import type { Injection } from '../record/target.js'
import type { Plan } from '../contract/plan.js'
import { controlPlaneOf, type PredictedControlPlane } from '../twin/fabric-control.js'
import { TwinFabric, type FabricControlPlane, type Keys } from '../twin/forward/index.js'

const SECOND = 1_000_000_000

interface Followed {
  readonly writes: boolean
  readonly teaches: boolean
  readonly waits: number
}

export class Oracle {
  private readonly fabric: TwinFabric
  private readonly control: PredictedControlPlane | undefined
  private last = performance.now()
  private told = 0

  constructor(plan: Plan, keys: Keys) {
    this.control = controlPlaneOf(plan)
    this.fabric = new TwinFabric(plan, keys, { controlPlane: this.counted(this.control) })
  }

  /**
   * Does the frame write state, so that it must travel alone; does it teach what a control plane tells others; and how many seconds will pass
   * until all that it holds is given up?
   */
  follow(injection: Injection): Followed {
    this.keepTime()
    const told = this.told
    const before = this.fabric.now
    const { wrote } = this.fabric.send([injection], { wire: [] })
    return {
      writes: wrote[0] === true,
      teaches: this.told !== told,
      waits: Number((this.fabric.now - before) / BigInt(SECOND)),
    }
  }

  /** What the control plane gives the engines of leaves by now (`digestTables`); `undefined` without one. */
  digests(): ReadonlyMap<string, string> | undefined {
    return this.control?.digests()
  }

  reset(): void {
    this.fabric.reset()
  }

  advanceTime(ns: number): void {
    this.fabric.advanceTime(ns)
  }

  private counted(control: FabricControlPlane | undefined): FabricControlPlane | undefined {
    if (control === undefined) return undefined
    return {
      learned: (changed) => {
        this.told++
        return control.learned(changed)
      },
    }
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
