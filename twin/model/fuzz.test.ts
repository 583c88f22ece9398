import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatProblem, parseFabric } from './index.js'

const seeds = ['demo', 'demo-v6', 'two-leaves', 'drained', 'pop-anycast'].map((name) =>
  readFileSync(new URL(`../../topologies/${name}.yaml`, import.meta.url), 'utf8'),
)
/** Words of the format, and words that surprise YAML, JavaScript or a careless reader. */
const words = [
  ...new Set(seeds.join('\n').match(/[A-Za-z0-9_.:/*[\]-]+/g)),
  ...'constructor __proto__ toString << &a *a !!str ~ null true .inf .nan 0x7f 1e400 -1 99999999999999999999'.split(
    ' ',
  ),
  ...`"" ' " { } [ ] , | > % @ # 𝄞 leaf[1-4096] *--*`.split(' '),
  ...'\t,\n,\r\n,  ,? ,- ,: ,---,...,\0,\uFEFF'.split(','),
]

/** What is wrong with the reader's answer: it gives a fabric, or problems with places and words; never both, never neither. */
function complaints(content: string | Uint8Array): readonly string[] {
  const { fabric, problems, warnings } = parseFabric(content, 'x.yaml')
  if (problems === undefined && fabric === undefined) return ['neither']
  if (problems !== undefined && fabric !== undefined) return ['both']
  if (problems?.length === 0) return ['no problem']
  if (warnings.some(({ severity }) => severity !== 'warning')) return ['an error among the warnings']
  return [...(problems ?? []), ...warnings]
    .filter(
      ({ code, at, reason, remedy }) =>
        !/^ZT_FABRIC_[A-Z0-9_]+$/.test(code) ||
        at.start.line < 1 ||
        at.start.column < 1 ||
        /undefined|\[object|function/.test(reason + remedy),
    )
    .map(formatProblem)
}

describe('the reader', { timeout: 60_000 }, () => {
  test('takes any octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (octets) => {
        expect(complaints(octets)).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  test('takes any text', () => {
    const text = fc.string({ unit: 'binary', maxLength: 400 })
    fc.assert(
      fc.property(text, (content) => {
        expect(complaints(content)).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  test('takes words of the format in any order', () => {
    const text = fc.array(fc.oneof(fc.constantFrom(...words), fc.constantFrom(' ', '\n', ': ')), {
      maxLength: 120,
    })
    fc.assert(
      fc.property(text, (parts) => {
        expect(complaints(parts.join(''))).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  test('takes sound files with stretches replaced', () => {
    const edit = fc.record({ at: fc.nat(), length: fc.nat({ max: 40 }), text: fc.constantFrom(...words) })
    const edits = fc.array(edit, { minLength: 1, maxLength: 4 })
    let sound = 0
    fc.assert(
      fc.property(fc.constantFrom(...seeds), edits, (seed, changes) => {
        const text = changes.reduce((content, { at, length, text: word }) => {
          const start = at % content.length
          return content.slice(0, start) + word + content.slice(start + length)
        }, seed)
        expect(complaints(text)).toEqual([])
        if (parseFabric(text, 'x.yaml').fabric !== undefined) sound++
      }),
      { numRuns: 300 },
    )
    // Some changes hit a comment; if none did, the generator would be broken.
    expect(sound).toBeGreaterThan(0)
  })

  test('takes sound files with tokens swapped and lines moved', () => {
    const move = fc.record({ from: fc.nat(), to: fc.nat() })
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        move,
        fc.array(move, { maxLength: 3 }),
        (seed, lines, tokens) => {
          const rows = seed.split('\n')
          rows.splice(lines.to % rows.length, 0, ...rows.splice(lines.from % rows.length, 1))
          const parts = rows.join('\n').split(/(?=[ ,{}])/)
          for (const { from, to } of tokens) {
            const a = from % parts.length
            const b = to % parts.length
            const kept = parts[a] ?? ''
            parts[a] = parts[b] ?? ''
            parts[b] = kept
          }
          expect(complaints(parts.join(''))).toEqual([])
        },
      ),
      { numRuns: 300 },
    )
  })

  test('takes any data in JSON', () => {
    const json = fc.json({ maxDepth: 5 })
    fc.assert(
      fc.property(json, (content) => {
        expect(complaints(content)).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  test('takes the right keys with any values', () => {
    const value = fc.oneof(
      fc.constantFrom<unknown>(...words),
      fc.jsonValue({ maxDepth: 2 }),
      fc.integer(),
      fc.double(),
    )
    const list = fc.oneof(value, fc.array(value, { maxLength: 3 }))
    const key = fc.constantFrom(
      'at',
      'network',
      'vni',
      'gateways',
      'from',
      'to',
      'role',
      'leaf1',
      'constructor',
    )
    const map = fc.oneof(list, fc.dictionary(key, list))
    const named = fc.oneof(map, fc.dictionary(fc.constantFrom('leaf1', 'spine1', 'shop', 'web-db'), map))
    const file = fc.record({
      ztos: fc.oneof(fc.constant(1), value),
      name: fc.oneof(fc.constant('x'), value),
      underlay: fc.oneof(fc.constant({ loopbacks: '10.255.0.0/24', links: '10.254.0.0/24' }), map),
      nodes: fc.oneof(
        fc.constant({ leaf1: { role: 'leaf' }, leaf2: { role: 'leaf' }, spine1: { role: 'spine' } }),
        named,
      ),
      links: fc.oneof(fc.constant([{ from: 'leaf*', to: 'spine1' }]), fc.array(map, { maxLength: 3 })),
      seals: named,
      tenants: fc.dictionary(fc.constantFrom('shop', 'bank'), fc.record({ networks: named, hosts: named })),
      intents: fc.dictionary(
        fc.constantFrom('a', 'b'),
        fc.dictionary(fc.constantFrom('reach', 'encrypt', 'latency', 'survive'), map, { maxKeys: 2 }),
      ),
    })
    fc.assert(
      fc.property(file, (data) => {
        expect(complaints(JSON.stringify(data))).toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})
