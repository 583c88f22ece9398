import { describe, expect, it } from 'vitest'
import { effectiveNode, formatTopologyProblem, longLink, readTopology, writeTopology } from './index.js'

function topologyOf(text: string, environment: Record<string, string> = {}) {
  const { topology, problems } = readTopology(text, { file: 'lab.clab.yml', environment })
  expect(problems?.map(formatTopologyProblem)).toBeUndefined()
  return topology!
}
function problemsOf(text: string): readonly string[] {
  const { problems } = readTopology(text, { file: 'lab.clab.yml', environment: {} })
  return (problems ?? []).map(formatTopologyProblem)
}
const lab = (sections: string) => `name: lab\ntopology:\n${sections.replaceAll(/^/gm, '  ')}`

describe('a topology file', () => {
  it('[T02] is read with what is given, and nothing else', () => {
    const topology = topologyOf(`
name: lab
prefix: ""
mgmt: {network: none, ipv4-subnet: auto}
topology:
  defaults: {kind: linux}
  nodes:
    a: {env: {MTU: 9000, ON: yes, EMPTY: }, cpu: .5, privileged: off, startup-delay: 0x10}
    b:
    c: {startup-delay: 010}
  links:
  - endpoints: ["a:eth1", "b:eth1"]
    mtu: 1_500
`)
    expect(topology).toEqual({
      format: 'ztos-topology',
      version: 1,
      name: 'lab',
      prefix: '',
      mgmt: { network: 'none', 'ipv4-subnet': 'auto' },
      topology: {
        defaults: { kind: 'linux' },
        nodes: {
          a: { env: { MTU: '9000', ON: 'yes', EMPTY: '' }, cpu: 0.5, privileged: false, 'startup-delay': 16 },
          b: {},
          c: { 'startup-delay': 8 },
        },
        links: [{ type: 'brief', endpoints: ['a:eth1', 'b:eth1'], mtu: 1500 }],
      },
    })
  })

  it('may use anchors, aliases and merge keys', () => {
    const text = lab(`nodes:
  a: &a {kind: linux, image: one, env: {X: 1}}
  b: {<<: *a, image: two}
  c: *a`)
    expect(topologyOf(text).topology.nodes).toEqual({
      a: { kind: 'linux', image: 'one', env: { X: '1' } },
      b: { kind: 'linux', image: 'two', env: { X: '1' } },
      c: { kind: 'linux', image: 'one', env: { X: '1' } },
    })
  })

  it('may have variables, whose values can be anything but more lines', () => {
    const text = lab('nodes: {a: {kind: linux, image: "$IMAGE", env: {N: "${N:=7}"}}}')
    const { nodes } = topologyOf(text, { IMAGE: 'registry/one:2' }).topology
    expect(nodes).toEqual({ a: { kind: 'linux', image: 'registry/one:2', env: { N: '7' } } })
  })

  it.each([
    ['name: lab\ntopology: [1]', '2:11: ZT_TOPOLOGY_TYPE: topology must be a map; write keys and values'],
    ['name: a b\ntopology: {}', '1:7: ZT_TOPOLOGY_VALUE: the lab is named "a b"'],
    ['topology: {}', '1:1: ZT_TOPOLOGY_MISSING_KEY: the file has no name; add name'],
    ['name: lab', '1:1: ZT_TOPOLOGY_MISSING_KEY: the file has no topology; add topology'],
    [
      'name: lab\nnames: x\ntopology: {}',
      '2:1: ZT_TOPOLOGY_UNKNOWN_KEY: names is no key that containerlab 0.79 knows here (did you mean name?)',
    ],
    [
      lab('nodes: {a: {kind: linux, bind: [x]}}'),
      '3:28: ZT_TOPOLOGY_UNKNOWN_KEY: bind is no key that containerlab 0.79 knows here',
    ],
    [
      lab('nodes: {a: {kind: linux, kind: host}}'),
      'ZT_TOPOLOGY_DUPLICATE_KEY: the key kind stands here twice',
    ],
    [
      lab('nodes: {a: {kind: linux, binds: x}}'),
      '3:35: ZT_TOPOLOGY_TYPE: topology.nodes.a.binds must be a list',
    ],
    [
      lab('nodes: {a: {kind: linux, privileged: "true"}}'),
      'topology.nodes.a.privileged is "true"; write true or false',
    ],
    [
      lab('nodes: {a: {kind: linux, startup-delay: 1.5}}'),
      'topology.nodes.a.startup-delay is "1.5"; write a whole number',
    ],
    [
      lab('nodes: {a: {kind: linux, startup-delay: -1}}'),
      'topology.nodes.a.startup-delay is -1; write a greater one',
    ],
    [lab('nodes: {a: {}}'), '3:14: ZT_TOPOLOGY_MISSING_KEY: node a has no kind, and none is inherited'],
    [
      lab('nodes: {a: {kind: linux, stages: {create: {wait-for: [{node: b}]}}}}'),
      'ZT_TOPOLOGY_UNKNOWN_NODE: there is no node b',
    ],
    [
      lab('nodes: {a: {kind: linux, stages: {create: {wait-for: [{node: a, stage: up}]}}}}'),
      'a waits for stage up',
    ],
    [
      lab('nodes: {leaf1: {kind: linux}}\nlinks:\n- endpoints: [leaf1:e1, leaf2:e1]'),
      '5:5: ZT_TOPOLOGY_UNKNOWN_NODE: there is no node leaf2',
    ],
    [
      lab('nodes: {a: {kind: linux}}\nlinks:\n- endpoints: [a:e1]'),
      'ZT_TOPOLOGY_LINK: this link has 1 endpoints',
    ],
    [
      lab('nodes: {a: {kind: linux}}\nlinks:\n- endpoints: [a:e1, a]'),
      'ZT_TOPOLOGY_LINK: a is no node:interface',
    ],
    [
      lab('nodes: {a: {kind: linux}}\nlinks:\n- endpoints: [a:e1, a:e1]'),
      'ZT_TOPOLOGY_LINK: a:e1 is an end of links 1 and 1',
    ],
    [
      lab('nodes: {a: {kind: linux}}\nlinks:\n- endpoints: [a:e1, "a:e/1"]'),
      '"e/1" of a is no name of a device',
    ],
    [
      lab('links:\n- {type: tunnel}'),
      '4:12: ZT_TOPOLOGY_VALUE: topology.links[0] is of type tunnel; write one of brief, veth',
    ],
    [lab('links:\n- {type: host, host-interface: x}'), 'topology.links[0] has no endpoint; add endpoint'],
    [
      'name: ${LAB\ntopology: {}',
      '1:7: ZT_TOPOLOGY_VARIABLE: the brace of this variable is not closed on its line',
    ],
    ['name: [', 'ZT_TOPOLOGY_YAML: this is no YAML'],
    ['', '1:1: ZT_TOPOLOGY_YAML: the file is empty'],
  ])('is refused with a place and a remedy: %j', (text, wanted) => {
    expect(problemsOf(text).join('\n')).toContain(wanted)
  })

  it('finds what is wrong behind variables where it stands', () => {
    const text = 'name: ${LAB:=a-rather-long-name}\ntopology: {nodes: {a: {kind: "${KIND:=linux}", bind: x}}}'
    expect(problemsOf(text)).toEqual([expect.stringMatching(/^lab\.clab\.yml:2:48: ZT_TOPOLOGY_UNKNOWN_KEY/)])
  })
})

