import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RecordType } from '../contract/journal.js'
import { writeRecords } from '../twin/forward/index.js'
import { LabError } from './errors.js'
import { JournalTail, parseEntries } from './journal-tail.js'

const record = (type: RecordType, text = '', id = 0) => ({
  type,
  interface: id,
  now: 5n,
  payload: new TextEncoder().encode(text),
})
const program = record(RecordType.Program, '{}')
const HEADER = 16
/** Records without a header, as they are appended. */
const octets = (...records: ReturnType<typeof record>[]) =>
  writeRecords([program, ...records], false).subarray(HEADER + 16 + 2)

let file: string
let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'zt-tail-'))
  file = path.join(folder, 'journal')
})
afterEach(() => rmSync(folder, { recursive: true }))
const size = () => statSync(file).size

describe('the tail of a journal', () => {
  it('is read on from where one stopped, inputs with what came of them', () => {
    writeFileSync(file, writeRecords([program], false))
    const tail = new JournalTail(file)
    expect(tail.read(size()).map(({ input }) => input.type)).toEqual([RecordType.Program])
    expect(tail.read(size())).toEqual([])
    appendFileSync(
      file,
      octets(
        record(RecordType.FrameIn, 'in', 3),
        record(RecordType.FrameOut, 'out', 4),
        record(RecordType.Clock),
      ),
    )
    const [frame, clock] = tail.read(size())
    expect(frame).toMatchObject({
      input: { type: RecordType.FrameIn, interface: 3, now: 5n },
      outputs: [{ interface: 4 }],
    })
    expect(new TextDecoder().decode(frame!.input.payload)).toBe('in')
    expect(clock).toMatchObject({ input: { type: RecordType.Clock }, outputs: [] })
  })

  it('gives payloads that can be copied by slice', () => {
    writeFileSync(file, writeRecords([program, record(RecordType.FrameIn, 'abc')], false))
    const { payload } = new JournalTail(file).read(size())[1]!.input
    payload.slice().fill(0)
    expect(new TextDecoder().decode(payload)).toBe('abc')
  })

  it('says that more was promised than is there', () => {
    writeFileSync(file, writeRecords([program], false))
    expect(() => new JournalTail(file).read(size() + 1)).toThrow(/ZT_LAB_FORMAT: .* and \d+ were promised/)
  })

  it.each([
    ['no journal', Buffer.from('something else, long enough'), /is no journal of version 1/],
    ['a record cut off', writeRecords([program], false).subarray(0, 20), /octet 16: a record is cut off/],
  ])('refuses %s', (_what, content, message) => {
    writeFileSync(file, content)
    expect(() => new JournalTail(file).read(size())).toThrow(message)
  })

  it('refuses an output without an input, and an unknown type', () => {
    expect(() => parseEntries('j', octets(record(RecordType.FrameOut)), 0, 0)).toThrow(
      /an output without an input/,
    )
    const unknown = octets(record(RecordType.Clock)).slice()
    unknown[4] = 99
    expect(() => parseEntries('j', unknown, 0, 0)).toThrow(/unknown type 99/)
  })

  it('is refused or read, whatever the octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        let thrown: unknown
        try {
          parseEntries('j', bytes, 0, 0)
        } catch (error) {
          thrown = error
        }
        expect(thrown === undefined || thrown instanceof LabError).toBe(true)
      }),
    )
  })
})
