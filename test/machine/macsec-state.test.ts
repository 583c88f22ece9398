import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { TableChange } from '../../contract/control.js'
import type { MacsecInterface } from '../../contract/program.js'
import { FabricNode } from '../../twin/forward/index.js'
import {
  Bench,
  changed,
  farMac,
  KEYS,
  portMac,
  punted,
  raw,
  RX_SCI,
  suiteKey,
  TX_SCI,
} from './support/bench.js'
import {
  association,
  benchOf,
  clear,
  counts,
  fields,
  isXpn,
  lastPn,
  openedBy,
  programOf,
  received,
  RX_AN,
  sealed,
  stateOf,
  SUITES,
  type Suite,
} from './support/macsec.js'

const suite = 'gcm-aes-128'
const fieldsOf = (of: Suite, pn = '1'): Partial<MacsecInterface> =>
  fields(of, { tx: { sci: TX_SCI, ...association(of, 1, 1, { pn }) }, rx: [received(of, RX_AN, 2, { pn })] })
const frame = raw(farMac(3), portMac(3), 0x0800)
const up = [punted(3, clear())]
const pnOf = (line: string | undefined): number => openedBy(suite, line).tag.pn
const lowestOf = (bench: Bench): string | undefined => stateOf(bench).rx[0]?.associations[0]?.pn