describe('what a node gets', () => {
  const { topology } = topologyOf(
    lab(`defaults: {kind: linux, group: g, env: {A: d, B: d}, exec: [d], binds: ["d:/x", "d:/y"], cpu: 2, dns: {servers: [d]}}
kinds:
  linux: {image: k, env: {B: k, C: k}, exec: [k, d], binds: ["k:/y:ro"], privileged: true}
  Other: {image: o}
groups:
  g: {image: g, env: {C: g}, exec: [g], privileged: false, stages: {create: {wait-for: [{node: b}]}}}
  h: {kind: Other, user: h}
nodes:
  a: {cpu: 0, env: {D: n}, exec: [n], image: "", stages: {create: {wait-for: [{node: b}, {node: c}]}}}
  b: {kind: Other}
  c: {group: h, aliases: [x]}`),
  )
  it('is its own, or its group’s, its kind’s or the defaults’', () => {
    expect(effectiveNode(topology, 'a')).toEqual({
      kind: 'linux',
      group: 'g',
      image: 'g',
      cpu: 2,
      privileged: false,
      dns: { servers: ['d'] },
      env: { A: 'd', B: 'k', C: 'g', D: 'n' },
      exec: ['d', 'k', 'g', 'n'],
      binds: ['d:/x', 'k:/y:ro'],
      stages: { create: { 'wait-for': [{ node: 'b' }, { node: 'c' }] } },
    })
    expect(effectiveNode(topology, 'b')).toMatchObject({ kind: 'other', group: 'g', image: 'g' })
    expect(effectiveNode(topology, 'c')).toMatchObject({
      kind: 'other',
      group: 'h',
      image: 'o',
      user: 'h',
      aliases: ['x'],
    })
  })
})

describe('a brief link', () => {
  it('is what its ends say', () => {
    const { links = [] } = topologyOf(
      lab(`nodes: {a: {kind: linux}, b: {kind: linux}}
links:
- {endpoints: [a:e1, b:e1], mtu: 1500, ipv4: [10.0.0.1/31, 10.0.0.2/31]}
- endpoints: [a:e2, host:veth1]
- endpoints: [macvlan:eno1, b:e2]
- endpoints: [a:e3, mgmt-net:br]`),
    ).topology
    expect(links.map(longLink)).toEqual([
      {
        type: 'veth',
        mtu: 1500,
        ipv4: ['10.0.0.1/31', '10.0.0.2/31'],
        endpoints: [
          { node: 'a', interface: 'e1', ipv4: '10.0.0.1/31' },
          { node: 'b', interface: 'e1', ipv4: '10.0.0.2/31' },
        ],
      },
      { type: 'host', 'host-interface': 'veth1', endpoint: { node: 'a', interface: 'e2' } },
      { type: 'macvlan', 'host-interface': 'eno1', endpoint: { node: 'b', interface: 'e2' } },
      { type: 'mgmt-net', 'host-interface': 'br', endpoint: { node: 'a', interface: 'e3' } },
    ])
  })
})

describe('a topology that is written', () => {
  it('reads well, and is the same whatever the environment', () => {
    const topology = topologyOf(
      lab(`nodes: {a: {kind: linux, exec: ["echo $$HOME costs 5 $", "ip link"], env: {ON: "yes", N: "010"}}}
links: [{endpoints: [a:e1, host:x]}]`),
    )
    const text = writeTopology(topology, {
      heading: ['A lab.'],
      comments: new Map([['topology.nodes.a', 'The only one.']]),
    })
    expect(text).toBe(`# A lab.

name: lab
topology:
  nodes:
    # The only one.
    a:
      kind: linux
      env:
        "ON": "yes"
        "N": "010"
      exec:
        - echo $$HOME costs 5 $
        - ip link
  links:
    - endpoints: [a:e1, host:x]
`)
    expect(topologyOf(text, { HOME: '/root' })).toEqual(topology)
  })
})
