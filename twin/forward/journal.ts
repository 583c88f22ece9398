/**
 * Journals as inputs and effects (`contract/journal.ts`).
 *
 * @module
 */
import { RecordType } from '../../contract/journal.js'
import { NodeProgram } from '../../contract/program.js'
import {
  isIpv6,
  readIpv4,
  readIpv6,
  readMac,
  writeIpv4,
  writeIpv6,
  writeMac,
  type Ip,
} from '../packet/address.js'
import { fateCode, fateOfCode } from './fate.js'
import type { Effect, Input, Nanoseconds } from './input.js'
import {
  format,
  isInput,
  readRecords,
  writeRecords,
  type JournalRecord,
  type NewRecord,
} from './journal-record.js'

/** An input of a journal and the outputs recorded for it. */
export interface JournalEntry {
  readonly input: Input
  /** Its record. */
  readonly record: JournalRecord
  readonly outputs: readonly JournalRecord[]
}

/** A journal, read. */
export interface Journal {
  /** The program that the node started with: that of the first entry, whose input is its `load`. */
  readonly program: NodeProgram
  readonly entries: readonly JournalEntry[]
  /** False when the writer was cut off; then outputs of the last input may be missing. */
  readonly complete: boolean
}

/**
 * Reads a journal.
 *
 * @throws {JournalError} with the offset of what cannot be read. A file that was cut off is none.
 */
export function readJournal(file: Uint8Array): Journal {
  const { records, complete } = readRecords(file)
  const entries: { input: Input; record: JournalRecord; outputs: JournalRecord[] }[] = []
  for (const record of records) {
    if (isInput(record)) entries.push({ input: inputOf(record), record, outputs: [] })
    else entries.at(-1)?.outputs.push(checkOutput(record))
  }
  const first = entries[0]?.input
  if (first?.kind !== 'load') throw format('no PROGRAM', file.length)
  return { program: first.program, entries, complete }
}

const PAYLOAD_AT = 16
/** Wall time and entropy. */
const SEED_LENGTH = 40

function inputOf(record: JournalRecord): Input {
  const { type, now, payload, offset } = record
  switch (type) {
    case RecordType.Program:
      return { kind: 'load', now, program: programOf(record) }
    case RecordType.FrameIn:
      return { kind: 'frame', now, interface: record.interface, frame: payload }
    case RecordType.PuntIn:
      return { kind: 'punt', now, interface: record.interface, frame: payload }
    case RecordType.ControlIn:
      return { kind: 'control', now, request: jsonOf(record) }
    case RecordType.NeighbourIn:
      return neighbourOf(record)
    case RecordType.Clock:
      if (payload.length !== 0) throw format('CLOCK with a payload', offset + PAYLOAD_AT)
      return { kind: 'clock', now }
    case RecordType.Seed:
      return seedOf(record)
    default:
      throw format(`type ${type} is no input`, offset)
  }
}

function checkOutput(record: JournalRecord): JournalRecord {
  if (record.type === RecordType.Fate && record.payload.length !== 2) {
    throw format('FATE with a payload of another length', record.offset)
  }
  return record
}

function jsonOf({ payload, offset }: JournalRecord): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch (cause) {
    throw format('payload is no JSON in UTF-8', offset + PAYLOAD_AT, cause)
  }
}

function programOf(record: JournalRecord): NodeProgram {
  const parsed = NodeProgram.safeParse(jsonOf(record))
  if (!parsed.success) throw format('payload is no NodeProgram', record.offset + PAYLOAD_AT, parsed.error)
  return parsed.data
}

function neighbourOf(record: JournalRecord): Input {
  const { payload, offset, now } = record
  const [family, present] = payload
  const length = family === 4 ? 12 : family === 6 ? 24 : 0
  if (length === 0 || payload.length !== length || (present !== 0 && present !== 1)) {
    throw format('NEIGHBOUR_IN of an unknown shape', offset + PAYLOAD_AT)
  }
  const address: Ip = family === 4 ? readIpv4(payload, 8) : readIpv6(payload, 8)
  const update = { kind: 'neighbour' as const, now, interface: record.interface, address }
  return present === 1 ? { ...update, mac: readMac(payload, 2) } : update
}

