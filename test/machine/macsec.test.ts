import { describe, expect, test } from 'vitest'
import { Bench, farMac, hostMac, portMac, punted, raw, RX_SCI, TX_SCI } from './support/bench.js'
import {
  benchOf,
  clear,
  counts,
  isXpn,
  lastPn,
  received,
  RX_AN,
  sealed,
  stateOf,
  SUITES,
  type Suite,
} from './support/macsec.js'

const SC = 0x20
const ES = 0x40
const C = 0x04
const E = 0x08

describe.each(SUITES)('[Z09] receiving with %s', (suite: Suite) => {
  test('[MACSEC-1] a clear frame on a sealed port is refused, a sealed one opened', () => {
    const bench = benchOf(suite)
    expect(bench.frame(3, clear())).toEqual(['macsec-clear'])
    expect(bench.frame(3, sealed(suite, 1))).toEqual([punted(3, clear())])
    expect(counts(bench)).toEqual({ InPktsNoTag: 1, InPktsOK: 1, InOctetsDecrypted: 48 })
  })

  test.each(['check', 'disabled'] as const)('[MACSEC-1] mode %s: clear frames go up', (mode) => {
    const bench = benchOf(suite, { mode })
    expect(bench.frame(3, clear())).toEqual([punted(3, clear())])
    expect(counts(bench)).toEqual({ InPktsUntagged: 1 })
  })

  test('[MACSEC-5] frames that are only protected, with C clear or set, and any frame of another key', () => {
    const bench = benchOf(suite)
    expect(bench.frame(3, sealed(suite, 1, { tci: SC }))).toEqual([punted(3, clear())])
    expect(bench.frame(3, sealed(suite, 2, { tci: SC | C }))).toEqual([punted(3, clear())])
    expect(bench.frame(3, sealed(suite, 3, { key: 3 }))).toEqual(['macsec-icv'])
    expect(bench.frame(3, sealed(suite, 3, { tci: SC, key: 3 }))).toEqual(['macsec-icv'])
    expect(counts(bench)).toEqual({ InPktsOK: 2, InPktsNotValid: 2, InOctetsValidated: 96 })
  })

  test('[MACSEC-5] any altered octet fails, and moves no packet number', () => {
    const bench = benchOf(suite)
    for (const tci of [SC | E | C, SC]) {
      for (const at of [0, 11, 28, 50, 91]) {
        const altered = sealed(suite, 9, { tci })
        altered[at] = altered[at]! ^ 0x01
        expect(bench.frame(3, altered)).toEqual(['macsec-icv'])
      }
    }
    // The PN is under the ICV too.
    expect(bench.frame(3, sealed(suite, 9).with(19, 10))).toEqual(['macsec-icv'])
    expect(bench.frame(3, sealed(suite, 1))).toEqual([punted(3, clear())])
  })

  test.each([30, 50] as const)(
    '[MACSEC-5] the first %i octets of Secure Data are not encrypted',
    (offset) => {
      const bench = benchOf(suite, { confidentiality: `offset-${offset}` })
      let pn = 1
      for (const octets of [0, 1, offset - 3, offset - 2, offset - 1, 300]) {
        const how = { offset, frame: clear(octets) }
        expect(bench.frame(3, sealed(suite, pn++, how))).toEqual([punted(3, clear(octets))])
        const altered = sealed(suite, pn++, how)
        altered[altered.length - 17] = altered[altered.length - 17]! ^ 1
        expect(bench.frame(3, altered)).toEqual(['macsec-icv'])
      }
      // Whoever encrypts from the first octet on says something else; whoever encrypts nothing is understood.
      expect(bench.frame(3, sealed(suite, pn++, { frame: clear(300) }))).toEqual(['macsec-icv'])
      expect(bench.frame(3, sealed(suite, pn++, { tci: SC }))).toEqual([punted(3, clear())])
    },
  )

  test('[MACSEC-6] after the last packet number nothing is acceptable', () => {
    const last = lastPn(suite)
    const bench = benchOf(suite, { rx: [received(suite, RX_AN, 2, { pn: String(last) })] })
    expect(bench.frame(3, sealed(suite, last))).toEqual([punted(3, clear())])
    expect(bench.frame(3, sealed(suite, last))).toEqual(['macsec-replay'])
    expect(bench.frame(3, sealed(suite, 1))).toEqual(['macsec-replay'])
    expect(stateOf(bench).rx[0]!.associations).toMatchObject([{ pn: String(last + 1n) }])
  })
})

