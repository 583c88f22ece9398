import { describe, expect, it } from 'vitest'
import type { Plan } from '../../contract/plan.js'
import { insideScript, networkScript, removalScript } from './script.js'
import { wiringOf } from './wiring.js'

const empty = { routes: [], groups: [], neighbours: [], fdb: [], flood: [] }
const seal = (lower: number, addresses: string[]) => ({
  id: 10 + lower,
  name: `ms${lower}`,
  kind: 'macsec' as const,
  vrf: 0,
  lower,
  mac: '02:00:00:00:00:11',
  mtu: 1700,
  addresses,
  cipher: 'gcm-aes-128' as const,
  mode: 'strict' as const,
  replayWindow: 0 as const,
  tx: { sci: '0200000000110001', an: 0, key: 'lab:core/a' },
  rx: [{ sci: '0200000000220001', an: 0, key: 'lab:core/b' }],
})
const port = (id: number, mac: string, more: object = {}) => ({
  id,
  name: `eth${id}`,
  kind: 'port' as const,
  mac,
  mtu: 1732,
  addresses: [],
  tap: true,
  ...more,
})
const program = (node: string, interfaces: object[], tables: object = empty) =>
  ({
    format: 'ztos-program',
    version: 1,
    node,
    seeds: { ecmp: 0, sourcePort: 0 },
    vrfs: [{ id: 0, name: 'underlay' }],
    interfaces,
    tables,
  }) as never

/** leaf1 sealed to spine1 and clear to spine2, a host at leaf1. */
const plan = {
  format: 'ztos-plan',
  version: 1,
  fabric: 'shop',
  underlay: 'ipv4',
  nodes: [
    {
      name: 'leaf1',
      role: 'leaf',
      asn: 1,
      program: program(
        'leaf1',
        [
          port(1, '02:00:00:00:00:11'),
          port(2, '02:00:00:00:00:12', { mtu: 1700, vrf: 0, addresses: ['10.254.0.2/31'] }),
          port(3, '02:00:00:00:00:13', { mtu: 1500, tap: false, bridge: 20 }),
          seal(1, ['10.254.0.0/31']),
          { id: 9, name: 'lo', kind: 'loopback', vrf: 0, addresses: ['10.255.0.1/32'] },
        ],
        {
          ...empty,
          groups: [
            {
              id: 1,
              members: [
                { interface: 11, gateway: '10.254.0.1' },
                { interface: 2, gateway: '10.254.0.3' },
              ],
            },
          ],
          routes: [
            { vrf: 0, prefix: '10.255.0.2/32', group: 1 },
            { vrf: 7, prefix: '10.1.0.0/24', group: 1 },
          ],
          neighbours: [
            { interface: 11, address: '10.254.0.1', mac: '02:00:00:00:00:21' },
            { interface: 3, address: '10.1.0.9', mac: '02:00:00:00:00:99' },
          ],
        },
      ),
    },
    {
      name: 'spine1',
      role: 'spine',
      asn: 2,
      program: program('spine1', [port(1, '02:00:00:00:00:21'), seal(1, ['10.254.0.1/31'])]),
    },
    {
      name: 'spine2',
      role: 'spine',
      asn: 2,
      program: program('spine2', [port(1, '02:00:00:00:00:31', { addresses: ['2001:db8::1/127'], vrf: 0 })]),
    },
  ],
  links: [
    {
      id: 'leaf1--spine1',
      a: { node: 'leaf1', interface: 1 },
      b: { node: 'spine1', interface: 1 },
      mtu: 1732,
      seal: 'core',
    },
    {
      id: 'leaf1--spine2',
      a: { node: 'leaf1', interface: 2 },
      b: { node: 'spine2', interface: 1 },
      mtu: 1700,
    },
  ],
  tenants: [],
  hosts: [
    {
      id: 'shop/web1',
      tenant: 'shop',
      network: 'web',
      at: { node: 'leaf1', interface: 3 },
      mac: '02:00:00:00:01:01',
      addresses: ['10.1.0.11/24'],
      gateways: [],
      mtu: 1500,
    },
  ],
  intents: [],
  keys: [],
} satisfies Plan

const script = networkScript(wiringOf('k3f9a2', plan)).rest
const inside = (namespace: string) => script.inside.find((one) => one.namespace === namespace)!

