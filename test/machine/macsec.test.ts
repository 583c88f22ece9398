import { describe, expect, test } from 'vitest'
import { fromHex, importSak, open, parseSci, seal } from '../../twin/packet/index.js'
import {
  Bench,
  changed,
  farMac,
  KEYS,
  portMac,
  punted,
  raw,
  RX_KEY,
  RX_SCI,
  tx,
  TX_KEY,
  TX_SCI,
} from './support/bench.js'

const rxKey = importSak(KEYS.get(RX_KEY)!)
const txKey = importSak(KEYS.get(TX_KEY)!)
/** ARP is punted, so that what was opened is seen. */
const clear = (octets = 46) => raw(portMac(3), farMac(3), 0x0806, octets)
const sealed = (pn: number, fields: object = {}) =>
  seal({ frame: clear(), sak: rxKey, sci: parseSci(RX_SCI), an: 2, pn, ...fields })

describe('receiving', () => {
  test('[MACSEC-1] a clear frame on a sealed port is refused, a sealed one opened', () => {
    expect(new Bench().frame(3, clear())).toEqual(['macsec-clear'])
    expect(new Bench().frame(3, sealed(1))).toEqual([punted(3, clear())])
  })

  test('[MACSEC-1] disabled: clear frames go up, sealed ones are unexpected', () => {
    const program = changed({ 4: { mode: 'disabled' } })
    expect(new Bench(program).frame(3, clear())).toEqual([punted(3, clear())])
    expect(new Bench(program).frame(3, sealed(1))).toEqual(['macsec-unexpected'])
  })

  test.each([
    ['V', 14, 0xae],
    ['ES', 14, 0x6e],
    ['SCB', 14, 0x3e],
    ['no SC', 14, 0x0e],
    ['no E', 14, 0x26],
    ['no C', 14, 0x2a],
    ['SL that is not the length', 15, 47],
    ['upper bits of SL', 15, 0x40],
  ])('[MACSEC-2] SecTAG with %s', (_what, at, octet) => {
    expect(new Bench().frame(3, sealed(1).with(at, octet))).toEqual(['macsec-tag-invalid'])
  })

  test('[MACSEC-2] PN 0, and frames too short for tag and ICV', () => {
    expect(new Bench().frame(3, sealed(1).with(19, 0))).toEqual(['macsec-tag-invalid'])
    const shortest = seal({ frame: clear(0), sak: rxKey, sci: parseSci(RX_SCI), an: 2, pn: 1 })
    expect(shortest).toHaveLength(46)
    expect(new Bench().frame(3, shortest.subarray(0, 45))).toEqual(['macsec-tag-invalid'])
    expect(new Bench().frame(3, shortest)).toEqual([punted(3, clear(0))])
  })

  test.each([45, 46, 47])(
    '[MACSEC-2] SL is the length of Secure Data below 48 and 0 from 48 on (%i octets)',
    (octets) => {
      const frame = seal({ frame: clear(octets), sak: rxKey, sci: parseSci(RX_SCI), an: 2, pn: 1 })
      expect(frame[15]).toBe(octets + 2 < 48 ? octets + 2 : 0)
      expect(new Bench().frame(3, frame)).toEqual([punted(3, clear(octets))])
      // The other way to write it is wrong.
      expect(new Bench().frame(3, frame.with(15, octets + 2 < 48 ? 0 : 48))).toEqual(['macsec-tag-invalid'])
    },
  )

  test('[MACSEC-3] SCI and AN must be known', () => {
    expect(new Bench().frame(3, sealed(1, { sci: parseSci(TX_SCI) }))).toEqual(['macsec-sci-unknown'])
    expect(new Bench().frame(3, sealed(1, { an: 1 }))).toEqual(['macsec-an-unknown'])
  })

  test('[MACSEC-4] [MACSEC-6] each PN is accepted once, and none below it afterwards', () => {
    const bench = new Bench()
    expect(bench.frame(3, sealed(7))).toEqual([punted(3, clear())])
    expect(bench.frame(3, sealed(7))).toEqual(['macsec-replay'])
    expect(bench.frame(3, sealed(6))).toEqual(['macsec-replay'])
    expect(bench.frame(3, sealed(8))).toEqual([punted(3, clear())])
  })

  test('[MACSEC-4] replay is told before the ICV is looked at', () => {
    const bench = new Bench()
    bench.frame(3, sealed(7))
    const forged = sealed(6)
    forged[40] = forged[40]! ^ 1
    expect(bench.frame(3, forged)).toEqual(['macsec-replay'])
  })

  test('[MACSEC-5] any altered octet fails, and moves no packet number', () => {
    const bench = new Bench()
    for (const at of [0, 11, 28, 50, 91]) {
      const altered = sealed(9)
      altered[at] = altered[at]! ^ 0x01
      expect(bench.frame(3, altered)).toEqual(['macsec-icv'])
    }
    // The PN is under the ICV too.
    expect(bench.frame(3, sealed(9).with(19, 10))).toEqual(['macsec-icv'])
    expect(bench.frame(3, sealed(1))).toEqual([punted(3, clear())])
  })

  test('[MACSEC-6] after PN 0xffffffff nothing is acceptable', () => {
    const bench = new Bench()
    expect(bench.frame(3, sealed(0xffffffff))).toEqual([punted(3, clear())])
    expect(bench.frame(3, sealed(0xffffffff))).toEqual(['macsec-replay'])
  })

  test('[MACSEC-6] an opened frame longer than the macsec interface takes, after its PN counted', () => {
    const program = changed({ 4: { mtu: 100 } })
    const bench = new Bench(program)
    const long = (octets: number, pn: number) =>
      seal({ frame: clear(octets), sak: rxKey, sci: parseSci(RX_SCI), an: 2, pn })
    expect(bench.frame(3, long(101, 5))).toEqual(['frame-oversize'])
    expect(bench.frame(3, long(100, 5))).toEqual(['macsec-replay'])
    expect(bench.frame(3, long(100, 6))).toEqual([punted(3, clear(100))])
  })

  test('[PORT-3] a sealed frame inside a sealed frame is unexpected', () => {
    const twice = seal({
      frame: raw(portMac(3), farMac(3), 0x88e5),
      sak: rxKey,
      sci: parseSci(RX_SCI),
      an: 2,
      pn: 1,
    })
    expect(new Bench().frame(3, twice)).toEqual(['macsec-unexpected'])
  })
})

