import { describe, expect, test } from 'vitest'
import { places, readMarked } from './testdata/marked.js'

const file = (tenants: string, links = '10.254.0.0/24', intents = ''): string => `ztos: 1
name: small
underlay: { loopbacks: 10.255.0.0/24, links: ${links}, control: bgp }
nodes: { spine1: { role: spine }, "leaf[1-2]": { role: leaf }, edge1: { role: router, asn: 64701 } }
links: [{ from: ["leaf*", edge1], to: spine1 }]
tenants:
${tenants}
${intents === '' ? '' : `intents:\n${intents}\n`}`
const outside = (networks: string, hosts = ''): string =>
  `  out:\n    vrf: underlay\n    networks:\n${networks}${hosts === '' ? '' : `\n    hosts:\n${hosts}`}`
const inside = (networks: string, hosts = ''): string =>
  `  in:\n    l3vni: 100\n    networks:\n${networks}${hosts === '' ? '' : `\n    hosts:\n${hosts}`}`

describe('a tenant in the underlay', () => {
  test('has hosts on leaves and routers, no VNI, and no VRF of its own', () => {
    const { result } = readMarked(
      file(
        outside(
          '      a: { gateways: [198.18.1.1/24] }\n      b: { gateways: [198.18.2.1/24] }',
          '      a1: { at: edge1, network: a }\n      b1: { at: leaf1, network: b }',
        ),
      ),
    )
    expect(result.problems).toBeUndefined()
    expect(result.fabric?.tenants[0]).toMatchObject({
      underlay: true,
      networks: [
        { name: 'a', vni: undefined, nodes: ['edge1'], gatewayNodes: ['edge1'] },
        { name: 'b', vni: undefined, nodes: ['leaf1'], gatewayNodes: ['leaf1'] },
      ],
    })
  })

  test.each([
    [
      'a layer 3 VNI',
      '  out: { vrf: underlay, l3vni: ¦5, networks: { a: { gateways: [198.18.1.1/24], at: leaf1 } } }',
      'ZT_FABRIC_L3VNI',
    ],
    ['a VNI', outside('      a: { vni: ¦5, gateways: [198.18.1.1/24], at: leaf1 }'), 'ZT_FABRIC_PLACE'],
    [
      'a network without gateways',
      outside('      ¦a: { subnet: 198.18.1.0/24, at: leaf1 }'),
      'ZT_FABRIC_PLACE',
    ],
    [
      'a network on two nodes',
      outside('      ¦a: { gateways: [198.18.1.1/24], at: [leaf1, edge1] }'),
      'ZT_FABRIC_PLACE',
    ],
    [
      'a network on a spine',
      outside('      a: { gateways: [198.18.1.1/24], at: [leaf1, ¦spine1] }'),
      'ZT_FABRIC_UNKNOWN_NAME',
    ],
    [
      'gateways on some',
      outside('      a: { anycast: true, gateways: [198.18.1.1/24], at: [leaf1, edge1], gatewayAt: ¦leaf1 }'),
      'ZT_FABRIC_PLACE',
    ],
    [
      "the loopbacks' addresses",
      outside('      a: { gateways: ¦[10.255.0.129/25], at: leaf1 }'),
      'ZT_FABRIC_SUBNET_CLASH',
    ],
    [
      "the links' addresses",
      outside('      a: { gateways: ¦[10.0.0.1/8], at: leaf1 }'),
      'ZT_FABRIC_SUBNET_CLASH',
    ],
    [
      'a family that links do not carry',
      outside('      a: { gateways: ¦["2001:db8::1/64"], at: leaf1 }'),
      'ZT_FABRIC_FAMILY',
    ],
    [
      'packets too large for links',
      outside('      ¦a: { gateways: [198.18.1.1/24], at: leaf1, mtu: 1701 }')
        .replace('¦a: {', 'a: {')
        .replace('mtu:', '¦mtu:'),
      'ZT_FABRIC_MTU',
    ],
    [
      'the subnet of another in the underlay',
      `${outside('      a: { gateways: [198.18.1.1/24], at: leaf1 }')}\n  other: { vrf: underlay, networks: { b: { gateways: ¦[198.18.1.129/25], at: edge1 } } }`,
      'ZT_FABRIC_SUBNET_CLASH',
    ],
  ])('with %s is refused', (_, tenants, code) => {
    const { result, marks } = readMarked(file(tenants))
    expect(places(result.problems)).toContain(`${code} ${marks[0]}`)
    expect(new Set(result.problems?.map(({ at }) => at.start.line)).size).toBe(1)
  })

  test('carries both families over links without numbers', () => {
    const tenants = outside('      a: { gateways: [198.18.1.1/24, "2001:db8::1/64"], at: leaf1 }')
    expect(readMarked(file(tenants, 'unnumbered')).result.problems).toBeUndefined()
  })

  test('has no VRF of its own to be isolated from others in the underlay', () => {
    const tenants = `${outside('      a: { gateways: [198.18.1.1/24] }', '      a1: { at: edge1, network: a }')}
  too: { vrf: underlay, networks: { b: { gateways: [198.18.2.1/24] } }, hosts: { b1: { at: leaf1, network: b } } }
${inside('      c: { vni: 1, gateways: [10.0.0.1/24] }', '      c1: { at: leaf1, network: c }')}`
    const fine =
      '  r: { reach: { from: out/a1, to: too/b1 } }\n  s: { survive: { links: 1, keep: "isolation:in--*" } }'
    expect(readMarked(file(tenants, '10.254.0.0/24', fine)).result.fabric?.intents).toMatchObject([
      { name: 'r' },
      { name: 's', keep: ['isolation:in--out', 'isolation:in--too'] },
    ])
    const wrong = readMarked(file(tenants, '10.254.0.0/24', '  r: { reach: ¦{ from: out/a1, to: in/c1 } }'))
    expect(places(wrong.result.problems)).toEqual([`ZT_FABRIC_INTENT_CONTRADICTION ${wrong.marks[0]}`])
  })
})

