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

/** What links can be sealed by. */
export type SealKind = 'macsec' | 'wireguard'

/** How many frames were judged on a link, by direction: `leaf1--spine1 leaf1>spine1`. */
export type Directions = ReadonlyMap<string, number>

/** The seal of the links that are looked at, whichever they have or `by` alone. */
export function judgeSeal(seen: Seen, by?: SealKind): Report & { readonly directions: Directions } {
  const injected = new Set(seen.sent.flatMap(({ frame, trace }) => ('link' in frame.at ? [trace] : [])))
  const forged = new Set(seen.sent.flatMap(({ frame, bytes }) => ('link' in frame.at ? [toHex(bytes)] : [])))
  const canaries = canariesOf(seen.source.run)
  const findings: Finding[] = []
  const directions = new Map<string, number>()
  const numbers = new Map<string, bigint>()
  let judged = 0
  let delivered = 0
  for (const reading of seen.readings()) {
    // What the scenario itself put on the link is its own doing.
    if (forged.size > 0 && forged.has(toHex(reading.wire.frame))) continue
    if (isInjected(reading, injected)) continue
    judged++
    const direction = `${reading.wire.link} ${reading.wire.from}>${reading.wire.to}`
    directions.set(direction, (directions.get(direction) ?? 0) + 1)
    const found = judgeFrame(reading, canaries, by) ?? judgeNumber(reading, numbers)
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

function judgeFrame(
  reading: WireReading,
  canaries: readonly Uint8Array[],
  by: SealKind | undefined,
): Finding | undefined {
  const { wire, tag, wireguard, problem } = reading
  const where = `on ${wire.link} from ${wire.from} to ${wire.to}`
  const detail = { link: wire.link, node: wire.from, frame: wire.frame }
  if (canaries.some((canary) => includes(wire.frame, canary))) {
    return finding('INV-NO-CANARY', `payload can be read ${where}`, detail)
  }
  const kind = wireguard === undefined ? tag && 'macsec' : 'wireguard'
  if (kind === undefined) {
    return finding('INV-NO-CLEAR', `a frame ${where} ${problem ?? 'has no SecTAG'}`, detail)
  }
  if (by !== undefined && kind !== by) {
    return finding('INV-SEALED', `a frame ${where} is sealed by ${kind}, not by ${by}`, detail)
  }
  if (problem !== undefined) return finding('INV-SEALED', `a sealed frame ${where}: ${problem}`, detail)
  return undefined
}

/** Captured order is the order of sending: one sender, one link. */
function judgeNumber(reading: WireReading, numbers: Map<string, bigint>): Finding | undefined {
  const { wire } = reading
  const numbered = numberOf(reading)
  if (numbered === undefined) return undefined
  const { number } = numbered
  const association = `${wire.link} ${wire.from} ${numbered.of} ${wire.seenBy}`
  const last = numbers.get(association)
  if (last === undefined || number > last) numbers.set(association, number)
  if (last === undefined || number > last) return undefined
  return finding('INV-PN', `on ${wire.link} from ${wire.from} packet number ${number} follows ${last}`, {
    link: wire.link,
    node: wire.from,
    frame: wire.frame,
  })
}

/** The packet number of its association, or the counter of its session. */
function numberOf({
  tag,
  pn,
  wireguard,
}: WireReading): { readonly of: string; readonly number: bigint } | undefined {
  if (wireguard !== undefined) {
    return wireguard.kind === 'handshake'
      ? undefined
      : { of: `session ${wireguard.session}`, number: BigInt(wireguard.counter) }
  }
  return tag === undefined || pn === undefined ? undefined : { of: `${tag.sci ?? ''} ${tag.an}`, number: pn }
}

export function includes(haystack: Uint8Array, needle: Uint8Array): boolean {
  return Buffer.from(haystack.buffer, haystack.byteOffset, haystack.byteLength).includes(Buffer.from(needle))
}
