import { describe, expect, test } from 'vitest'
import { build, linkLocalOf, type Stack } from '../../twin/packet/index.js'
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
  portMac,
  PROGRAM,
  punted,
  teach,
  tx,
  udpHello,
} from './support/bench.js'

const gateway4 = ip4('10.1.0.1')
const gateway6 = ip6('2001:db8:1::1')
const ready = (program = PROGRAM) => {
  const bench = new Bench(program)
  teach(bench)
  return bench
}
const known6 = changed(
  {},
  {
    neighbours: [
      ...PROGRAM.tables.neighbours,
      { interface: 11, address: '2001:db8:1::11', mac: '02:aa:00:00:00:01' },
    ],
  },
)
const ask4 = (stack: Stack, fields: object = {}) =>
  eth(GATEWAY, hostMac(1), build.ipv4({ src: host4(1), dst: gateway4, ...fields }, stack))
const ask6 = (stack: Stack, fields: object = {}) =>
  eth(GATEWAY, hostMac(1), build.ipv6({ src: host6(1), dst: gateway6, ...fields }, stack))
const data = build.payload('0123456789')

describe('the gateway of a tenant', () => {
  test.each(['MF', 'offset'])('[LOCAL-2] a fragment (%s)', (what) => {
    const fields = what === 'MF' ? { flags: 1 } : { fragmentOffset: 1 }
    expect(ready().frame(13, ask4(build.payload('12345678'), { protocol: 1, ...fields }))).toEqual([
      'local-fragment',
    ])
  })

  test('[LOCAL-2] an IPv6 fragment', () => {
    const fragment = build.fragment(
      { fragmentOffset: 0, moreFragments: false, id: 7, nextHeader: 58 },
      build.payload('12345678'),
    )
    expect(ready().frame(13, ask6(fragment))).toEqual(['local-fragment'])
  })

  test('[LOCAL-3] answers echo: same identifier, sequence and data, DSCP without ECN, TTL 64, no options', () => {
    const echo = build.icmp({ type: 8, rest: 0x12340005 }, data)
    const frame = ask4(echo, { tos: 0xbb, ttl: 1, id: 999, options: new Uint8Array(8) })
    expect(ready().frame(13, frame)).toEqual([
      'echo-answered',
      tx(
        13,
        eth(
          hostMac(1),
          GATEWAY,
          build.ipv4(
            { src: gateway4, dst: host4(1), tos: 0xb8, ttl: 64, id: 0, flags: 2 },
            build.icmp({ type: 0, rest: 0x12340005 }, data),
          ),
        ),
      ),
    ])
  })

  test('[LOCAL-3] over IPv6', () => {
    const frame = ask6(build.icmpv6({ type: 128, rest: 0x12340005 }, data), {
      trafficClass: 0xbb,
      flowLabel: 0x12345,
    })
    expect(ready(known6).frame(13, frame)).toEqual([
      'echo-answered',
      tx(
        13,
        eth(
          hostMac(1),
          GATEWAY,
          build.ipv6(
            { src: gateway6, dst: host6(1), trafficClass: 0xb8, flowLabel: 0, hopLimit: 64 },
            build.icmpv6({ type: 129, rest: 0x12340005 }, data),
          ),
        ),
      ),
    ])
  })

  test('[LOCAL-3] a link-local source is answered to its MAC, without asking', () => {
    const source = linkLocalOf(hostMac(1))
    const own = linkLocalOf(GATEWAY)
    const frame = ask6(build.icmpv6({ type: 128, rest: 1 }, data), { src: source, dst: own })
    expect(ready().frame(13, frame)).toEqual([
      'echo-answered',
      tx(
        13,
        eth(
          hostMac(1),
          GATEWAY,
          build.ipv6({ src: own, dst: source, hopLimit: 64 }, build.icmpv6({ type: 129, rest: 1 }, data)),
        ),
      ),
    ])
  })

  test('[LOCAL-3] the answer is routed: a sender that is not known is asked for', () => {
    const bench = new Bench()
    const [fate, ...lines] = bench.frame(13, ask4(build.icmp({ type: 8 }, data)))
    expect(fate).toBe('echo-answered')
    expect(lines).toHaveLength(4)
    expect(bench.node.held).toBe(1)
  })

  test.each([
    ['a wrong checksum', build.icmp({ type: 8, checksum: 1 }, data)],
    ['too short', build.payload(new Uint8Array([8, 0, 0xf7, 0xff]))],
    ['nothing in it', build.payload('')],
    ['one octet', build.payload(new Uint8Array([8]))],
    ['seven octets', build.payload(new Uint8Array([8, 0, 0xf7, 0xff, 0, 0, 0]))],
  ])('[LOCAL-3] ICMP with %s', (_what, stack) => {
    expect(ready().frame(13, ask4(stack, { protocol: 1 }))).toEqual(['icmp-invalid'])
  })

  test('[LOCAL-3] eight octets are enough', () => {
    expect(ready().frame(13, ask4(build.icmp({ type: 8, rest: 1 })))[0]).toBe('echo-answered')
  })

  test('[LOCAL-4] UDP: nobody listens, port unreachable', () => {
    const frame = ask4(udpHello)
    expect(ready().frame(13, frame)).toEqual([
      'no-listener',
      tx(
        13,
        eth(
          hostMac(1),
          GATEWAY,
          build.ipv4(
            { src: gateway4, dst: host4(1), tos: 0xc0, flags: 2 },
            build.icmp({ type: 3, code: 3 }, build.payload(frame.subarray(14))),
          ),
        ),
      ),
    ])
    const frame6 = ask6(udpHello)
    expect(ready(known6).frame(13, frame6)).toEqual([
      'no-listener',
      tx(
        13,
        eth(
          hostMac(1),
          GATEWAY,
          build.ipv6(
            { src: gateway6, dst: host6(1), trafficClass: 0xc0 },
            build.icmpv6({ type: 1, code: 4 }, build.payload(frame6.subarray(14))),
          ),
        ),
      ),
    ])
  })

  test.each([
    ['TCP', build.tcp({ srcPort: 1, dstPort: 22 })],
    ['an ICMP error', build.icmp({ type: 3, code: 1 }, data)],
    ['two octets of an ICMP error', build.payload(new Uint8Array([3, 0]))],
    ['an ICMP error with a wrong checksum', build.icmp({ type: 3, code: 1, checksum: 1 }, data)],
    ['an echo reply', build.icmp({ type: 0 }, data)],
    ['echo of another code', build.icmp({ type: 8, code: 1 }, data)],
  ])('[LOCAL-4] %s: nobody listens, and nobody is told', (_what, stack) => {
    const protocol = stack[0]?.kind === 'tcp' ? 6 : 1
    expect(ready().frame(13, ask4(stack, { protocol }))).toEqual(['no-listener'])
  })

  test('[LOCAL-4] UDP behind extension headers is not looked for', () => {
    expect(
      ready().frame(13, ask6(build.extension({ header: 60, data: new Uint8Array(6) }, udpHello))),
    ).toEqual(['no-listener'])
  })
})

