/**
 * How a control plane follows a fabric: it is told what nodes have heard on their ports and says how tables change. Who it
 * is, is the caller's business.
 *
 * @module
 */
import type { TableChange } from '../../contract/control.js'
import type { Tables } from '../../contract/program.js'
import { ForwardError } from './errors.js'
import type { FabricDown } from './faults.js'
import type { LearnedState } from './learned.js'
import type { FabricNode } from './node.js'

/** The control plane of a whole fabric, between two settled states. */
export interface FabricControlPlane {
  /**
   * Tables that nodes begin with, after a power failure too, by name: what no control plane fills. Where they are given, {@link learned} is
   * called before the first frame, and fills the rest. Nodes that are left out begin with their programs' tables.
   */
  readonly begins?: ReadonlyMap<string, Tables>
  /**
   * Called when all frames are at rest and something has changed; again after its own changes, until nothing does.
   *
   * @param changed - what nodes have learned that is valid now, all of it, for those of which it is not as it was told last,
   *   by name, in the order of the plan. Before the first one no node has learned anything.
   * @returns changes of tables by node, made in the order of the map; nodes that are left out keep theirs.
   */
  learned(changed: ReadonlyMap<string, LearnedState>): ReadonlyMap<string, readonly TableChange[]>
  /**
   * Called when something broke or was repaired, before what frames make of it is told: takes the place of all that was down before.
   * Absent where a control plane has no part in what breaks. What nodes hear whose agent is down is told by {@link learned} all the same.
   *
   * @returns as {@link learned}. A node that was down begins again with what it began with.
   */
  broken?(down: FabricDown): ReadonlyMap<string, readonly TableChange[]>
}

/** What a node was known to have learned, and when that was looked at. */
interface Known {
  readonly node: FabricNode
  stateVersion: number
  now: bigint
  state: string
}

const NOTHING = JSON.stringify({ fdb: [], neighbours: [] } satisfies LearnedState)

/** Most answers to one frame, unless given. */
const MOST_ROUNDS = 100

/** Tells a control plane what has changed since it was told last. */
export class ControlLoop {
  private readonly known = new Map<string, Known>()

  constructor(
    private readonly plane: FabricControlPlane,
    nodes: Iterable<FabricNode>,
    private readonly fabric: string,
    private readonly rounds = MOST_ROUNDS,
  ) {
    for (const node of nodes) this.known.set(node.name, { node, stateVersion: 0, now: 0n, state: NOTHING })
  }

  /** What the control plane makes of nodes that have just begun. */
  begun(): ReturnType<FabricControlPlane['learned']> {
    return this.plane.begins === undefined ? new Map() : this.plane.learned(new Map())
  }

  /**
   * The control plane's answer to what has changed, `undefined` when nothing has.
   *
   * @param now - the fabric's clock.
   * @param round - answers before, since all frames came to rest.
   * @throws {ForwardError} `ZT_CONTROL_UNSETTLED`
   */
  answer(now: bigint, round: number): ReturnType<FabricControlPlane['learned']> | undefined {
    const changed = this.changed(now)
    if (changed.size === 0) return undefined
    if (round >= this.rounds) {
      const nodes = [...changed.keys()].join(', ')
      const what = `the control plane does not come to an end after ${round} answers; still changing: ${nodes}`
      throw new ForwardError('ZT_CONTROL_UNSETTLED', this.fabric, what, {
        remedy: 'look at what these nodes announce of the same MAC or address',
      })
    }
    return this.plane.learned(changed)
  }

  /** The control plane's answer to what is broken now. */
  broken(down: FabricDown): ReturnType<FabricControlPlane['learned']> {
    return this.plane.broken?.(down) ?? new Map()
  }

  private changed(now: bigint): ReadonlyMap<string, LearnedState> {
    const changed = new Map<string, LearnedState>()
    for (const [name, known] of this.known) {
      const { stateVersion } = known.node
      // Without a write and without time that passes, nothing is learned and nothing ages.
      if (known.stateVersion === stateVersion && known.now === now) continue
      known.stateVersion = stateVersion
      known.now = now
      const learned = known.node.learned()
      const state = JSON.stringify(learned)
      if (state === known.state) continue
      known.state = state
      changed.set(name, learned)
    }
    return changed
  }
}
