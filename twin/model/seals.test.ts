import { describe, expect, test } from 'vitest'
import { places, readMarked } from './testdata/marked.js'

const file = (seal: string): string => `ztos: 1
name: small
underlay: { loopbacks: 10.255.0.0/24, links: 10.254.0.0/24 }
nodes: { spine1: { role: spine }, leaf1: { role: leaf } }
seals:
  core: { ${seal}, key: lab:core }
links:
  - { from: leaf1, to: spine1, seal: core }
`
const judged = (seal: string) => {
  const { result, marks } = readMarked(file(seal))
  return { ...result, marks }
}

describe('a MACsec seal', () => {
  test('has defaults: strict, all encrypted, SCI in every tag, nothing in reserve', () => {
    const { fabric, warnings } = judged('macsec: gcm-aes-256')
    expect(warnings).toEqual([])
    expect(fabric?.links[0]?.seal).toEqual({
      kind: 'macsec',
      name: 'core',
      key: 'lab:core',
      cipher: 'gcm-aes-256',
      mode: 'strict',
      confidentiality: undefined,
      tag: undefined,
      replayWindow: undefined,
      standby: 0,
    })
  })

  test.each([
    ['a suite of another standard', 'macsec: ¦gcm-aes-192', 'ZT_FABRIC_VALUE'],
    ['an unknown mode', 'macsec: gcm-aes-128, mode: ¦loose', 'ZT_FABRIC_VALUE'],
    ['another offset', 'macsec: gcm-aes-128, confidentiality: ¦offset-40', 'ZT_FABRIC_VALUE'],
    ['an unknown tag', 'macsec: gcm-aes-128, tag: ¦scb', 'ZT_FABRIC_VALUE'],
    ['more associations than numbers', 'macsec: gcm-aes-128, standby: ¦4', 'ZT_FABRIC_VALUE'],
    ['a window beyond all packets', 'macsec: gcm-aes-128, replayWindow: ¦4294967296', 'ZT_FABRIC_VALUE'],
    [
      'a window in which XPN cannot guess',
      'macsec: gcm-aes-xpn-256, replayWindow: ¦1073741824',
      'ZT_FABRIC_VALUE',
    ],
  ])('with %s is refused', (_, seal, code) => {
    const { problems, marks } = judged(seal)
    expect(places(problems)).toEqual([`${code} ${marks[0]}`])
  })

  test.each([
    [
      'an offset with XPN, which others do not have',
      'macsec: gcm-aes-xpn-128, confidentiality: ¦offset-30',
      'ZT_FABRIC_LINT_SEAL',
    ],
    ['a reserve of numbers that do not end', 'macsec: gcm-aes-xpn-128, standby: ¦1', 'ZT_FABRIC_LINT_IDLE'],
    [
      'how to seal with nothing sealed',
      'macsec: gcm-aes-128, mode: disabled, tag: ¦implicit',
      'ZT_FABRIC_LINT_IDLE',
    ],
  ])('warns of %s', (_, seal, code) => {
    const { fabric, warnings, marks } = judged(seal)
    expect(fabric).toBeDefined()
    expect(places(warnings)).toEqual([`${code} ${marks[0]}`])
    expect(warnings.every(({ remedy }) => /^(?:leave|write)/.test(remedy))).toBe(true)
  })
})
