import { describe, expect, test } from 'vitest'
import {
  build,
  linkLocalOf,
  macOfIpv6Group,
  solicitedNodeOf,
  toHex,
  type Ipv4,
  type Ipv6,
  type Mac,
} from '../../twin/packet/index.js'
import {
  Bench,
  BROADCAST,
  changed,
  eth,
  farMac,
  GATEWAY,
  host4,
  host6,
  hostMac,
  ip4,
  ip6,
  mac,
  other4,
  otherMac,
  portMac,
  SYSTEM,
  teach,
  tx,
  udpHello,
  untunnelled,
} from './support/bench.js'

/** From host 1 on port 13 to an address, by the gateway. */
const send4 = (dst: Ipv4, what = udpHello) =>
  eth(GATEWAY, hostMac(1), build.ipv4({ src: host4(1), dst }, what))
const routed4 = (dst: Ipv4, to: Mac, what = udpHello) =>
  eth(to, GATEWAY, build.ipv4({ src: host4(1), dst, ttl: 63 }, what))
const other = (text: string) => build.udp({ srcPort: 1, dstPort: 2 }, build.payload(text))
const probe = (target: Ipv4) =>
  eth(
    BROADCAST,
    SYSTEM,
    build.arp({ operation: 1, sha: SYSTEM, spa: ip4('0.0.0.0'), tha: mac('00:00:00:00:00:00'), tpa: target }),
  )
const answer = (from: Mac, address: Ipv4) =>
  eth(SYSTEM, from, build.arp({ operation: 2, sha: from, spa: address, tha: SYSTEM, tpa: ip4('0.0.0.0') }))
/** The ICMP error host unreachable about a packet, as host 1 receives it. */
const unreachable = (quoted: Uint8Array) =>
  eth(
    hostMac(1),
    GATEWAY,
    build.ipv4(
      { src: ip4('10.1.0.1'), dst: host4(1), tos: 0xc0, ttl: 64, flags: 2 },
      build.icmp({ type: 3, code: 1 }, build.payload(quoted.subarray(14))),
    ),
  )
/** A node that knows host 1, so that errors reach it. */
const ready = (program = changed({})) => {
  const bench = new Bench(program)
  teach(bench)
  return bench
}

