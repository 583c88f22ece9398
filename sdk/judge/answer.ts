/**
 * Judges answers: who asked receives the very frame that the RFCs and the fabric machine call for.
 *
 * @module
 */
import type { Finding } from '../../record/verdict.js'
import { bytesEqual, describeFrame } from '../../twin/packet/index.js'
import type { Seen, Sent } from '../seen.js'
import { finding } from './finding.js'
import type { Report } from './finding.js'

/** Judges all frames that must be answered. */
export function judgeAnswers(seen: Seen): Report {
  const findings: Finding[] = []
  let judged = 0
  let delivered = 0
  for (const sent of seen.sent) {
    const { expect, at } = sent.frame
    if (expect.outcome !== 'answered' || !('host' in at)) continue
    judged++
    const wrong = judgeOne(seen, sent, at.host)
    if (wrong === undefined) delivered++
    else findings.push(wrong)
  }
  return { findings, judged, delivered }
}

const speaksFor = { gateway: 'INV-GATEWAY', icmp: 'INV-ICMP', host: 'INV-REACH' } as const

function judgeOne(seen: Seen, sent: Sent, asker: string): Finding | undefined {
  const { expect, label } = sent.frame
  if (expect.outcome !== 'answered') return undefined
  const expected = expect.answer({ run: seen.source.run, trace: sent.trace })
  const received = seen.at({ id: asker })
  const same = received.filter(({ frame }) => bytesEqual(frame, expected))
  const invariant = speaksFor[expect.by]
  if (same.length === 1) return undefined
  if (same.length > 1)
    return finding(invariant, `${label}: was answered ${same.length} times`, { frame: expected })
  const like = received.find(({ frame }) => frame.length === expected.length)
  const instead = like === undefined ? 'nothing like it' : describeFrame(like.frame)
  const fates = seen.fatesOf(sent).map(({ node, fate }) => `${node}: ${fate}`)
  return finding(
    invariant,
    `${label}: expected the answer ${describeFrame(expected)}; received ${instead}${fates.length === 0 ? '' : `; ${fates.join(', ')}`}`,
    { frame: like?.frame ?? sent.bytes },
  )
}