describe('the network of a lab as commands', () => {
  it('makes a namespace for each node and host, then a cable for each link and host', () => {
    expect(script.create).toEqual([
      'netns add zt-k3f9a2-leaf1',
      'netns add zt-k3f9a2-spine1',
      'netns add zt-k3f9a2-spine2',
      'netns add zt-k3f9a2-h-shop-web1',
      'link add eth1.phy address 02:00:00:00:00:11 mtu 1778 netns zt-k3f9a2-leaf1 type veth peer name eth1.phy address 02:00:00:00:00:21 mtu 1778 netns zt-k3f9a2-spine1',
      'link add eth2.phy address 02:00:00:00:00:12 mtu 1778 netns zt-k3f9a2-leaf1 type veth peer name eth1.phy address 02:00:00:00:00:31 mtu 1778 netns zt-k3f9a2-spine2',
      'link add eth3.phy address 02:00:00:00:00:13 mtu 1778 netns zt-k3f9a2-leaf1 type veth peer name eth0 address 02:00:00:00:01:01 mtu 1778 netns zt-k3f9a2-h-shop-web1',
    ])
  })

  it('switches IPv6 off before a device is up', () => {
    for (const { lines } of script.inside) {
      expect(lines.slice(0, 2)).toEqual([
        'sysctl ipv6/conf/all/disable_ipv6 1',
        'sysctl ipv6/conf/default/disable_ipv6 1',
      ])
    }
  })

  it('gives a TAP the port name, the MAC, the addresses and the MTU above the seal', () => {
    const { lines } = inside('zt-k3f9a2-leaf1')
    expect(lines).toContain('tap eth1')
    expect(lines).not.toContain('tap eth3')
    expect(lines).toContain('ip link set eth1 address 02:00:00:00:00:11 mtu 1700 up')
    expect(lines).toContain('ip addr add 10.254.0.0/31 dev eth1')
    expect(lines).toContain('ip link set eth2 address 02:00:00:00:00:12 mtu 1700 up')
    expect(lines).toContain('ip addr add 10.255.0.1/32 dev lo')
  })

  it('gives the kernel the underlay routes and neighbours, and none of a tenant', () => {
    const { lines } = inside('zt-k3f9a2-leaf1')
    expect(lines).toContain(
      'ip route add 10.255.0.2/32 nexthop via 10.254.0.1 dev eth1 nexthop via 10.254.0.3 dev eth2',
    )
    expect(lines).toContain('ip neigh add 10.254.0.1 lladdr 02:00:00:00:00:21 dev eth1 nud permanent')
    expect(lines.filter((line) => line.includes('10.1.0'))).toEqual([])
  })

  it('drops what the kernel sends on sealed devices, and on those alone', () => {
    const dropping = (namespace: string) => inside(namespace).lines.filter((line) => line.startsWith('tc '))
    expect(dropping('zt-k3f9a2-leaf1')).toEqual([
      'tc qdisc add dev eth1.phy clsact',
      'tc filter add dev eth1.phy egress bpf da bytecode "1,6 0 0 2"',
    ])
    expect(dropping('zt-k3f9a2-spine2')).toEqual([])
  })

  it('switches IPv6 on for TAPs where the underlay has it, without addresses of its own making', () => {
    const { lines } = inside('zt-k3f9a2-spine2')
    const settings = (all: readonly string[]) =>
      all.filter((line) => /^sysctl ipv6\/conf\/(?!all|default)/.test(line))
    expect(lines).toContain('sysctl ipv6/conf/eth1/disable_ipv6 0')
    expect(settings(lines).filter((line) => line.includes('.phy'))).toEqual([])
    expect(lines).toContain('ip addr add 2001:db8::1/127 dev eth1 nodad')
    expect(settings(inside('zt-k3f9a2-spine1').lines)).toEqual([])
  })

  it('[BGP-10] switches IPv6 on for TAPs of links without numbers, and routes IPv4 by way of it', () => {
    const unnumbered = structuredClone(plan) as Plan
    const { interfaces, tables } = unnumbered.nodes[0]!.program
    for (const one of interfaces) if ('addresses' in one && one.kind !== 'loopback') one.addresses = []
    tables.neighbours = [{ interface: 2, address: 'fe80::1', mac: '02:00:00:00:00:21' }]
    tables.groups = [{ id: 1, members: [{ interface: 2, gateway: 'fe80::1' }] }]
    tables.routes = [{ vrf: 0, prefix: '10.255.0.2/32', group: 1 }]
    const script = networkScript(wiringOf('k3f9a2', unnumbered)).rest.inside.find(({ namespace }) =>
      namespace.endsWith('leaf1'),
    )
    expect(script?.lines).toContain('sysctl ipv6/conf/eth2/disable_ipv6 0')
    expect(script?.lines).toContain('ip neigh add fe80::1 lladdr 02:00:00:00:00:21 dev eth2 nud permanent')
    expect(script?.lines).toContain('ip route add 10.255.0.2/32 via inet6 fe80::1 dev eth2')
  })

  it('computes no checksums for hosts in the device', () => {
    expect(inside('zt-k3f9a2-h-shop-web1').lines).toContain('plain eth0')
  })

  it('goes through namespaces one after the other', () => {
    const [first, second] = [inside('zt-k3f9a2-leaf1'), inside('zt-k3f9a2-spine1')]
    const lines = insideScript([first, second]).split('\n')
    expect(lines).toEqual([
      'netns zt-k3f9a2-leaf1',
      ...first.lines,
      'netns zt-k3f9a2-spine1',
      ...second.lines,
      '',
    ])
  })

  it('joins the ends of a link that takes time by the wire node, and sets none of its devices up', () => {
    const [first, ...others] = plan.links
    const slow = { ...plan, links: [{ ...first!, delay: 5_000_000 }, ...others] } as Plan
    const wiring = wiringOf('k3f9a2', slow)
    const { create, inside: all } = networkScript(wiring).rest
    expect(create.filter((line) => line.includes('wire.0'))).toEqual([
      'netns add zt-k3f9a2-wire.0',
      'link add eth1.phy address 02:00:00:00:00:11 mtu 1778 netns zt-k3f9a2-leaf1 type veth peer name w0a mtu 1778 netns zt-k3f9a2-wire.0',
      'link add eth1.phy address 02:00:00:00:00:21 mtu 1778 netns zt-k3f9a2-spine1 type veth peer name w0b mtu 1778 netns zt-k3f9a2-wire.0',
    ])
    expect(wiring.wire?.links).toEqual([{ id: 'leaf1--spine1', a: 'w0a', b: 'w0b', delay: 5_000_000 }])
    const wire = all.find(({ namespace }) => namespace === 'zt-k3f9a2-wire.0')
    expect(wire?.lines.filter((line) => !line.startsWith('sysctl '))).toEqual([])
  })

  it('makes nodes first that are to be there before all others, up to their cables', () => {
    const spines = ['zt-k3f9a2-spine1', 'zt-k3f9a2-spine2']
    const { first, rest } = networkScript(wiringOf('k3f9a2', plan), new Set(spines))
    expect(first.create).toEqual(spines.map((name) => `netns add ${name}`))
    expect(first.inside.map(({ namespace }) => namespace)).toEqual(spines)
    expect(first.inside[0]?.lines.slice(0, 2)).toEqual(script.inside[0]?.lines.slice(0, 2))
    expect(first.inside[0]?.lines).toContain('tap eth1')
    // Between them they do what is done at once otherwise, each line once.
    expect([...first.create, ...rest.create].toSorted()).toEqual(script.create.toSorted())
    const both = (namespace: string) =>
      [...first.inside, ...rest.inside].flatMap((one) => (one.namespace === namespace ? one.lines : []))
    for (const { namespace, lines } of script.inside) expect(both(namespace)).toEqual(lines)
  })

  it('sets a sealed device up when what the kernel sends there is dropped already', () => {
    const { lines } = inside('zt-k3f9a2-leaf1')
    const dropped = lines.findIndex((line) => line.startsWith('tc filter add dev eth1.phy '))
    expect(dropped).toBeGreaterThan(0)
    expect(lines.indexOf('up eth1.phy')).toBeGreaterThan(dropped)
  })

  it('removes namespaces by name', () => {
    expect(removalScript(['zt-k3f9a2-leaf1'])).toEqual(['netns del zt-k3f9a2-leaf1'])
  })
})

describe('wiring', () => {
  it('refuses a plan that the lab cannot carry, naming the limit', () => {
    const wide = structuredClone(plan) as Plan
    const { interfaces } = wide.nodes[0]!.program
    Object.assign(interfaces[0]!, { mtu: 1779 })
    Object.assign(
      interfaces.find(({ kind }) => kind === 'macsec')!,
      { mtu: 1747 },
    )
    expect(() => wiringOf('k3f9a2', wide)).toThrow(
      /ZT_LAB_PLAN: port eth1 of leaf1 has MTU 1779.*at most 1792 octets\n {2}remedy: set underlay.mtu to at most 1746/,
    )
  })

  it.each([
    ['no node', { node: 'leaf9', interface: 1 }, /leaf9, which is no node/],
    ['no port', { node: 'leaf1', interface: 11 }, /interface 11 of leaf1, which is no port/],
  ])('refuses a link to %s', (_what, a, message) => {
    const broken = { ...plan, links: [{ ...plan.links[0]!, a }] } as Plan
    expect(() => wiringOf('k3f9a2', broken)).toThrow(message)
  })
})
