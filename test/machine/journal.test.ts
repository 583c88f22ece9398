import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RecordType } from '../../contract/journal.js'
import {
  FabricNode,
  ForwardError,
  JournalError,
  readJournal,
  readRecords,
  replayJournal,
  rerunJournal,
  writeJournal,
  writeRecords,
  type Effect,
  type Input,
} from '../../twin/forward/index.js'
import { build, toHex } from '../../twin/packet/index.js'
import {
  changed,
  eth,
  GATEWAY,
  host4,
  host6,
  hostMac,
  ip4,
  ip6,
  KEYS,
  mac,
  other4,
  portMac,
  farMac,
  PROGRAM,
  raw,
  SECOND,
  udpHello,
} from './support/bench.js'

const packet = (dst: ReturnType<typeof ip4>) =>
  eth(GATEWAY, hostMac(1), build.ipv4({ src: host4(1), dst }, udpHello))
/** One of every kind of input and output. */
const INPUTS: readonly Input[] = [
  { kind: 'load', now: 5n, program: PROGRAM },
  { kind: 'frame', now: 6n, interface: 13, frame: packet(other4(5)) },
  { kind: 'frame', now: 6n, interface: 13, frame: new Uint8Array(0) },
  { kind: 'frame', now: 6n, interface: 1, frame: raw(portMac(1), farMac(1), 0x0806) },
  { kind: 'punt', now: 7n, interface: 3, frame: raw(farMac(3), portMac(3), 0x0806) },
  { kind: 'neighbour', now: 8n, interface: 1, address: ip4('10.254.0.1'), mac: mac('02:dd:00:00:00:01') },
  { kind: 'neighbour', now: 8n, interface: 1, address: ip6('fd00:fe::1') },
  { kind: 'control', now: 9n, request: { id: 1, op: 'set-vni', interface: 42, vni: 7 } },
  { kind: 'control', now: 9n, request: { id: 1, op: 'what' } },
  { kind: 'clock', now: BigInt(4 * SECOND) },
  {
    kind: 'frame',
    now: BigInt(4 * SECOND),
    interface: 13,
    frame: eth(GATEWAY, hostMac(1), build.ipv6({ src: host6(1), dst: ip6('2001:db8:9::1') }, udpHello)),
  },
  { kind: 'load', now: 2n ** 64n - 1n, program: changed({ 42: { vni: 9 } }) },
]
function run(inputs: readonly Input[]): [Input, readonly Effect[]][] {
  const node = new FabricNode(PROGRAM, KEYS)
  return inputs.map((input, i) => [input, i === 0 ? [] : node.input(input)])
}
const JOURNAL = writeJournal(run(INPUTS))
const thrown = (act: () => unknown): unknown => {
  try {
    act()
  } catch (error) {
    return error
  }
  return undefined
}

describe('writing and reading', () => {
  test('the file to the octet', () => {
    const clock: Input = { kind: 'clock', now: 0x0102030405060708n }
    const file = writeRecords([
      { type: RecordType.Program, interface: 0, now: 1n, payload: new TextEncoder().encode('{}') },
      { type: RecordType.Clock, interface: 0, now: clock.now, payload: new Uint8Array(0) },
      { type: RecordType.Fate, interface: 0, now: clock.now, payload: Uint8Array.of(41, 0) },
    ])
    expect(toHex(file)).toBe(
      [
        '5a544a4f55524e4c',
        '01000000',
        '00000000',
        '02000000',
        '0100',
        '0000',
        '0100000000000000',
        '7b7d',
        '00000000',
        '0600',
        '0000',
        '0807060504030201',
        '02000000',
        '1200',
        '0000',
        '0807060504030201',
        '2900',
        '10000000',
        'ff00',
        '0000',
        '0807060504030201',
        '0200000000000000',
        '0100000000000000',
      ].join(''),
    )
  })

  test('neighbour updates to the octet', () => {
    const payloads = readRecords(JOURNAL).records.filter(({ type }) => type === RecordType.NeighbourIn)
    expect(payloads.map(({ payload }) => toHex(payload))).toEqual([
      '040102dd000000010afe0001',
      '0600000000000000fd0000fe000000000000000000000001',
    ])
  })

  test('what was written is read', () => {
    const { entries, complete, program } = readJournal(JOURNAL)
    expect(complete).toBe(true)
    expect(program).toEqual(PROGRAM)
    expect(entries.map(({ input }) => input)).toEqual(INPUTS)
  })
})

