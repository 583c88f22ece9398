import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { NodeControl, type BgpSession } from '../../contract/control-plane.js'
import { parseFabric } from '../model/index.js'
import { isIpv6, linkLocalOf, formatIp, parseIp, parseMac } from '../packet/index.js'
import { compile } from './compile.js'

interface Wanted {
  readonly underlay?: string
  readonly nodes?: string
  readonly links?: string
  readonly rest?: string
}
const file = ({
  underlay = 'links: 10.254.0.0/24',
  nodes = '',
  links = '',
  rest = '',
}: Wanted): string => `ztos: 1
name: small
underlay: { loopbacks: 10.255.0.0/24, control: bgp, ${underlay} }
nodes:
  spine[1-2]: { role: spine }
  leaf[1-2]: { role: leaf }
${nodes}
links:
  - { from: "leaf*", to: "spine*" }
${links}
${rest}
`

function planOf(text: string) {
  const { fabric, problems } = parseFabric(text, 'test.yaml')
  if (fabric === undefined) throw new TypeError(JSON.stringify(problems))
  const plan = compile(fabric)
  const of = (name: string) => {
    const node = plan.nodes.find((one) => one.name === name)
    if (node?.control === undefined) throw new TypeError(`${name} has no control plane`)
    expect(NodeControl.parse(node.control)).toEqual(node.control)
    return { ...node, control: node.control }
  }
  const session = (node: string, peer: string): BgpSession => {
    const found = of(node).control.sessions.find((one) => one.peer === peer)
    if (found === undefined) throw new TypeError(`${node} has no session with ${peer}`)
    return found
  }
  return { plan, of, session }
}

const ROUTERS = {
  nodes: '  edge[1-3]: { role: router, asn: 64701 }\n  out1: { role: router, asn: 64702 }',
  links: '  - { from: "edge[1-3]", to: spine1 }\n  - { from: edge1, to: [edge2, edge3, out1] }',
}

describe('one AS for all', () => {
  const { of, session } = planOf(
    file({ underlay: 'links: 10.254.0.0/24, bgp: { as: 65000, addPaths: true }', ...ROUTERS }),
  )

  test('[BGP-11] has spines that reflect to their leaves, and to nobody else', () => {
    for (const name of ['spine1', 'spine2', 'leaf1', 'leaf2']) expect(of(name).control.asn).toBe(65000)
    expect(session('spine1', 'leaf1')).toMatchObject({ remoteAsn: 65000, client: true, addPaths: true })
    expect(session('leaf1', 'spine1')).not.toHaveProperty('client')
    expect(session('leaf1', 'spine1')).not.toHaveProperty('addPaths')
    expect(session('spine1', 'edge1')).not.toHaveProperty('client')
    expect(session('spine1', 'edge1')).not.toHaveProperty('addPaths')
  })

  test('leaves routers their own', () => {
    expect(session('edge1', 'out1')).toMatchObject({ remoteAsn: 64702 })
    expect(session('edge1', 'edge2')).toMatchObject({ remoteAsn: 64701 })
    expect(of('edge1')).toMatchObject({ role: 'router', control: { daemon: 'frr', asn: 64701 } })
    expect(of('edge1')).not.toHaveProperty('vtep')
    expect(of('edge1').control).not.toHaveProperty('evpn')
  })
})

test('[BGP-11] peers of a reflector in its own AS are its clients', () => {
  const { session } = planOf(
    file({
      ...ROUTERS,
      nodes: ROUTERS.nodes.replace(
        'edge[1-3]: { role: router, asn: 64701 }',
        'edge1: { role: router, asn: 64701, reflector: true }\n  edge[2-3]: { role: router, asn: 64701 }',
      ),
    }),
  )
  expect(session('edge1', 'edge2')).toHaveProperty('client', true)
  expect(session('edge1', 'edge3')).toHaveProperty('client', true)
  for (const [node, peer] of [
    ['edge1', 'out1'],
    ['edge1', 'spine1'],
    ['edge2', 'edge1'],
    ['spine1', 'edge1'],
  ] as const) {
    expect(session(node, peer), `${node} ${peer}`).not.toHaveProperty('client')
  }
})

