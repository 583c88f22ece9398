import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { formatProblem, parseFabric } from './index.js'
import { Lines, MAX_FILE } from './source.js'

const demo = readFileSync(new URL('../../topologies/demo.yaml', import.meta.url))
const text = demo.toString('utf8')

function codes(content: Uint8Array | string): readonly string[] {
  const { problems } = parseFabric(content, 'x.yaml')
  return (problems ?? []).map(({ code, at }) => `${code} ${at.start.line}:${at.start.column}`)
}

describe('octets', () => {
  test('a byte order mark and CRLF change nothing', () => {
    const { fabric } = parseFabric(text, 'x.yaml')
    expect(fabric).toBeDefined()
    for (const variant of [`\uFEFF${text}`, text.replaceAll('\n', '\r\n')]) {
      const other = parseFabric(Buffer.from(variant), 'x.yaml')
      expect(other.problems).toBeUndefined()
      expect({ ...other.fabric, sources: [] }).toEqual({ ...fabric, sources: [] })
    }
  })

  test('a byte order mark does not move columns', () => {
    expect(codes('\uFEFFzots: 1\n')).toContain('ZT_FABRIC_UNKNOWN_KEY 1:1')
  })

  test.each([
    ['Latin-1', Buffer.concat([Buffer.from('ztos: 1\nname: caf'), Buffer.from([0xe9, 0x0a])]), '2:10'],
    ['a surrogate in UTF-8', Buffer.concat([Buffer.from('a: '), Buffer.from([0xed, 0xa0, 0x80])]), '1:4'],
    ['a cut sequence', Buffer.concat([Buffer.from('a: 1\nb: ä'), Buffer.from([0xc3])]), '2:5'],
    [
      'UTF-8 broken behind a replacement character',
      Buffer.concat([Buffer.from('a: \uFFFD'), Buffer.from([0xff])]),
      '1:5',
    ],
  ])('%s is no UTF-8', (_, content, place) => {
    expect(codes(content)).toEqual([`ZT_FABRIC_ENCODING ${place}`])
  })

  test.each([
    ['NUL', 'a: 1\nb: \0'],
    ['escape', 'a: 1\nb: \u001b[31m'],
    ['a lone carriage return', 'a: 1\nb: \rc'],
    ['a line separator', 'a: 1\nb: \u2028'],
    ['a mark that turns the direction of text', 'a: 1\nb: \u202e'],
    ['a second byte order mark', 'a: 1\nb: \uFEFF'],
  ])('%s is refused', (_, content) => {
    expect(codes(content)).toEqual(['ZT_FABRIC_ENCODING 2:4'])
  })

  test('a lone surrogate in a string is refused', () => {
    expect(codes('a: \uD800')).toEqual(['ZT_FABRIC_ENCODING 1:4'])
  })

  test('a file at the limit is read, one octet more is not', () => {
    const filler = (size: number): string => text + '#'.repeat(size - Buffer.byteLength(text))
    expect(codes(filler(MAX_FILE))).toEqual([])
    expect(codes(filler(MAX_FILE + 1))).toEqual(['ZT_FABRIC_TOO_LARGE 1:1'])
  })
})

describe('places', () => {
  test('columns count code points', () => {
    const flow = text.replace('{ spines: 65000', '{ "𝄞": 1, spines: 0')
    expect(codes(flow)).toEqual(['ZT_FABRIC_UNKNOWN_KEY 11:10', 'ZT_FABRIC_VALUE 11:26'])
  })

  test('an offset behind the text is its end', () => {
    expect(new Lines('a\nbc').at(99)).toEqual({ line: 2, column: 3 })
    expect(new Lines('').at(0)).toEqual({ line: 1, column: 1 })
    expect(new Lines('a\n').at(2)).toEqual({ line: 2, column: 1 })
  })

  test('a problem prints as file, line, column, code, reason, remedy and what else matters', () => {
    const { problems } = parseFabric(text.replace('vni: 20010', 'vni: 10010'), 'topologies/demo.yaml')
    expect((problems ?? []).map(formatProblem)).toEqual([
      'topologies/demo.yaml:40:29: ZT_FABRIC_VNI_CLASH: the VNI 10010 is already that of shop/web; choose another number\n' +
        '  topologies/demo.yaml:28:29: shop/web',
    ])
  })
})

describe('hostile text', () => {
  test.each([
    ['brackets', '['.repeat(300_000)],
    ['braces', '{a: '.repeat(100_000)],
    ['dashes', '- '.repeat(200_000)],
    ['question marks', '? '.repeat(200_000)],
    ['nested lines', Array.from({ length: 600 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ])('%s without end are refused and not followed', (_, content) => {
    expect(codes(content)[0]).toMatch(/^ZT_FABRIC_YAML_DEPTH 1:|^ZT_FABRIC_YAML_DEPTH 20[0-9]:/)
  })

  test('an unknown key named as a part of every object is an unknown key', () => {
    for (const key of ['constructor', 'toString', 'hasOwnProperty']) {
      expect(codes(`${key}: 1\n${text}`)).toEqual(['ZT_FABRIC_UNKNOWN_KEY 1:1'])
    }
    expect(codes(`__proto__: 1\n${text}`)).toEqual(['ZT_FABRIC_YAML_KEY 1:1'])
  })

  test('a tenant, a network and a host may be named so', () => {
    const renamed = text.replaceAll('shop', 'constructor').replaceAll('web2', 'valueof')
    expect(codes(renamed)).toEqual([])
  })
})