describe('[MACSEC-9] loading a program', () => {
  test('keeps the packet numbers of SAs that stay', () => {
    const bench = benchOf(suite)
    bench.punt(3, frame)
    bench.frame(3, sealed(suite, 5))
    bench.load(programOf(suite, { mtu: 1600, replayWindow: 1, mode: 'check' }))
    expect(pnOf(bench.punt(3, frame)[0])).toBe(2)
    expect(bench.frame(3, sealed(suite, 5))).toEqual(['macsec-replay'])
  })

  test('a receive SA starts at its `pn`, and a `pn` moves none that stays', () => {
    const at = (pn: string, n = 2) => programOf(suite, { rx: [received(suite, RX_AN, n, { pn })] })
    const bench = new Bench(at('7'))
    expect(bench.frame(3, sealed(suite, 6))).toEqual(['macsec-replay'])
    expect(bench.frame(3, sealed(suite, 7))).toEqual(up)
    bench.load(at('3'))
    expect(lowestOf(bench)).toBe('8')
    bench.load(at('30'))
    expect(lowestOf(bench)).toBe('8')
    bench.load(at('30', 3))
    expect(lowestOf(bench)).toBe('30')
    // It was another meanwhile: nothing is remembered of a receive SA that was gone.
    bench.load(at('3'))
    expect(lowestOf(bench)).toBe('3')
  })

  test.each<[string, Partial<MacsecInterface>]>([
    ['SCI', { rx: [received(suite, RX_AN, 2, { sci: '02000000020a0007' })] }],
    ['AN', { rx: [received(suite, 0, 2)] }],
    ['key', { rx: [received(suite, RX_AN, 3)] }],
    [
      'suite',
      {
        cipher: 'gcm-aes-256',
        tx: { sci: TX_SCI, ...association('gcm-aes-256', 1, 1) },
        rx: [received('gcm-aes-256', RX_AN, 2)],
      },
    ],
  ])('a receive SA of another %s starts afresh', (_what, more) => {
    const bench = benchOf(suite)
    bench.frame(3, sealed(suite, 5))
    bench.load(programOf(suite, more))
    expect(lowestOf(bench)).toBe('1')
  })

  test('a receive SA of another interface starts afresh, a transmit SA goes on', () => {
    const bench = benchOf(suite)
    bench.punt(3, frame)
    bench.frame(3, sealed(suite, 5))
    const program = programOf(suite)
    const interfaces = program.interfaces.map((one) => (one.kind === 'macsec' ? { ...one, id: 5 } : one))
    const tables = JSON.parse(
      JSON.stringify(program.tables)
        .replaceAll('"interface":4,', '"interface":5,')
        .replaceAll('"connected":4}', '"connected":5}'),
    ) as typeof program.tables
    bench.load({ ...program, interfaces, tables })
    expect(stateOf(bench, 5)).toMatchObject({
      tx: { associations: [{ pn: '2', counters: { OutPktsEncrypted: 1 } }] },
      rx: [{ associations: [{ pn: '1' }] }],
    })
  })

  test.each<[string, object, number]>([
    ['another key starts afresh', { tx: { sci: TX_SCI, ...association(suite, 1, 3) } }, 1],
    ['another SCI starts afresh', { tx: { sci: '0200000000030002', ...association(suite, 1, 1) } }, 1],
    ['another AN alone does not', { tx: { sci: TX_SCI, ...association(suite, 3, 1) } }, 2],
    ['nor a `pn` that was used', { tx: { sci: TX_SCI, ...association(suite, 1, 1, { pn: '1' }) } }, 2],
    [
      'a `pn` further on leaves out what is before',
      { tx: { sci: TX_SCI, ...association(suite, 1, 1, { pn: '9' }) } },
      9,
    ],
    [
      'as standby it goes on',
      {
        tx: { sci: TX_SCI, ...association(suite, 0, 3, { pn: '4294967295' }) },
        standby: [association(suite, 1, 1)],
      },
      2,
    ],
  ])('of transmit SAs, %s', (_what, more, wanted) => {
    const bench = benchOf(suite)
    bench.punt(3, frame)
    bench.load(programOf(suite, more))
    const octets = Buffer.from(bench.punt(3, frame)[0]!.slice('tx 3 '.length), 'hex')
    expect(octets.readUInt32BE(16)).toBe(wanted)
  })

  test('a transmit SA goes on where its SCI and key were left, whatever was loaded in between', () => {
    const bench = benchOf(suite)
    bench.punt(3, frame)
    bench.punt(3, frame)
    bench.load(programOf(suite, { tx: { sci: TX_SCI, ...association(suite, 1, 3) } }))
    bench.punt(3, frame)
    bench.load(changed({}))
    bench.load(programOf(suite))
    expect(pnOf(bench.punt(3, frame)[0])).toBe(3)
    // So it does when a program asked for more that is not loaded any more.
    bench.load(programOf(suite, { tx: { sci: TX_SCI, ...association(suite, 1, 1, { pn: '50' }) } }))
    bench.load(programOf(suite))
    expect(pnOf(bench.punt(3, frame)[0])).toBe(50)
  })

  test('a program that is refused moves no packet number', () => {
    const bench = benchOf(suite)
    const further = { tx: { sci: TX_SCI, ...association(suite, 1, 1, { pn: '50' }) } }
    const refused = programOf(suite, further)
    expect(() => bench.load({ ...refused, tables: { ...refused.tables, groups: [] } })).toThrow(
      'ZT_PROGRAM_INVALID',
    )
    expect(pnOf(bench.punt(3, frame)[0])).toBe(1)
  })

  test('[MACSEC-8] counters of an interface, of its channels, of transmit SAs stay with what they count', () => {
    const bench = benchOf(suite)
    bench.punt(3, frame)
    bench.frame(3, clear())
    bench.frame(3, sealed(suite, 1))
    bench.load(programOf(suite, { mode: 'check', rx: [received(suite, 0, 3)] }))
    expect(counts(bench)).toEqual({
      InPktsNoTag: 1,
      InPktsOK: 1,
      InOctetsDecrypted: 48,
      OutPktsEncrypted: 1,
      OutOctetsEncrypted: 48,
    })
    bench.load(
      programOf(suite, {
        tx: { sci: TX_SCI, ...association(suite, 1, 3) },
        rx: [received(suite, 0, 3, { sci: '02000000020a0007' })],
      }),
    )
    expect(counts(bench)).toEqual({ InPktsNoTag: 1, OutOctetsEncrypted: 48 })
  })
})

