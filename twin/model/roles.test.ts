import { describe, expect, test } from 'vitest'
import { places, readMarked } from './testdata/marked.js'

interface Parts {
  readonly underlay?: string
  readonly nodes?: string
  readonly links?: string
  readonly rest?: string
}
const file = ({ underlay = '', nodes = '', links = '', rest = '' }: Parts): string => `ztos: 1
name: small
underlay:
  loopbacks: 10.255.0.0/24
  links: 10.254.0.0/24
  control: bgp
${underlay === '' ? '' : `  ${underlay}\n`}nodes:
  spine[1-2]: { role: spine }
  leaf[1-2]: { role: leaf }
  gw[1-2]: { role: gateway }
${nodes === '' ? '  edge[1-2]: { role: router, asn: 64701 }\n' : `${nodes}\n`}links:
  - { from: "leaf*", to: "spine*" }
  - { from: "gw*", to: "spine*" }
${links}
${rest}
`

function judged(parts: Parts) {
  const { result, marks } = readMarked(file(parts))
  return { ...result, marks }
}

describe('[Z05] a role that is wired wrong', () => {
  test.each([
    ['a spine to a spine', '{ from: spine1, to: spine2 }'],
    ['a leaf to a leaf', '{ from: leaf1, to: leaf2 }'],
    ['a gateway to a gateway', '{ from: gw1, to: gw2 }'],
    ['a leaf to a gateway', '{ from: leaf1, to: gw1 }'],
    ['a leaf to a router', '{ from: leaf1, to: edge1 }'],
    ['a router to a gateway', '{ from: edge1, to: gw2 }'],
    ['a router to itself', '{ from: edge1, to: edge1 }'],
  ])('%s is refused with file, line and column', (_, link) => {
    const { problems, marks } = judged({ links: `  - ¦${link}` })
    expect(places(problems)).toEqual([`ZT_FABRIC_ROLE ${marks[0]}`])
    expect(problems?.[0]?.at.file).toBe('marked.yaml')
  })

  test('routers hang on spines and on each other', () => {
    const { fabric } = judged({ links: '  - { from: edge*, to: spine* }\n  - { from: edge1, to: edge2 }' })
    expect(fabric?.links.filter(({ id }) => id.includes('edge')).map(({ id }) => id)).toEqual([
      'edge1--edge2',
      'edge1--spine1',
      'edge1--spine2',
      'edge2--spine1',
      'edge2--spine2',
    ])
  })
})

describe('[Z05] what lives on a role', () => {
  const tenant = (body: string): string => `tenants:\n  t:\n    networks:\n${body}`
  const NETWORK = '      n: { vni: 1, gateways: [10.0.0.1/24] }'

  test.each(['gw1', 'spine1', 'edge1'])('no host of a tenant on %s', (node) => {
    const { problems, marks } = judged({
      rest: tenant(
        `${NETWORK}\n    hosts:\n      a: { at: leaf1, network: n }\n      b: { at: ¦${node}, network: n }`,
      ),
    })
    expect(places(problems)).toEqual([`ZT_FABRIC_ROLE ${marks[0]}`])
  })

  test('a gateway routes where nobody lives', () => {
    const { fabric, problems } = judged({
      rest: tenant(
        '      n: { vni: 1, gateways: [10.0.0.1/24], gatewayAt: gw1 }\n    hosts:\n      a: { at: leaf1, network: n }',
      ),
    })
    expect(problems).toBeUndefined()
    expect(fabric?.tenants[0]?.networks[0]).toMatchObject({ nodes: ['gw1', 'leaf1'], gatewayNodes: ['gw1'] })
  })

  test('a tenant is not routed on a router', () => {
    const { problems, marks } = judged({
      rest: tenant('      n: { vni: 1, gateways: [10.0.0.1/24], at: [leaf1, ¦edge1] }'),
    })
    expect(places(problems)).toEqual([`ZT_FABRIC_UNKNOWN_NAME ${marks[0]}`])
  })
})

