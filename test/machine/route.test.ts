import { describe, expect, test } from 'vitest'
import { build, type Stack } from '../../twin/packet/index.js'
import {
  Bench,
  changed,
  eth,
  farMac,
  GATEWAY,
  host4,
  host6,
  hostMac,
  ip4,
  ip6,
  otherMac,
  portMac,
  PROGRAM,
  punted,
  teach,
  tx,
  udpHello,
} from './support/bench.js'

/** By port 1 from its far end. */
const onPort = (stack: Stack) => eth(portMac(1), farMac(1), stack)
const v4 = (src: string, dst: string, fields: object = {}, what: Stack = udpHello) =>
  build.ipv4({ src: ip4(src), dst: ip4(dst), ...fields }, what)
const v6 = (src: string, dst: string, fields: object = {}) =>
  build.ipv6({ src: ip6(src), dst: ip6(dst), ...fields }, udpHello)
const fromHost = (stack: Stack) => eth(GATEWAY, hostMac(1), stack)
const ready = (program = PROGRAM) => {
  const bench = new Bench(program)
  teach(bench)
  return bench
}
const octets = (count: number) => build.udp({ srcPort: 1, dstPort: 2 }, build.payload(new Uint8Array(count)))

describe('checks', () => {
  test.each([
    '0.0.0.0',
    '0.255.255.255',
    '127.0.0.1',
    '127.255.255.255',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '10.254.0.0',
    '10.255.0.1',
  ])('[ROUTE-2] %s is no source in the underlay', (src) => {
    expect(new Bench().frame(1, onPort(v4(src, '10.255.0.2')))).toEqual(['martian-source'])
  })

  test.each(['1.0.0.0', '126.255.255.255', '128.0.0.0', '223.255.255.255', '169.254.0.1', '10.1.0.1'])(
    '[ROUTE-2] %s is one',
    (src) => {
      expect(new Bench().frame(1, onPort(v4(src, '10.255.0.2')))[0]).toMatch(/^tx 1 /)
    },
  )

  test.each(['::', '::1', 'ff02::1', 'ff00::', 'fd00:fe::', 'fd00:ff::1'])(
    '[ROUTE-2] %s is no source',
    (src) => {
      expect(new Bench().frame(1, onPort(v6(src, '2001:db8:f000::1')))).toEqual(['martian-source'])
    },
  )

  test('[ROUTE-2] own addresses are those of the VRF; the link-local ones of an IRB are own on it', () => {
    expect(ready().frame(13, fromHost(v4('10.1.1.1', '10.9.0.1')))).toEqual(['martian-source'])
    expect(ready().frame(13, fromHost(v4('10.254.0.0', '10.9.0.1')))[0]).toMatch(/^tx 1 /)
    expect(ready().frame(13, fromHost(v6('fe80::5eff:fe00:1', '2001:db8:1::5')))).toEqual(['martian-source'])
  })

  test.each(['0.0.0.0', '127.0.0.1', '224.0.0.5', '240.0.0.1', '255.255.255.255'])(
    '[ROUTE-3] %s is no destination',
    (dst) => {
      expect(ready().frame(13, fromHost(v4('10.1.0.11', dst)))).toEqual(['martian-destination'])
    },
  )

  test.each(['::', '::1', 'ff02::1'])('[ROUTE-3] %s is no destination', (dst) => {
    expect(ready().frame(13, fromHost(v6('2001:db8:1::11', dst)))).toEqual(['martian-destination'])
  })

  test('[ROUTE-2] [ROUTE-3] the source is judged first', () => {
    expect(ready().frame(13, fromHost(v4('127.0.0.1', '127.0.0.1')))).toEqual(['martian-source'])
  })

  test('[ROUTE-4] [LOCAL-1] own addresses are delivered, of any interface of the VRF', () => {
    for (const dst of ['10.254.0.0', '10.254.2.0', '10.255.0.1']) {
      const frame = onPort(v4('10.254.0.1', dst))
      expect(new Bench().frame(1, frame)).toEqual([punted(1, frame)])
    }
    expect(ready().frame(13, fromHost(v4('10.1.0.11', '10.1.1.1')))[0]).toBe('no-listener')
  })

  test('[ROUTE-5] link-local addresses are not routed', () => {
    expect(ready().frame(13, fromHost(v6('fe80::1', '2001:db8:1::5')))).toEqual(['link-local-not-routed'])
    expect(ready().frame(13, fromHost(v6('2001:db8:1::11', 'fe80::99')))).toEqual(['link-local-not-routed'])
    expect(ready().frame(13, fromHost(v6('2001:db8:1::11', 'febf::1')))).toEqual(['link-local-not-routed'])
    expect(ready().frame(13, fromHost(v6('2001:db8:1::11', 'fec0::1')))[0]).toBe('no-route')
  })
})

