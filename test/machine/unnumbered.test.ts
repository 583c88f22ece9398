import { describe, expect, test } from 'vitest'
import type { NodeProgram } from '../../contract/program.js'
import { build, formatIpv6, linkLocalOf, parseIpv6 } from '../../twin/packet/index.js'
import {
  Bench,
  changed,
  eth,
  farMac,
  GATEWAY,
  ip4,
  ip6,
  mac,
  otherMac,
  other4,
  portMac,
  PROGRAM,
  tx,
  udpHello,
  untunnelled,
} from './support/bench.js'
import { apply } from './support/changes.js'

/*
 * Uplinks 1 and 2 and the sealed one without IPv4 addresses: link-local addresses alone, by which packets of both families leave
 * (RFC 8950). Both far ends have the same link-local address: a neighbour belongs to its interface.
 */

const FAR = 'fe80::1'
const unnumbered = (
  fields: Readonly<Record<number, Readonly<Record<string, unknown>>>> = {},
): NodeProgram => {
  const links = Object.fromEntries(
    [1, 2, 4].map((id) => [id, { addresses: [`${formatIpv6(linkLocalOf(portMac(id)))}/64`] }]),
  )
  const { tables } = PROGRAM
  return changed(
    { ...links, ...fields },
    {
      routes: tables.routes.filter(({ vrf, connected }) => vrf !== 0 || connected === undefined),
      groups: tables.groups.map((group) => ({
        ...group,
        members: group.members.map((one) => (one.interface < 10 ? { ...one, gateway: FAR } : one)),
      })),
      neighbours: [
        ...tables.neighbours.filter(({ interface: id }) => id > 10),
        { interface: 1, address: FAR, mac: '02:00:00:00:01:01' },
        { interface: 2, address: FAR, mac: '02:00:00:00:01:02' },
      ],
    },
  )
}
const to4 = (ttl = 64) => build.ipv4({ src: ip4('198.18.0.1'), dst: ip4('10.255.0.3'), ttl }, udpHello)
const to6 = (hopLimit = 64) =>
  build.ipv6({ src: ip6('2001:db8:99::1'), dst: ip6('2001:db8:f000::1'), hopLimit }, udpHello)

describe('[C28] links without addresses', () => {
  test('[ROUTE-10] [NEIGH-3] packets of both families go to a link-local gateway’s MAC, that of the interface', () => {
    const bench = new Bench(unnumbered())
    // Group 2 is uplink 2, group 6 uplink 1.
    expect(bench.frame(1, eth(portMac(1), farMac(1), to4()))).toEqual([
      tx(2, eth(farMac(2), portMac(2), to4(63))),
    ])
    expect(bench.frame(2, eth(portMac(2), farMac(2), to6()))).toEqual([
      tx(1, eth(farMac(1), portMac(1), to6(63))),
    ])
  })

  test('[VXLAN-1] [ROUTE-11] tunnels too', () => {
    const frame = eth(mac('02:ee:00:00:00:01'), mac('02:ee:00:00:00:02'), to4())
    const [line] = new Bench(unnumbered()).frame(43, frame)
    expect(untunnelled(line)).toMatchObject({ port: 1, to: '10.255.0.2' })
    expect(line?.split(' ')[2]?.slice(0, 28)).toBe('0200000001010200000000010800')
  })

  test('[NEIGH-1] [NEIGH-4] a link-local neighbour is missing until the kernel tells it', () => {
    const bench = new Bench(unnumbered())
    bench.node.neighbour(0n, 2, parseIpv6(FAR))
    expect(bench.frame(1, eth(portMac(1), farMac(1), to4()))).toEqual(['neighbour-missing'])
    // That of the other interface is another.
    bench.node.neighbour(0n, 1, parseIpv6(FAR), mac('02:00:00:00:09:09'))
    expect(bench.frame(1, eth(portMac(1), farMac(1), to4()))).toEqual(['neighbour-missing'])
    bench.node.neighbour(0n, 2, parseIpv6(FAR), mac('02:00:00:00:09:08'))
    expect(bench.frame(1, eth(portMac(1), farMac(1), to4()))).toEqual([
      tx(2, eth(mac('02:00:00:00:09:08'), portMac(2), to4(63))),
    ])
  })

  test('[ICMP-1] errors over IPv4 come from the loopback, those over IPv6 too: link-local addresses are none to answer from', () => {
    const bench = new Bench(unnumbered())
    bench.control({
      op: 'apply',
      changes: [
        { table: 'route', vrf: 0, prefix: '198.18.0.0/24', members: [{ interface: 1, gateway: FAR }] },
        { table: 'route', vrf: 0, prefix: '2001:db8:99::/48', members: [{ interface: 1, gateway: FAR }] },
      ],
    })
    const [fate4, line4] = bench.frame(1, eth(portMac(1), farMac(1), to4(1)))
    expect([fate4, line4?.split(' ')[2]?.slice(52, 60)]).toEqual(['ttl-exceeded', '0aff0001'])
    const [fate6, line6] = bench.frame(1, eth(portMac(1), farMac(1), to6(1)))
    expect([fate6, line6?.split(' ')[2]?.slice(44, 76)]).toEqual([
      'ttl-exceeded',
      'fd0000ff000000000000000000000001',
    ])
  })

  test('[PORT-4] [ROUTE-5] what is for a link-local address is the kernel’s, and never routed', () => {
    const bench = new Bench(unnumbered())
    const own = linkLocalOf(portMac(1))
    for (const dst of [own, parseIpv6(FAR)]) {
      const packet = build.ipv6({ src: parseIpv6(FAR), dst }, udpHello)
      expect(bench.frame(1, eth(portMac(1), farMac(1), packet))[0]).toMatch(/^punt 1 /)
    }
    const from = build.ipv6({ src: parseIpv6('fe80::77'), dst: ip6('2001:db8:f000::1') }, udpHello)
    expect(bench.frame(1, eth(portMac(1), farMac(1), from))).toEqual(['link-local-not-routed'])
  })

  test('[CTRL-6] a gateway of the other family comes by apply, on ports; hosts are asked for in that family', () => {
    const bench = new Bench(unnumbered({ 21: { vrf: 0, addresses: ['10.1.1.1/24', '2001:db8:2::1/64'] } }))
    const change = (id: number, gateway: string) =>
      apply(bench, {
        table: 'route',
        vrf: 0,
        prefix: '203.0.113.0/24',
        members: [{ interface: id, gateway }],
      })
    const packet = (ttl = 64) =>
      build.ipv4({ src: ip4('198.18.0.1'), dst: ip4('203.0.113.9'), ttl }, udpHello)
    expect(change(2, FAR)).toEqual([])
    expect(bench.frame(1, eth(portMac(1), farMac(1), packet()))).toEqual([
      tx(2, eth(farMac(2), portMac(2), packet(63))),
    ])
    expect(change(21, '2001:db8:2::9')).toEqual([])
    // [NEIGH-6] A solicitation, for the next hop is of IPv6.
    expect(bench.frame(1, eth(portMac(1), farMac(1), packet()))[0]).toMatch(/^tx 23 3333ff000009/)
  })
})

