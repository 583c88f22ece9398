import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { editYaml } from './edit.js'
import { printFile, type Data } from './print.js'

const demo = readFileSync(new URL('../../topologies/demo.yaml', import.meta.url), 'utf8')

describe('an edit', () => {
  test.each<[string, string, Data, string]>([
    [
      'a value in a line',
      'a: { b: 1, c: [x, y] } # why\n',
      { a: { b: 2, c: ['x', 'z'] } },
      'a: { b: 2, c: [x, z] } # why\n',
    ],
    ['a key in a line', 'a: {b: 1} # why\n', { a: { b: 1, c: 2 } }, 'a: { b: 1, c: 2 } # why\n'],
    ['an item in a line', 'a: [ x ] # why\n', { a: ['x', 'y'] }, 'a: [x, y] # why\n'],
    [
      'a key in a block',
      '# top\na:\n  b: 1 # b\n# end\n',
      { a: { b: 1, c: 2 } },
      '# top\na:\n  b: 1 # b\n  c: 2\n# end\n',
    ],
    ['the last line without a line feed', 'a: 1', { a: 1, b: 2 }, 'a: 1\nb: 2\n'],
    ['the first of a block taken out', 'a:\n  b: 1 # b\n  c: 2 # c\n', { a: { c: 2 } }, 'a:\n  c: 2 # c\n'],
    ['all of a block taken out', 'a:\n  b: 1\nc: 2\n', { a: {}, c: 2 }, 'a:\n  {}\nc: 2\n'],
    [
      'an item of a block',
      'a:\n  - x # x\n  - y # y\n',
      { a: ['x', 'y', 'z'] },
      'a:\n  - x # x\n  - y # y\n  - z\n',
    ],
    ['items of a block taken out', 'a:\n  - x # x\n  - y # y\n', { a: ['x'] }, 'a:\n  - x # x\n'],
    ['the first key behind a dash', 'a:\n  - b: 1\n    c: 2\n', { a: [{ c: 2 }] }, 'a:\n  - c: 2\n'],
    ['a key left empty', 'a:\nb: 1\n', { a: 'x', b: 1 }, 'a: x\nb: 1\n'],
    ['a quoted text', "a: 'x' # why\n", { a: 'y: z' }, 'a: "y: z" # why\n'],
    ['a folded text', 'a: >\n  x\n  y\nb: 1\n', { a: 'z', b: 1 }, 'a: z\nb: 1\n'],
    ['a block where a value was', 'a: 1 # why\n', { a: { b: { c: 1 } } }, 'a: { b: { c: 1 } } # why\n'],
    ['a value where a block was', 'a:\n  b:\n    c: 1\nd: 2\n', { a: 1, d: 2 }, 'a:\n  1\nd: 2\n'],
    ['CRLF', 'a: 1\r\nb: 2\r\n', { a: 1, b: 3 }, 'a: 1\r\nb: 3\r\n'],
    ['a list for a map', '- 1\n', { a: 1 }, 'a: 1\n'],
    ['nothing', '', { a: { b: { c: 1 }, d: [] } }, 'a:\n  b: { c: 1 }\n  d: []\n'],
  ])('of %s touches nothing else', (_, text, data, expected) => {
    expect(editYaml(text, data)).toBe(expected)
    expect(parse(expected)).toEqual(data)
  })

  test('where stretches cannot be replaced still says what it must and keeps comments', () => {
    const text = '? a\n: b: 1 # b\n  c: 2\n# end\n'
    const edited = editYaml(text, { a: { b: 1, c: 3, d: 4 } })
    expect(parse(edited)).toEqual({ a: { b: 1, c: 3, d: 4 } })
    expect(edited).toContain('# b')
    expect(edited).toContain('# end')
  })

  test('of a file says what it must, whatever that is', () => {
    const text = fc.stringMatching(/^[ -~]{0,10}$/)
    const leaf = fc.oneof(fc.integer(), fc.boolean(), text)
    const value = fc.oneof(leaf, fc.array(leaf, { maxLength: 3 }), fc.dictionary(text, leaf, { maxKeys: 3 }))
    const data = fc.dictionary(text, fc.oneof(value, fc.dictionary(text, value, { maxKeys: 3 })), {
      maxKeys: 4,
    })
    fc.assert(
      fc.property(data, data, (before, after) => {
        // No file has such a key: readers refuse it.
        fc.pre(!JSON.stringify([before, after]).includes('__proto__'))
        const printed = printFile(before)
        expect(parse(printed) ?? {}).toEqual(before)
        expect(parse(editYaml(printed, after)) ?? {}).toEqual(after)
      }),
      { numRuns: 300 },
    )
  }, 30_000)

  test('of values keeps every comment and the number of lines', () => {
    const choice = fc.integer({ min: 1, max: 9000 })
    fc.assert(
      fc.property(choice, choice, fc.boolean(), (mtu, vni, strict) => {
        const data = parse(demo) as {
          underlay: { mtu: number }
          seals: { core: { mode: string } }
          tenants: { shop: { networks: { web: { vni: number } } } }
        }
        data.underlay.mtu = mtu
        data.tenants.shop.networks.web.vni = vni
        data.seals.core.mode = strict ? 'strict' : 'disabled'
        const edited = editYaml(demo, data)
        expect(parse(edited)).toEqual(data)
        const strip = (text: string): string => text.replaceAll(/mtu: \d+|vni: \d+|mode: \w+/g, '')
        expect(strip(edited)).toBe(strip(demo))
      }),
      { numRuns: 50 },
    )
  })
})
