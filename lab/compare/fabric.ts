/**
 * Twin = lab, the fabric's half: for each link, direction and trace id the same canonical frames, as often; for each host and
 * trace id the same arrivals. Pure: it needs two observations, the plan and the keys, and no lab.
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import type { Observation } from '../../record/target.js'
import { findTraceId } from '../../twin/packet/index.js'
import { Canon, type CanonicalFrame, type KeyMap } from './canonical.js'
import type { Comparison } from './masks.js'
import { Bag } from './multiset.js'
import { PacketNumbers } from './packet-numbers.js'
import { untracedKind, type UntracedKind } from './untraced.js'

/** Something that one side saw and the other did not, or a packet number that did not rise. */
export interface FabricDifference {
  readonly kind: 'missing-in-lab' | 'missing-in-twin' | 'differs' | 'packet-number'
  /** Link id, or host id for arrivals. */
  readonly place: string
  readonly from?: string
  readonly to: string
  readonly trace?: number
  /** One sentence. */
  readonly message: string
  /** As the twin says, hex, clear. */
  readonly twin?: string
  /** As the lab says, hex, clear. */
  readonly lab?: string
}
export interface FabricComparison {
  readonly ok: boolean
  /** Canonical frames and arrivals that were held against each other. */
  readonly compared: number
  /** Trace ids among them. */
  readonly traces: number
  /** Frames of the closed list, counted on both sides. */
  readonly untraced: Readonly<Partial<Record<UntracedKind, { readonly twin: number; readonly lab: number }>>>
  readonly differences: readonly FabricDifference[]
}

/** A frame at a place, with what it is for comparing. */
interface Seen {
  readonly place: string
  readonly from?: string
  readonly to: string
  readonly trace: number | undefined
  readonly clear: Uint8Array
}
type Bags = Map<string, Bag<Seen>>
type Side = 'twin' | 'lab'

/** Compares observation after observation of one lab; packet numbers are followed over all of them. */
export class FabricComparer {
  private readonly canon: Canon
  private readonly packetNumbers = new PacketNumbers()
  private readonly links: ReadonlyMap<string, { readonly id: string }>

  constructor(plan: Pick<Plan, 'links' | 'nodes'>, keys: KeyMap, comparison: Comparison = 'lab') {
    this.canon = new Canon(plan, keys, comparison)
    this.links = new Map(plan.links.map((link) => [link.id, link]))
  }

  compare(twin: Observation, lab: Observation): FabricComparison {
    const untraced = new Map<UntracedKind, { twin: number; lab: number }>()
    const twinBags = this.bagsOf('twin', twin, untraced)
    const labBags = this.bagsOf('lab', lab, untraced)
    const differences = [...this.numbersOf(lab)]
    let compared = 0
    const traces = new Set<number>()
    const empty = new Bag<Seen>()
    for (const key of new Set([...twinBags.keys(), ...labBags.keys()])) {
      const [ours, theirs] = [twinBags.get(key) ?? empty, labBags.get(key) ?? empty]
      compared += Math.max(ours.size, theirs.size)
      const trace = traceOfKey(key)
      if (trace !== undefined) traces.add(trace)
      differences.push(...pair(ours.minus(theirs), theirs.minus(ours)))
    }
    return {
      ok: differences.length === 0,
      compared,
      traces: traces.size,
      untraced: Object.fromEntries(untraced),
      differences,
    }
  }

  private bagsOf(
    side: Side,
    observation: Observation,
    untraced: Map<UntracedKind, { twin: number; lab: number }>,
  ): Bags {
    const bags: Bags = new Map()
    const injected = injectedFrames(observation)
    const add = (seen: Seen, bytes: Uint8Array) => {
      const key = JSON.stringify([seen.place, seen.from ?? '', seen.to, seen.trace ?? null])
      const bag = bags.get(key) ?? new Bag<Seen>()
      bag.add(bytes, seen)
      bags.set(key, bag)
    }
    for (const frame of observation.wire) {
      if (frame.seenBy === 'capture') continue
      const canonical = this.canonical(frame, observation)
      const kind =
        canonical.trace === undefined && !injected.has(hex(frame.frame))
          ? (canonical.untraced ?? untracedKind(canonical.clear))
          : undefined
      if (kind === undefined) {
        add(
          {
            place: frame.link,
            from: frame.from,
            to: frame.to,
            trace: canonical.trace,
            clear: canonical.clear,
          },
          canonical.bytes,
        )
      } else {
        const counts = untraced.get(kind) ?? { twin: 0, lab: 0 }
        counts[side]++
        untraced.set(kind, counts)
      }
    }
    for (const { host, frame, foreign, trace = findTraceId(frame)?.trace } of observation.arrivals) {
      if (trace === undefined && untracedKind(frame) !== undefined) continue
      // What a host thinks of a frame is part of what it saw.
      add({ place: host, to: host, trace, clear: frame }, Uint8Array.of(foreign ? 1 : 0, ...frame))
    }
    return bags
  }

