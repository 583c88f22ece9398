import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from './bytes.js'
import {
  importSak,
  importXpnKey,
  open,
  readSecTag,
  recoverPn,
  seal,
  TCI_STRICT,
  type ConfidentialityOffset,
  type Xpn,
} from './macsec.js'
import { parseMac, readMac } from './mac.js'
import { parseSci, sciOf, Tci } from './sectag.js'

interface Vector {
  readonly name: string
  readonly protection: 'integrity' | 'encryption'
  readonly key: string
  readonly tci: number
  readonly an: number
  /** Text where it has 64 bits. */
  readonly pn: number | string
  readonly ssci?: number
  readonly salt?: string
  readonly sci: string
  readonly frame: string
  readonly sealed: string
}

const SUITES = ['gcm-aes-128', 'gcm-aes-256', 'gcm-aes-xpn-128', 'gcm-aes-xpn-256'] as const

function vectorsOf(suite: (typeof SUITES)[number]): readonly Vector[] {
  const file = new URL(`./vectors/macsec-${suite}.json`, import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly vectors: readonly Vector[] }).vectors
}

/** What an XPN suite needs, by a key of the vectors' form. */
function xpnOf({ key, salt, ssci }: Vector): Xpn | undefined {
  if (salt === undefined || ssci === undefined) return undefined
  return { salt: importXpnKey(fromHex(key + salt)).salt, ssci }
}

/** What opening a vector needs. */
function openerOf(vector: Vector) {
  const xpn = xpnOf(vector)
  return { sak: importSak(fromHex(vector.key)), xpn: xpn && { ...xpn, pn: BigInt(vector.pn) } }
}

const sak = importSak(fromHex('000102030405060708090a0b0c0d0e0f'))
const sci = sciOf(parseMac('02:00:00:00:00:01'), 1)
const frameOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7 + 3) & 0xff)

const XPN: Xpn = { salt: fromHex('e630e81a48de86a21c66fa6d'), ssci: 0x7a30c118 }

function sealed(length = 100, tci = TCI_STRICT): Uint8Array {
  return seal({ frame: frameOf(length), sak, sci, an: 1, pn: 7, tci })
}

function altered(change: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = sealed()
  change(bytes)
  return bytes
}

describe.each(SUITES)('[Z09] IEEE 802.1AE Annex C, %s', (suite) => {
  const vectors = vectorsOf(suite)

  it('has the eight published frames', () => {
    expect(vectors.map((vector) => vector.name)).toEqual([
      '54-octet integrity',
      '60-octet encryption',
      '60-octet integrity',
      '54-octet encryption',
      '65-octet integrity',
      '61-octet encryption',
      '79-octet integrity',
      '75-octet encryption',
    ])
    const octets = suite.endsWith('128') ? 16 : 32
    expect(vectors.map(({ key }) => key.length / 2)).toEqual(vectors.map(() => octets))
    expect(vectors.map(({ salt = '' }) => salt.length / 2)).toEqual(
      vectors.map(() => (suite.includes('xpn') ? 12 : 0)),
    )
  })

  it.each(vectors)('seals the $name frame to the published octets', (vector) => {
    const sealed = seal({
      frame: fromHex(vector.frame),
      sak: importSak(fromHex(vector.key)),
      sci: parseSci(vector.sci),
      an: vector.an,
      pn: BigInt(vector.pn),
      tci: vector.tci,
      xpn: xpnOf(vector),
    })
    expect(toHex(sealed)).toBe(vector.sealed)
  })

  it.each(vectors)('opens the published $name frame', (vector) => {
    const result = open({ frame: fromHex(vector.sealed), ...openerOf(vector) })
    if (!result.ok) throw new Error(result.failure)
    expect(toHex(result.frame)).toBe(vector.frame)
    expect(result).toMatchObject({
      pn: Number(BigInt(vector.pn) & 0xffff_ffffn),
      an: vector.an,
      sci: parseSci(vector.sci),
      encrypted: vector.protection === 'encryption',
    })
  })

  it.each(vectors)('refuses the $name frame with any single octet changed', (vector) => {
    const opener = openerOf(vector)
    const sealed = fromHex(vector.sealed)
    for (let i = 0; i < sealed.length; i++) {
      const altered = Uint8Array.from(sealed)
      altered[i] = (altered[i] as number) ^ 0x01
      expect(open({ frame: altered, ...opener }).ok, `octet ${i}`).toBe(false)
    }
  })
})

