/**
 * Replaying a journal: the inputs run again, the outputs compared octet by octet. Recorded outputs are never input.
 *
 * @module
 */
import { bytesEqual } from '../packet/bytes.js'
import { FabricNode, type NodeOptions } from './node.js'
import { describeOutput, JournalWriter, outputOf, readJournal, type JournalEntry } from './journal.js'
import type { NewRecord } from './journal-record.js'
import type { Keys } from './keys.js'
import type { Effect } from './input.js'

/** An output that is not as recorded. */
export interface ReplayMismatch {
  /** Number of the input, counted from 0, which is the program. */
  readonly input: number
  /** Where the input's record starts in the file. */
  readonly offset: number
  /** Number of the output among those of the input. */
  readonly output: number
  /** `undefined` where nothing more was recorded. */
  readonly recorded: NewRecord | undefined
  /** `undefined` where nothing more came. */
  readonly computed: NewRecord | undefined
  /** One sentence. */
  readonly message: string
}

/** What came of a replay. */
export interface ReplayResult {
  /** All outputs are as recorded. */
  readonly ok: boolean
  readonly node: string
  readonly inputs: number
  readonly outputs: number
  /** False when the journal was cut off; outputs that it lacks for its last input are no mismatch. */
  readonly complete: boolean
  /** The first of each input, at most `limit`. */
  readonly mismatches: readonly ReplayMismatch[]
}

/** How a replay is run. */
export interface ReplayOptions extends NodeOptions {
  /** Stop after so many inputs with a mismatch; 20 unless given. */
  readonly limit?: number
}

/**
 * Runs a journal's inputs and compares every output: kind, port, octets, order.
 *
 * @throws {JournalError} when the file is none; {@link ForwardError} when its program cannot be loaded, keys included, or
 *   an input does not fit it.
 */
export function replayJournal(file: Uint8Array, keys: Keys, options: ReplayOptions = {}): ReplayResult {
  const { entries, program, complete } = readJournal(file)
  const node = new FabricNode(program, keys, options)
  const mismatches: ReplayMismatch[] = []
  let outputs = 0
  for (const [index, entry] of entries.entries()) {
    const effects = index === 0 ? [] : node.input(entry.input)
    outputs += effects.length
    const mayLack = !complete && index === entries.length - 1
    const mismatch = compare(entry, effects, index, mayLack)
    if (mismatch !== undefined) mismatches.push(mismatch)
    if (mismatches.length >= (options.limit ?? 20)) break
  }
  return {
    ok: mismatches.length === 0,
    node: node.name,
    inputs: entries.length,
    outputs,
    complete,
    mismatches,
  }
}

/**
 * Runs a journal's inputs and gives the complete journal of what came out, its inputs octet by octet as they were.
 *
 * @throws as {@link replayJournal}
 */
export function rerunJournal(file: Uint8Array, keys: Keys, options: NodeOptions = {}): Uint8Array {
  const { entries, program } = readJournal(file)
  const node = new FabricNode(program, keys, options)
  const writer = new JournalWriter()
  for (const [index, { input, record }] of entries.entries()) {
    writer.addRecorded(record, index === 0 ? [] : node.input(input))
  }
  return writer.bytes()
}

function compare(
  entry: JournalEntry,
  effects: readonly Effect[],
  input: number,
  mayLack: boolean,
): ReplayMismatch | undefined {
  const { record, outputs } = entry
  const count = mayLack ? outputs.length : Math.max(outputs.length, effects.length)
  for (let output = 0; output < count; output++) {
    const recorded = outputs[output]
    const effect = effects[output]
    const computed = effect === undefined ? undefined : outputOf(record.now, effect)
    if (recorded !== undefined && computed !== undefined && sameOutput(recorded, computed)) continue
    return { input, offset: record.offset, output, recorded, computed, message: say(recorded, computed) }
  }
  return undefined
}

function sameOutput(a: NewRecord, b: NewRecord): boolean {
  return (
    a.type === b.type && a.interface === b.interface && a.now === b.now && bytesEqual(a.payload, b.payload)
  )
}

function say(recorded: NewRecord | undefined, computed: NewRecord | undefined): string {
  const said = recorded === undefined ? 'nothing more' : describeOutput(recorded)
  const came = computed === undefined ? 'nothing more' : describeOutput(computed)
  return said === came ? `${said}: octets or time differ` : `recorded ${said}, computed ${came}`
}