describe('[MACSEC-11] [CTRL-6] apply', () => {
  const receive = (an: number, n: number | null, more: object = {}): TableChange => ({
    table: 'receive-association',
    interface: 4,
    sci: RX_SCI,
    an,
    to: n === null ? null : { key: suiteKey(suite, n) },
    ...more,
  })
  const transmit = (to: object, standby?: readonly object[]): TableChange =>
    ({
      table: 'transmit-association',
      interface: 4,
      to,
      ...(standby === undefined ? {} : { standby }),
    }) as TableChange
  const apply = (bench: Bench, ...changes: readonly TableChange[]) => bench.control({ op: 'apply', changes })

  test('a receive SA is set behind all, or in the place of the one with its AN', () => {
    const bench = benchOf(suite)
    expect(bench.frame(3, sealed(suite, 1, { an: 3, key: 3 }))).toEqual(['macsec-an-unknown'])
    expect(apply(bench, receive(3, 3))).toEqual([])
    expect(bench.frame(3, sealed(suite, 1, { an: 3, key: 3 }))).toEqual(up)
    expect(bench.frame(3, sealed(suite, 5))).toEqual(up)
    expect(apply(bench, receive(RX_AN, 4), receive(0, 5, { sci: '02000000020a0007' }))).toEqual([])
    expect(stateOf(bench).rx).toMatchObject([
      {
        sci: RX_SCI,
        associations: [
          { an: RX_AN, key: suiteKey(suite, 4), pn: '1' },
          { an: 3, key: suiteKey(suite, 3), pn: '2' },
        ],
      },
      { sci: '02000000020a0007', associations: [{ an: 0, key: suiteKey(suite, 5) }] },
    ])
    expect(bench.frame(3, sealed(suite, 5))).toEqual(['macsec-icv'])
    expect(bench.frame(3, sealed(suite, 1, { key: 4 }))).toEqual(up)
  })

  test('[MACSEC-9] one that is set again with its key goes on, with another it starts at its `pn`', () => {
    const bench = benchOf(suite)
    bench.frame(3, sealed(suite, 5))
    apply(bench, receive(RX_AN, 2))
    expect(bench.frame(3, sealed(suite, 5))).toEqual(['macsec-replay'])
    apply(bench, { ...receive(RX_AN, 3), to: { key: suiteKey(suite, 3), pn: '9' } } as TableChange)
    expect(bench.frame(3, sealed(suite, 8, { key: 3 }))).toEqual(['macsec-replay'])
    expect(bench.frame(3, sealed(suite, 9, { key: 3 }))).toEqual(up)
  })

  test('[MACSEC-8] removed: unknown from then on, and without its last SA a channel is gone with its counters', () => {
    const bench = benchOf(suite)
    bench.frame(3, sealed(suite, 5))
    apply(bench, receive(3, 3))
    apply(bench, receive(RX_AN, null))
    expect(bench.frame(3, sealed(suite, 6))).toEqual(['macsec-an-unknown'])
    expect(counts(bench)).toMatchObject({ InPktsOK: 1 })
    expect(apply(bench, receive(RX_AN, null), receive(3, null))).toEqual([])
    expect(stateOf(bench).rx).toEqual([])
    expect(bench.frame(3, sealed(suite, 7))).toEqual(['macsec-sci-unknown'])
    // Nobody is the only channel either.
    expect(bench.frame(3, sealed(suite, 7, { tci: 0x0c }))).toEqual(['macsec-sci-unknown'])
    // A program that hears nobody can be loaded.
    bench.load(programOf(suite, { rx: [] }))
    expect(stateOf(bench).rx).toEqual([])
    expect(bench.frame(3, sealed(suite, 7))).toEqual(['macsec-sci-unknown'])
    apply(bench, receive(RX_AN, 2))
    expect(bench.frame(3, sealed(suite, 5))).toEqual(up)
    expect(counts(bench)).toMatchObject({ InPktsOK: 1 })
  })

  test('transmit SAs take the place of those that are there, by the same SCI', () => {
    const bench = benchOf(suite, { standby: [association(suite, 2, 3)] })
    bench.punt(3, frame)
    apply(bench, transmit(association(suite, 0, 4), [association(suite, 1, 1)]))
    expect(openedBy(suite, bench.punt(3, frame)[0], { key: 4 })).toMatchObject({
      frame,
      tag: { pn: 1, an: 0 },
    })
    expect(stateOf(bench).tx).toMatchObject({
      sci: TX_SCI,
      associations: [
        { an: 0, key: suiteKey(suite, 4), pn: '2', encoding: true },
        { an: 1, key: suiteKey(suite, 1), pn: '2', encoding: false },
      ],
    })
    apply(bench, transmit(association(suite, 1, 1)))
    expect(stateOf(bench).tx.associations).toHaveLength(1)
    expect(openedBy(suite, bench.punt(3, frame)[0])).toMatchObject({ frame, tag: { pn: 2, an: 1 } })
  })

  test('a hitless change: the receiver knows the new key first, the sender uses it, the old one goes', () => {
    const [a, b] = [benchOf(suite), benchOf(suite)]
    const pass = (n: number, pn: number, an: number) => b.frame(3, sealed(suite, pn, { key: n, an }))
    expect(pass(2, 1, RX_AN)).toEqual(up)
    apply(b, receive(3, 3))
    expect(pass(2, 2, RX_AN)).toEqual(up)
    apply(a, transmit(association(suite, 3, 3)))
    expect(openedBy(suite, a.punt(3, frame)[0], { key: 3 }).frame).toEqual(frame)
    expect(pass(3, 1, 3)).toEqual(up)
    // What was on its way is late, not lost.
    expect(pass(2, 3, RX_AN)).toEqual(up)
    apply(b, receive(RX_AN, null))
    expect(pass(2, 4, RX_AN)).toEqual(['macsec-an-unknown'])
  })

  test('what `apply` has set is forgotten by a load, but for packet numbers', () => {
    const bench = benchOf(suite)
    apply(bench, transmit(association(suite, 0, 4)), receive(3, 3), receive(RX_AN, 4))
    bench.frame(3, sealed(suite, 5, { key: 4 }))
    bench.load(programOf(suite))
    expect(stateOf(bench)).toMatchObject({
      tx: { associations: [{ key: suiteKey(suite, 1) }] },
      rx: [{ associations: [{ an: RX_AN, key: suiteKey(suite, 2), pn: '1' }] }],
    })
    expect(stateOf(bench).rx[0]!.associations).toHaveLength(1)
  })

  const xpn = 'gcm-aes-xpn-256'
  const REFUSED: readonly (readonly [string, string, Suite, object])[] = [
    ['an interface that is no macsec one', 'unknown-interface', suite, receive(0, 2, { interface: 3 })],
    [
      'one that does not exist',
      'unknown-interface',
      suite,
      { ...transmit(association(suite, 0, 2)), interface: 77 },
    ],
    ['the SCI by which it sends', 'invalid', suite, receive(0, 2, { sci: TX_SCI })],
    ['a key that does not exist', 'invalid', suite, receive(0, 7)],
    [
      'a key of another suite',
      'invalid',
      suite,
      { ...receive(0, 2), to: { key: suiteKey('gcm-aes-256', 1) } },
    ],
    [
      'a key of another suite, standby',
      'invalid',
      suite,
      transmit(association(suite, 0, 2), [{ an: 1, key: suiteKey('gcm-aes-xpn-128', 1) }]),
    ],
    ['an SSCI without XPN', 'invalid', suite, { ...receive(0, 2), to: { key: suiteKey(suite, 2), ssci: 1 } }],
    ['an SSCI without XPN, to send', 'invalid', suite, transmit(association(suite, 0, 2, { ssci: 1 }))],
    ['no SSCI with XPN', 'invalid', xpn, { ...receive(0, 2), to: { key: suiteKey(xpn, 2) } }],
    [
      'no SSCI with XPN, standby',
      'invalid',
      xpn,
      transmit(association(xpn, 0, 3), [{ an: 1, key: suiteKey(xpn, 4) }]),
    ],
    [
      'a PN beyond the suite’s',
      'invalid',
      suite,
      { ...receive(0, 2), to: { key: suiteKey(suite, 2), pn: '4294967296' } },
    ],
    ['a PN beyond 64 bits', 'invalid', xpn, transmit(association(xpn, 0, 3, { pn: '18446744073709551616' }))],
    ['two SAs with one AN', 'invalid', suite, transmit(association(suite, 0, 2), [association(suite, 0, 3)])],
    [
      'two SAs with one key',
      'invalid',
      suite,
      transmit(association(suite, 0, 2), [association(suite, 1, 2)]),
    ],
    ['an AN that there is not', 'invalid', suite, receive(4, 2)],
    ['an SCI that is none', 'invalid', suite, receive(0, 2, { sci: 'nobody' })],
    [
      'four standby SAs',
      'invalid',
      suite,
      transmit(
        association(suite, 0, 1),
        [1, 2, 3, 4].map((n) => association(suite, n % 4, n + 1)),
      ),
    ],
  ]
  test.each(REFUSED)('%s is refused, and the list with it', (_what, code, of, change) => {
    const bench = benchOf(of)
    const before = bench.node.tables()
    const right: TableChange = { ...receive(3, null) }
    const { refusal } = bench.node.control(0n, { id: 1, op: 'apply', changes: [right, change] })
    expect(refusal).toMatchObject({ code, index: 1 })
    expect(bench.node.tables()).toEqual(before)
  })

  test('where tags have no SCI there is one channel, at every place of the list', () => {
    const other = receive(0, 3, { sci: '02000000020a0007' })
    const bench = benchOf(suite, { tag: 'implicit' })
    expect(apply(bench, other)).toEqual(['refused invalid'])
    expect(apply(bench, other, receive(RX_AN, null))).toEqual(['refused invalid'])
    expect(apply(bench, receive(3, 3), receive(RX_AN, null), other)).toEqual(['refused invalid'])
    expect(apply(bench, receive(RX_AN, null), other)).toEqual([])
    expect(stateOf(bench).rx.map(({ sci }) => sci)).toEqual(['02000000020a0007'])
  })

  test.each(SUITES)('SAs of %s, with all that they have', (of) => {
    const bench = benchOf(of)
    const ssci = isXpn(of) ? { ssci: 9 } : {}
    const pn = lastPn(of) - 1n
    const set = { key: suiteKey(of, 5), pn: String(pn), ...ssci }
    apply(bench, { ...receive(1, 2), to: set } as TableChange)
    expect(bench.frame(3, sealed(of, pn, { an: 1, key: 5, ...ssci }))).toEqual(up)
    expect(stateOf(bench).rx[0]!.associations[1]).toEqual({ an: 1, key: set.key, pn: String(pn + 1n) })
  })
})

