/**
 * What the judges send through a fabric, as the journals of its nodes.
 *
 * @module
 */
import type { NodeProgram } from '../../../contract/program.js'
import { RecordType } from '../../../contract/journal.js'
import type { Observation, Target } from '../../../record/target.js'
import { readRecords, TwinFabric, writeRecords, type JournalWriter } from '../../../twin/forward/index.js'
import { FabricJournals } from '../../support/fabric-journals.js'
import { judgedBy, judgeUntil, JUDGED } from './judging.js'
import type { Subject } from './subjects.js'

/** Journals by node, outputs included, of everything that the judges of all intents send to the right fabric. */
export async function recordJudges(subject: Subject): Promise<ReadonlyMap<string, Uint8Array>> {
  const { target, journals } = recordingTwin(subject)
  await judgeUntil(judgedBy(subject, target), JUDGED, () => false)
  return new Map([...journals].map(([node, journal]) => [node, journal.bytes()]))
}

/** The same inputs and outputs behind another program. */
export function withProgram(journal: Uint8Array, program: NodeProgram): Uint8Array {
  const { records, complete } = readRecords(journal)
  const payload = new TextEncoder().encode(JSON.stringify(program))
  const changed = records.map((record) =>
    record.type === RecordType.Program ? { ...record, payload } : record,
  )
  return writeRecords(changed, complete)
}

/** A twin as a target that keeps the journal of each node. */
function recordingTwin({ plan, keys }: Subject): {
  readonly target: Target
  readonly journals: ReadonlyMap<string, JournalWriter>
} {
  const observer = new FabricJournals(plan)
  const fabric = new TwinFabric(plan, keys, { observer })
  const target: Target = {
    interpreter: 'twin',
    plan,
    send: async (frames, options): Promise<Observation> => {
      const seen = fabric.send(frames, options)
      const wire = seen.wire.map(({ link, from, to, frame }) => ({
        link,
        from,
        to,
        frame,
        seenBy: 'twin' as const,
      }))
      return { ...seen, by: 'twin', sent: frames, wire }
    },
    reset: async () => fabric.reset(),
    advanceTime: async (ns) => fabric.advanceTime(ns),
    close: async () => {},
  }
  return { target, journals: observer.journals }
}
