/**
 * Judges that the twin, sent the same frames, sees the same.
 *
 * @module
 */
import { FabricComparer } from '../../lab/compare/fabric.js'
import type { FabricDifference } from '../../lab/compare/fabric.js'
import type { NodeComparison } from '../../lab/compare/node.js'
import { judge } from '../../record/judge.js'
import type { Observation } from '../../record/target.js'
import type { Finding, Interpreter, Verdict } from '../../record/verdict.js'
import { fromHex } from '../../twin/packet/index.js'
import { deliveredFrames } from './delivery.js'
import type { Link } from '../fabric-view.js'
import type { Seen } from '../seen.js'
import { finding } from './finding.js'
import type { Report } from './finding.js'

/**
 * Compares arrivals, and the canonical frames of every link and direction, as multisets.
 *
 * @param links these alone, and no arrivals
 */
export async function judgeAgreement(seen: Seen, links?: readonly Link[]): Promise<Report> {
  const twin = await seen.source.twin()
  const comparer = new FabricComparer(seen.source.fabric.plan, seen.source.reader.keys)
  const { compared, differences } =
    links === undefined
      ? comparer.compare(twin, seen.observation)
      : comparer.compare(onLinks(twin, links), onLinks(seen.observation, links))
  return {
    judged: compared,
    delivered: deliveredFrames(seen).length,
    findings: differences.map((difference) => findingOf(seen, difference)),
  }
}

/** What was seen of links, by whichever witness there is. */
function onLinks(observation: Observation, links: readonly Link[]): Observation {
  const names = new Set(links.map(({ id }) => id))
  const wire = observation.wire
    .filter(({ link }) => names.has(link))
    .map(({ link, from, to, frame, seenBy }) => ({
      link,
      from,
      to,
      frame,
      // Where captures are all that is looked at, they stand in the place of journals.
      seenBy: seenBy === 'capture' ? ('journal' as const) : seenBy,
    }))
  return { ...observation, wire, arrivals: [] }
}

/** The verdict on each node's journal, replayed by the twin: no output may differ. */
export function judgeNodes({ nodes, inputs, outputs }: NodeComparison, by: Interpreter): Verdict {
  return judge({
    name: 'agreement:nodes',
    kind: 'agreement',
    by,
    judged: inputs,
    controls: outputs,
    findings: nodes.flatMap(({ node, mismatches }) =>
      mismatches.map(({ message, input }) =>
        finding('INV-AGREE-NODE', `${node}, input ${input}: ${message}`, { node }),
      ),
    ),
    reason: `${nodes.length} journals, ${inputs} inputs and ${outputs} outputs, octet for octet`,
  })
}

function findingOf(seen: Seen, { kind, place, from, trace, message, twin, lab }: FabricDifference): Finding {
  const frame = lab ?? twin
  const sent = seen.sent.find((one) => one.trace === trace)
  const label = sent === undefined ? '' : `${sent.frame.label}: `
  const isLink = seen.source.fabric.plan.links.some(({ id }) => id === place)
  return finding(kind === 'packet-number' ? 'INV-PN' : 'INV-AGREE-FABRIC', `${label}${message}`, {
    ...(isLink ? { link: place } : {}),
    ...(from === undefined ? {} : { node: from }),
    ...(frame === undefined ? {} : { frame: fromHex(frame) }),
  })
}
