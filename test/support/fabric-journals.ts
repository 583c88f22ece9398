/**
 * The journal of each node of a fabric that runs in the twin.
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import {
  JournalWriter,
  type Effect,
  type FabricObserver,
  type FabricOperation,
  type Input,
  type LazyFrame,
  type Nanoseconds,
} from '../../twin/forward/index.js'

/** Looks on and writes down; the journals start with the programs of the plan. */
export class FabricJournals implements FabricObserver {
  /** By node, in the order of the plan. */
  readonly journals: ReadonlyMap<string, JournalWriter>
  private pending: ((now: Nanoseconds) => Input) | undefined

  constructor({ nodes }: Plan) {
    this.journals = new Map(
      nodes.map(({ name, program }) => {
        const journal = new JournalWriter()
        journal.add({ kind: 'load', program, now: 0n }, [])
        return [name, journal]
      }),
    )
  }

  received(_node: string, port: number, frame: Uint8Array | LazyFrame): void {
    const octets = frame instanceof Uint8Array ? frame : frame.frame
    this.pending = (now) => ({ kind: 'frame', interface: port, frame: octets, now })
  }

  controlled(_node: string, operation: FabricOperation): void {
    this.pending = (now) =>
      operation.op === 'load'
        ? { kind: 'load', program: operation.program, now }
        : { kind: 'control', request: { id: 0, ...operation }, now }
  }

  seeded(_node: string, wallTime: Nanoseconds, entropy: Uint8Array): void {
    this.pending = (now) => ({ kind: 'seed', wallTime, entropy, now })
  }

  processed(node: string, effects: readonly Effect[], now: Nanoseconds): void {
    // A node that processes without having been told of anything was given the time.
    this.journals.get(node)?.add(this.pending?.(now) ?? { kind: 'clock', now }, effects)
    this.pending = undefined
  }
}