describe('[MACSEC-2] SecTAGs', () => {
  test.each([
    ['V', 14, 0xae],
    ['ES and SC', 14, 0x6e],
    ['SCB', 14, 0x3e],
    ['SCB without SC', 14, 0x1e],
    ['E and no C', 14, 0x2a],
    ['SL that is not the length', 15, 47],
    ['SL of 48', 15, 48],
    ['a lower of the upper bits of SL', 15, 0x40],
    ['the upper of the upper bits of SL', 15, 0x80],
  ])('with %s are invalid, whatever the mode', (_what, at, octet) => {
    for (const mode of ['strict', 'check', 'disabled'] as const) {
      const bench = benchOf('gcm-aes-128', { mode })
      expect(bench.frame(3, sealed('gcm-aes-128', 1).with(at, octet))).toEqual(['macsec-tag-invalid'])
      expect(counts(bench)).toEqual({ InPktsBadTag: 1 })
    }
  })

  test.each(SUITES)('PN 0 is invalid, but with an XPN suite (%s)', (suite) => {
    const zero = sealed(suite, 1).with(19, 0)
    expect(benchOf(suite).frame(3, zero)).toEqual([isXpn(suite) ? 'macsec-replay' : 'macsec-tag-invalid'])
  })

  test.each([
    [SC | E | C, 46],
    [E | C, 38],
  ])('frames too short for tag and ICV (TCI %i)', (tci, shortest) => {
    const frame = sealed('gcm-aes-128', 1, { tci, frame: clear(0) })
    expect(frame).toHaveLength(shortest)
    const bench = benchOf('gcm-aes-128')
    for (const length of [14, 15, 20, shortest - 2, shortest - 1]) {
      expect(bench.frame(3, frame.subarray(0, length))).toEqual(['macsec-tag-invalid'])
    }
    expect(bench.frame(3, frame)).toEqual([punted(3, clear(0))])
  })

  test.each([45, 46, 47])(
    'SL is the length of Secure Data below 48 and 0 from 48 on (%i octets)',
    (octets) => {
      const frame = sealed('gcm-aes-128', 1, { frame: clear(octets) })
      const bench = benchOf('gcm-aes-128')
      expect(frame[15]).toBe(octets + 2 < 48 ? octets + 2 : 0)
      // The other way to write it is wrong.
      expect(bench.frame(3, frame.with(15, octets + 2 < 48 ? 0 : 48))).toEqual(['macsec-tag-invalid'])
      expect(bench.frame(3, frame)).toEqual([punted(3, clear(octets))])
    },
  )
})

describe('[MACSEC-3] channels and SAs', () => {
  const suite = 'gcm-aes-128'
  const two = [received(suite, RX_AN, 2), received(suite, 0, 3, { sci: '02000000020a0007' })]

  test('SCI and AN must be known', () => {
    const bench = benchOf(suite)
    expect(bench.frame(3, sealed(suite, 1, { sci: TX_SCI }))).toEqual(['macsec-sci-unknown'])
    expect(bench.frame(3, sealed(suite, 1, { an: 1 }))).toEqual(['macsec-an-unknown'])
    expect(counts(bench)).toEqual({ InPktsNoSAError: 2 })
  })

  test.each(['check', 'disabled'] as const)(
    'mode %s: what is not changed goes up without tag and ICV, and moves nothing',
    (mode) => {
      const bench = benchOf(suite, { mode })
      for (const how of [{ sci: TX_SCI }, { an: 1 }]) {
        expect(bench.frame(3, sealed(suite, 1, { ...how, tci: SC }))).toEqual([punted(3, clear())])
      }
      expect(counts(bench)).toEqual({ InPktsNoSA: 2 })
      expect(bench.frame(3, sealed(suite, 1, { sci: TX_SCI }))).toEqual(['macsec-sci-unknown'])
      expect(bench.frame(3, sealed(suite, 1, { an: 1, tci: SC | C }))).toEqual(['macsec-an-unknown'])
      expect(counts(bench)).toEqual({ InPktsNoSA: 2, InPktsNoSAError: 2 })
    },
  )

  test('without SCI in the tag it is the one channel’s', () => {
    const bench = benchOf(suite)
    expect(bench.frame(3, sealed(suite, 1, { tci: E | C }))).toEqual([punted(3, clear())])
    // Of two channels none is the one.
    const both = benchOf(suite, { rx: two })
    expect(both.frame(3, sealed(suite, 1, { tci: E | C }))).toEqual(['macsec-sci-unknown'])
    expect(both.frame(3, sealed(suite, 1))).toEqual([punted(3, clear())])
  })

  test('an end station’s SCI is its source address and port 1, however many channels there are', () => {
    // RX_SCI is the far end's MAC and port 1.
    for (const rx of [[received(suite, RX_AN, 2)], two]) {
      const bench = benchOf(suite, { rx })
      expect(bench.frame(3, sealed(suite, 1, { tci: ES | E | C }))).toEqual([punted(3, clear())])
      const frame = raw(portMac(3), hostMac(1), 0x0806)
      const other = sealed(suite, 2, { tci: ES | E | C, frame })
      expect(bench.frame(3, other)).toEqual(['macsec-sci-unknown'])
    }
  })

  test('SAs of several channels and ANs each have their key and packet numbers', () => {
    const bench = benchOf(suite, { rx: [...two, received(suite, 0, 4)] })
    const send = (pn: number, how: object): string[] => bench.frame(3, sealed(suite, pn, how))
    expect(send(9, {})).toEqual([punted(3, clear())])
    expect(send(3, { an: 0, key: 4 })).toEqual([punted(3, clear())])
    expect(send(5, { sci: '02000000020a0007', an: 0, key: 3 })).toEqual([punted(3, clear())])
    expect(send(5, { sci: '02000000020a0007', an: 0, key: 3 })).toEqual(['macsec-replay'])
    expect(send(4, { an: 0, key: 3 })).toEqual(['macsec-icv'])
    expect(send(9, {})).toEqual(['macsec-replay'])
    expect(stateOf(bench).rx).toMatchObject([
      {
        sci: RX_SCI,
        associations: [
          { an: 2, pn: '10' },
          { an: 0, pn: '4' },
        ],
      },
      { sci: '02000000020a0007', associations: [{ an: 0, pn: '6' }] },
    ])
  })
})