describe('seal', () => {
  it('puts SecTAG with explicit SCI, E and C before the data and 16 octets behind it', () => {
    const sealed = seal({ frame: frameOf(100), sak, sci, an: 2, pn: 0x01020304 })
    expect(sealed.length).toBe(100 + 16 + 16)
    expect(toHex(sealed.subarray(0, 12))).toBe(toHex(frameOf(100).subarray(0, 12)))
    expect(toHex(sealed.subarray(12, 28))).toBe('88e52e00010203040200000000010001')
  })

  it.each([
    [14, 2],
    [59, 47],
    [60, 0],
    [61, 0],
  ])('gives a frame of %i octets SL %i', (length, sl) => {
    expect(seal({ frame: frameOf(length), sak, sci, an: 0, pn: 1 })[15]).toBe(sl)
  })

  it.each([
    { frame: frameOf(13), an: 0, pn: 1, code: 'ZT_FRAME_SHAPE' },
    { frame: frameOf(60), an: 4, pn: 1, code: 'ZT_FIELD_RANGE' },
    { frame: frameOf(60), an: 0, pn: 0, code: 'ZT_FIELD_RANGE' },
    { frame: frameOf(60), an: 0, pn: 2 ** 32, code: 'ZT_FIELD_RANGE' },
    { frame: frameOf(60), an: 0, pn: 1, tci: Tci.SC | Tci.E, code: 'ZT_FIELD_RANGE' },
    { frame: frameOf(60), an: 0, pn: 1, tci: TCI_STRICT | 1, code: 'ZT_FIELD_RANGE' },
    { frame: frameOf(60), an: 0, pn: 2n ** 64n, xpn: XPN, code: 'ZT_FIELD_RANGE' },
  ])('refuses a request that cannot be sealed: $code', ({ code, ...request }) => {
    expect(() => seal({ sak, sci, ...request })).toThrow(expect.objectContaining({ code }))
  })
})

describe('importSak', () => {
  it.each([0, 15, 17, 24, 28, 33, 44])('refuses a key of %i octets', (octets) => {
    expect(() => importSak(new Uint8Array(octets))).toThrow(
      expect.objectContaining({ code: 'ZT_MACSEC_KEY' }),
    )
  })

  it.each([0, 12, 16, 27, 32, 40, 45])('refuses a key with salt of %i octets', (octets) => {
    expect(() => importXpnKey(new Uint8Array(octets))).toThrow(
      expect.objectContaining({ code: 'ZT_MACSEC_KEY' }),
    )
  })

  it('takes the salt from behind the SAK, and the octets may be wiped', () => {
    const octets = fromHex('000102030405060708090a0b0c0d0e0fe630e81a48de86a21c66fa6d')
    for (const given of [octets.slice(), Buffer.from(octets)]) {
      const { sak: taken, salt } = importXpnKey(given)
      given.fill(0)
      expect(taken.equals(sak)).toBe(true)
      expect(toHex(salt)).toBe('e630e81a48de86a21c66fa6d')
    }
  })

  it('gives a key that shows nothing when printed or serialised', () => {
    const key = importSak(fromHex('a1b2c3d4e5f60718293a4b5c6d7e8f90'))
    expect(inspect(key, { depth: 9 }) + JSON.stringify(key)).not.toMatch(/a1\W*b2\W*c3|obLD/i)
  })
})