describe('[C28] hosts beside the uplinks, in VRF 0', () => {
  const program = changed(
    { 21: { vrf: 0, addresses: ['10.1.1.1/24', '2001:db8:2::1/64'] } },
    {
      routes: [
        ...PROGRAM.tables.routes.filter(({ connected }) => connected !== 21),
        { vrf: 0, prefix: '10.1.1.0/24', connected: 21 },
        { vrf: 0, prefix: '2001:db8:2::/64', connected: 21 },
        { vrf: 0, prefix: 'fd00:fe::/127', connected: 1 },
      ],
    },
  )
  const host6 = ip6('2001:db8:2::11')

  test('[ROUTE-9] from a host by an uplink, and back: asked for first', () => {
    const bench = new Bench(program)
    const out = (ttl: number) => build.ipv4({ src: other4(1), dst: ip4('10.255.0.3'), ttl }, udpHello)
    expect(bench.frame(23, eth(GATEWAY, otherMac(1), out(64)))).toEqual([
      tx(2, eth(farMac(2), portMac(2), out(63))),
    ])
    const back = (ttl: number) => build.ipv4({ src: ip4('10.255.0.3'), dst: other4(1), ttl }, udpHello)
    const [asked] = bench.frame(2, eth(portMac(2), farMac(2), back(64)))
    expect(asked).toMatch(/^tx 23 ffffffffffff/)
    const answer = build.arp({
      operation: 2,
      sha: otherMac(1),
      spa: other4(1),
      tha: mac('02:5a:00:00:00:01'),
      tpa: ip4('0.0.0.0'),
    })
    const [released] = bench.frame(23, eth(mac('02:5a:00:00:00:01'), otherMac(1), answer))
    expect(released).toBe(tx(23, eth(otherMac(1), GATEWAY, back(63))))
  })

  test('[ROUTE-9] over IPv6 alike', () => {
    const bench = new Bench(program)
    const out = (hopLimit: number) =>
      build.ipv6({ src: host6, dst: ip6('2001:db8:f000::1'), hopLimit }, udpHello)
    expect(bench.frame(23, eth(GATEWAY, otherMac(1), out(64)))).toEqual([
      tx(1, eth(farMac(1), portMac(1), out(63))),
    ])
    const back = build.ipv6({ src: ip6('2001:db8:f000::1'), dst: host6 }, udpHello)
    expect(bench.frame(1, eth(portMac(1), farMac(1), back))[0]).toMatch(/^tx 23 3333ff000011/)
  })

  test('[LOCAL-1] [LOCAL-3] the gateway answers its hosts and, over an uplink, others', () => {
    const bench = new Bench(program)
    const echo = (src: ReturnType<typeof ip4>) =>
      build.ipv4({ src, dst: ip4('10.1.1.1') }, build.icmp({ type: 8 }, build.payload('ping')))
    expect(bench.frame(23, eth(GATEWAY, otherMac(1), echo(other4(1))))[0]).toBe('echo-answered')
    expect(bench.frame(1, eth(portMac(1), farMac(1), echo(ip4('198.51.100.7'))))[0]).toBe('echo-answered')
  })

  test('[ROUTE-2] a host beside the underlay has a source of its own network, or is dropped', () => {
    const bench = new Bench(program)
    const from = (src: ReturnType<typeof ip4>) =>
      bench.frame(23, eth(GATEWAY, otherMac(1), build.ipv4({ src, dst: ip4('198.51.100.7') }, udpHello)))
    expect(from(ip4('10.255.0.9'))).toEqual(['martian-source'])
    expect(from(other4(1))).not.toContain('martian-source')
  })
})