describe('[MACSEC-12] keys', () => {
  test('what is kept does not print, nor what the operation `tables` tells', () => {
    const bench = benchOf('gcm-aes-xpn-256', {})
    bench.punt(3, frame)
    const printed = inspect([bench.node.config.macsecs, bench.node.tables()], {
      depth: 12,
      maxArrayLength: null,
      breakLength: Infinity,
    })
    expect(printed).toContain('SecretKeyObject')
    // Octets 0 to 3 of keys 1 and 2.
    for (const first of [0x10, 0x20]) {
      expect(printed).not.toContain([0, 1, 2, 3].map((n) => first + n).join(', '))
      expect(printed).not.toContain([0, 1, 2, 3].map((n) => (first + n).toString(16)).join(''))
    }
  })

  test('the octets of a key file are the caller’s: they may be wiped, and are not wiped by the node', () => {
    const keys = new Map([...KEYS].map(([reference, octets]) => [reference, octets.slice()]))
    const node = new FabricNode(programOf('gcm-aes-xpn-128'), keys)
    expect(keys).toEqual(new Map(KEYS))
    for (const octets of keys.values()) octets.fill(0)
    expect(node.frame(0n, 3, sealed('gcm-aes-xpn-128', 1))).toHaveLength(1)
    expect(node.tables().macsec[0]?.rx[0]?.counters.InPktsOK).toBe(1)
  })

  test('clauses of changes are told', () => {
    const told: string[] = []
    const step = (clause: string) => void told.push(clause)
    const node = new FabricNode(programOf(suite), KEYS, { tracer: { step } })
    const gone = { table: 'receive-association' as const, interface: 4, sci: RX_SCI, an: RX_AN, to: null }
    node.apply(0n, [gone])
    expect(told).toEqual(['CTRL-6', 'MACSEC-11', 'MACSEC-12'])
  })
})