describe('AS numbers', () => {
  test('of a router are given', () => {
    const { problems, marks } = judged({ nodes: '  ¦edge1: { role: router }' })
    expect(places(problems)).toEqual([`ZT_FABRIC_MISSING_KEY ${marks[0]}`])
  })

  test('of a router are the one for all, where there is one', () => {
    const { fabric, problems } = judged({
      underlay: 'bgp: { as: 65000 }',
      nodes: '  edge1: { role: router }',
    })
    expect(problems).toBeUndefined()
    expect(fabric?.underlay.bgp).toMatchObject({ as: 65000, spines: 65000, leaves: undefined })
  })

  test.each([
    ['bgp: { as: 65000, spines: ¦65001 }', '', 'ZT_FABRIC_ASN_CLASH'],
    ['bgp: { as: 65000, leaves: ¦65101-65199 }', '', 'ZT_FABRIC_ASN_CLASH'],
    ['bgp: { as: ¦65535 }', '', 'ZT_FABRIC_ASN'],
    ['bgp: { as: 65000 }', '  leaf3: { role: leaf, asn: ¦65001 }', 'ZT_FABRIC_ASN_CLASH'],
    [
      'bgp: { spines: 65000, leaves: 65101-65199 }',
      '  gw[3-4]: { role: gateway, asn: ¦65001 }',
      'ZT_FABRIC_ASN_CLASH',
    ],
    ['bgp: { spines: 65000 }', '  leaf3: { role: leaf, asn: ¦65000 }', 'ZT_FABRIC_ASN_CLASH'],
    ['bgp: { holdTime: ¦1500ms }', '', 'ZT_FABRIC_VALUE'],
    ['bgp: { holdTime: ¦2s }', '', 'ZT_FABRIC_VALUE'],
    ['bgp: { gracefulRestart: ¦4096s }', '', 'ZT_FABRIC_VALUE'],
    ['bgp: { bfd: { interval: ¦5ms } }', '', 'ZT_FABRIC_VALUE'],
    ['bgp: { bfd: { interval: 50ms, multiplier: ¦1 } }', '', 'ZT_FABRIC_VALUE'],
    ['bgp: { maximumPrefixes: ¦0 }', '', 'ZT_FABRIC_VALUE'],
    ['', '  spine3: { role: spine, reflector: ¦true }', 'ZT_FABRIC_ROLE'],
    ['', '  leaf3: { role: leaf, reflector: ¦true }', 'ZT_FABRIC_ROLE'],
  ])('%s with %s is refused', (underlay, nodes, code) => {
    const { problems, marks } = judged({ underlay, nodes: nodes === '' ? '' : nodes })
    expect(places(problems)).toEqual([`${code} ${marks[0]}`])
  })

  test('hold times, BFD and restarts are read in their units', () => {
    const { fabric } = judged({
      underlay:
        'bgp: { holdTime: 3000ms, bfd: { interval: 0.05s }, gracefulRestart: 2s, maximumPrefixes: 7, addPaths: true }',
    })
    expect(fabric?.underlay.bgp).toEqual({
      as: undefined,
      spines: 65000,
      leaves: { first: 65101, last: 65499 },
      holdTime: 3,
      bfd: { interval: 50, multiplier: 3 },
      gracefulRestart: 2,
      maximumPrefixes: 7,
      addPaths: true,
    })
  })
})

