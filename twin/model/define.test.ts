import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { defineFabric, DefinitionError, FabricError, parseFabric, writeFabric, type Fabric } from './index.js'

const text = readFileSync(new URL('../../topologies/two-leaves.yaml', import.meta.url), 'utf8')

/** A fabric without what only says where it stands. */
function meaning({ sources: _, intents, ...fabric }: Fabric): unknown {
  return { ...fabric, intents: intents.map(({ at: _at, ...intent }) => intent) }
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('it is not there')
  return value
}

function twoLeaves(): Fabric {
  return defineFabric('two-leaves', (f) => {
    f.underlay({ loopbacks: '10.255.0.0/24', links: '10.254.0.0/24' })
    const spine = f.spines('spine1')
    f.leaves('leaf[1-2]')
    const core = f.seal('core', { macsec: 'gcm-aes-128', key: 'lab:core' })
    f.link({ nodes: 'leaf*' }, spine, { seal: core })
    const red = f.tenant('red', { l3vni: 50001 })
    const redA = red.network('a', { vni: 10001, gateways: ['10.0.0.1/24', 'fd00:0:0:a::1/64'] })
    const redB = red.network('b', { vni: 10002, gateways: ['10.0.1.1/24'] })
    red.host('a1', redA, { at: 'leaf1' })
    red.host('a2', redA, { at: 'leaf2' })
    red.host('b1', redB, { at: 'leaf2' })
    const blue = f.tenant('blue')
    const blueA = blue.network('a', { vni: 20001, gateways: ['10.0.0.1/24'] })
    const a1 = blue.host('a1', blueA, { at: 'leaf1' })
    const a2 = blue.host('a2', blueA, { at: 'leaf2' })
    f.reach('routed', redA, redB)
    f.reach('bridged', a1, a2, 'udp')
    f.encrypt('sealed', '*--*')
  })
}

describe('the builder', () => {
  test('makes the fabric that the file makes', () => {
    const { fabric } = parseFabric(text, 'two-leaves.yaml')
    expect(meaning(twoLeaves())).toEqual(meaning(present(fabric)))
  })

  test('and so does the data', () => {
    const { fabric } = parseFabric(text, 'two-leaves.yaml')
    expect(meaning(defineFabric(present(fabric).file))).toEqual(meaning(present(fabric)))
  })

  test('what it makes can be written and read', () => {
    const [file] = writeFabric(twoLeaves())
    expect(file?.name).toBe('two-leaves.fabric.yaml')
    expect(file?.text).toContain('      a1: { at: leaf1, network: a }\n')
    expect(meaning(present(parseFabric(present(file).text, 'x').fabric))).toEqual(meaning(twoLeaves()))
  })

  test('names latency and survival by reference', () => {
    const fabric = defineFabric('x', (f) => {
      f.underlay({ loopbacks: '10.255.0.0/24', links: '10.254.0.0/24' })
      f.link(f.leaves('leaf[1-2]'), f.spines('spine[1-2]'), { count: 2 })
      const t = f.tenant('t')
      const n = t.network('n', { vni: 1, subnet: '10.0.0.0/24' })
      const a = t.host('a', n, { at: 'leaf1' })
      const b = t.host('b', n, { at: 'leaf2' })
      const fast = f.latency('fast', a, b, { 'p99.9': '1.5ms', rate: '2.5kpps' })
      f.survive('cut', { links: 1 }, [fast, f.reach('ab', a, b)])
    })
    expect(fabric.intents).toMatchObject([
      { name: 'ab', kind: 'reach' },
      { name: 'cut', kind: 'survive', links: 1, nodes: 0, keep: ['ab', 'fast'] },
      { name: 'fast', kind: 'latency', percentile: 99.9, bound: 1_500_000, rate: 2500 },
    ])
    expect(fabric.links.map(({ id }) => id)).toEqual([
      'leaf1--spine1',
      'leaf1--spine1#2',
      'leaf1--spine2',
      'leaf1--spine2#2',
      'leaf2--spine1',
      'leaf2--spine1#2',
      'leaf2--spine2',
      'leaf2--spine2#2',
    ])
  })

  test('throws all problems at once', () => {
    const make = (): Fabric =>
      defineFabric('x', (f) => {
        f.underlay({ loopbacks: '10.255.0.1/24', links: '10.254.0.0/24', mtu: 40 })
        f.leaves('leaf1')
      })
    expect(make).toThrow(FabricError)
    expect(make).toThrow(/x\.fabric\.yaml:3:24: ZT_FABRIC_ADDRESS: .*\n.*:3:66: ZT_FABRIC_VALUE: /)
  })

  test('refuses to be told the same twice', () => {
    const make = (): Fabric =>
      defineFabric('x', (f) => {
        f.tenant('t')
        f.tenant('t')
      })
    expect(make).toThrow(DefinitionError)
    expect(make).toThrow('ZT_FABRIC_GIVEN_TWICE: the tenant t is given twice; keep one of them')
  })
})

test('the builder knows routers, gateways, policies, and tenants in the underlay', () => {
  const built = defineFabric('x', (f) => {
    f.underlay({ loopbacks: '10.255.0.0/24', links: 'unnumbered', control: 'bgp', bgp: { as: 65000 } })
    const spine = f.spines('spine1')
    f.link(f.leaves('leaf1'), spine, { weight: 2 })
    f.link(f.gateways('gw1'), spine)
    const edge = f.routers('edge1', { asn: 64701, drain: true })
    f.link(edge, spine, { delay: '1ms', count: 2 })
    f.policy('in', edge, {
      peers: spine,
      direction: 'import',
      statements: [{ set: { med: 5 } }],
      otherwise: 'reject',
    })
    f.policy('out', edge, { direction: 'export', statements: [{ action: 'accept' }] })
    const net = f.tenant('net', { vrf: 'underlay' })
    const lan = net.network('lan', { gateways: ['198.18.1.1/24'], anycast: true })
    net.host('a', lan, { at: 'edge1', static: true })
  })
  const { fabric } = parseFabric(
    `ztos: 1
name: x
underlay: { loopbacks: 10.255.0.0/24, links: unnumbered, control: bgp, bgp: { as: 65000 } }
nodes:
  spine1: { role: spine }
  leaf1: { role: leaf }
  gw1: { role: gateway }
  edge1: { role: router, asn: 64701, drain: true }
links:
  - { from: leaf1, to: spine1, weight: 2 }
  - { from: gw1, to: spine1 }
  - { from: edge1, to: spine1, delay: 1ms, count: 2 }
policies:
  in: { at: edge1, peers: spine1, direction: import, statements: [{ set: { med: 5 } }], otherwise: reject }
  out: { at: edge1, direction: export, statements: [{ action: accept }] }
tenants:
  net:
    vrf: underlay
    networks: { lan: { gateways: [198.18.1.1/24], anycast: true } }
    hosts: { a: { at: edge1, network: lan, static: true } }
`,
    'x.yaml',
  )
  expect(meaning(built)).toEqual(meaning(present(fabric)))
})
