import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from './bytes.js'
import { importSak, open, readSecTag, seal, TCI_STRICT } from './macsec.js'
import { parseMac, readMac } from './mac.js'
import { parseSci, sciOf, Tci } from './sectag.js'

interface Vector {
  readonly name: string
  readonly protection: 'integrity' | 'encryption'
  readonly key: string
  readonly tci: number
  readonly an: number
  readonly pn: number
  readonly sci: string
  readonly frame: string
  readonly sealed: string
}

const { vectors } = JSON.parse(
  readFileSync(new URL('./vectors/macsec-gcm-aes-128.json', import.meta.url), 'utf8'),
) as { readonly vectors: readonly Vector[] }

const sak = importSak(fromHex('000102030405060708090a0b0c0d0e0f'))
const sci = sciOf(parseMac('02:00:00:00:00:01'), 1)
const frameOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7 + 3) & 0xff)

function sealed(length = 100, tci = TCI_STRICT): Uint8Array {
  return seal({ frame: frameOf(length), sak, sci, an: 1, pn: 7, tci })
}

function altered(change: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = sealed()
  change(bytes)
  return bytes
}

describe('IEEE 802.1AE Annex C, GCM-AES-128', () => {
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
  })

  it.each(vectors)('seals the $name frame to the published octets', (vector) => {
    const sealed = seal({
      frame: fromHex(vector.frame),
      sak: importSak(fromHex(vector.key)),
      sci: parseSci(vector.sci),
      an: vector.an,
      pn: vector.pn,
      tci: vector.tci,
    })
    expect(toHex(sealed)).toBe(vector.sealed)
  })

  it.each(vectors)('opens the published $name frame', (vector) => {
    const result = open({ frame: fromHex(vector.sealed), sak: importSak(fromHex(vector.key)) })
    if (!result.ok) throw new Error(result.failure)
    expect(toHex(result.frame)).toBe(vector.frame)
    expect(result).toMatchObject({
      pn: vector.pn,
      an: vector.an,
      sci: parseSci(vector.sci),
      encrypted: vector.protection === 'encryption',
    })
  })

  it.each(vectors)('refuses the $name frame with any single octet changed', (vector) => {
    const key = importSak(fromHex(vector.key))
    const sealed = fromHex(vector.sealed)
    for (let i = 0; i < sealed.length; i++) {
      const altered = Uint8Array.from(sealed)
      altered[i] = (altered[i] as number) ^ 0x01
      expect(open({ frame: altered, sak: key }).ok, `octet ${i}`).toBe(false)
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
  ])('refuses a request that cannot be sealed: $code', ({ code, ...request }) => {
    expect(() => seal({ sak, sci, ...request })).toThrow(expect.objectContaining({ code }))
  })
})

describe('importSak', () => {
  it('refuses a key that is not 16 octets', () => {
    expect(() => importSak(new Uint8Array(32))).toThrow(expect.objectContaining({ code: 'ZT_MACSEC_KEY' }))
  })

  it('gives a key that shows nothing when printed or serialised', () => {
    const key = importSak(fromHex('a1b2c3d4e5f60718293a4b5c6d7e8f90'))
    expect(inspect(key, { depth: 9 }) + JSON.stringify(key)).not.toMatch(/a1\W*b2\W*c3|obLD/i)
  })
})

describe('open', () => {
  it('opens what seal made, for any frame, sealed or only protected', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 14, maxLength: 200 }),
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 1, max: 0xffff_ffff }),
        fc.constantFrom(TCI_STRICT, Tci.SC, Tci.ES | Tci.E | Tci.C, Tci.ES, 0, Tci.E | Tci.C),
        (frame, an, pn, tci) => {
          const own = (tci & Tci.ES) === 0 ? sci : sciOf(readMac(frame, 6), 1)
          const opened = open({ frame: seal({ frame, sak, sci: own, an, pn, tci }), sak, sci: own })
          expect(opened).toEqual({ ok: true, frame, pn, an, sci: own, encrypted: (tci & Tci.E) !== 0 })
        },
      ),
    )
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
    ['encryption-bits', altered((b) => void (b[14] = 0x25))],
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
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.boolean(), (bytes, ethertype) => {
        if (ethertype && bytes.length >= 14) bytes.set([0x88, 0xe5], 12)
        expect(open({ frame: bytes, sak }).ok).toBe(false)
      }),
    )
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