describe('replaying', () => {
  test('gives what was recorded', () => {
    const result = replayJournal(JOURNAL, KEYS)
    expect(result).toMatchObject({
      ok: true,
      node: 'leaf1',
      inputs: INPUTS.length,
      complete: true,
      mismatches: [],
    })
    expect(result.outputs).toBeGreaterThan(8)
    expect(toHex(rerunJournal(JOURNAL, KEYS))).toBe(toHex(JOURNAL))
  })

  test('one octet of any recorded output altered is found, with its input', () => {
    const { records } = readRecords(JOURNAL)
    let inputs = -1
    let altered = 0
    for (const record of records) {
      if (record.type < 16) {
        inputs++
        continue
      }
      // Every octet of some outputs, and some of every one: a replay takes milliseconds.
      const step = record.payload.length > 2 ? 11 : 1
      for (let at = record.offset + 16; at < record.offset + 16 + record.payload.length; at += step) {
        const file = JOURNAL.slice()
        file[at] = file[at]! ^ 0x10
        const { ok, mismatches } = replayJournal(file, KEYS)
        expect([ok, mismatches.length, mismatches[0]?.input]).toEqual([false, 1, inputs])
        altered++
      }
    }
    expect(altered).toBeGreaterThan(50)
  })

  test('an output on another port, of another kind, missing, too many, in another order', () => {
    const { records } = readRecords(JOURNAL)
    const at = records.findIndex(({ type }) => type === RecordType.FrameOut)
    const fate = { type: RecordType.Fate, interface: 0, now: records[at]!.now, payload: Uint8Array.of(1, 0) }
    const others = [
      records.with(at, { ...records[at]!, interface: 14 }),
      records.with(at, { ...records[at]!, type: RecordType.PuntOut }),
      records.with(at, { ...records[at]!, now: records[at]!.now + 0n, payload: new Uint8Array(0) }),
      records.toSpliced(at, 1),
      records.toSpliced(at, 0, { ...fate, offset: 0 }),
      records.toSpliced(at + 1, 0, { ...fate, offset: 0 }),
    ]
    for (const other of others) {
      const result = replayJournal(writeRecords(other), KEYS)
      expect(result.ok).toBe(false)
      expect(result.mismatches[0]?.input).toBe(1)
    }
    expect(replayJournal(writeRecords(records.toSpliced(at, 1)), KEYS).mismatches[0]?.message).toMatch(
      /^recorded nothing more, computed tx on 23/,
    )
  })

  test('outputs after the first program are none of its', () => {
    const { records } = readRecords(JOURNAL)
    const fate = { type: RecordType.Fate, interface: 0, now: 5n, payload: Uint8Array.of(1, 0), offset: 0 }
    expect(replayJournal(writeRecords(records.toSpliced(1, 0, fate)), KEYS).ok).toBe(false)
  })

  test('without its keys a journal of a sealed node is an error, and no mismatch', () => {
    expect(thrown(() => replayJournal(JOURNAL, new Map()))).toMatchObject({
      name: 'ForwardError',
      code: 'ZT_KEY_MISSING',
    })
  })

  test('with another key the sealed frame differs', () => {
    const keys = new Map([...KEYS].map(([reference]) => [reference, new Uint8Array(16).fill(0x77)]))
    expect(replayJournal(JOURNAL, keys).mismatches.map(({ message }) => message)).toEqual([
      'tx on 3, 92 octets: octets or time differ',
    ])
  })

  test('an input that does not fit its program is an error', () => {
    const inputs: Input[] = [INPUTS[0]!, { kind: 'frame', now: 6n, interface: 10, frame: new Uint8Array(60) }]
    const file = writeJournal(inputs.map((input) => [input, []]))
    expect(thrown(() => replayJournal(file, KEYS))).toMatchObject({ code: 'ZT_INPUT_INVALID' })
  })
})

