/**
 * Judges what honest frames became: each must arrive once, at its host, as the plan says it looks there.
 *
 * @module
 */
import type { InvariantId } from '../../record/invariants.js'
import type { Arrival } from '../../record/target.js'
import type { Finding } from '../../record/verdict.js'
import { bytesEqual, decodeFrame, formatIp, formatMac, problemsOf } from '../../twin/packet/index.js'
import type { Layer } from '../../twin/packet/index.js'
import type { Seen, Sent } from '../seen.js'
import { finding } from './finding.js'
import type { Report } from './finding.js'

/** Judges all honest frames of a send, or those given. */
export function judgeDelivery(seen: Seen, which: readonly Sent[] = seen.sent): Report {
  const findings: Finding[] = []
  let judged = 0
  let delivered = 0
  for (const sent of which) {
    const { expect } = sent.frame
    if (expect.outcome !== 'delivered') continue
    judged++
    const found = judgeOne(seen, sent, expect)
    findings.push(...found)
    if (found.length === 0) delivered++
  }
  return { findings, judged, delivered }
}

/** Honest frames that arrived at their host, whatever they looked like there. */
export function deliveredFrames(seen: Seen): readonly Sent[] {
  return seen.sent.filter(
    (sent) =>
      sent.frame.expect.outcome === 'delivered' && here(seen, sent, sent.frame.expect.host).length > 0,
  )
}

function here(seen: Seen, sent: Sent, host: string): readonly Arrival[] {
  return seen.arrivalsOf(sent).filter((arrival) => arrival.host === host && !arrival.foreign)
}

type Delivered = Extract<Sent['frame']['expect'], { outcome: 'delivered' }>

function judgeOne(seen: Seen, sent: Sent, expect: Delivered): readonly Finding[] {
  const arrivals = here(seen, sent, expect.host)
  // Named where something is wrong: of most frames nobody asks the name.
  const { frame } = sent
  const [first] = arrivals
  if (first === undefined) {
    return [
      finding('INV-REACH', `${frame.label}: did not arrive at ${expect.host}; ${lastSeen(seen, sent)}`, {
        frame: sent.bytes,
        ...dropOf(seen, sent),
      }),
    ]
  }
  const findings: Finding[] = []
  if (arrivals.length > 1) {
    findings.push(
      finding('INV-REACH', `${frame.label}: arrived ${arrivals.length} times at ${expect.host}`, {
        frame: first.frame,
      }),
    )
  }
  const expected = expect.arrival({ run: seen.source.run, trace: sent.trace }, routersPassed(seen, sent))
  if (!bytesEqual(first.frame, expected))
    findings.push(...differences(frame.label, expect.host, first.frame, expected))
  findings.push(...strays(seen, sent, expect))
  return findings
}

/**
 * Routers that a packet of the underlay has passed, by the links on which it was seen: which way it takes is BGP's choice, and the shortest is
 * not always the one of the fewest routers. `undefined` for all others, whose gateways are known, and where nobody looked at links.
 */
export function routersPassed(seen: Seen, sent: Sent): number | undefined {
  if (!seen.source.fabric.tenant(sent.frame.tenant).underlay) return undefined
  const links = new Set(seen.readingsOf(sent).map(({ wire }) => wire.link))
  return links.size === 0 ? undefined : links.size + 1
}

/** Copies at hosts of other networks; inside the two networks that take part, being flooded to is judged with learning. */
function strays(seen: Seen, sent: Sent, expect: Delivered): readonly Finding[] {
  const { fabric } = seen.source
  const { tenant, at } = sent.frame
  const to = hostNetwork(seen, expect.host)
  const from = 'host' in at ? hostNetwork(seen, at.host) : undefined
  const findings: Finding[] = []
  for (const { host, frame } of seen.arrivalsOf(sent)) {
    const stranger = fabric.host(host)
    const { id } = stranger.network
    if (id === to || id === from) continue
    const { label } = sent.frame
    findings.push(
      stranger.tenant === tenant
        ? finding('INV-NO-FOREIGN', `${label}: was heard by ${host}, which has no part in it`, { frame })
        : finding('INV-ISOLATE', `${label}: sent by ${tenant}, received by ${host} of ${stranger.tenant}`, {
            frame,
          }),
    )
  }
  return findings
}