describe('a warning', () => {
  test.each<readonly [string, Parts, string]>([
    [
      'the number that ZTOS takes by default on a router',
      { nodes: '  edge1: { role: router, asn: ¦64512 }' },
      'ZT_FABRIC_LINT_ASN',
    ],
    ['that number for all', { underlay: 'bgp: { as: ¦64512 }' }, 'ZT_FABRIC_LINT_ASN'],
    [
      'a drained node without peers of other ASes',
      {
        underlay: 'bgp: { as: 65000 }',
        nodes: '  gw3: { role: gateway, drain: ¦true }',
      },
      'ZT_FABRIC_LINT_DRAIN',
    ],
    ['all paths from nobody', { underlay: 'bgp: { addPaths: ¦true }' }, 'ZT_FABRIC_LINT_IDLE'],
    [
      'a reflector without peers of its own AS',
      { nodes: '  edge1: { role: router, asn: 64701, reflector: ¦true }' },
      'ZT_FABRIC_LINT_IDLE',
    ],
  ])('says of %s, and refuses nothing', (_, parts, code) => {
    const { fabric, warnings, marks } = judged(parts)
    expect(fabric).toBeDefined()
    expect(places(warnings)).toEqual([`${code} ${marks[0]}`])
  })

  test('says when every spine is drained', () => {
    const text = file({}).replace('spine[1-2]: { role: spine }', 'spine[1-2]: { role: spine, drain: ¦true }')
    const { result, marks } = readMarked(text)
    expect(result.fabric?.nodes.filter(({ drain }) => drain)).toHaveLength(2)
    expect(places(result.warnings)).toEqual([`ZT_FABRIC_LINT_DRAIN ${marks[0]}`])
  })

  test('says what a fabric without sessions does not heed; a drained node it refuses', () => {
    const text = file({ underlay: 'bgp: { bfd: ¦{ interval: 50ms }, holdTime: ¦9s }' }).replace(
      '  control: bgp\n',
      '',
    )
    const { result, marks } = readMarked(text)
    expect(places(result.warnings)).toEqual(marks.map((mark) => `ZT_FABRIC_LINT_IDLE ${mark}`))
    const drained = readMarked(
      text
        .replace('leaf[1-2]: { role: leaf }', 'leaf[1-2]: { role: leaf, drain: §true }')
        .replaceAll('¦', '')
        .replace('§', '¦'),
    )
    expect(places(drained.result.problems)).toEqual([`ZT_FABRIC_CONTROL ${drained.marks[0]}`])
  })
})

describe('links', () => {
  test('have weights and delays', () => {
    const { fabric } = judged({
      links:
        '  - { from: edge1, to: spine1, weight: 4, delay: 1.5ms, count: 2 }\n  - { from: edge2, to: spine1 }',
    })
    const links = fabric?.links.filter(({ id }) => id.includes('edge'))
    expect(links?.map(({ id, weight, delay }) => [id, weight, delay])).toEqual([
      ['edge1--spine1', 4, 1_500_000],
      ['edge1--spine1#2', 4, 1_500_000],
      ['edge2--spine1', undefined, undefined],
    ])
  })

  test('may punt by XDP, unless they are sealed', () => {
    const { fabric } = judged({
      links: '  - { from: edge1, to: spine1, punt: xdp }\n  - { from: edge2, to: spine1 }',
    })
    const links = fabric?.links.filter(({ id }) => id.includes('edge'))
    expect(links?.map(({ punt }) => punt)).toEqual(['xdp', 'tap'])
    const sealed = judged({ links: '  - { from: edge1, to: spine1, seal: core, punt: ¦xdp }' })
    expect(places(sealed.problems)).toContain(`ZT_FABRIC_VALUE ${sealed.marks[0]}`)
    expect(sealed.problems).toContainEqual(
      expect.objectContaining({
        reason: 'XDP cannot read what comes sealed by core',
        remedy: expect.stringContaining('leave out punt'),
      }),
    )
  })

  test('take no longer than a second', () => {
    const { problems, marks } = judged({ links: '  - { from: edge1, to: spine1, delay: ¦1001ms }' })
    expect(places(problems)).toEqual([`ZT_FABRIC_VALUE ${marks[0]}`])
  })

  test('without numbers are IPv6 links', () => {
    const { result, marks } = readMarked(
      file({}).replace('links: 10.254.0.0/24', 'links: unnumbered\n  mtu: ¦1279'),
    )
    expect(places(result.problems)).toContain(`ZT_FABRIC_MTU ${marks[0]}`)
  })
})
