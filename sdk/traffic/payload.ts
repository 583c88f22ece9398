/**
 * Payloads of generated frames: a canary that must never be readable on a sealed link, then the trace mark by which the
 * frame is known wherever it arrives.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { TRACE_ID_LENGTH, writeTraceId } from '../../twin/packet/index.js'
import type { TraceId } from '../../twin/packet/index.js'

/** Octets of a canary, and of the pattern's period. */
const CANARY_LENGTH = 16

/** Octets in a row by which a canary is known, wherever in the pattern they begin. A chance match in a frame has odds below 2^-49. */
const WINDOW = 8

/** Least payload that holds a whole canary and the mark. */
export const CANARY_PAYLOAD = CANARY_LENGTH + TRACE_ID_LENGTH

/** Canary of a run: known to the judge, meaningless to anybody else. */
function canaryOf(run: number): Uint8Array {
  return createHash('sha256').update(`ztos canary ${run}`).digest().subarray(0, CANARY_LENGTH)
}

/** The canary of the run at hand, repeated as often as the largest payload needs; hashing it anew would cost more than all else. */
let pattern: { readonly run: number; readonly octets: Uint8Array } = { run: -1, octets: new Uint8Array(0) }

function patternOf(run: number, length: number): Uint8Array {
  if (pattern.run !== run || pattern.octets.length < length) {
    const canary = canaryOf(run)
    const octets = new Uint8Array(Math.max(2048, length))
    for (let offset = 0; offset < octets.length; offset += CANARY_LENGTH) {
      octets.set(canary.subarray(0, Math.min(CANARY_LENGTH, octets.length - offset)), offset)
    }
    pattern = { run, octets }
  }
  return pattern.octets
}

/**
 * A payload of `length` octets: the canary repeated, the mark at the end. It begins at another octet of the canary in each frame, so that what
 * a cipher leaves in the clear by blocks, words or offsets is met in every alignment.
 *
 * @param length at least 16; less leaves no room for the mark, and the payload is the canary cut short
 */
export function markedPayload(length: number, id: TraceId): Uint8Array {
  const from = id.trace % CANARY_LENGTH
  const payload = patternOf(id.run, from + length).slice(from, from + length)
  if (length >= TRACE_ID_LENGTH) writeTraceId(payload, length - TRACE_ID_LENGTH, id)
  return payload
}

/** Searches octets that must be sealed for what a run has put into payloads. */
export class CanarySearch {
  /** What must follow, by the first two octets. */
  readonly #windows = new Map<number, Uint8Array[]>()
  /** Octets searched so far. */
  searched = 0

  constructor(run: number) {
    for (const window of canariesOf(run)) {
      const head = headOf(window, 0)
      this.#windows.set(head, [...(this.#windows.get(head) ?? []), window])
    }
  }

  /** Where octets of a payload begin, or `undefined`. */
  find(octets: Uint8Array): number | undefined {
    this.searched += octets.length
    for (let at = 0; at + WINDOW <= octets.length; at++) {
      const windows = this.#windows.get(headOf(octets, at))
      if (windows?.some((window) => window.every((octet, n) => octet === octets[at + n])) === true) return at
    }
    return undefined
  }
}

/** What to search for: the canary from each of its octets on, and the head of any mark of the run. */
export function canariesOf(run: number): readonly Uint8Array[] {
  const pattern = patternOf(run, CANARY_LENGTH + WINDOW)
  const mark = new Uint8Array(TRACE_ID_LENGTH)
  writeTraceId(mark, 0, { run, trace: 0 })
  return [
    ...Array.from({ length: CANARY_LENGTH }, (_, from) => pattern.slice(from, from + WINDOW)),
    mark.subarray(0, WINDOW),
  ]
}

function headOf(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0)
}
