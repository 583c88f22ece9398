import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expandRanges, matchesGlob, MAX_EXPANSION, select } from './pattern.js'

describe('ranges', () => {
  test.each([
    ['leaf1', ['leaf1']],
    ['leaf[1-3]', ['leaf1', 'leaf2', 'leaf3']],
    ['leaf[1,4-5]', ['leaf1', 'leaf4', 'leaf5']],
    ['leaf[08-11]', ['leaf08', 'leaf09', 'leaf10', 'leaf11']],
    ['r[1-2]-leaf[1-2]', ['r1-leaf1', 'r1-leaf2', 'r2-leaf1', 'r2-leaf2']],
    ['[1-2]x', ['1x', '2x']],
  ])('%s stands for %j', (text, names) => {
    expect(expandRanges(text)).toEqual({ names })
  })

  test.each([
    'leaf[',
    'leaf]',
    'leaf[]',
    'leaf[a]',
    'leaf[1-]',
    'leaf[-1]',
    'leaf[1-2',
    'a]b[1]',
    'x[1]]',
    'x[[1]]',
  ])('%s cannot be read', (text) => {
    expect(expandRanges(text)).toMatchObject({ fault: { code: 'ZT_FABRIC_RANGE' } })
  })

  test('a range that runs backwards is corrected', () => {
    expect(expandRanges('leaf[3-1]')).toMatchObject({ fault: { remedy: 'write [1-3]' } })
  })

  test.each(['x[1-999999999]', 'x[1-100][1-100]', 'x[1-4000,1-4000]'])('%s is too much', (text) => {
    expect(expandRanges(text)).toMatchObject({ fault: { code: 'ZT_FABRIC_TOO_MANY' } })
  })

  test('no text throws or expands without limit', () => {
    const text = fc.array(fc.constantFrom('a', '[', ']', '-', ',', '*', '1', '20', '300000'), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(text, (parts) => {
        const expanded = expandRanges(parts.join(''))
        expect('names' in expanded ? expanded.names.length : 0).toBeLessThanOrEqual(MAX_EXPANSION)
      }),
    )
  })
})

describe('globs', () => {
  test.each([
    ['leaf*', 'leaf1', true],
    ['leaf*', 'leaf', true],
    ['*', '', true],
    ['leaf*--spine*', 'leaf1--spine2#2', true],
    ['leaf*--spine1', 'leaf1--spine11', false],
    ['*a*b', 'xaxxab', true],
    ['leaf', 'leaf1', false],
    ['leaf1', 'leaf', false],
  ])('%s on %s: %s', (glob, name, expected) => {
    expect(matchesGlob(glob, name)).toBe(expected)
  })

  test('agree with the regular expression of the same meaning', () => {
    const text = fc.stringMatching(/^[ab]{0,8}$/)
    fc.assert(
      fc.property(fc.stringMatching(/^[ab*]{0,6}$/), text, (glob, name) => {
        expect(matchesGlob(glob, name)).toBe(new RegExp(`^${glob.replaceAll('*', '.*')}$`).test(name))
      }),
    )
  })
})

describe('selection', () => {
  const names = ['leaf1', 'leaf2', 'spine1']

  test('keeps the order of the names and tells what is missing', () => {
    expect(select('leaf[3,2,1]', names)).toEqual({ selected: ['leaf1', 'leaf2'], missing: ['leaf3'] })
    expect(select('*1', names)).toEqual({ selected: ['leaf1', 'spine1'], missing: [] })
    expect(select('x*', names)).toEqual({ selected: [], missing: ['x*'] })
  })

  test('does not compare without limit', () => {
    const many = Array.from({ length: 1000 }, (_, i) => `leaf${i}`)
    expect(select('*[1-4000]', many)).toMatchObject({ fault: { code: 'ZT_FABRIC_TOO_MANY' } })
  })
})