function seedOf({ now, payload, offset }: JournalRecord): Input {
  if (payload.length !== SEED_LENGTH) throw format('SEED of another length', offset + PAYLOAD_AT)
  const wallTime = new DataView(payload.buffer, payload.byteOffset).getBigUint64(0, true)
  return { kind: 'seed', now, wallTime, entropy: payload.subarray(8) }
}

/** Collects a journal. */
export class JournalWriter {
  private readonly records: NewRecord[] = []

  /** Adds an input and what came of it. */
  add(input: Input, effects: readonly Effect[]): void {
    this.addRecorded(recordOf(input), effects)
  }

  /** Adds an input as it was recorded, octet by octet, and what came of it. */
  addRecorded(record: NewRecord, effects: readonly Effect[]): void {
    this.records.push(record)
    for (const effect of effects) this.records.push(outputOf(record.now, effect))
  }

  /** The file; without END when not `complete`. */
  bytes(complete = true): Uint8Array {
    return writeRecords(this.records, complete)
  }
}

/** Writes inputs, each with what came of it, as a complete journal. The first must be the `load` of the start. */
export function writeJournal(entries: Iterable<readonly [Input, readonly Effect[]]>): Uint8Array {
  const writer = new JournalWriter()
  for (const [input, effects] of entries) writer.add(input, effects)
  return writer.bytes()
}

const utf8 = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const NOTHING = new Uint8Array(0)

/** The record of an input. */
function recordOf(input: Input): NewRecord {
  const { now } = input
  switch (input.kind) {
    case 'load':
      return { type: RecordType.Program, interface: 0, now, payload: utf8(input.program) }
    case 'frame': {
      const payload = input.frame instanceof Uint8Array ? input.frame : input.frame.frame
      return { type: RecordType.FrameIn, interface: input.interface, now, payload }
    }
    case 'punt':
      return { type: RecordType.PuntIn, interface: input.interface, now, payload: input.frame }
    case 'control':
      return { type: RecordType.ControlIn, interface: 0, now, payload: utf8(input.request) }
    case 'neighbour': {
      const isV6 = isIpv6(input.address)
      const payload = new Uint8Array(isV6 ? 24 : 12)
      payload[0] = isV6 ? 6 : 4
      payload[1] = input.mac === undefined ? 0 : 1
      if (input.mac !== undefined) writeMac(payload, 2, input.mac)
      if (isIpv6(input.address)) writeIpv6(payload, 8, input.address)
      else writeIpv4(payload, 8, input.address)
      return { type: RecordType.NeighbourIn, interface: input.interface, now, payload }
    }
    case 'clock':
      return { type: RecordType.Clock, interface: 0, now, payload: NOTHING }
    case 'seed': {
      const payload = new Uint8Array(SEED_LENGTH)
      new DataView(payload.buffer).setBigUint64(0, input.wallTime, true)
      payload.set(input.entropy, 8)
      return { type: RecordType.Seed, interface: 0, now, payload }
    }
  }
}

/** The record of an effect. */
export function outputOf(now: Nanoseconds, effect: Effect): NewRecord {
  switch (effect.kind) {
    case 'tx':
      return { type: RecordType.FrameOut, interface: effect.interface, now, payload: effect.frame }
    case 'punt':
      return { type: RecordType.PuntOut, interface: effect.interface, now, payload: effect.frame }
    case 'fate': {
      const code = fateCode(effect.fate)
      return { type: RecordType.Fate, interface: 0, now, payload: Uint8Array.of(code & 0xff, code >>> 8) }
    }
  }
}

/** An output record in a few words, for reports. */
export function describeOutput(record: NewRecord): string {
  switch (record.type) {
    case RecordType.FrameOut:
      return `tx on ${record.interface}, ${record.payload.length} octets`
    case RecordType.PuntOut:
      return `punt on ${record.interface}, ${record.payload.length} octets`
    case RecordType.Fate: {
      const code = (record.payload[0] ?? 0) | ((record.payload[1] ?? 0) << 8)
      return `fate ${fateOfCode(code) ?? `of unknown code ${code}`}`
    }
    default:
      return `record of type ${record.type}`
  }
}
