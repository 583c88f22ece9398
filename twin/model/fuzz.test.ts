import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseFabric, type LoadResult } from './index.js'

const seeds = ['demo', 'demo-v6', 'two-leaves'].map((name) =>
  readFileSync(new URL(`../../topologies/${name}.yaml`, import.meta.url), 'utf8'),
)
/** Words of the format, and words that surprise YAML, JavaScript or a careless reader. */
const words = [
  ...new Set(seeds.join('\n').match(/[A-Za-z0-9_.:/*[\]-]+/g) ?? []),
  ...['constructor', '__proto__', 'toString', '<<', '&a', '*a', '!!str', '~', 'null', 'true', '.inf', '.nan'],
  ...[
    '0x7f',
    '1e400',
    '-1',
    '99999999999999999999',
    '""',
    "'",
    '"',
    '{',
    '}',
    '[',
    ']',
    ',',
    '|',
    '>',
    '%',
    '@',
  ],
  ...[
    '\t',
    '\n',
    '\r\n',
    '  ',
    '#',
    '? ',
    '- ',
    ': ',
    '---',
    '...',
    '𝄞',
    '\u0000',
    '\uFEFF',
    'leaf[1-4096]',
    '*--*',
  ],
]

/** The law: a fabric, or problems with places inside of the text; never both, never an exception. */
function judge(content: string | Uint8Array): LoadResult {
  const result = parseFabric(content, 'x.yaml')
  if (result.problems === undefined) {
    expect(result.fabric).toBeDefined()
    return result
  }
  expect(result.fabric).toBeUndefined()
  expect(result.problems.length).toBeGreaterThan(0)
  for (const { code, at, reason, remedy } of result.problems) {
    expect(code).toMatch(/^ZT_FABRIC_[A-Z0-9_]+$/)
    expect(at.start.line).toBeGreaterThanOrEqual(1)
    expect(at.start.column).toBeGreaterThanOrEqual(1)
    expect(reason).not.toMatch(/undefined|\[object|function/)
    expect(remedy).not.toMatch(/undefined|\[object|function/)
  }
  return result
}

describe('the reader', { timeout: 60_000 }, () => {
  test('takes any octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (octets) => void judge(octets)),
      { numRuns: 300 },
    )
  })

  test('takes any text', () => {
    const text = fc.string({ unit: 'binary', maxLength: 400 })
    fc.assert(
      fc.property(text, (content) => void judge(content)),
      { numRuns: 300 },
    )
  })

  test('takes words of the format in any order', () => {
    const text = fc.array(fc.oneof(fc.constantFrom(...words), fc.constantFrom(' ', '\n', ': ')), {
      maxLength: 120,
    })
    fc.assert(
      fc.property(text, (parts) => void judge(parts.join(''))),
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
        if (judge(text).fabric !== undefined) sound++
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
          judge(parts.join(''))
        },
      ),
      { numRuns: 300 },
    )
  })

  test('takes any data in JSON', () => {
    const json = fc.json({ maxDepth: 5 })
    fc.assert(
      fc.property(json, (content) => void judge(content)),
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
      fc.property(file, (data) => void judge(JSON.stringify(data))),
      { numRuns: 300 },
    )
  })
})
