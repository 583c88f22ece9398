/**
 * A journal that is still being written (`contract/journal.ts`), read on from where one stopped.
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
} from '../contract/journal.js'
import { LabError } from './errors.js'
import { readPart } from './files.js'

/** A record as it stands in the file. */
export interface TailRecord {
  readonly type: RecordType
  readonly interface: number
  /** ns */
  readonly now: bigint
  readonly payload: Uint8Array
}
/** An input and what came of it. */
export interface TailEntry {
  readonly input: TailRecord
  readonly outputs: readonly TailRecord[]
}

const FIRST_OUTPUT = 16
const TYPES: ReadonlySet<number> = new Set(Object.values(RecordType))

export class JournalTail {
  private offset = 0

  constructor(readonly file: string) {}

  /**
   * What was written since the last call, up to octet `end`, which lies between an input's outputs and the next input.
   *
   * @throws LabError `ZT_LAB_FORMAT` with the octet of what cannot be read
   */
  read(end: number): readonly TailEntry[] {
    if (end <= this.offset) return []
    const bytes = readPart(this.file, this.offset, end)
    const start = this.offset === 0 ? readHeader(this.file, bytes) : 0
    const entries = parseEntries(this.file, bytes, start, this.offset)
    this.offset = end
    return entries
  }
}

/** @throws LabError `ZT_LAB_FORMAT` */
export function parseEntries(file: string, octets: Uint8Array, start: number, base: number): TailEntry[] {
  const bytes = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)
  const wrong = (what: string, at: number) =>
    new LabError('ZT_LAB_FORMAT', `${file}, octet ${base + at}: ${what}`)
  const entries: { input: TailRecord; outputs: TailRecord[] }[] = []
  for (let at = start; at < bytes.length;) {
    if (at + RECORD_HEADER_LENGTH > bytes.length) throw wrong('a record is cut off', at)
    const length = bytes.readUInt32LE(at)
    const type = bytes.readUInt16LE(at + 4)
    if (length > MAX_PAYLOAD || at + RECORD_HEADER_LENGTH + length > bytes.length)
      throw wrong('a record is cut off', at)
    if (!isType(type)) throw wrong(`record of unknown type ${type}`, at + 4)
    const record: TailRecord = {
      type,
      interface: bytes.readUInt16LE(at + 6),
      now: bytes.readBigUInt64LE(at + 8),
      payload: octets.subarray(at + RECORD_HEADER_LENGTH, at + RECORD_HEADER_LENGTH + length),
    }
    const last = entries.at(-1)
    if (type < FIRST_OUTPUT) entries.push({ input: record, outputs: [] })
    else if (last !== undefined) last.outputs.push(record)
    else throw wrong('an output without an input', at)
    at += RECORD_HEADER_LENGTH + length
  }
  return entries
}

function readHeader(file: string, octets: Uint8Array): number {
  const bytes = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)
  const sound =
    bytes.length >= JOURNAL_HEADER_LENGTH &&
    bytes.toString('latin1', 0, JOURNAL_MAGIC.length) === JOURNAL_MAGIC &&
    bytes.readUInt32LE(JOURNAL_MAGIC.length) === JOURNAL_VERSION
  if (!sound) throw new LabError('ZT_LAB_FORMAT', `${file} is no journal of version ${JOURNAL_VERSION}`)
  return JOURNAL_HEADER_LENGTH
}

function isType(type: number): type is RecordType {
  return TYPES.has(type)
}