describe('open', () => {
  it('opens what seal made, for any frame, suite, tag and offset', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 14, maxLength: 200 }),
        fc.integer({ min: 0, max: 3 }),
        fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
        fc.constantFrom(TCI_STRICT, Tci.SC, Tci.SC | Tci.C, Tci.ES | Tci.E | Tci.C, Tci.ES, 0, Tci.E | Tci.C),
        fc.constantFrom<ConfidentialityOffset>(0, 30, 50),
        fc.constantFrom(16, 32),
        fc.option(fc.constant(XPN), { nil: undefined }),
        (frame, an, number, tci, offset, octets, xpn) => {
          const key = importSak(new Uint8Array(octets).fill(7))
          const pn = xpn === undefined ? number & 0xffff_ffffn || 1n : number
          const own = (tci & Tci.ES) === 0 ? sci : sciOf(readMac(frame, 6), 1)
          const made = seal({ frame, sak: key, sci: own, an, pn, tci, offset, xpn })
          const opened = open({ frame: made, sak: key, sci: own, offset, xpn: xpn && { ...xpn, pn } })
          const low = Number(pn & 0xffff_ffffn)
          expect(opened).toEqual({ ok: true, frame, pn: low, an, sci: own, encrypted: (tci & Tci.E) !== 0 })
          const clear = (tci & Tci.E) === 0 ? frame.length : Math.min(12 + offset, frame.length)
          const data = 12 + ((tci & Tci.SC) === 0 ? 8 : 16)
          expect(toHex(made.subarray(data, data + clear - 12))).toBe(toHex(frame.subarray(12, clear)))
        },
      ),
    )
  })

  it.each([30, 50] as const)('authenticates the %i octets that it does not encrypt', (offset) => {
    for (const length of [14, 12 + offset - 1, 12 + offset, 12 + offset + 1, 100]) {
      const made = seal({ frame: frameOf(length), sak, sci, an: 1, pn: 7, offset })
      for (let at = 28; at < made.length; at++) {
        const changed = made.with(at, (made[at] as number) ^ 1)
        expect(open({ frame: changed, sak, offset }).ok, `length ${length}, octet ${at}`).toBe(false)
      }
      // What is encrypted from another octet on is another frame, unless all of it is clear.
      expect(open({ frame: made, sak }).ok).toBe(false)
    }
  })

  it.each([
    ['salt', { ...XPN, salt: new Uint8Array(12), pn: 7n }],
    ['SSCI', { ...XPN, ssci: 1, pn: 7n }],
    ['upper half of the packet number', { ...XPN, pn: 2n ** 32n + 7n }],
  ])('says icv for another %s', (_what, xpn) => {
    const frame = seal({ frame: frameOf(100), sak, sci, an: 1, pn: 7, xpn: XPN })
    expect(open({ frame, sak, xpn: { ...XPN, pn: 7n } }).ok).toBe(true)
    expect(open({ frame, sak, xpn })).toEqual({ ok: false, failure: 'icv' })
  })

  it('says not-macsec for a clear frame', () => {
    expect(open({ frame: frameOf(100), sak })).toEqual({ ok: false, failure: 'not-macsec' })
    expect(open({ frame: new Uint8Array(0), sak })).toEqual({ ok: false, failure: 'not-macsec' })
  })

  it.each([
    ['version', altered((b) => void (b[14] = 0x80 | 0x2d))],
    ['sci-bits', altered((b) => void (b[14] = 0x40 | 0x2d))],
    ['sci-bits', altered((b) => void (b[14] = 0x10 | 0x2d))],
    ['encryption-bits', altered((b) => void (b[14] = 0x29))],
    ['sci-bits', altered((b) => void (b[14] = 0x10 | 0x0d))],
    ['short-length-bits', altered((b) => void (b[15] = 0x40))],
    ['short-length', altered((b) => void (b[15] = 20))],
    ['packet-number', altered((b) => b.fill(0, 16, 20))],
    ['truncated', sealed().subarray(0, 19)],
    ['truncated', sealed().subarray(0, 45)],
    ['short-length', sealed(40).subarray(0, 60)],
    ['short-length', sealed(100).subarray(0, 80)],
  ] as const)('says tag-invalid: %s', (fault, frame) => {
    expect(open({ frame, sak })).toEqual({ ok: false, failure: 'tag-invalid', fault })
  })

  it('says icv for another key', () => {
    expect(open({ frame: sealed(), sak: importSak(new Uint8Array(16)) })).toEqual({
      ok: false,
      failure: 'icv',
    })
  })

  it('needs an SCI when neither SC nor ES tells it', () => {
    const frame = sealed(100, Tci.E | Tci.C)
    expect(open({ frame, sak })).toEqual({ ok: false, failure: 'sci-unknown' })
    expect(open({ frame, sak, sci }).ok).toBe(true)
  })

  it('never throws on any octets', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 120 }),
        fc.boolean(),
        fc.boolean(),
        (bytes, ethertype, extended) => {
          if (ethertype && bytes.length >= 14) bytes.set([0x88, 0xe5], 12)
          expect(open({ frame: bytes, sak, xpn: extended ? { ...XPN, pn: 9n } : undefined }).ok).toBe(false)
        },
      ),
    )
  })

  it('takes a packet number whose low half is zero with an XPN suite alone', () => {
    const pn = 2n ** 32n
    const frame = seal({ frame: frameOf(100), sak, sci, an: 1, pn, xpn: XPN })
    expect(readSecTag(frame)).toMatchObject({ ok: false, fault: 'packet-number' })
    expect(readSecTag(frame, true)).toMatchObject({ ok: true, tag: { pn: 0 } })
    expect(open({ frame, sak, xpn: { ...XPN, pn } })).toMatchObject({ ok: true, pn: 0 })
  })
})

describe('readSecTag', () => {
  it('tells channel, association and packet number before any key is looked up', () => {
    const frame = seal({ frame: frameOf(100), sak, sci, an: 3, pn: 9 })
    expect(readSecTag(frame)).toEqual({
      ok: true,
      tag: {
        tci: TCI_STRICT,
        an: 3,
        pn: 9,
        sci,
        encrypted: true,
        secureDataOffset: 28,
        secureDataLength: 88,
      },
    })
  })
})

describe('recoverPn', () => {
  it.each([
    [1n, 0x8000_0000, 0x8000_0000n],
    [0x7fff_ffffn, 0, 0n],
    [0x8000_0000n, 0x7fff_ffff, 0x1_7fff_ffffn],
    [0x8000_0000n, 0x8000_0000, 0x8000_0000n],
    [0x8000_0000n, 0xffff_ffff, 0xffff_ffffn],
    [0x2_7fff_ffffn, 0xffff_ffff, 0x2_ffff_ffffn],
    [0x2_ffff_ffffn, 5, 0x3_0000_0005n],
    // Behind the last packet number there is none.
    [0xffff_ffff_8000_0000n, 5, 5n],
    [2n ** 64n, 0xffff_ffff, 0xffff_ffffn],
  ])('has, above %s, for the low half %s the whole %s', (lowest, low, whole) => {
    expect(recoverPn(lowest, low)).toBe(whole)
  })
})
