/**
 * Judges captured octets of links that must be sealed. Each frame gets one finding at most, the most telling one.
 *
 * @module
 */
import type { Finding } from '../../record/verdict.js'
import { findTraceId, toHex } from '../../twin/packet/index.js'
import type { Seen } from '../seen.js'
import { CanarySearch } from '../traffic/payload.js'
import type { WireReading } from '../traffic/wire.js'
import { clearKind } from './clear-frame.js'
import { finding } from './finding.js'
import type { Report } from './finding.js'

/** What links can be sealed by. */
export type SealKind = 'macsec' | 'wireguard'

/** What was seen of the links that are looked at. */
export interface SealReport extends Report {
  /** How many frames were judged on a link, by direction: `leaf1--spine1 leaf1>spine1`. */
  readonly directions: ReadonlyMap<string, number>
  /** Frames that opened, by direction and key epoch: `leaf1--spine1 leaf1>spine1 AN 0`. */
  readonly epochs: ReadonlyMap<string, number>
  /** Handshake messages, which no session seals. */
  readonly handshakes: number
  /** Octets that were searched for canaries. */
  readonly searched: number
}

/** The seal of the links that are looked at, whichever they have or `by` alone. */
export function judgeSeal(seen: Seen, by?: SealKind): SealReport {
  const isForged = forgedFrames(seen)
  const canaries = new CanarySearch(seen.source.run)
  const findings: Finding[] = []
  const [directions, epochs] = [new Map<string, number>(), new Map<string, number>()]
  const numbers = new Map<string, bigint>()
  let [judged, delivered, handshakes] = [0, 0, 0]
  for (const reading of seen.readings()) {
    if (isForged(reading)) continue
    judged++
    const { wire, trace, epoch, wireguard } = reading
    const direction = `${wire.link} ${wire.from}>${wire.to}`
    count(directions, direction)
    if (epoch !== undefined) count(epochs, `${direction} ${epoch}`)
    if (wireguard?.kind === 'handshake') handshakes++
    const found = judgeFrame(seen, reading, canaries, by) ?? judgeNumber(reading, numbers)
    if (found !== undefined) findings.push(found)
    else if (trace !== undefined) delivered++
  }
  return { findings, judged, delivered, directions, epochs, handshakes, searched: canaries.searched }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

/** What the scenario itself put on the links is its own doing. */
function forgedFrames(seen: Seen): (reading: WireReading) => boolean {
  const onLinks = seen.sent.filter(({ frame }) => 'link' in frame.at)
  if (onLinks.length === 0) return () => false
  const traces = new Set(onLinks.map(({ trace }) => trace))
  const octets = new Set(onLinks.map(({ bytes }) => toHex(bytes)))
  return ({ wire }) => {
    if (octets.has(toHex(wire.frame))) return true
    const trace = findTraceId(wire.frame)
    return trace !== undefined && traces.has(trace.trace)
  }
}

function judgeFrame(
  { source }: Seen,
  reading: WireReading,
  canaries: CanarySearch,
  by: SealKind | undefined,
): Finding | undefined {
  const { wire, tag, wireguard, problem } = reading
  const where = `on ${wire.link} from ${wire.from} to ${wire.to}`
  const detail = { link: wire.link, node: wire.from, frame: wire.frame }
  const canary = canaries.find(wire.frame)
  if (canary !== undefined) {
    return finding('INV-NO-CANARY', `payload can be read from octet ${canary} of a frame ${where}`, detail)
  }
  const kind = wireguard === undefined ? tag && 'macsec' : 'wireguard'
  if (kind === undefined) {
    const port = source.reader.end(wire.link, wire.to).wireguard?.listenPort
    const what = `${problem ?? 'has no SecTAG'}${clearKind(wire.frame, port)}`
    return finding('INV-NO-CLEAR', `a frame ${where} ${what}`, detail)
  }
  if (by !== undefined && kind !== by) {
    return finding('INV-SEALED', `a frame ${where} is sealed by ${kind}, not by ${by}`, detail)
  }
  if (problem !== undefined) return finding('INV-SEALED', `a sealed frame ${where}: ${problem}`, detail)
  return undefined
}

/** Captured order is the order of sending: one sender, one link. */
function judgeNumber(
  { wire, epoch, number }: WireReading,
  numbers: Map<string, bigint>,
): Finding | undefined {
  if (epoch === undefined || number === undefined) return undefined
  const association = `${wire.link} ${wire.from} ${epoch} ${wire.seenBy}`
  const last = numbers.get(association)
  numbers.set(association, last === undefined || number > last ? number : last)
  if (last === undefined || number > last) return undefined
  return finding('INV-PN', `on ${wire.link} from ${wire.from} packet number ${number} follows ${last}`, {
    link: wire.link,
    node: wire.from,
    frame: wire.frame,
  })
}