describe('resolving', () => {
  test('[NEIGH-4] [NEIGH-6] a packet is held while its next hop is asked for, by ARP probe from the system MAC', () => {
    const bench = ready()
    expect(bench.frame(13, send4(other4(5)))).toEqual([tx(23, probe(other4(5)))])
    expect(bench.node.held).toBe(1)
  })

  test('[NEIGH-5] the answer releases it, before the answer itself goes on', () => {
    const bench = ready()
    bench.frame(13, send4(other4(5)))
    expect(bench.frame(23, answer(otherMac(5), other4(5)))).toEqual([
      tx(23, routed4(other4(5), otherMac(5))),
      'arp-ignored',
    ])
    expect(bench.node.held).toBe(0)
    expect(bench.frame(13, send4(other4(5)))).toEqual([tx(23, routed4(other4(5), otherMac(5)))])
  })

  test('[NEIGH-6] the request is flooded in the next hop’s bridge, tunnels included', () => {
    const lines = ready().frame(13, send4(host4(5)))
    expect(lines).toHaveLength(4)
    expect(untunnelled(lines[0])).toMatchObject({
      to: '10.255.0.3',
      vni: 10010,
      inner: toHex(probe(host4(5))),
    })
    expect(lines.slice(2)).toEqual([tx(13, probe(host4(5))), tx(14, probe(host4(5)))])
  })

  test('[NEIGH-6] IPv6: a solicitation from the link-local address of the system MAC', () => {
    const target = host6(5)
    const group = solicitedNodeOf(target)
    const wanted = eth(
      macOfIpv6Group(group),
      SYSTEM,
      build.ipv6(
        { src: linkLocalOf(SYSTEM), dst: group, hopLimit: 255 },
        build.icmpv6(
          { type: 135 },
          build.ndTarget({ target }, build.ndOption({ type: 1, data: Uint8Array.of(2, 0x5a, 0, 0, 0, 1) })),
        ),
      ),
    )
    const packet = eth(GATEWAY, hostMac(1), build.ipv6({ src: host6(1), dst: target }, udpHello))
    const lines = ready().frame(13, packet)
    expect(lines.slice(2)).toEqual([tx(13, wanted), tx(14, wanted)])
  })

  test('[NEIGH-4] a newer packet takes the place of the one held; the next request comes a second later', () => {
    const bench = ready()
    bench.frame(13, send4(other4(5), other('first')))
    expect(bench.wait(0.999999999).frame(13, send4(other4(5), other('second')))).toEqual(['neighbour-queue'])
    expect(bench.wait(0.000000001).frame(13, send4(other4(5), other('third')))).toEqual([
      'neighbour-queue',
      tx(23, probe(other4(5))),
    ])
    expect(bench.frame(23, answer(otherMac(5), other4(5)))[0]).toBe(
      tx(23, routed4(other4(5), otherMac(5), other('third'))),
    )
  })

  test('[ICMP-5] [NEIGH-7] [CLOCK-1] asked again each second; given up after three, with an error to the sender', () => {
    const bench = ready()
    bench.frame(13, send4(other4(5)))
    expect(bench.wait(0.999999999).clock()).toEqual([])
    expect(bench.wait(0.000000001).clock()).toEqual([tx(23, probe(other4(5)))])
    expect(bench.wait(0.5).clock()).toEqual([])
    expect(bench.wait(0.5).clock()).toEqual([tx(23, probe(other4(5)))])
    // [ICMP-5] quotes the packet as it was held: TTL 63.
    expect(bench.wait(1).clock()).toEqual([
      'neighbour-unresolved',
      tx(13, unreachable(routed4(other4(5), otherMac(5)))),
    ])
    expect(bench.node.held).toBe(0)
    expect(bench.clock()).toEqual([])
  })

  test('[NEIGH-7] in order of interface, IPv4 before IPv6, address', () => {
    const program = changed({ 21: { addresses: ['10.1.1.1/24', '2001:db8:2::1/64'], neighbourLimit: 9 } }, {})
    const routes = [...program.tables.routes, { vrf: 1, prefix: '2001:db8:2::/64', connected: 21 }]
    const bench = ready({ ...program, tables: { ...program.tables, routes } })
    const v6 = (dst: Ipv6) => eth(GATEWAY, hostMac(1), build.ipv6({ src: host6(1), dst }, udpHello))
    for (const frame of [
      v6(ip6('2001:db8:2::6')),
      send4(other4(6)),
      send4(other4(5)),
      v6(ip6('2001:db8:2::5')),
      send4(host4(7)),
    ]) {
      bench.frame(13, frame)
    }
    const asked = bench.wait(1).clock()
    const targets = asked.filter((line) => /^tx (13|23)/.test(line)).map((line) => line.slice(-8))
    expect(targets).toEqual([
      toHex(probe(host4(7))).slice(-8),
      toHex(probe(other4(5))).slice(-8),
      toHex(probe(other4(6))).slice(-8),
      // Solicitations end with the option: system MAC.
      '00000001',
      '00000001',
    ])
    // The targets of the solicitations, 2001:db8:2::5 before ::6.
    expect(asked.slice(-2).map((line) => line.slice(-20, -16))).toEqual(['0005', '0006'])
  })

  test('[NEIGH-4] an IRB without an address of the family cannot ask', () => {
    const bench = ready()
    const packet = (dst: string) => send4(ip4(dst))
    expect(bench.frame(13, packet('10.9.1.1'))[0]).toMatch(/^tx 1 /)
    const noNeighbour = ready(changed({}, { neighbours: [] }))
    expect(noNeighbour.frame(13, packet('10.9.1.1'))).toEqual(['neighbour-missing'])
  })

  test('[NEIGH-5] a full table holds nothing more; what is no longer valid makes room', () => {
    const bench = ready()
    // Other host 1 is known (60 s): one more has room, a third has not.
    expect(bench.frame(13, send4(other4(5)))).toEqual([tx(23, probe(other4(5)))])
    expect(bench.frame(13, send4(other4(6)))).toEqual(['neighbour-full'])
    // Nor is it bound when it speaks.
    bench.frame(23, answer(otherMac(6), other4(6)))
    expect(bench.node.config.irbs[1]!.dynamic.has(other4(6))).toBe(false)
    bench.wait(60)
    expect(bench.frame(13, send4(other4(6)))).toEqual([tx(23, probe(other4(6)))])
  })

  test('[NEIGH-2] [NEIGH-3] a resolved neighbour is used until it is too old, then asked for again', () => {
    const bench = ready()
    expect(bench.wait(59.999999999).frame(13, send4(other4(1)))).toEqual([
      tx(23, routed4(other4(1), otherMac(1))),
    ])
    expect(bench.wait(0.000000001).frame(13, send4(other4(1)))).toEqual([tx(23, probe(other4(1)))])
  })

  test('[NEIGH-3] [IRB-4] a static neighbour of an IRB is not asked for', () => {
    const bench = ready()
    // Where it lives is learned, its MAC is static.
    bench.frame(14, eth(hostMac(1), hostMac(9), build.ipv4({ src: host4(9), dst: host4(1) }, udpHello)))
    expect(bench.frame(13, send4(ip4('10.1.0.99')))).toEqual([tx(14, routed4(ip4('10.1.0.99'), hostMac(9)))])
  })
})

describe('neighbours of ports', () => {
  const transit = (dst: string) =>
    eth(portMac(2), farMac(2), build.ipv4({ src: ip4('10.254.1.1'), dst: ip4(dst) }, udpHello))

  test('[NEIGH-3] [NEIGH-4] the MAC is known or the packet is dropped', () => {
    expect(new Bench().frame(2, transit('10.255.0.2'))[0]).toBe(
      tx(
        1,
        eth(
          farMac(1),
          portMac(1),
          build.ipv4({ src: ip4('10.254.1.1'), dst: ip4('10.255.0.2'), ttl: 63 }, udpHello),
        ),
      ),
    )
    expect(new Bench().frame(2, transit('192.0.2.1'))).toEqual(['neighbour-missing'])
  })

  test('[NEIGH-1] an update overrides the program, and is forgotten when a program is loaded', () => {
    const bench = new Bench()
    const gateway = ip4('10.254.0.1')
    const to = (line: string | undefined) => line?.slice(5, 17)
    bench.node.neighbour(bench.now, 1, gateway, mac('02:dd:00:00:00:01'))
    expect(to(bench.frame(2, transit('10.255.0.2'))[0])).toBe('02dd00000001')
    bench.node.neighbour(bench.now, 1, gateway)
    expect(bench.frame(2, transit('10.255.0.2'))).toEqual(['neighbour-missing'])
    bench.load(changed({}))
    expect(to(bench.frame(2, transit('10.255.0.2'))[0])).toBe('020000000101')
  })

  test('[NEIGH-1] an update of what is no port is no input', () => {
    expect(() => new Bench().node.neighbour(0n, 11, host4(1), hostMac(1))).toThrow('ZT_INPUT_INVALID')
    expect(() => new Bench().node.neighbour(0n, 99, host4(1))).toThrow('ZT_INPUT_INVALID')
  })
})