describe('sending', () => {
  test('[MACSEC-7] SecTAG, packet numbers from 1 on, and what opens again', () => {
    const bench = new Bench()
    for (const pn of [1, 2, 3]) {
      const frame = raw(farMac(3), portMac(3), 0x0800, 100)
      const [line] = bench.punt(3, frame)
      const octets = fromHex(line!.slice('tx 3 '.length))
      // 0x88e5, TCI 0x2c + AN 1, SL 0 (102 octets of Secure Data), PN, SCI.
      expect(line!.slice('tx 3 '.length + 24, 'tx 3 '.length + 56)).toBe(`88e52d000000000${pn}${TX_SCI}`)
      expect(open({ frame: octets, sak: txKey })).toMatchObject({ ok: true, frame, pn, an: 1 })
    }
  })

  test('[MACSEC-7] SL of short frames', () => {
    const [line] = new Bench().punt(3, raw(farMac(3), portMac(3), 0x0800, 45))
    expect(line!.slice('tx 3 '.length + 30, 'tx 3 '.length + 32)).toBe('2f')
    const [longer] = new Bench().punt(3, raw(farMac(3), portMac(3), 0x0800, 46))
    expect(longer!.slice('tx 3 '.length + 30, 'tx 3 '.length + 32)).toBe('00')
  })

  test('[MACSEC-7] disabled: sent clear', () => {
    const frame = raw(farMac(3), portMac(3), 0x0800)
    expect(new Bench(changed({ 4: { mode: 'disabled' } })).punt(3, frame)).toEqual([tx(3, frame)])
  })

  test('[MACSEC-7] the last packet number is used, and none after it', () => {
    const bench = new Bench()
    const macsec = bench.node.config.interfaces.get(4)
    if (macsec?.kind !== 'macsec') throw new Error('interface 4 is a macsec interface')
    macsec.tx.pn.next = 0xffffffff
    const frame = raw(farMac(3), portMac(3), 0x0800)
    expect(bench.punt(3, frame)[0]!.slice('tx 3 '.length + 32, 'tx 3 '.length + 40)).toBe('ffffffff')
    expect(bench.punt(3, frame)).toEqual(['macsec-pn-exhausted'])
    expect(bench.punt(3, frame)).toEqual(['macsec-pn-exhausted'])
  })
})

describe('loading a program', () => {
  const pnOf = (line: string | undefined) => line?.slice('tx 3 '.length + 32, 'tx 3 '.length + 40)
  const frame = raw(farMac(3), portMac(3), 0x0800)

  test('[MACSEC-8] keeps the packet numbers of associations that stay', () => {
    const bench = new Bench()
    bench.punt(3, frame)
    bench.frame(3, sealed(5))
    bench.load(changed({ 4: { mtu: 1600 } }))
    expect(pnOf(bench.punt(3, frame)[0])).toBe('00000002')
    expect(bench.frame(3, sealed(5))).toEqual(['macsec-replay'])
  })

  test.each([
    ['key', { tx: { sci: TX_SCI, an: 1, key: 'lab:core/link/next' } }],
    ['AN', { tx: { sci: TX_SCI, an: 3, key: TX_KEY } }],
    ['SCI', { tx: { sci: '0200000000030002', an: 1, key: TX_KEY } }],
  ])('[MACSEC-8] another %s starts afresh', (_what, fields) => {
    const bench = new Bench()
    bench.punt(3, frame)
    bench.load(changed({ 4: fields }))
    expect(pnOf(bench.punt(3, frame)[0])).toBe('00000001')
  })
})

describe('lazy sealing', () => {
  test('gives the octets of sealing at once, whenever they are looked at', () => {
    const eager = new Bench()
    const lazy = new Bench(undefined, { lazySeal: true })
    const frames = [60, 46, 45, 1500].map((octets) => raw(farMac(3), portMac(3), 0x0800, octets))
    const effects = frames.flatMap((frame) => lazy.node.punt(0n, 3, frame))
    const wanted = frames.flatMap((frame) => eager.punt(3, frame))
    expect(effects.toReversed().map((one) => one.kind === 'tx' && tx(3, one.frame))).toEqual(
      wanted.toReversed(),
    )
  })
})
