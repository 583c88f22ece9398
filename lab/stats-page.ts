/**
 * Statistics pages of engines and the probe (`dataplane/include/ztos/stats_page.h`): files of fixed layout that their process
 * writes through a mapping and that are read here without a word to it.
 *
 * @module
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { LabError } from './errors.js'

const HEADER_SIZE = 128
const ENTRY_SIZE = 128
/** "ZTSTATS1" */
const MAGIC = 0x315354415453545an
const VERSION = 1

export type PageKind = 'engine' | 'probe'
const KINDS: readonly (PageKind | undefined)[] = [undefined, 'engine', 'probe']
const STATES = ['starting', 'idle', 'busy', 'stopped'] as const
export type PageState = (typeof STATES)[number]

/** One port, host or link end; counts of frames since the process started. */
export interface PageEntry {
  /** Engine: interface id. Probe: index among the hosts, or among the link ends. */
  readonly id: number
  readonly rx: number
  readonly tx: number
  /** Passed to the node's kernel by XDP, and seen by nobody else (PUNT-3). */
  readonly passed: number
  /** Lost between the XDP program and the socket. */
  readonly rxDropped: number
  /** Refused by the device; never on the wire. */
  readonly txDropped: number
  readonly puntIn: number
  readonly puntOut: number
  readonly puntDropped: number
  readonly arpAnswered: number
  readonly ndAnswered: number
  /** The device is gone; its counts stand still. */
  readonly gone: boolean
}
export interface StatsPage {
  readonly kind: PageKind
  readonly pid: number
  readonly state: PageState
  /** ns of the process's clock when the page was written. */
  readonly now: bigint
  readonly inputs: number
  readonly outputs: number
  /** Engine: fates. Probe: arrivals recorded. */
  readonly fates: number
  readonly journalOctets: number
  readonly entries: readonly PageEntry[]
}

const FLAG_GONE = 1 << 2

/** Looks right after each other: a writer is done within microseconds, unless the kernel runs somebody else in its place. */
const SPINS = 1000
/** ms that a writer may be kept from its work before it counts as dead; waited in steps of one, so that it gets the core. */
const PATIENCE = 2000
const sleeper = new Int32Array(new SharedArrayBuffer(4))

/** Reads one page again and again. */
export class PageReader {
  private readonly fd: number
  private buffer: Buffer
  private readonly again = Buffer.alloc(8)

  /** @throws the system's error when there is no such file */
  constructor(readonly file: string) {
    this.fd = openSync(file, 'r')
    this.buffer = Buffer.alloc(HEADER_SIZE)
  }

  /**
   * A copy that is a cut between two vectors of the writer.
   *
   * @throws LabError `ZT_LAB_FORMAT` for a file that is no such page, or whose writer died in the middle of writing
   */
  read(): StatsPage {
    for (let attempt = 0; attempt < SPINS + PATIENCE; attempt++) {
      if (attempt >= SPINS) Atomics.wait(sleeper, 0, 0, 1)
      const size = readSync(this.fd, this.buffer, 0, this.buffer.length, 0)
      const wanted = size < HEADER_SIZE ? HEADER_SIZE : sizeOf(this.buffer)
      if (size >= HEADER_SIZE && wanted > this.buffer.length) {
        this.buffer = Buffer.alloc(checkSize(this.file, wanted))
        continue
      }
      if (size < HEADER_SIZE) return parsePage(this.file, this.buffer.subarray(0, size))
      // The sequence is the first thing of the copy; if it still stands now, nothing was written meanwhile.
      readSync(this.fd, this.again, 0, this.again.length, 0)
      const even = (this.buffer.readUInt32LE(0) & 1) === 0
      if (even && this.buffer.compare(this.again, 0, 8, 0, 8) === 0)
        return parsePage(this.file, this.buffer.subarray(0, size))
    }
    throw new LabError(
      'ZT_LAB_FORMAT',
      `${this.file}: is being written whenever it is looked at; its writer died`,
    )
  }

  close(): void {
    closeSync(this.fd)
  }
}

/** @throws LabError `ZT_LAB_FORMAT` with what is wrong */
export function parsePage(file: string, bytes: Buffer): StatsPage {
  const wrong = (what: string) => new LabError('ZT_LAB_FORMAT', `${file} is no statistics page: ${what}`)
  if (bytes.length < HEADER_SIZE) throw wrong(`${bytes.length} octets are too few for a header`)
  if (bytes.readBigUInt64LE(8) !== MAGIC) throw wrong('it does not begin as one')
  if (bytes.readUInt32LE(16) !== VERSION)
    throw wrong(`version ${bytes.readUInt32LE(16)}, and ${VERSION} is read here`)
  const kind = KINDS[bytes.readUInt32LE(20)]
  const state = STATES[bytes.readUInt32LE(36)]
  const [count, size] = [bytes.readUInt32LE(24), bytes.readUInt32LE(28)]
  if (kind === undefined || state === undefined) throw wrong('its kind or state is unknown')
  if (size !== ENTRY_SIZE) throw wrong(`entries of ${size} octets, and ${ENTRY_SIZE} are read here`)
  if (bytes.length < HEADER_SIZE + count * size)
    throw wrong(`${bytes.length} octets are too few for ${count} entries`)
  const number = (offset: number) => u64(bytes, offset)
  return {
    kind,
    state,
    pid: bytes.readUInt32LE(32),
    now: bytes.readBigUInt64LE(40),
    inputs: number(48),
    outputs: number(56),
    fates: number(64),
    journalOctets: number(72),
    entries: Array.from({ length: count }, (_, n) => entry(bytes, HEADER_SIZE + n * ENTRY_SIZE)),
  }
}

function entry(bytes: Buffer, at: number): PageEntry {
  const number = (offset: number) => u64(bytes, at + offset)
  return {
    id: bytes.readUInt32LE(at),
    gone: (bytes.readUInt32LE(at + 4) & FLAG_GONE) !== 0,
    rx: number(8),
    tx: number(24),
    passed: number(104),
    rxDropped: number(40),
    txDropped: number(48),
    puntIn: number(56),
    puntOut: number(64),
    puntDropped: number(72),
    arpAnswered: number(80),
    ndAnswered: number(88),
  }
}

/** A count; those that do not fit 53 bits take centuries. */
function u64(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 2 ** 32
}

function sizeOf(bytes: Buffer): number {
  return HEADER_SIZE + bytes.readUInt32LE(24) * bytes.readUInt32LE(28)
}

/** A page that is none must not make the reader allocate what it says. */
function checkSize(file: string, size: number): number {
  if (size <= HEADER_SIZE + 65_536 * ENTRY_SIZE) return size
  throw new LabError('ZT_LAB_FORMAT', `${file} is no statistics page: it claims ${size} octets`)
}
