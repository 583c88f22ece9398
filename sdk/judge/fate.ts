/**
 * Judges what hostile frames became: they reach nobody, and a node says why.
 *
 * @module
 */
import type { Finding } from '../../record/verdict.js'
import type { NodeFate } from '../../record/target.js'
import type { Seen, Sent } from '../seen.js'
import { finding } from './finding.js'
import type { Report } from './finding.js'

/**
 * Judges frames that must be dropped.
 *
 * @param fate the only acceptable reason, where the scenario knows better than the frames
 */
export function judgeFates(seen: Seen, fate?: string): Report {
  const unattributed = seen.observation.fates.filter(({ trace }) => trace === undefined)
  const findings: Finding[] = []
  let judged = 0
  for (const sent of seen.sent) {
    if (sent.control) continue
    const { expect } = sent.frame
    const fates = fate === undefined ? (expect.outcome === 'dropped' ? expect.fates : undefined) : [fate]
    if (fates === undefined) continue
    judged++
    findings.push(...judgeOne(seen, sent, fates, unattributed))
  }
  const delivered = seen.sent.filter(
    (sent) =>
      sent.frame.expect.outcome === 'delivered' && seen.arrivalsOf(sent).some(({ foreign }) => !foreign),
  ).length
  return { findings, judged, delivered }
}

function judgeOne(
  seen: Seen,
  sent: Sent,
  fates: readonly string[],
  unattributed: NodeFate[],
): readonly Finding[] {
  const { label } = sent.frame
  const sender = 'host' in sent.frame.at ? sent.frame.at.host : undefined
  // An ICMP error quotes the frame, mark included; it comes back to the sender.
  const arrived = seen.arrivalsOf(sent).find(({ host }) => host !== sender)
  if (arrived !== undefined) {
    return [finding('INV-HOSTILE', `${label}: was received by ${arrived.host}`, { frame: arrived.frame })]
  }
  const said = seen.fatesOf(sent)
  if (said.some(({ fate }) => fates.includes(fate))) return []
  // A frame that was cut has no mark; nodes then speak of it without a name.
  const nameless = unattributed.findIndex(
    ({ fate, node }) => fates.includes(fate) && isWhereItEntered(seen, sent, node),
  )
  if (said.length === 0 && nameless >= 0) {
    unattributed.splice(nameless, 1)
    return []
  }
  const what =
    said.length === 0
      ? 'no node says what became of it'
      : said.map(({ node, fate }) => `${node}: ${fate}`).join(', ')
  return [
    finding('INV-FATE', `${label}: expected ${fates.join(' or ')}; ${what}`, {
      frame: sent.bytes,
      ...(said[0] === undefined ? {} : { node: said[0].node, fate: said[0].fate }),
    }),
  ]
}

function isWhereItEntered(seen: Seen, sent: Sent, node: string): boolean {
  const { at } = sent.frame
  return 'host' in at ? seen.source.fabric.host(at.host).leaf === node : at.to === node
}