describe('[MACSEC-4] [MACSEC-6] replay', () => {
  const suite = 'gcm-aes-128'
  const up = [punted(3, clear())]

  test('each PN is accepted once, and none below it afterwards', () => {
    const bench = benchOf(suite)
    expect([7, 7, 6, 8].map((pn) => bench.frame(3, sealed(suite, pn)))).toEqual([
      up,
      ['macsec-replay'],
      ['macsec-replay'],
      up,
    ])
    expect(counts(bench)).toEqual({ InPktsOK: 2, InPktsLate: 2, InOctetsDecrypted: 96 })
  })

  test('replay is told before the ICV is looked at', () => {
    const bench = benchOf(suite)
    bench.frame(3, sealed(suite, 7))
    expect(bench.frame(3, sealed(suite, 6, { key: 3 }))).toEqual(['macsec-replay'])
  })

  test.each(SUITES)(
    'a window of 4 leaves four packet numbers below the greatest, again and again (%s)',
    (suite) => {
      const bench = benchOf(suite, { replayWindow: 4 })
      const send = (pn: number): string[] => bench.frame(3, sealed(suite, pn))
      expect(send(1)).toEqual(up)
      expect(stateOf(bench).rx[0]!.associations[0]!.pn).toBe('1')
      expect(send(10)).toEqual(up)
      expect(stateOf(bench).rx[0]!.associations[0]!.pn).toBe('7')
      expect([6, 7, 10, 7].map(send)).toEqual([['macsec-replay'], up, up, up])
      expect(send(11)).toEqual(up)
      expect([7, 8].map(send)).toEqual([['macsec-replay'], up])
    },
  )

  test('a window as wide as all packet numbers leaves all acceptable', () => {
    const bench = benchOf(suite, { replayWindow: 0xffff_ffff })
    expect([0xffff_ffff, 1, 1].map((pn) => bench.frame(3, sealed(suite, pn)))).toEqual([up, up, up])
  })

  test('without replayProtect what is late is counted as delayed, and moves nothing', () => {
    const bench = benchOf(suite, { replayProtect: false })
    expect([9, 3, 9].map((pn) => bench.frame(3, sealed(suite, pn)))).toEqual([up, up, up])
    expect(counts(bench)).toEqual({ InPktsOK: 1, InPktsDelayed: 2, InOctetsDecrypted: 144 })
    expect(stateOf(bench).rx[0]!.associations[0]!.pn).toBe('10')
  })

  test('mode disabled looks at no ICV of what is not changed, and moves nothing; replay is told all the same', () => {
    const bench = benchOf(suite, { mode: 'disabled', rx: [received(suite, RX_AN, 2, { pn: '5' })] })
    expect(bench.frame(3, sealed(suite, 9, { tci: SC, key: 3 }))).toEqual(up)
    expect(bench.frame(3, sealed(suite, 5, { tci: SC }))).toEqual(up)
    expect(bench.frame(3, sealed(suite, 4, { tci: SC }))).toEqual(['macsec-replay'])
    expect(counts(bench)).toEqual({ InPktsUnchecked: 2, InPktsLate: 1 })
    // What is changed is of no use unopened.
    expect(bench.frame(3, sealed(suite, 6))).toEqual(up)
    expect(bench.frame(3, sealed(suite, 7, { key: 3 }))).toEqual(['macsec-icv'])
    expect(bench.frame(3, sealed(suite, 7, { key: 3, tci: SC | C }))).toEqual(['macsec-icv'])
    expect(counts(bench)).toMatchObject({ InPktsOK: 1, InPktsNotValid: 2 })
  })

  test('[MACSEC-5] mode check lets up what is not changed with a wrong ICV, and does not count its PN', () => {
    const bench = benchOf(suite, { mode: 'check' })
    expect(bench.frame(3, sealed(suite, 9, { tci: SC, key: 3 }))).toEqual(up)
    expect(bench.frame(3, sealed(suite, 9, { tci: SC | C, key: 3 }))).toEqual(['macsec-icv'])
    expect(bench.frame(3, sealed(suite, 9, { key: 3 }))).toEqual(['macsec-icv'])
    expect(bench.frame(3, sealed(suite, 1, { tci: SC }))).toEqual(up)
    expect(counts(bench)).toEqual({
      InPktsInvalid: 1,
      InPktsNotValid: 2,
      InPktsOK: 1,
      InOctetsValidated: 48,
    })
  })

  test('[MACSEC-6] what goes up and is longer than the interface takes, after its PN counted', () => {
    const long = (octets: number, pn: number) => sealed(suite, pn, { frame: clear(octets) })
    const bench = benchOf(suite, { mtu: 100 })
    expect(bench.frame(3, long(101, 5))).toEqual(['frame-oversize'])
    expect(bench.frame(3, long(100, 5))).toEqual(['macsec-replay'])
    expect(bench.frame(3, long(100, 6))).toEqual([punted(3, clear(100))])
    const check = benchOf(suite, { mtu: 100, mode: 'check' })
    expect(check.frame(3, clear(100))).toEqual([punted(3, clear(100))])
    expect(check.frame(3, clear(101))).toEqual(['frame-oversize'])
    const bare = sealed(suite, 1, { tci: SC, an: 0, frame: clear(101) })
    expect(check.frame(3, bare)).toEqual(['frame-oversize'])
  })
})