function hostNetwork(seen: Seen, host: string): string {
  return seen.source.fabric.host(host).network.id
}

/** What nodes said about a frame that is missing. */
function lastSeen(seen: Seen, sent: Sent): string {
  const said = seen.fatesOf(sent).map(({ node, fate }) => `${node}: ${fate}`)
  const elsewhere = seen.arrivalsOf(sent).map(({ host }) => `${host} received it`)
  const all = [...said, ...elsewhere]
  return all.length === 0 ? 'no node says what became of it' : all.join(', ')
}

function dropOf(seen: Seen, sent: Sent): { readonly node?: string; readonly fate?: string } {
  const last = seen.fatesOf(sent).at(-1)
  return last === undefined ? {} : { node: last.node, fate: last.fate }
}

/** A field in which arrival and expectation may differ, and the invariant that speaks for it. */
interface Field {
  readonly invariant: InvariantId
  readonly name: string
  readonly value: string
}

/** What differs, one finding for each invariant. */
function differences(label: string, host: string, got: Uint8Array, expected: Uint8Array): readonly Finding[] {
  const layers = decodeFrame(got)
  const theirs = new Map(fieldsOf(layers).map((field) => [field.name, field]))
  const ours = fieldsOf(decodeFrame(expected))
  const by = new Map<InvariantId, string[]>()
  const note = (invariant: InvariantId, text: string) =>
    by.set(invariant, [...(by.get(invariant) ?? []), text])
  for (const field of ours) {
    const value = theirs.get(field.name)?.value ?? 'missing'
    if (value !== field.value) note(field.invariant, `${field.name} is ${value}, not ${field.value}`)
  }
  for (const problem of problemsOf(layers)) {
    note(problem.code === 'checksum' ? 'INV-CHECKSUM' : 'INV-HEADER', `${problem.what} is wrong`)
  }
  // Octets that no field stands for: IPv4 ID, options, padding.
  if (by.size === 0) note('INV-HEADER', 'some octets differ from those expected')
  return [...by].map(([invariant, texts]) =>
    finding(invariant, `${label}: at ${host} ${texts.join(', ')}`, { frame: got }),
  )
}

function fieldsOf(layers: readonly Layer[]): readonly Field[] {
  return layers.flatMap((layer): readonly Field[] => {
    const header = (name: string, value: string | number): Field => ({
      invariant: 'INV-HEADER',
      name,
      value: String(value),
    })
    switch (layer.kind) {
      case 'ethernet':
        return [
          { invariant: 'INV-ETHERNET', name: 'destination MAC', value: formatMac(layer.dst) },
          { invariant: 'INV-ETHERNET', name: 'source MAC', value: formatMac(layer.src) },
          { invariant: 'INV-ETHERNET', name: 'EtherType', value: layer.etherType.toString(16) },
        ]
      case 'ipv4':
        return [
          { invariant: 'INV-TTL', name: 'TTL', value: String(layer.ttl) },
          { invariant: 'INV-MARKS', name: 'TOS', value: layer.tos.toString(16) },
          header('source', formatIp(layer.src)),
          header('destination', formatIp(layer.dst)),
          header('protocol', layer.protocol),
        ]
      case 'ipv6':
        return [
          { invariant: 'INV-TTL', name: 'hop limit', value: String(layer.hopLimit) },
          { invariant: 'INV-MARKS', name: 'traffic class', value: layer.trafficClass.toString(16) },
          header('source', formatIp(layer.src)),
          header('destination', formatIp(layer.dst)),
          header('next header', layer.nextHeader),
        ]
      case 'udp':
      case 'tcp':
        return [header('source port', layer.srcPort), header('destination port', layer.dstPort)]
      case 'icmp':
      case 'icmpv6':
        return [
          header('ICMP type', layer.type),
          header('ICMP code', layer.code),
          header('ICMP rest', layer.rest),
        ]
      case 'payload':
        return [{ invariant: 'INV-PAYLOAD', name: 'payload', value: Buffer.from(layer.data).toString('hex') }]
      default:
        return []
    }
  })
}