describe('ICMP errors', () => {
  const lost = (stack: Stack, fields: object = {}) =>
    eth(GATEWAY, hostMac(1), build.ipv4({ src: host4(1), dst: ip4('10.3.0.1'), ...fields }, stack))

  test('[ICMP-1] from the first address of the interface where the packet came in', () => {
    const program = changed({ 11: { addresses: ['10.1.0.7/24', '10.1.0.1/24', '2001:db8:1::1/64'] } })
    const [, line] = ready(program).frame(13, lost(udpHello))
    expect(line!.slice('tx 13 '.length + 52, 'tx 13 '.length + 60)).toBe('0a010007')
  })

  test('[ICMP-1] else from the first of the VRF that has one, in interface order; else none is sent', () => {
    const program = changed({ 11: { addresses: ['2001:db8:1::1/64'] } })
    const bench = new Bench(program)
    teach(bench)
    const [fate, line] = bench.frame(13, lost(udpHello, { src: ip4('10.1.1.11') }))
    expect(fate).toBe('no-route')
    expect(line!.slice('tx 23 '.length + 52, 'tx 23 '.length + 60)).toBe('0a010101')
    const none = changed({ 11: { addresses: [] }, 21: { addresses: [] } })
    expect(new Bench(none).frame(13, lost(udpHello))).toEqual(['no-route'])
  })

  test('[ICMP-2] about which ICMP messages one is sent', () => {
    for (let type = 0; type < 256; type++) {
      const lines = ready().frame(13, lost(build.icmp({ type }, data)))
      expect(lines.length, `type ${type}`).toBe([0, 8, 13, 14].includes(type) ? 2 : 1)
    }
  })

  test('[ICMP-2] about which ICMPv6 messages one is sent', () => {
    const frame = (stack: Stack, fields: object = {}) =>
      eth(GATEWAY, hostMac(1), build.ipv6({ src: host6(1), dst: ip6('2001:db8:3::1'), ...fields }, stack))
    for (let type = 0; type < 256; type++) {
      const lines = ready(known6).frame(13, frame(build.icmpv6({ type }, data)))
      expect(lines.length, `type ${type}`).toBe(type >= 128 ? 2 : 1)
    }
    expect(ready(known6).frame(13, frame(build.payload(''), { nextHeader: 58 }))).toEqual(['no-route'])
    // Behind an extension header it is not looked for.
    const hidden = frame(
      build.extension({ header: 60, data: new Uint8Array(6) }, build.icmpv6({ type: 1 }, data)),
    )
    expect(ready(known6).frame(13, hidden)).toHaveLength(2)
  })

  test('[ICMP-2] not about later fragments, about first ones yes', () => {
    const payload = build.payload(new Uint8Array(16))
    expect(ready().frame(13, lost(payload, { protocol: 17, fragmentOffset: 1 }))).toEqual(['no-route'])
    expect(ready().frame(13, lost(payload, { protocol: 17, flags: 1 }))).toHaveLength(2)
  })

  test('[ICMP-2] not about a packet with a link-local source', () => {
    const frame = ask6(udpHello, { src: linkLocalOf(hostMac(1)) })
    expect(ready(known6).frame(13, frame)).toEqual(['no-listener'])
  })

  test.each([
    [548, 576],
    [549, 576],
    [547, 575],
  ])('[ICMP-3] quotes a packet of %i octets in an error of %i', (size, wanted) => {
    const [, line] = ready().frame(
      13,
      lost(build.udp({ srcPort: 1, dstPort: 2 }, build.payload(new Uint8Array(size - 28)))),
    )
    expect(line!.length).toBe('tx 13 '.length + 2 * (14 + wanted))
  })

  test.each([
    [1232, 1280],
    [1233, 1280],
    [1231, 1279],
  ])('[ICMP-4] quotes a packet of %i octets in an error of %i', (size, wanted) => {
    const packet = build.ipv6(
      { src: host6(1), dst: ip6('2001:db8:3::1') },
      build.udp({ srcPort: 1, dstPort: 2 }, build.payload(new Uint8Array(size - 48))),
    )
    const [, line] = ready(known6).frame(13, eth(GATEWAY, hostMac(1), packet))
    expect(line!.length).toBe('tx 13 '.length + 2 * (14 + wanted))
  })

  test('[ICMP-3] [PARSE-6] padding is not quoted', () => {
    const padded = eth(
      GATEWAY,
      hostMac(1),
      build.ipv4({ src: host4(1), dst: ip4('10.3.0.1') }, udpHello),
      build.padding(10),
    )
    expect(ready().frame(13, padded)).toEqual(ready().frame(13, lost(udpHello)))
  })

  test('[ICMP-1] on a port of the underlay', () => {
    const packet = build.ipv4({ src: ip4('10.254.0.1'), dst: ip4('9.9.9.9') }, udpHello)
    const frame = eth(portMac(1), farMac(1), packet)
    expect(new Bench().frame(1, frame)[1]).toBe(
      tx(
        1,
        eth(
          farMac(1),
          portMac(1),
          build.ipv4(
            { src: ip4('10.254.0.0'), dst: ip4('10.254.0.1'), tos: 0xc0, flags: 2 },
            build.icmp({ type: 3, code: 0 }, build.payload(frame.subarray(14))),
          ),
        ),
      ),
    )
  })
})

test('[LOCAL-1] what is no VXLAN of this node is the kernel’s', () => {
  const to = (stack: Stack, fields: object = {}) =>
    eth(
      portMac(1),
      farMac(1),
      build.ipv4({ src: ip4('10.255.0.2'), dst: ip4('10.255.0.1'), ...fields }, stack),
    )
  const vx = build.udp({ srcPort: 50000, dstPort: 4789, checksum: 0 }, build.payload(new Uint8Array(30)))
  for (const frame of [
    to(build.udp({ srcPort: 50000, dstPort: 4790 }, data)),
    to(vx, { flags: 1 }),
    to(build.payload(new Uint8Array([195, 80, 18, 181, 0, 8, 0])), { protocol: 17 }),
    to(vx, { dst: ip4('10.254.0.0') }),
    to(build.tcp({ srcPort: 1, dstPort: 4789 })),
  ]) {
    expect(new Bench().frame(1, frame)).toEqual([punted(1, frame)])
  }
})
