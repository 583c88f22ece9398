/**
 * Judges captured octets of links that must be sealed. Each frame gets one finding at most, the most telling one.
 *
 * @module
 */
import type { Finding } from '../../record/verdict.js'
import { findTraceId, toHex } from '../../twin/packet/index.js'
import type { Seen } from '../seen.js'
import { canariesOf } from '../traffic/payload.js'
import type { WireReading } from '../traffic/wire.js'
import { finding } from './finding.js'
import type { Report } from './finding.js'

/** How many frames were judged on a link, by direction: `leaf1--spine1 leaf1>spine1`. */
export type Directions = ReadonlyMap<string, number>

/** The seal of the links that are looked at. */
export function judgeSeal(seen: Seen): Report & { readonly directions: Directions } {
  const injected = new Set(seen.sent.flatMap(({ frame, trace }) => ('link' in frame.at ? [trace] : [])))
  const forged = new Set(seen.sent.flatMap(({ frame, bytes }) => ('link' in frame.at ? [toHex(bytes)] : [])))
  const canaries = canariesOf(seen.source.run)
  const findings: Finding[] = []
  const directions = new Map<string, number>()
  const numbers = new Map<string, number>()
  let judged = 0
  let delivered = 0
  for (const reading of seen.readings()) {
    // What the scenario itself put on the link is its own doing.
    if (forged.size > 0 && forged.has(toHex(reading.wire.frame))) continue
    if (isInjected(reading, injected)) continue
    judged++
    const direction = `${reading.wire.link} ${reading.wire.from}>${reading.wire.to}`
    directions.set(direction, (directions.get(direction) ?? 0) + 1)
    const found = judgeFrame(reading, canaries) ?? judgeNumber(reading, numbers)
    if (found === undefined) {
      if (reading.trace !== undefined) delivered++
    } else findings.push(found)
  }
  return { findings, judged, delivered, directions }
}

function isInjected({ wire }: WireReading, injected: ReadonlySet<number>): boolean {
  const trace = findTraceId(wire.frame)
  return trace !== undefined && injected.has(trace.trace)
}

function judgeFrame(reading: WireReading, canaries: readonly Uint8Array[]): Finding | undefined {
  const { wire, tag, problem } = reading
  const where = `on ${wire.link} from ${wire.from} to ${wire.to}`
  const detail = { link: wire.link, node: wire.from, frame: wire.frame }
  if (canaries.some((canary) => includes(wire.frame, canary))) {
    return finding('INV-NO-CANARY', `payload can be read ${where}`, detail)
  }
  if (tag === undefined) {
    return finding('INV-NO-CLEAR', `a frame ${where} ${problem ?? 'has no SecTAG'}`, detail)
  }
  if (problem !== undefined) return finding('INV-SEALED', `a sealed frame ${where}: ${problem}`, detail)
  return undefined
}

/** Captured order is the order of sending: one sender, one link. */
function judgeNumber(reading: WireReading, numbers: Map<string, number>): Finding | undefined {
  const { wire, tag } = reading
  if (tag === undefined) return undefined
  const association = `${wire.link} ${wire.from} ${tag.sci ?? ''} ${tag.an} ${wire.seenBy}`
  const last = numbers.get(association)
  numbers.set(association, Math.max(last ?? 0, tag.pn))
  if (last === undefined || tag.pn > last) return undefined
  return finding('INV-PN', `on ${wire.link} from ${wire.from} packet number ${tag.pn} follows ${last}`, {
    link: wire.link,
    node: wire.from,
    frame: wire.frame,
  })
}

function includes(haystack: Uint8Array, needle: Uint8Array): boolean {
  return Buffer.from(haystack.buffer, haystack.byteOffset, haystack.byteLength).includes(Buffer.from(needle))
}
