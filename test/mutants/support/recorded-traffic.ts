/**
 * What the judges send through a fabric, as the journals of its nodes.
 *
 * @module
 */
import type { NodeProgram } from '../../../contract/program.js'
import { RecordType } from '../../../contract/journal.js'
import type { Observation, Target } from '../../../record/target.js'
import {
  JournalWriter,
  readRecords,
  SealedFrame,
  TwinFabric,
  writeRecords,
  type Input,
} from '../../../twin/forward/index.js'
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
  const journals = new Map<string, JournalWriter>()
  let pending: { readonly port: number; readonly frame: Uint8Array } | undefined
  const fabric = new TwinFabric(plan, keys, {
    observer: {
      received: (_, port, frame) => {
        pending = { port, frame: frame instanceof SealedFrame ? frame.frame : frame }
      },
      processed: (node, effects, now) => {
        // A node that processes without having received anything was given the time.
        const input: Input =
          pending === undefined
            ? { kind: 'clock', now }
            : { kind: 'frame', interface: pending.port, frame: pending.frame, now }
        journals.get(node)?.add(input, effects)
        pending = undefined
      },
    },
  })
  for (const { name, program } of plan.nodes) {
    const journal = new JournalWriter()
    journal.add({ kind: 'load', program, now: 0n }, [])
    journals.set(name, journal)
  }
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
    reset: async () => {
      fabric.reset()
      // At rest nothing is held: a flush has no outputs.
      for (const table of ['fdb', 'neighbours'] as const) {
        const request = { id: 0, op: 'flush', table }
        for (const journal of journals.values())
          journal.add({ kind: 'control', now: fabric.now, request }, [])
      }
    },
    advanceTime: async (ns) => fabric.advanceTime(ns),
    close: async () => {},
  }
  return { target, journals }
}
