import { describe, expect, test } from 'vitest'
import { toHex } from '../../twin/packet/index.js'
import { Bench, farMac, portMac, punted, raw, suiteKey, tx, TX_SCI } from './support/bench.js'
import {
  association,
  benchOf,
  clear,
  counts,
  isXpn,
  lastPn,
  openedBy,
  programOf,
  sealed,
  stateOf,
  SUITES,
  TX_AN,
  type Suite,
} from './support/macsec.js'

const frame = (octets = 100) => raw(farMac(3), portMac(3), 0x0800, octets)
const newKeyAt = (suite: Suite) => (isXpn(suite) ? 0xc000_0000_0000_0000n : 0xc000_0000n)
const hexOf = (line: string | undefined) => (line ?? '').slice('tx 3 '.length)

describe.each(SUITES)('[Z09] sending with %s', (suite: Suite) => {
  test('[MACSEC-7] SecTAG, packet numbers from 1 on, and what opens again', () => {
    const bench = benchOf(suite)
    for (const pn of [1, 2, 3]) {
      const [line] = bench.punt(3, frame())
      // 0x88e5, TCI 0x2c + AN 1, SL 0 (102 octets of Secure Data), PN, SCI.
      expect(hexOf(line).slice(24, 56)).toBe(`88e52d000000000${pn}${TX_SCI}`)
      expect(openedBy(suite, line).frame).toEqual(frame())
    }
    expect(counts(bench)).toEqual({ OutPktsEncrypted: 3, OutOctetsEncrypted: 306 })
  })

  test('[MACSEC-7] confidentiality none: readable, and counted as protected', () => {
    const bench = benchOf(suite, { confidentiality: 'none' })
    const [line] = bench.punt(3, frame())
    expect(hexOf(line).slice(24, 32)).toBe('88e52100')
    expect(hexOf(line).slice(56, 56 + 204)).toBe(toHex(frame().subarray(12)))
    expect(openedBy(suite, line).frame).toEqual(frame())
    expect(counts(bench)).toEqual({ OutPktsProtected: 1, OutOctetsProtected: 102 })
  })

  test.each([30, 50] as const)(
    '[MACSEC-7] offset %i: so many octets readable, and opened alike',
    (offset) => {
      const bench = benchOf(suite, { confidentiality: `offset-${offset}` })
      for (const octets of [0, offset - 2, offset - 1, 200]) {
        const [line] = bench.punt(3, frame(octets))
        const { octets: wire, frame: opened } = openedBy(suite, line, { offset })
        const readable = Math.min(offset, octets + 2)
        expect(toHex(wire.subarray(28, 28 + readable))).toBe(toHex(frame(octets).subarray(12, 12 + readable)))
        expect(opened).toEqual(frame(octets))
      }
      expect(counts(bench)).toMatchObject({ OutPktsEncrypted: 4 })
    },
  )

  test('[MACSEC-7] the low half of the packet number goes, the upper one is in the IV', () => {
    const pn = isXpn(suite) ? 0x0102_0304_ffff_fffen : 0xbfff_fffen
    const bench = benchOf(suite, {
      tx: { sci: TX_SCI, ...association(suite, TX_AN, 1, { pn: String(pn) }) },
    })
    for (const next of [pn, pn + 1n, pn + 2n]) {
      const { tag, frame: opened } = openedBy(suite, bench.punt(3, frame())[0], { pn: next })
      expect(BigInt(tag.pn)).toBe(next & 0xffff_ffffn)
      expect(opened).toEqual(frame())
    }
  })

  test('[MACSEC-7] the last packet number is used, and none after it', () => {
    const last = lastPn(suite)
    const bench = benchOf(suite, {
      tx: { sci: TX_SCI, ...association(suite, TX_AN, 1, { pn: String(last) }) },
    })
    expect(openedBy(suite, bench.punt(3, frame())[0], { pn: last }).frame).toEqual(frame())
    expect(bench.punt(3, frame())).toEqual(['macsec-pn-exhausted'])
    expect(bench.punt(3, frame())).toEqual(['macsec-pn-exhausted'])
    expect(stateOf(bench).tx.associations).toMatchObject([{ pn: String(last + 1n), encoding: false }])
  })

  test('[MACSEC-7] a standby SA takes over when a new key is wanted, and the last goes on to the end', () => {
    const edge = newKeyAt(suite)
    const bench = benchOf(suite, {
      tx: { sci: TX_SCI, ...association(suite, 1, 1, { pn: String(edge - 1n) }) },
      standby: [
        association(suite, 2, 3, { pn: String(edge - 2n) }),
        association(suite, 0, 4, { pn: String(lastPn(suite) - 1n) }),
      ],
    })
    const anOf = (line: string | undefined) => Number.parseInt(hexOf(line).slice(29, 30), 16) & 3
    const ans = Array.from({ length: 5 }, () => anOf(bench.punt(3, frame())[0]))
    // The last for which there are numbers, when all are worn out.
    expect(ans).toEqual([1, 2, 2, 0, 0])
    expect(anOf(bench.punt(3, frame())[0])).toBe(2)
    expect(stateOf(bench).tx.associations).toMatchObject([
      { an: 1, pn: String(edge), encoding: false, counters: { OutPktsEncrypted: 1 } },
      { an: 2, pn: String(edge + 1n), encoding: true, counters: { OutPktsEncrypted: 3 } },
      { an: 0, pn: String(lastPn(suite) + 1n), encoding: false, counters: { OutPktsEncrypted: 2 } },
    ])
  })
})

