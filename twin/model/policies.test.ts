import { describe, expect, test } from 'vitest'
import { parseFabric, type Fabric } from './index.js'
import { places, readMarked } from './testdata/marked.js'

const text = (policies: string, underlay = 'control: bgp') => `ztos: 1
name: small
underlay: { loopbacks: 10.255.0.0/24, links: 10.254.0.0/24, ${underlay} }
nodes: { "spine[1-2]": { role: spine }, "leaf[1-2]": { role: leaf } }
links: [{ from: "leaf*", to: "spine*" }]
policies:
${policies}
`
const policy = (body: string) => `  one: { at: "leaf*", direction: import, ${body} }`
const statement = (body: string) => policy(`statements: [${body}]`)

function fabricOf(content: string): Fabric {
  const { fabric, problems } = parseFabric(content, 'x.yaml')
  if (fabric === undefined) throw new TypeError(JSON.stringify(problems))
  return fabric
}
describe('a policy', () => {
  test('is read with its places, its statements and what becomes of the rest', () => {
    const { policies } = fabricOf(
      text(`  b: { at: spine1, peers: "leaf[1-2]", direction: export, otherwise: reject, statements: [
    { match: { prefixes: [10.0.0.0/8 ge 24 le 32, "fd00::/8 le 64"] }, action: reject }] }
  a: { at: [leaf1, spine2], direction: import, statements: [
    { match: { communities: ["00100:1"] }, set: { localPreference: 200, med: 0, prepend: 2, communities: ["65000:1"] } }] }`)
        .replace('links: 10.254.0.0/24', 'links: unnumbered')
        .replace(
          'links: [{',
          'tenants: { o: { vrf: underlay, networks: { n: { gateways: ["fd01::1/64"], at: leaf1 } } } }\nlinks: [{',
        ),
    )
    expect(policies).toMatchObject([
      {
        name: 'a',
        direction: 'import',
        nodes: ['leaf1', 'spine2'],
        peers: undefined,
        otherwise: 'accept',
        statements: [
          {
            prefixes: undefined,
            communities: ['100:1'],
            action: 'accept',
            set: { localPreference: 200, med: 0, prepend: 2, communities: ['65000:1'] },
          },
        ],
      },
      {
        name: 'b',
        nodes: ['spine1'],
        peers: ['leaf1', 'leaf2'],
        otherwise: 'reject',
        statements: [
          {
            prefixes: [
              { prefix: { family: 4, length: 8 }, ge: 24, le: 32 },
              { prefix: { family: 6, length: 8 }, ge: undefined, le: 64 },
            ],
            action: 'reject',
          },
        ],
      },
    ])
  })

  test.each([
    ['host bits in a prefix', statement('{ match: { prefixes: [¦10.0.0.1/8] } }'), 'ZT_FABRIC_ADDRESS'],
    ['ge above le', statement('{ match: { prefixes: [¦10.0.0.0/8 ge 25 le 24] } }'), 'ZT_FABRIC_POLICY'],
    ['ge below the length', statement('{ match: { prefixes: [¦10.0.0.0/8 ge 7] } }'), 'ZT_FABRIC_POLICY'],
    ['le below the length', statement('{ match: { prefixes: [¦10.0.0.0/8 le 7] } }'), 'ZT_FABRIC_POLICY'],
    ['le past an address', statement('{ match: { prefixes: [¦10.0.0.0/8 le 33] } }'), 'ZT_FABRIC_POLICY'],
    [
      'a family of which no session carries routes',
      statement('{ match: { prefixes: [10.0.0.0/8, ¦"fd00::/8"] } }'),
      'ZT_FABRIC_FAMILY',
    ],
    [
      'a community out of range',
      statement('{ match: { communities: [¦"65000:65536"] } }'),
      'ZT_FABRIC_POLICY',
    ],
    [
      'a community to add that is out of range',
      statement('{ set: { communities: [¦"70000:1"] } }'),
      'ZT_FABRIC_POLICY',
    ],
    ['changes of what is rejected', statement('{ action: reject, set: ¦{ med: 5 } }'), 'ZT_FABRIC_POLICY'],
    [
      'nodes that nobody has',
      '  one: { at: ¦leaf3, direction: import, statements: [{ action: reject }] }',
      'ZT_FABRIC_UNKNOWN_NAME',
    ],
    [
      'peers that nobody has',
      policy('peers: [spine1, ¦spine9], statements: [{ action: reject }]'),
      'ZT_FABRIC_UNKNOWN_NAME',
    ],
    ['peers that are none', policy('peers: ¦leaf1, statements: [{ action: reject }]'), 'ZT_FABRIC_POLICY'],
    ['no statements', policy('statements: ¦[]'), 'ZT_FABRIC_TYPE'],
    ['a local preference of nothing', statement('{ set: { localPreference: ¦0 } }'), 'ZT_FABRIC_VALUE'],
  ])('[C19] with %s is refused where that stands', (_, policies, code) => {
    const { result, marks } = readMarked(text(policies))
    const { fabric, problems, warnings } = result
    expect(fabric).toBeUndefined()
    expect(places(problems)).toEqual(marks.map((mark) => `${code} ${mark}`))
    expect(marks).toHaveLength(1)
    expect(warnings).toEqual([])
    for (const { severity, reason, remedy } of problems ?? []) {
      expect(severity).toBe('error')
      expect(reason).toMatch(/^\S.*[^.]$/)
      expect(remedy).toMatch(/^[a-z].*[^.]$/)
    }
  })

  test('needs BGP', () => {
    const { problems } = parseFabric(text(statement('{ action: reject }'), 'control: static'), 'x.yaml')
    expect(places(problems)).toEqual(['ZT_FABRIC_CONTROL 6:1'])
  })

  test('is the only one of a session and direction', () => {
    const both = `  first: { at: leaf1, direction: import, statements: [{ action: reject }] }
  second: { at: "leaf*", peers: spine2, direction: import, statements: [{ action: accept }] }
  third: { at: "leaf*", direction: export, statements: [{ action: accept }] }`
    const { problems } = parseFabric(text(both), 'x.yaml')
    expect(places(problems)).toEqual(['ZT_FABRIC_POLICY_CLASH 8:3'])
    expect(problems?.[0]?.reason).toBe('second and first are both for what leaf1 hears from spine2')
    expect(problems?.[0]?.related.map(({ at }) => at.start.line)).toEqual([7])
  })
})

