/**
 * What was seen of a send: the frames that were sent, with what must become of them, and what did.
 *
 * @module
 */
import type { Plan } from '../contract/plan.js'
import type { Arrival, Fault, NodeFate, Observation } from '../record/target.js'
import type { Walk } from '../twin/forward/index.js'
import type { FabricView, Link } from './fabric-view.js'
import type { Ledger } from './ledger.js'
import type { Frame } from './traffic/frame.js'
import type { WireReader, WireReading } from './traffic/wire.js'

/** A frame as it was sent. */
export interface Sent {
  readonly frame: Frame
  readonly trace: number
  readonly bytes: Uint8Array
  /** Sent by {@link SendOptions.control}, not by the scenario. */
  readonly control: boolean
}

/** How {@link Seen} was made; for judges and blame. */
export interface SeenSource {
  readonly fabric: FabricView
  readonly ledger: Ledger
  readonly reader: WireReader
  /** Marks of this run. */
  readonly run: number
  /** What the twin says of these very frames, sent in the same order since the last reset. */
  readonly twin: () => Promise<Observation>
  /** What the twin of the target's own plan does to the frame, after all that was sent before and with what was broken then. */
  readonly walk: (sent: Sent) => WalkedPlan
}

/** A walk and the plan that it went through. */
export interface WalkedPlan {
  readonly plan: Plan
  readonly walk: Walk
  /** What was broken. */
  readonly broken: readonly Fault[]
}

/** The outcome of `target.send`. */
export class Seen {
  readonly sent: readonly Sent[]
  readonly observation: Observation
  /** Links to which matchers about links are confined; all when absent. */
  readonly links: readonly Link[] | undefined
  readonly source: SeenSource
  #readings: readonly WireReading[] | undefined
  #readingsByTrace: ReadonlyMap<number, readonly WireReading[]> | undefined
  #arrivals: ReadonlyMap<number, readonly Arrival[]> | undefined
  #fates: ReadonlyMap<number, readonly NodeFate[]> | undefined

  constructor(source: SeenSource, sent: readonly Sent[], observation: Observation, links?: readonly Link[]) {
    this.source = source
    this.sent = sent
    this.observation = observation
    this.links = links
  }

  /** The same, for matchers about these links alone: `expect(seen.on(core)).toBeSealed({ by: 'macsec' })`. */
  on(links: readonly Link[]): Seen {
    return new Seen(this.source, this.sent, this.observation, links)
  }

  /**
   * The same, with frames on links as somebody other than the engines saw them, where there is such a witness: captures in XDP on
   * the receiving ports.
   */
  captured(): Seen {
    const { wire } = this.observation
    const captures = wire.filter(({ seenBy }) => seenBy === 'capture')
    // A node's own word is no witness of what it puts on a wire.
    const others = wire.filter(({ seenBy }) => seenBy !== 'journal')
    const observation = { ...this.observation, wire: captures.length === 0 ? others : captures }
    return new Seen(this.source, this.sent, observation, this.links)
  }

  /** Frames that a host received, whatever they were. */
  at(host: { readonly id: string }): readonly Arrival[] {
    return this.observation.arrivals.filter((arrival) => arrival.host === host.id)
  }

  /** Where a frame arrived. */
  arrivalsOf({ trace }: Sent): readonly Arrival[] {
    this.#arrivals ??= groupBy(this.observation.arrivals, (arrival) => arrival.trace)
    return this.#arrivals.get(trace) ?? []
  }

  /** What nodes said about a frame. */
  fatesOf({ trace }: Sent): readonly NodeFate[] {
    this.#fates ??= groupBy(this.observation.fates, (fate) => fate.trace)
    return this.#fates.get(trace) ?? []
  }

  /** Frames on the links looked at, opened and read; read once. */
  readings(): readonly WireReading[] {
    const names = this.links && new Set(this.links.map(({ id }) => id))
    this.#readings ??= this.observation.wire
      .filter(({ link }) => names === undefined || names.has(link))
      .map((wire) => this.source.reader.read(wire, this.observation.opener))
    return this.#readings
  }

  /** A frame on the links looked at, wherever it was seen. */
  readingsOf({ trace }: Sent): readonly WireReading[] {
    this.#readingsByTrace ??= groupBy(this.readings(), (reading) => this.traceOf(reading))
    return this.#readingsByTrace.get(trace) ?? []
  }

  /** The trace id of a wire frame, if it is of this run. */
  traceOf({ trace }: WireReading): number | undefined {
    return trace?.run === this.source.run ? trace.trace : undefined
  }
}

function groupBy<T>(
  items: readonly T[],
  traceOf: (item: T) => number | undefined,
): ReadonlyMap<number, readonly T[]> {
  const groups = new Map<number, T[]>()
  for (const item of items) {
    const trace = traceOf(item)
    if (trace === undefined) continue
    const group = groups.get(trace)
    if (group === undefined) groups.set(trace, [item])
    else group.push(item)
  }
  return groups
}
