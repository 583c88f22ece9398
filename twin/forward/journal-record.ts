/**
 * Journal records as octets (`contract/journal.ts`): reading and writing them one by one.
 *
 * @module
 */
import {
  JOURNAL_HEADER_LENGTH,
  JOURNAL_MAGIC,
  JOURNAL_VERSION,
  MAX_PAYLOAD,
  RECORD_HEADER_LENGTH,
  RecordType,
} from '../../contract/journal.js'
import { JournalError } from './errors.js'
import type { Nanoseconds } from './input.js'

/** A record; `offset` is where it starts in the file. */
export interface JournalRecord {
  readonly offset: number
  readonly type: RecordType
  /** 0 when none. */
  readonly interface: number
  readonly now: Nanoseconds
  readonly payload: Uint8Array
}

/** A file taken apart. */
export interface JournalFile {
  /** All records but END. */
  readonly records: readonly JournalRecord[]
  /** False when there is no END: the writer was cut off. */
  readonly complete: boolean
  /** Octets that were read; behind them a cut-off file has a part of a record. */
  readonly length: number
}

/** Types below this are inputs, others outputs. */
const FIRST_OUTPUT = 16
const END_LENGTH = 16
const TYPES: ReadonlySet<number> = new Set(Object.values(RecordType))

function isType(type: number): type is RecordType {
  return TYPES.has(type)
}

/** True for inputs, PROGRAM included. */
export function isInput(record: { readonly type: RecordType }): boolean {
  return record.type < FIRST_OUTPUT
}

/**
 * Takes a file apart and checks what can be checked without running it: header, types, order, time, and the counts in
 * END. A file that ends inside a record, or without END, is cut off, which is no error.
 *
 * @throws {JournalError}
 */
export function readRecords(file: Uint8Array): JournalFile {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  readHeader(file, view)
  const records: JournalRecord[] = []
  let at = JOURNAL_HEADER_LENGTH
  let inputs = 0n
  let now = 0n
  while (at + RECORD_HEADER_LENGTH <= file.length) {
    const length = view.getUint32(at, true)
    const type = view.getUint16(at + 4, true)
    if (length > MAX_PAYLOAD) throw format(`payload of ${length} octets`, at)
    if (!isType(type)) throw format(`record of unknown type ${type}`, at + 4)
    const next = at + RECORD_HEADER_LENGTH + length
    if (next > file.length) break
    const record: JournalRecord = {
      offset: at,
      type,
      interface: view.getUint16(at + 6, true),
      now: view.getBigUint64(at + 8, true),
      payload: file.subarray(at + RECORD_HEADER_LENGTH, next),
    }
    if (type === RecordType.End) {
      checkEnd(record, view, inputs, BigInt(records.length) - inputs)
      if (next !== file.length) throw format('octets behind END', next)
      return { records, complete: true, length: next }
    }
    if (records.length === 0 && type !== RecordType.Program) {
      throw format('the first record is no PROGRAM', at)
    }
    if (record.now < now) throw format('time goes back', at + 8)
    now = record.now
    if (isInput(record)) inputs++
    records.push(record)
    at = next
  }
  return { records, complete: false, length: at }
}

function readHeader(file: Uint8Array, view: DataView): void {
  const magic = new TextEncoder().encode(JOURNAL_MAGIC)
  if (file.length < JOURNAL_HEADER_LENGTH || magic.some((octet, i) => file[i] !== octet)) {
    throw new JournalError('ZT_JOURNAL_MAGIC', `no ${JOURNAL_MAGIC} header`, 0)
  }
  const version = view.getUint32(8, true)
  if (version !== JOURNAL_VERSION) {
    throw new JournalError('ZT_JOURNAL_VERSION', `version ${version}, ${JOURNAL_VERSION} is read here`, 8)
  }
  if (view.getUint32(12, true) !== 0) throw format('reserved octets of the header are not zero', 12)
}

function checkEnd(record: JournalRecord, view: DataView, inputs: bigint, outputs: bigint): void {
  if (record.payload.length !== END_LENGTH)
    throw format('END with a payload of another length', record.offset)
  const at = record.offset + RECORD_HEADER_LENGTH
  if (view.getBigUint64(at, true) !== inputs) throw format(`END counts other than ${inputs} inputs`, at)
  if (view.getBigUint64(at + 8, true) !== outputs) {
    throw format(`END counts other than ${outputs} outputs`, at + 8)
  }
}

/** A record that contradicts the format. */
export function format(what: string, offset: number, cause?: unknown): JournalError {
  return new JournalError('ZT_JOURNAL_FORMAT', what, offset, cause)
}

/** A record before it has a place in a file. */
export type NewRecord = Omit<JournalRecord, 'offset'>

/** Octets of records behind a header, with END when `complete`. */
export function writeRecords(records: readonly NewRecord[], complete = true): Uint8Array {
  const all = complete ? [...records, endOf(records)] : records
  const length = all.reduce(
    (sum, { payload }) => sum + RECORD_HEADER_LENGTH + payload.length,
    JOURNAL_HEADER_LENGTH,
  )
  const file = new Uint8Array(length)
  const view = new DataView(file.buffer)
  file.set(new TextEncoder().encode(JOURNAL_MAGIC))
  view.setUint32(8, JOURNAL_VERSION, true)
  let at = JOURNAL_HEADER_LENGTH
  for (const record of all) {
    if (record.payload.length > MAX_PAYLOAD) {
      throw new JournalError('ZT_JOURNAL_LIMIT', `payload of ${record.payload.length} octets`, at)
    }
    view.setUint32(at, record.payload.length, true)
    view.setUint16(at + 4, record.type, true)
    view.setUint16(at + 6, record.interface, true)
    view.setBigUint64(at + 8, record.now, true)
    file.set(record.payload, at + RECORD_HEADER_LENGTH)
    at += RECORD_HEADER_LENGTH + record.payload.length
  }
  return file
}

function endOf(records: readonly NewRecord[]): NewRecord {
  const payload = new Uint8Array(END_LENGTH)
  const view = new DataView(payload.buffer)
  const inputs = records.filter(isInput).length
  view.setBigUint64(0, BigInt(inputs), true)
  view.setBigUint64(8, BigInt(records.length - inputs), true)
  return { type: RecordType.End, interface: 0, now: records.at(-1)?.now ?? 0n, payload }
}