describe('a warning', () => {
  test.each([
    [
      'a statement behind one that takes all',
      statement('{ action: reject }, ¦{ match: { communities: ["1:1"] } }'),
      1,
    ],
    [
      'a statement behind wider prefixes',
      statement(
        '{ match: { prefixes: [10.0.0.0/8 le 32] } }, ¦{ match: { prefixes: [10.1.0.0/16, 10.2.0.0/16 ge 24] } }',
      ),
      1,
    ],
    [
      'a statement behind one with more communities',
      statement(
        '{ match: { communities: ["1:1", "1:2"] } }, ¦{ match: { communities: ["1:2"], prefixes: [10.0.0.0/8] } }',
      ),
      1,
    ],
    [
      'words about a rest that there is not',
      policy('otherwise: ¦reject, statements: [{ set: { med: 1 } }]'),
      1,
    ],
    [
      'a local preference that nobody is told',
      '  one: { at: spine1, direction: export, statements: [{ set: { localPreference: ¦50 } }] }',
      1,
    ],
    [
      'nothing behind narrower prefixes',
      statement('{ match: { prefixes: [10.0.0.0/8] } }, { match: { prefixes: [10.0.0.0/8 le 9] } }'),
      0,
    ],
    [
      'nothing behind other communities',
      statement('{ match: { communities: ["1:1"] } }, { match: { communities: ["1:1", "1:2"] } }'),
      0,
    ],
    [
      'nothing behind one with communities',
      statement('{ match: { communities: ["1:1"] } }, { match: { prefixes: [10.0.0.0/8] } }'),
      0,
    ],
  ])('[C19] says of %s, and refuses nothing', (_, policies, expected) => {
    const { result, marks } = readMarked(text(policies))
    const { fabric, warnings } = result
    expect(fabric?.policies).toHaveLength(1)
    expect(places(warnings)).toEqual(marks.map((mark) => `ZT_FABRIC_LINT_POLICY ${mark}`))
    expect(marks).toHaveLength(expected)
    expect(warnings.every(({ severity }) => severity === 'warning')).toBe(true)
  })
})
