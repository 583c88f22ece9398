/**
 * The twin beside a lab: it does what the lab is asked to do and tells what to expect.
 *
 * @module
 */
import type { Fault, Injection } from '../record/target.js'
import type { Plan } from '../contract/plan.js'
import { controlPlaneOf, type PredictedControlPlane } from '../twin/fabric-control.js'
import { knowledgeOf } from '../twin/knowledge.js'
import {
  TwinFabric,
  type FabricControlPlane,
  type FabricObserver,
  type Keys,
  type LearnedState,
} from '../twin/forward/index.js'
import { Scopes } from './scopes.js'
import { Untold, type Sighting } from './untold.js'

const SECOND = 1_000_000_000

interface Followed {
  /** The frame writes state, so that it must travel alone. */
  readonly writes: boolean
  /**
   * It may be sent only when what frames before it have taught is known wherever it is to be: digests of the tables that leaves then have,
   * by node.
   */
  readonly dependsOn: ReadonlyMap<string, string> | undefined
  /** Seconds until all that it holds is given up. */
  readonly waits: number
}

export class Oracle {
  private readonly fabric: TwinFabric
  private readonly control: PredictedControlPlane | undefined
  private readonly scopes: Scopes
  /** Since the lab was last at rest. */
  private untold: Untold
  private readonly heard = new Map<string, LearnedState>()
  /** All that the frame which is being followed has become, in the clear. */
  private trail: Sighting[] = []
  private known: ReadonlyMap<string, string> | undefined
  private last = performance.now()

  constructor(
    private readonly plan: Plan,
    keys: Keys,
  ) {
    this.scopes = new Scopes(plan)
    this.untold = new Untold(this.scopes)
    this.control = controlPlaneOf(plan)
    this.fabric = new TwinFabric(plan, keys, {
      controlPlane: this.noting(this.control),
      observer: this.control === undefined ? {} : this.following(),
    })
    // A lab has come to rest when it is up.
    this.rested()
  }

  /** What comes of a frame that will be sent. */
  follow(injection: Injection): Followed {
    this.keepTime()
    const before = this.fabric.now
    const [untold, known] = [this.untold, this.digests()]
    this.untold = new Untold(this.scopes)
    this.trail = []
    const { wrote } = this.fabric.send([injection], { wire: [] })
    const depends = untold.concerns(this.trail)
    if (!depends) this.untold.add(untold)
    return {
      writes: wrote[0] === true,
      dependsOn: depends ? known : undefined,
      waits: Number((this.fabric.now - before) / BigInt(SECOND)),
    }
  }

  /** What the control plane gives the engines of leaves by now (`digestTables`); `undefined` without one. */
  digests(): ReadonlyMap<string, string> | undefined {
    this.known ??= this.control?.digests()
    return this.known
  }

  /** All that nodes have learned and been told that is valid now, whatever its age. */
  knowledge(): string {
    this.keepTime()
    return knowledgeOf(
      this.plan.nodes.map(({ name }) => this.fabric.node(name)),
      this.fabric.now,
    )
  }

  /** Whether something is on its way in the lab's control plane. */
  get telling(): boolean {
    return this.untold.any
  }

  /** The lab has come to rest. */
  rested(): void {
    this.untold = new Untold(this.scopes)
  }

  /** Something broke. @throws ForwardError as `TwinFabric.fail` */
  fail(fault: Fault): void {
    this.keepTime()
    this.fabric.fail(fault)
  }

  /** It was put right. @throws ForwardError as `TwinFabric.repair` */
  repair(fault: Fault): void {
    this.keepTime()
    this.fabric.repair(fault)
  }

  reset(): void {
    this.fabric.reset()
  }

  advanceTime(ns: number): void {
    this.fabric.advanceTime(ns)
  }

  private following(): FabricObserver {
    return {
      received: (node, id, frame) =>
        this.trail.push({ node, interface: id, frame: frame instanceof Uint8Array ? frame : frame.clear }),
      arrived: (host, frame) => this.trail.push({ host, frame }),
    }
  }

  private noting(control: FabricControlPlane | undefined): FabricControlPlane | undefined {
    if (control === undefined) return undefined
    const answered = (answer: ReturnType<FabricControlPlane['learned']>) => {
      for (const [node, changes] of answer) this.untold.tables(node, changes)
      this.known = undefined
      return answer
    }
    return {
      ...(control.begins === undefined ? {} : { begins: control.begins }),
      learned: (changed) => {
        for (const [node, now] of changed) {
          this.untold.heard(node, this.heard.get(node), now)
          this.heard.set(node, now)
        }
        return answered(control.learned(changed))
      },
      ...(control.broken === undefined
        ? {}
        : {
            broken: (down) => {
              this.untold.all()
              return answered(control.broken?.(down) ?? new Map())
            },
          }),
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