describe('a journal that was cut off', () => {
  test('anywhere, is read up to there and said not to be complete', () => {
    const whole = readRecords(JOURNAL)
    for (let length = 16; length < JOURNAL.length; length++) {
      const file = JOURNAL.subarray(0, length)
      const { complete, records, length: read } = readRecords(file)
      expect(complete).toBe(false)
      expect(read).toBeLessThanOrEqual(length)
      expect(records.length).toBeLessThanOrEqual(whole.records.length)
      // Replaying takes milliseconds: behind each record, and now and then inside one.
      if (records.length === 0 || (read !== length && length % 211 !== 0)) continue
      // What its last input lacks is no mismatch.
      expect(replayJournal(file, KEYS)).toMatchObject({ ok: true, complete: false })
    }
  })

  test('a wrong output before the cut is found all the same', () => {
    const { records } = readRecords(JOURNAL)
    const at = records.findIndex(({ type }) => type === RecordType.FrameOut)
    const file = writeRecords(records.slice(0, at + 1), false)
    expect(replayJournal(file, KEYS).ok).toBe(true)
    file[file.length - 1] = file.at(-1)! ^ 1
    expect(replayJournal(file, KEYS).ok).toBe(false)
  })
})

describe('a journal that is none', () => {
  const program = {
    type: RecordType.Program,
    interface: 0,
    now: 5n,
    payload: new TextEncoder().encode(JSON.stringify(PROGRAM)),
  }
  const clock = { type: RecordType.Clock, interface: 0, now: 6n, payload: new Uint8Array(0) }
  const record = (fields: Partial<{ type: number; interface: number; now: bigint; payload: Uint8Array }>) =>
    ({ ...clock, ...fields }) as typeof clock
  const after = 16 + 16 + program.payload.length

  test.each<[string, Uint8Array, string, number]>([
    ['nothing', new Uint8Array(0), 'ZT_JOURNAL_MAGIC', 0],
    ['another file', new TextEncoder().encode('ZTJOURNX00000000'), 'ZT_JOURNAL_MAGIC', 0],
    ['a header that is cut off', JOURNAL.subarray(0, 15), 'ZT_JOURNAL_MAGIC', 0],
    ['another version', JOURNAL.with(8, 2), 'ZT_JOURNAL_VERSION', 8],
    ['reserved octets in use', JOURNAL.with(12, 1), 'ZT_JOURNAL_FORMAT', 12],
    ['a header alone', JOURNAL.subarray(0, 16), 'ZT_JOURNAL_FORMAT', 16],
    ['no program first', writeRecords([clock]), 'ZT_JOURNAL_FORMAT', 16],
    [
      'a record of unknown type',
      writeRecords([program, record({ type: 8 })]),
      'ZT_JOURNAL_FORMAT',
      after + 4,
    ],
    [
      'a payload that is too large',
      writeRecords([program, clock], false).with(after + 3, 2),
      'ZT_JOURNAL_FORMAT',
      after,
    ],
    [
      'time that goes back',
      writeRecords([program, clock, record({ now: 5n })]),
      'ZT_JOURNAL_FORMAT',
      after + 16 + 8,
    ],
    ['octets behind END', Uint8Array.from([...JOURNAL, 0]), 'ZT_JOURNAL_FORMAT', JOURNAL.length],
    [
      'a wrong count of inputs',
      JOURNAL.with(JOURNAL.length - 16, 1),
      'ZT_JOURNAL_FORMAT',
      JOURNAL.length - 16,
    ],
    [
      'a wrong count of outputs',
      JOURNAL.with(JOURNAL.length - 8, 1),
      'ZT_JOURNAL_FORMAT',
      JOURNAL.length - 8,
    ],
    [
      'a program that is no JSON',
      writeRecords([{ ...program, payload: Uint8Array.of(123) }]),
      'ZT_JOURNAL_FORMAT',
      32,
    ],
    [
      'a program in no UTF-8',
      writeRecords([{ ...program, payload: Uint8Array.of(34, 0xff, 34) }]),
      'ZT_JOURNAL_FORMAT',
      32,
    ],
    [
      'a program that is none',
      writeRecords([{ ...program, payload: new TextEncoder().encode('{"format":"x"}') }]),
      'ZT_JOURNAL_FORMAT',
      32,
    ],
    [
      'control that is no JSON',
      writeRecords([program, record({ type: RecordType.ControlIn, payload: Uint8Array.of(1) })]),
      'ZT_JOURNAL_FORMAT',
      after + 16,
    ],
    [
      'a clock with something in it',
      writeRecords([program, record({ payload: Uint8Array.of(1) })]),
      'ZT_JOURNAL_FORMAT',
      after + 16,
    ],
    [
      'a seed without entropy',
      writeRecords([program, record({ type: RecordType.Seed, payload: new Uint8Array(39) })]),
      'ZT_JOURNAL_FORMAT',
      after + 16,
    ],
    [
      'a fate of one octet',
      writeRecords([program, record({ type: RecordType.Fate, payload: Uint8Array.of(1) })]),
      'ZT_JOURNAL_FORMAT',
      after,
    ],
    [
      'a neighbour of no family',
      writeRecords([program, record({ type: RecordType.NeighbourIn, payload: new Uint8Array(12) })]),
      'ZT_JOURNAL_FORMAT',
      after + 16,
    ],
    [
      'an IPv6 neighbour that is short',
      writeRecords([
        program,
        record({ type: RecordType.NeighbourIn, payload: new Uint8Array(12).with(0, 6) }),
      ]),
      'ZT_JOURNAL_FORMAT',
      after + 16,
    ],
    [
      'a neighbour neither there nor gone',
      writeRecords([
        program,
        record({ type: RecordType.NeighbourIn, payload: new Uint8Array(12).with(0, 4).with(1, 2) }),
      ]),
      'ZT_JOURNAL_FORMAT',
      after + 16,
    ],
  ])('%s', (_what, file, code, offset) => {
    const error = thrown(() => readJournal(file))
    expect(error).toBeInstanceOf(JournalError)
    expect(error).toMatchObject({ code, offset })
  })

  test('a payload beyond the limit is not written', () => {
    const huge = { ...program, payload: new Uint8Array(16 * 1024 * 1024 + 1) }
    expect(thrown(() => writeRecords([huge]))).toMatchObject({ code: 'ZT_JOURNAL_LIMIT' })
  })

  test('whatever the octets, reading and replaying end in a result or a typed error', () => {
    const spoil = fc.record({ at: fc.nat(JOURNAL.length - 1), octet: fc.nat(255) })
    const file = fc
      .tuple(
        fc.array(spoil, { maxLength: 6 }),
        fc.option(fc.nat(JOURNAL.length), { nil: undefined }),
        fc.uint8Array({ maxLength: 40 }),
      )
      .map(([spoils, length, tail]) => {
        const octets = JOURNAL.slice()
        for (const { at, octet } of spoils) octets[at] = octet
        return Uint8Array.from([...octets.subarray(0, length ?? octets.length), ...tail])
      })
    fc.assert(
      fc.property(fc.oneof(file, fc.uint8Array({ maxLength: 200 })), (octets) => {
        const error = thrown(() => replayJournal(octets, KEYS))
        expect(error === undefined || error instanceof JournalError || error instanceof ForwardError).toBe(
          true,
        )
      }),
      { numRuns: 1000 },
    )
  })
})
