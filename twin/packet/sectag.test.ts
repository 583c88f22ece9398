import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from './bytes.js'
import { parseMac } from './mac.js'
import * as sectag from './sectag.js'

const TAG = '88e52f1e0a0b0c0d0200000000010001'

describe('SecTAG', () => {
  it('reads every field', () => {
    const tag = fromHex(TAG)
    expect(sectag.isMacsec(tag, 0)).toBe(true)
    expect({
      tciAn: sectag.tciAn(tag, 0),
      an: sectag.an(tag, 0),
      shortLength: sectag.shortLength(tag, 0),
      pn: sectag.pn(tag, 0),
      hasSci: sectag.hasSci(tag, 0),
      sci: sectag.sci(tag, 0),
      length: sectag.length(tag, 0),
    }).toEqual({
      tciAn: 0x2f,
      an: 3,
      shortLength: 30,
      pn: 0x0a0b0c0d,
      hasSci: true,
      sci: sectag.sciOf(parseMac('02:00:00:00:00:01'), 1),
      length: 16,
    })
  })

  it('is written with or without SCI', () => {
    const fields = { shortLength: 30, pn: 0x0a0b0c0d, sci: sectag.parseSci('0200000000010001') }
    const bytes = new Uint8Array(16)
    expect(sectag.write(bytes, 0, { ...fields, tciAn: 0x2f })).toBe(16)
    expect(toHex(bytes)).toBe(TAG)
    const short = new Uint8Array(16)
    expect(sectag.write(short, 0, { ...fields, tciAn: 0x0f })).toBe(8)
    expect(toHex(short)).toBe('88e50f1e0a0b0c0d0000000000000000')
  })

  it('says the length of Secure Data below 48 octets', () => {
    expect([2, 47, 48, 1500].map(sectag.shortLengthOf)).toEqual([2, 47, 0, 0])
  })
})

describe('Sci', () => {
  it('survives its text', () => {
    expect(sectag.formatSci(sectag.parseSci('00000000000000AB'))).toBe('00000000000000ab')
  })

  it.each(['', '0', '0x02000000000001', '02:00:00:00:00:01/1', '02000000000100011'])('refuses %j', (text) => {
    expect(() => sectag.parseSci(text)).toThrow(expect.objectContaining({ code: 'ZT_SCI_SYNTAX' }))
  })
})