describe('[MACSEC-4] packet numbers of 64 bits', () => {
  const suite = 'gcm-aes-xpn-128'
  const up = [punted(3, clear())]
  const from = (pn: bigint, more: object = {}) =>
    benchOf(suite, { rx: [received(suite, RX_AN, 2, { pn: String(pn) })], ...more })

  test('the upper half turns when the lower one does', () => {
    const bench = from(0x5_ffff_fffen)
    for (const pn of [0x5_ffff_fffen, 0x5_ffff_ffffn, 0x6_0000_0000n, 0x6_0000_0001n]) {
      expect(bench.frame(3, sealed(suite, pn))).toEqual(up)
    }
    expect(stateOf(bench).rx[0]!.associations[0]!.pn).toBe(String(0x6_0000_0002n))
    expect(bench.frame(3, sealed(suite, 0x6_0000_0001n))).toEqual(['macsec-replay'])
  })

  test('it turns from the upper half of the lower one alone', () => {
    expect(from(0x5_7fff_ffffn).frame(3, sealed(suite, 0x6_0000_0000n))).toEqual(['macsec-replay'])
    expect(from(0x5_8000_0000n).frame(3, sealed(suite, 0x6_7fff_ffffn))).toEqual(up)
    expect(from(0x5_8000_0000n).frame(3, sealed(suite, 0x6_8000_0000n))).toEqual(['macsec-icv'])
  })

  test('a frame of the half before is late, within the window it is not', () => {
    const bench = from(0x5_0000_0001n, { replayWindow: 100 })
    expect(bench.frame(3, sealed(suite, 0x5_0000_0064n))).toEqual(up)
    expect(bench.frame(3, sealed(suite, 0x5_0000_0001n))).toEqual(up)
    expect(bench.frame(3, sealed(suite, 0x4_ffff_ffffn))).toEqual(['macsec-icv'])
  })

  test('the salt and the SSCI are in the IV', () => {
    const bench = from(1n)
    expect(bench.frame(3, sealed(suite, 1, { ssci: 1 }))).toEqual(['macsec-icv'])
    expect(bench.frame(3, sealed(suite, 1, { key: 3 }))).toEqual(['macsec-icv'])
    expect(bench.frame(3, sealed(suite, 1))).toEqual(up)
  })
})

test('[PORT-3] a sealed frame inside a sealed frame is unexpected', () => {
  const frame = raw(portMac(3), farMac(3), 0x88e5)
  expect(benchOf('gcm-aes-128').frame(3, sealed('gcm-aes-128', 1, { frame }))).toEqual(['macsec-unexpected'])
  expect(new Bench().frame(1, raw(portMac(1), farMac(1), 0x88e5))).toEqual(['macsec-unexpected'])
})