describe('[MACSEC-9] [MACSEC-10] programs that are sound', () => {
  test.each<[string, Partial<MacsecInterface>]>([
    ['a window as wide as XPN has', { ...fieldsOf('gcm-aes-xpn-256'), replayWindow: 2 ** 30 - 1 }],
    ['the last packet numbers', { ...fieldsOf('gcm-aes-xpn-256', '18446744073709551615') }],
    ['the last packet number of 32 bits', { ...fieldsOf(suite, '4294967295') }],
    ['two receive SAs with one key', { rx: [received(suite, 2, 2), received(suite, 3, 2)] }],
    ['an end station', { tag: 'end-station', mac: '02:00:00:00:00:03' }],
    [
      'tags without SCI, and one channel',
      { tag: 'implicit', rx: [received(suite, 2, 2), received(suite, 0, 3)] },
    ],
    ['a channel with the SCI by which it sends', { rx: [received(suite, 2, 2, { sci: TX_SCI })] }],
  ])('%s', (_what, more) => {
    expect(() => benchOf(more.cipher ?? suite, more)).not.toThrow()
  })

  test.each([
    ['lab:gcm-aes-128/7', 'no key for'],
    [suiteKey('gcm-aes-256', 1), 'has 32 octets; give 16 octets'],
    [suiteKey('gcm-aes-xpn-128', 1), 'has 28 octets; give 16 octets'],
  ])('but for the key %s', (key, said) => {
    expect(() => benchOf(suite, { standby: [{ an: 0, key }] })).toThrow(said)
  })
})