test('all sessions are told what holds for all', () => {
  const bgp =
    'bgp: { holdTime: 30s, bfd: { interval: 100ms, multiplier: 5 }, gracefulRestart: 90s, maximumPrefixes: 44 }'
  const { plan, of } = planOf(file({ underlay: `links: 10.254.0.0/24, ${bgp}` }))
  for (const { name } of plan.nodes) {
    const { control } = of(name)
    expect(control).toMatchObject({ holdTime: 30, gracefulRestart: 90 })
    for (const session of control.sessions) {
      expect(session).toMatchObject({ bfd: { interval: 100, multiplier: 5 }, maximumPrefixes: 44 })
    }
  }
})

test('nothing is told of what the file does not ask for', () => {
  const { of, session } = planOf(file({}))
  expect(Object.keys(of('spine1').control)).toEqual([
    'daemon',
    'asn',
    'routerId',
    'multipath',
    'holdTime',
    'originate',
    'sessions',
    'policies',
  ])
  expect(Object.keys(session('leaf1', 'spine1'))).toEqual([
    'peer',
    'link',
    'interface',
    'port',
    'local',
    'remote',
    'remoteAsn',
    'families',
  ])
})

test('[BGP-6] a drained node is told so', () => {
  const { of } = planOf(
    file({}).replace(
      'spine[1-2]: { role: spine }',
      'spine1: { role: spine, drain: true }\n  spine2: { role: spine }',
    ),
  )
  expect(of('spine1').control.gracefulShutdown).toBe(true)
  expect(of('spine2').control.gracefulShutdown).toBeUndefined()
})

test('[BGP-10] unnumbered sessions are between link-local addresses of the interfaces, on ports without addresses', () => {
  const { plan, of } = planOf(
    file({
      underlay: 'links: unnumbered',
      rest: 'seals: { s: { macsec: gcm-aes-128, key: lab:s } }',
    }).replace('to: "spine*" }', 'to: "spine*", seal: s }'),
  )
  for (const { name, program } of plan.nodes) {
    for (const { interface: id, peer, link, local, remote, unnumbered, families } of of(name).control
      .sessions) {
      const here = program.interfaces.find((one) => one.id === id)
      expect(here).toMatchObject({ kind: 'macsec', addresses: [] })
      expect(unnumbered).toBe(true)
      expect(families).toEqual(['ipv4', 'evpn'])
      expect(local).toBe(here?.kind === 'macsec' ? formatIp(linkLocalOf(parseMac(here.mac))) : undefined)
      expect(of(peer).control.sessions.find((one) => one.link === link)).toMatchObject({
        local: remote,
        remote: local,
      })
      expect(program.tables.neighbours).toContainEqual(
        expect.objectContaining({ interface: id, address: remote }),
      )
    }
    // Over IPv6 links, to IPv4 loopbacks (RFC 8950).
    expect(
      program.tables.groups
        .flatMap(({ members }) => members)
        .every(({ gateway }) => gateway !== undefined && isIpv6(parseIp(gateway))),
    ).toBe(true)
    expect(
      program.tables.routes.map(({ prefix }) => prefix).every((prefix) => prefix.startsWith('10.255.0.')),
    ).toBe(true)
  }
})

