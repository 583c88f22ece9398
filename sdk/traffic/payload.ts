/**
 * Payloads of generated frames: a canary that must never be readable on a sealed link, then the trace mark by which the
 * frame is known wherever it arrives.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { TRACE_ID_LENGTH, writeTraceId } from '../../twin/packet/index.js'
import type { TraceId } from '../../twin/packet/index.js'

/** Octets of a canary. A chance match in a frame of sealed octets has odds below 2^-116. */
const CANARY_LENGTH = 16

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
 * A payload of `length` octets: the canary repeated, the mark at the end.
 *
 * @param length at least 16; less leaves no room for the mark, and the payload is the canary cut short
 */
export function markedPayload(length: number, id: TraceId): Uint8Array {
  const payload = patternOf(id.run, length).slice(0, length)
  if (length >= TRACE_ID_LENGTH) writeTraceId(payload, length - TRACE_ID_LENGTH, id)
  return payload
}

/** What to search for in octets that must be sealed: the canary, and the head of any mark of the run. */
export function canariesOf(run: number): readonly Uint8Array[] {
  const mark = new Uint8Array(TRACE_ID_LENGTH)
  writeTraceId(mark, 0, { run, trace: 0 })
  return [canaryOf(run), mark.subarray(0, 8)]
}
