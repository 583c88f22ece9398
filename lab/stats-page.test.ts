import * as fc from 'fast-check'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LabError } from './errors.js'
import { PageReader, parsePage } from './stats-page.js'

/** A page as stats_page.h lays it out. */
function page(entries: number): Buffer {
  const bytes = Buffer.alloc(128 + 128 * entries)
  bytes.writeBigUInt64LE(4n, 0)
  bytes.write('ZTSTATS1', 8, 'latin1')
  for (const [offset, value] of [
    [16, 1],
    [20, 1],
    [24, entries],
    [28, 128],
    [32, 4711],
    [36, 1],
  ] as const) {
    bytes.writeUInt32LE(value, offset)
  }
  for (const [offset, value] of [
    [40, 5n],
    [48, 6n],
    [56, 7n],
    [64, 8n],
    [72, 9n],
  ] as const)
    bytes.writeBigUInt64LE(value, offset)
  for (let n = 0; n < entries; n++) {
    const at = 128 + n * 128
    bytes.writeUInt32LE(10 + n, at)
    for (const [offset, value] of [
      [8, 11n],
      [24, 12n],
      [40, 13n],
      [48, 14n],
      [56, 15n],
      [64, 16n],
      [72, 17n],
      [80, 18n],
      [88, 19n],
      [104, 20n],
    ] as const) {
      bytes.writeBigUInt64LE(value, at + offset)
    }
  }
  return bytes
}
let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'zt-page-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('a statistics page', () => {
  it('is read field by field', () => {
    expect(parsePage('page', page(2))).toEqual({
      kind: 'engine',
      state: 'idle',
      pid: 4711,
      now: 5n,
      inputs: 6,
      outputs: 7,
      fates: 8,
      journalOctets: 9,
      entries: [10, 11].map((id) => ({
        id,
        gone: false,
        rx: 11,
        tx: 12,
        rxDropped: 13,
        passed: 20,
        txDropped: 14,
        puntIn: 15,
        puntOut: 16,
        puntDropped: 17,
        arpAnswered: 18,
        ndAnswered: 19,
      })),
    })
  })

  it.each([
    ['too short', (bytes: Buffer) => bytes.subarray(0, 100), /too few for a header/],
    ['of something else', (bytes: Buffer) => (bytes.write('X', 8), bytes), /does not begin as one/],
    ['of another version', (bytes: Buffer) => (bytes.writeUInt32LE(2, 16), bytes), /version 2/],
    ['of an unknown kind', (bytes: Buffer) => (bytes.writeUInt32LE(3, 20), bytes), /kind or state/],
    ['in an unknown state', (bytes: Buffer) => (bytes.writeUInt32LE(4, 36), bytes), /kind or state/],
    [
      'with entries of another size',
      (bytes: Buffer) => (bytes.writeUInt32LE(64, 28), bytes),
      /entries of 64 octets/,
    ],
    ['that promises more', (bytes: Buffer) => (bytes.writeUInt32LE(3, 24), bytes), /too few for 3 entries/],
  ])('is refused when it is one %s', (_what, spoil, message) => {
    expect(() => parsePage('page', spoil(page(2)))).toThrow(message)
  })

  it('is refused or read, whatever the octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (octets, real) => {
        const bytes = real
          ? Buffer.from(page(2).map((octet, i) => octet ^ (octets[i] ?? 0)))
          : Buffer.from(octets)
        let thrown: unknown
        try {
          parsePage('page', bytes)
        } catch (error) {
          thrown = error
        }
        expect(thrown === undefined || thrown instanceof LabError).toBe(true)
      }),
    )
  })

  it('is read from its file, with more entries than the reader thought at first', () => {
    const file = path.join(folder, 'page')
    writeFileSync(file, page(40))
    const reader = new PageReader(file)
    expect(reader.read().entries.length).toBe(40)
    expect(reader.read().entries.length).toBe(40)
    reader.close()
  })

  it('is not read while its writer is in the middle of it', () => {
    const file = path.join(folder, 'page')
    const bytes = page(1)
    bytes.writeBigUInt64LE(5n, 0)
    writeFileSync(file, bytes)
    const reader = new PageReader(file)
    expect(() => reader.read()).toThrow(/is being written whenever it is looked at/)
    reader.close()
  })

  it('is waited for while its writer is kept from its work', () => {
    const file = path.join(folder, 'page')
    const bytes = page(1)
    bytes.writeBigUInt64LE(5n, 0)
    writeFileSync(file, bytes)
    const reader = new PageReader(file)
    // Another process: the reader does not let this one's timers run.
    const writer = spawn(process.execPath, [
      '-e',
      `setTimeout(() => {
        const file = require('node:fs').openSync(process.argv[1], 'r+')
        require('node:fs').writeSync(file, Buffer.from([6]), 0, 1, 0)
      }, 50)`,
      file,
    ])
    try {
      expect(reader.read().entries.length).toBe(1)
    } finally {
      writer.kill()
      reader.close()
    }
  })

  it('does not make its reader allocate what it claims', () => {
    const file = path.join(folder, 'page')
    const bytes = page(1)
    bytes.writeUInt32LE(0xffffffff, 24)
    writeFileSync(file, bytes)
    const reader = new PageReader(file)
    expect(() => reader.read()).toThrow(/claims \d+ octets/)
    reader.close()
  })
})