  private canonical(frame: Observation['wire'][number], { opener }: Observation): CanonicalFrame {
    const link = this.links.get(frame.link) ?? { id: frame.link }
    return this.canon.frame(link, frame.from, frame.frame, opener)
  }

  /** The lab's packet numbers, in the order in which the frames were on the wire. */
  private *numbersOf(lab: Observation): Generator<FabricDifference> {
    const injected = injectedFrames(lab)
    const frames = lab.wire.filter(({ seenBy }) => seenBy !== 'capture')
    // A replayed frame has the octets of one that was really sent: as many as were injected, the last ones, are not the SA's.
    const genuine = new Map<string, number>()
    for (const { frame } of frames) {
      const text = hex(frame)
      const count = injected.get(text)
      if (count !== undefined) genuine.set(text, (genuine.get(text) ?? -count) + 1)
    }
    for (const frame of frames) {
      const { numbers, trace } = this.canonical(frame, lab)
      if (numbers.length === 0) continue
      const text = hex(frame.frame)
      const left = genuine.get(text)
      if (left !== undefined && left <= 0) continue
      if (left !== undefined) genuine.set(text, left - 1)
      for (const number of numbers) {
        const wrong = this.packetNumbers.see(number)
        if (wrong === undefined) continue
        yield {
          kind: 'packet-number',
          place: frame.link,
          from: frame.from,
          to: frame.to,
          ...(trace === undefined ? {} : { trace }),
          message: `SA ${number.sa}: ${wrong}`,
          lab: text,
        }
      }
    }
  }
}

/** Frames put on links from outside, by their octets, as often as they were. */
function injectedFrames({ sent }: Observation): Map<string, number> {
  const frames = new Map<string, number>()
  for (const { at, frame } of sent) {
    if (!('link' in at)) continue
    const key = hex(frame)
    frames.set(key, (frames.get(key) ?? 0) + 1)
  }
  return frames
}

/** Leftovers of one link, direction and trace id: in pairs first, as "this became that", then alone. */
function pair(
  twin: readonly { readonly source: Seen }[],
  lab: readonly { readonly source: Seen }[],
): FabricDifference[] {
  return Array.from({ length: Math.max(twin.length, lab.length) }, (_, n): FabricDifference => {
    const [ours, theirs] = [twin[n]?.source, lab[n]?.source]
    const either = ours ?? theirs
    const where = {
      place: either?.place ?? '',
      to: either?.to ?? '',
      ...(either?.from === undefined ? {} : { from: either.from }),
      ...(either?.trace === undefined ? {} : { trace: either.trace }),
    }
    const what = `${either?.trace === undefined ? 'a frame without trace id' : `trace ${either.trace}`} on ${where.place} to ${where.to}`
    if (ours !== undefined && theirs !== undefined) {
      const message = `${what} differs from octet ${firstDifference(ours.clear, theirs.clear)} on`
      return { kind: 'differs', ...where, message, twin: hex(ours.clear), lab: hex(theirs.clear) }
    }
    return ours === undefined
      ? {
          kind: 'missing-in-twin',
          ...where,
          message: `${what} was seen in the lab alone`,
          lab: hex(theirs?.clear ?? new Uint8Array()),
        }
      : {
          kind: 'missing-in-lab',
          ...where,
          message: `${what} was seen in the twin alone`,
          twin: hex(ours.clear),
        }
  })
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((octet, n) => octet !== b[n])
  return at < 0 ? a.length : at
}

function traceOfKey(key: string): number | undefined {
  const parts = JSON.parse(key) as readonly unknown[]
  const trace = parts[3]
  return typeof trace === 'number' ? trace : undefined
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