describe('looking up', () => {
  test('[ROUTE-6] the longest prefix wins, wherever it stands', () => {
    const routes = (prefixes: Record<string, number>) => ({
      routes: Object.entries(prefixes).map(([prefix, group]) => ({ vrf: 0, prefix, group })),
    })
    const program = changed(
      {},
      routes({ '0.0.0.0/0': 1, '172.16.0.0/12': 2, '172.16.0.0/13': 1, '172.20.0.0/32': 2 }),
    )
    const port = (dst: string) => new Bench(program).frame(1, onPort(v4('10.254.0.1', dst)))[0]?.slice(0, 4)
    expect(port('8.8.8.8')).toBe('tx 1')
    expect(port('172.31.255.255')).toBe('tx 2')
    expect(port('172.23.255.255')).toBe('tx 1')
    expect(port('172.24.0.0')).toBe('tx 2')
    expect(port('172.20.0.0')).toBe('tx 2')
    expect(port('172.20.0.1')).toBe('tx 1')
    expect(port('172.32.0.0')).toBe('tx 1')
  })

  test('[ROUTE-6] no route: an ICMP error tells; a blackhole is silent', () => {
    const bench = ready()
    const lost = v4('10.1.0.11', '10.3.0.1')
    expect(bench.frame(13, fromHost(lost))).toEqual([
      'no-route',
      tx(
        13,
        eth(
          hostMac(1),
          GATEWAY,
          build.ipv4(
            { src: ip4('10.1.0.1'), dst: host4(1), tos: 0xc0, flags: 2 },
            build.icmp({ type: 3, code: 0 }, build.payload(fromHost(lost).subarray(14))),
          ),
        ),
      ),
    ])
    expect(bench.frame(13, fromHost(v4('10.1.0.11', '10.66.0.1')))).toEqual(['blackhole'])
  })

  test('[ROUTE-7] first and last address of a connected prefix of up to 30 bits', () => {
    expect(ready().frame(13, fromHost(v4('10.1.0.11', '10.1.1.0')))).toEqual(['directed-broadcast'])
    expect(ready().frame(13, fromHost(v4('10.1.0.11', '10.1.1.255')))).toEqual(['directed-broadcast'])
    // A prefix by a gateway has no broadcast address that is known here, one of 31 bits has none.
    expect(ready().frame(13, fromHost(v4('10.1.0.11', '10.9.255.255')))[0]).toMatch(/^tx 1 /)
    expect(new Bench().frame(2, eth(portMac(2), farMac(2), v4('10.254.1.1', '10.254.0.1')))[0]).toMatch(
      /^tx 1 /,
    )
  })

  test('[ROUTE-8] TTL 1 and 0 end here, 2 goes on as 1', () => {
    const bench = ready()
    for (const ttl of [0, 1]) {
      const dead = v4('10.1.0.11', '10.1.1.11', { ttl })
      expect(bench.frame(13, fromHost(dead))).toEqual([
        'ttl-exceeded',
        tx(
          13,
          eth(
            hostMac(1),
            GATEWAY,
            build.ipv4(
              { src: ip4('10.1.0.1'), dst: host4(1), tos: 0xc0, flags: 2 },
              build.icmp({ type: 11, code: 0 }, build.payload(fromHost(dead).subarray(14))),
            ),
          ),
        ),
      ])
    }
    expect(bench.frame(13, fromHost(v4('10.1.0.11', '10.1.1.11', { ttl: 2 })))).toEqual([
      tx(23, eth(otherMac(1), GATEWAY, v4('10.1.0.11', '10.1.1.11', { ttl: 1 }))),
    ])
  })
})