describe('weights', () => {
  const weighted = (control: string): string =>
    file({})
      .replace('control: bgp', `control: ${control}`)
      .replace(
        '- { from: "leaf*", to: "spine*" }',
        '- { from: "leaf*", to: spine1, weight: 5 }\n  - { from: leaf2, to: spine2, weight: 1 }\n  - { from: leaf1, to: spine2 }',
      )

  test('[BGP-13] are on all sessions of a node as soon as one of its links has one', () => {
    const { session } = planOf(
      weighted('bgp').replace('links:\n', 'links:\n').replace('{ role: leaf }', '{ role: leaf }'),
    )
    expect(['spine1', 'spine2'].map((peer) => session('leaf1', peer).weight)).toEqual([5, 1])
    expect(['leaf1', 'leaf2'].map((peer) => session('spine2', peer).weight)).toEqual([1, 1])
  })

  test('[TABLE-7] are hundredths of their sum in static tables too', () => {
    const { fabric } = parseFabric(weighted('static'), 'test.yaml')
    if (fabric === undefined) throw new TypeError('no fabric')
    const { nodes } = compile(fabric)
    const leaf = nodes.find(({ name }) => name === 'leaf1')
    const shares = leaf?.program.tables.groups.map(({ members }) => members.map(({ weight }) => weight))
    // To leaf2 over both, floor(500 / 6) and floor(100 / 6); to a spine over one.
    expect(shares).toContainEqual([83, 16])
    expect(shares).toContainEqual([undefined])
  })
})

describe('policies', () => {
  const rest = `policies:
  b:
    { at: leaf1, peers: spine2, direction: export, otherwise: reject, statements: [
      { match: { prefixes: [10.255.0.0/24 ge 32 le 32], communities: ["65000:1", "65000:2"] }, action: reject },
      { set: { localPreference: 7, med: 0, prepend: 3, communities: ["65000:9"] } }] }
  a: { at: "leaf*", direction: import, statements: [{ match: { prefixes: [10.0.0.0/8] } }] }
  c: { at: "spine*", direction: import, statements: [{ match: { communities: ["1:1"] }, action: reject }] }`
  const { of, session } = planOf(file({ rest }))

  test('[BGP-5] are on the sessions that they are for', () => {
    expect(session('leaf1', 'spine1')).toMatchObject({ import: 'a' })
    expect(session('leaf1', 'spine1')).not.toHaveProperty('export')
    expect(session('leaf1', 'spine2')).toMatchObject({ import: 'a', export: 'b' })
    expect(session('leaf2', 'spine2')).toMatchObject({ import: 'a' })
    expect(session('leaf2', 'spine2')).not.toHaveProperty('export')
    expect(session('spine1', 'leaf2')).toMatchObject({ import: 'c' })
  })

  test('[BGP-5] end by accepting what none of their statements matches, unless they say otherwise', () => {
    expect(of('leaf1').control.policies).toEqual([
      {
        name: 'a',
        statements: [
          { match: { prefixes: [{ prefix: '10.0.0.0/8' }] }, action: 'accept', set: {} },
          { match: {}, action: 'accept', set: {} },
        ],
      },
      {
        name: 'b',
        statements: [
          {
            match: {
              prefixes: [{ prefix: '10.255.0.0/24', ge: 32, le: 32 }],
              communities: ['65000:1', '65000:2'],
            },
            action: 'reject',
            set: {},
          },
          {
            match: {},
            action: 'accept',
            set: { localPreference: 7, med: 0, prepend: 3, communities: ['65000:9'] },
          },
        ],
      },
    ])
    expect(of('leaf2').control.policies.map(({ name }) => name)).toEqual(['a'])
  })
})

test('[BGP-1] a fabric of routers alone has no EVPN on its sessions', () => {
  const text = readFileSync(new URL('../../topologies/pop-anycast.yaml', import.meta.url), 'utf8')
  const { plan, of } = planOf(text)
  for (const { name } of plan.nodes) {
    expect(of(name).control.sessions.map(({ families }) => families)).toEqual(
      of(name).control.sessions.map(() => ['ipv4']),
    )
  }
  expect(of('fra1').control.originate).toContain('203.0.113.0/24')
  expect(plan.links.find(({ id }) => id === 'fra1--msk1')?.delay).toBe(13_900_000)
})