describe('[C17] an anycast network', () => {
  const HOSTS = `      s1: { at: leaf1, network: s, address: 198.18.9.53 }
      s2: { at: edge1, network: s, address: 198.18.9.53 }
      a1: { at: leaf2, network: a }`
  const NETWORKS =
    '      s: { anycast: true, gateways: [198.18.9.1/24] }\n      a: { gateways: [198.18.1.1/24] }'

  test('has hosts of one address on its nodes, any of which will do where it is named itself', () => {
    const intents = `  any: { reach: { from: out/a, to: out/s } }
  both: { reach: { from: out/a, to: [out/s, out/s1] } }
  glob: { reach: { from: out/a, to: "out/s*" } }
  one: { reach: { from: out/a, to: out/s2 } }
  range: { reach: { from: out/a, to: "out/s[1-2]" } }`
    const { result } = readMarked(file(outside(NETWORKS, HOSTS), '10.254.0.0/24', intents))
    expect(result.problems).toBeUndefined()
    expect(
      result.fabric?.intents.map((one) => (one.kind === 'reach' ? [one.name, one.to, one.toAny] : [])),
    ).toEqual([
      ['any', [], [['out/s1', 'out/s2']]],
      ['both', ['out/s1'], [['out/s2']]],
      ['glob', [], [['out/s1', 'out/s2']]],
      ['one', ['out/s2'], []],
      ['range', ['out/s1', 'out/s2'], []],
    ])
  })

  test.each([
    [
      'one address twice on a node',
      HOSTS.replace('s2: { at: edge1, network: s, address: ', 's2: { at: leaf1, network: s, address: ¦'),
      '',
      'ZT_FABRIC_ADDRESS_CLASH',
    ],
    [
      'a way from one of its hosts to another',
      HOSTS,
      '  r: { reach: ¦{ from: out/s, to: out/s } }',
      'ZT_FABRIC_INTENT_CONTRADICTION',
    ],
  ])('with %s is refused', (_, hosts, intents, code) => {
    const { result, marks } = readMarked(file(outside(NETWORKS, hosts), '10.254.0.0/24', intents))
    expect(places(result.problems)).toEqual([`${code} ${marks[0]}`])
  })

  test.each([
    ['a VNI', '      s: { anycast: true, vni: ¦7, gateways: [10.0.9.1/24], at: leaf1 }', 'ZT_FABRIC_PLACE'],
    ['no gateways', '      ¦s: { anycast: true, subnet: 10.0.9.0/24, at: leaf1 }', 'ZT_FABRIC_PLACE'],
    ['no VNI and no anycast', '      ¦s: { gateways: [10.0.9.1/24], at: leaf1 }', 'ZT_FABRIC_MISSING_KEY'],
  ])('in a VRF with %s is refused', (_, networks, code) => {
    const { result, marks } = readMarked(file(inside(networks)))
    expect(places(result.problems)).toEqual([`${code} ${marks[0]}`])
  })

  test('in a VRF needs a layer 3 VNI where others are to reach it', () => {
    const tenants = inside(
      '      s: { anycast: true, gateways: [10.0.9.1/24], at: leaf1 }\n      n: { vni: 1, gateways: [10.0.1.1/24], at: leaf2 }',
    )
    expect(readMarked(file(tenants)).result.problems).toBeUndefined()
    const { result } = readMarked(file(tenants.replace('    l3vni: 100\n', '')))
    expect(result.problems?.map(({ code }) => code)).toEqual(['ZT_FABRIC_L3VNI'])
  })
})