describe('forwarding', () => {
  test('[ROUTE-9] IPv4 with DF that does not fit: fragmentation needed, with the MTU', () => {
    const program = changed({ 21: { mtu: 600 } })
    const fits = v4('10.1.0.11', '10.1.1.11', { flags: 2 }, octets(600 - 28))
    expect(ready(program).frame(13, fromHost(fits))[0]).toMatch(/^tx 23 /)
    const long = v4('10.1.0.11', '10.1.1.11', { flags: 2 }, octets(600 - 27))
    const quoted = fromHost(long).subarray(14, 14 + 548)
    expect(ready(program).frame(13, fromHost(long))).toEqual([
      'mtu-exceeded',
      tx(
        13,
        eth(
          hostMac(1),
          GATEWAY,
          build.ipv4(
            { src: ip4('10.1.0.1'), dst: host4(1), tos: 0xc0, flags: 2 },
            build.icmp({ type: 3, code: 4, rest: 600 }, build.payload(quoted)),
          ),
        ),
      ),
    ])
  })

  test('[ROUTE-9] IPv4 without DF: dropped, nodes do not fragment', () => {
    const program = changed({ 21: { mtu: 600 } })
    const long = v4('10.1.0.11', '10.1.1.11', {}, octets(600 - 27))
    expect(ready(program).frame(13, fromHost(long))).toEqual(['fragmentation-unsupported'])
  })

  test('[ROUTE-9] IPv6 that does not fit: packet too big', () => {
    const program = changed(
      { 21: { mtu: 1300, addresses: ['2001:db8:2::1/64'] } },
      {
        routes: [...PROGRAM.tables.routes, { vrf: 1, prefix: '2001:db8:2::/64', connected: 21 }],
        neighbours: [
          { interface: 21, address: '2001:db8:2::5', mac: '02:bb:00:00:00:05' },
          { interface: 11, address: '2001:db8:1::11', mac: '02:aa:00:00:00:01' },
        ],
      },
    )
    const packet = (size: number) =>
      build.ipv6({ src: host6(1), dst: ip6('2001:db8:2::5') }, octets(size - 48))
    expect(ready(program).frame(13, fromHost(packet(1300)))[0]).toMatch(/^tx 23 /)
    const long = packet(1301)
    expect(ready(program).frame(13, fromHost(long))).toEqual([
      'mtu-exceeded',
      tx(
        13,
        eth(
          hostMac(1),
          GATEWAY,
          build.ipv6(
            { src: ip6('2001:db8:1::1'), dst: host6(1), trafficClass: 0xc0 },
            build.icmpv6(
              { type: 2, code: 0, rest: 1300 },
              build.payload(fromHost(long).subarray(14, 14 + 1232)),
            ),
          ),
        ),
      ),
    ])
  })

  test('[ROUTE-10] TTL and checksum change, nothing else; the checksum rule holds at its edges', () => {
    // The id is chosen so that header checksums run through many values, 0x0000 after the update among them.
    for (let id = 0; id < 0x10000; id += 0x2f) {
      const given = v4('10.1.0.11', '10.1.1.11', { id, tos: 0x55 })
      expect(ready().frame(13, fromHost(given))).toEqual([
        tx(23, eth(otherMac(1), GATEWAY, v4('10.1.0.11', '10.1.1.11', { id, tos: 0x55, ttl: 63 }))),
      ])
    }
  })

  test('[ROUTE-10] a checksum sent as 0xffff for 0 is right, and updated as 0 would be', () => {
    // Find the id whose checksum is 0.
    const id = Array.from({ length: 0x10000 }, (_, n) => n).find((n) => {
      const frame = fromHost(v4('10.1.0.11', '10.1.1.11', { id: n }))
      return frame[24] === 0 && frame[25] === 0
    })
    const frame = fromHost(v4('10.1.0.11', '10.1.1.11', { id: id! }))
    const wanted = ready().frame(13, frame)
    expect(wanted[0]).toMatch(/^tx 23 /)
    expect(ready().frame(13, frame.with(24, 0xff).with(25, 0xff))).toEqual(wanted)
  })

  test('[ROUTE-10] the hop limit of IPv6', () => {
    expect(
      new Bench().frame(
        1,
        onPort(v6('fd00:fe::1', '2001:db8:f000::1', { hopLimit: 9, trafficClass: 7, flowLabel: 0xabcde })),
      ),
    ).toEqual([
      tx(
        1,
        eth(
          farMac(1),
          portMac(1),
          v6('fd00:fe::1', '2001:db8:f000::1', { hopLimit: 8, trafficClass: 7, flowLabel: 0xabcde }),
        ),
      ),
    ])
  })

  test('[ROUTE-9] out of a sealed port the macsec interface’s MTU counts', () => {
    const packet = (size: number) => onPort(v4('10.254.0.1', '172.17.0.1', { flags: 2 }, octets(size - 28)))
    const wide = changed({ 1: { mtu: 9000 } })
    expect(new Bench(wide).frame(1, packet(1700))[0]).toMatch(/^tx 3 /)
    expect(new Bench(wide).frame(1, packet(1701))[0]).toBe('mtu-exceeded')
  })
})

describe('packets of the node', () => {
  test('[ROUTE-11] an error to an own address, without route or into a blackhole is not sent', () => {
    const error = (src: string) => new Bench().frame(1, onPort(v4(src, '9.9.9.9')))
    expect(error('10.254.0.1')[1]).toMatch(/^tx 1 /)
    expect(error('8.8.8.8')).toEqual(['no-route', 'no-route'])
    expect(error('172.18.0.1')).toEqual(['no-route', 'no-route'])
  })

  test('[ROUTE-11] too long is too long, without an error about it', () => {
    const program = changed({ 1: { mtu: 300 } })
    const frame = eth(portMac(2), farMac(2), v4('10.254.0.1', '9.9.9.9', {}, octets(400)))
    expect(new Bench(program).frame(2, frame)).toEqual(['no-route', 'mtu-exceeded'])
  })

  test('[ROUTE-11] [ROUTE-7] not to a subnet broadcast either', () => {
    expect(ready().frame(13, fromHost(v4('10.1.1.255', '10.3.0.1')))).toEqual([
      'no-route',
      'directed-broadcast',
    ])
  })

  test('[ROUTE-11] an outer packet to an own address', () => {
    const program = changed({}, { flood: [{ interface: 42, remotes: ['10.255.0.1'] }] })
    expect(new Bench(program).frame(43, eth(otherMac(1), hostMac(1), v4('10.1.0.11', '10.1.0.12')))).toEqual([
      'no-route',
    ])
  })
})