describe('[MACSEC-7] sending', () => {
  const suite = 'gcm-aes-128'

  test('SL of short frames', () => {
    const sl = (octets: number) => hexOf(benchOf(suite).punt(3, frame(octets))[0]).slice(30, 32)
    expect([0, 45, 46].map(sl)).toEqual(['02', '2f', '00'])
  })

  test.each([
    ['implicit', '0d'],
    ['end-station', '4d'],
  ] as const)('tag %s: no SCI, which is in the IV all the same', (tag, tci) => {
    const bench = benchOf(suite, { tag })
    const [line] = bench.punt(3, frame())
    expect(hexOf(line).slice(24, 40)).toBe(`88e5${tci}0000000001`)
    expect(openedBy(suite, line)).toMatchObject({ frame: frame() })
    expect(hexOf(line).length / 2).toBe(frame().length + 24)
  })

  test.each(['implicit', 'end-station'] as const)(
    'tag %s with confidentiality none has the bits of its tag alone',
    (tag) => {
      const [line] = benchOf(suite, { tag, confidentiality: 'none' }).punt(3, frame())
      expect(hexOf(line).slice(28, 30)).toBe(tag === 'implicit' ? '01' : '41')
    },
  )

  test.each([
    ['disabled', undefined, false],
    ['disabled', true, true],
    ['check', undefined, true],
    ['strict', undefined, true],
    ['strict', false, false],
  ] as const)('mode %s, protect %s', (mode, protect, isSealed) => {
    const bench = benchOf(suite, { mode, ...(protect === undefined ? {} : { protect }) })
    const [line] = bench.punt(3, frame())
    expect(line === tx(3, frame())).toBe(!isSealed)
    expect(counts(bench)).toEqual(
      isSealed ? { OutPktsEncrypted: 1, OutOctetsEncrypted: 102 } : { OutPktsUntagged: 1 },
    )
    expect(stateOf(bench)).toMatchObject({ mode, protect: isSealed })
  })

  test('what is too long when sealed uses no packet number', () => {
    // The port takes 14 + 1732 octets, the interface above it more than it should.
    const bench = benchOf(suite, { mtu: 1733 })
    expect(bench.punt(3, frame(1701))).toEqual(['mtu-exceeded'])
    expect(counts(bench)).toEqual({ OutPktsTooLong: 1 })
    expect(openedBy(suite, bench.punt(3, frame(1700))[0])).toMatchObject({ tag: { pn: 1 } })
    // Eight octets more without SCI.
    const implicit = benchOf(suite, { mtu: 1733, tag: 'implicit' })
    expect(implicit.punt(3, frame(1709))).toEqual(['mtu-exceeded'])
    expect(hexOf(implicit.punt(3, frame(1708))[0])).toHaveLength(2 * (1732 + 14))
    // No number is left: this is told first.
    const spent = benchOf(suite, {
      mtu: 1733,
      tx: { sci: TX_SCI, an: 1, key: suiteKey(suite, 1), pn: '4294967295' },
    })
    spent.punt(3, frame())
    expect(spent.punt(3, frame(1701))).toEqual(['macsec-pn-exhausted'])
  })
})

describe('[CTRL-2] [Z10] set-macsec-mode', () => {
  const suite = 'gcm-aes-128'
  const set = (bench: Bench, request: object) =>
    bench.control({ op: 'set-macsec-mode', interface: 4, ...request })

  test.each([
    [{ mode: 'disabled' }, { mode: 'disabled', protect: false }],
    [{ mode: 'check' }, { mode: 'check', protect: true }],
    [
      { mode: 'check', protect: false },
      { mode: 'check', protect: false },
    ],
    [
      { mode: 'disabled', protect: true },
      { mode: 'disabled', protect: true },
    ],
  ])('%j', (request, state) => {
    const bench = benchOf(suite)
    expect(set(bench, request)).toEqual([])
    expect(stateOf(bench)).toMatchObject(state)
    expect(bench.punt(3, frame())[0] === tx(3, frame())).toBe(!state.protect)
    expect(bench.frame(3, clear())).toEqual([punted(3, clear())])
  })

  test('nothing is forgotten: counters, packet numbers, and what strict is', () => {
    const bench = benchOf(suite)
    bench.punt(3, frame())
    bench.frame(3, sealed(suite, 9))
    set(bench, { mode: 'disabled', protect: false })
    set(bench, { mode: 'strict' })
    expect(openedBy(suite, bench.punt(3, frame())[0])).toMatchObject({ tag: { pn: 2 } })
    expect(bench.frame(3, sealed(suite, 9))).toEqual(['macsec-replay'])
    expect(bench.frame(3, clear())).toEqual(['macsec-clear'])
    expect(counts(bench)).toMatchObject({ InPktsOK: 1, InPktsLate: 1, InPktsNoTag: 1, OutPktsEncrypted: 2 })
  })

  test.each([
    ['invalid', { mode: 'off' }],
    ['invalid', { mode: 'strict', protect: 1 }],
    ['unknown-interface', { mode: 'strict', interface: 3 }],
  ])('is refused as %s: %j', (code, request) => {
    expect(set(benchOf(suite), request)).toEqual([`refused ${code}`])
  })
})

describe('lazy sealing', () => {
  const sizes = [60, 46, 45, 1500]

  test.each(SUITES)('gives the octets of sealing at once, whenever they are looked at (%s)', (suite) => {
    for (const confidentiality of ['none', 'offset-30', undefined] as const) {
      const program = programOf(suite, confidentiality === undefined ? {} : { confidentiality })
      const eager = new Bench(program)
      const lazy = new Bench(program, { lazySeal: true })
      const effects = sizes.flatMap((octets) => lazy.node.punt(0n, 3, frame(octets)))
      const wanted = sizes.flatMap((octets) => eager.punt(3, frame(octets)))
      expect(effects.toReversed().map((one) => one.kind === 'tx' && tx(3, one.frame))).toEqual(
        wanted.toReversed(),
      )
    }
  })
})
