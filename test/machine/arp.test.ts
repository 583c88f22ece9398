import { describe, expect, test } from 'vitest'
import { build, toHex, type Ipv4, type Mac } from '../../twin/packet/index.js'
import {
  Bench,
  BROADCAST,
  changed,
  eth,
  GATEWAY,
  host4,
  hostMac,
  ip4,
  mac,
  REMOTE_SYSTEM,
  SYSTEM,
  tunnelled,
  tx,
  untunnelled,
} from './support/bench.js'

const zero = mac('00:00:00:00:00:00')
const gateway4 = ip4('10.1.0.1')
const request = (src: Mac, spa: Ipv4, tpa: Ipv4, fields: { dst?: Mac; sha?: Mac; tha?: Mac } = {}) =>
  eth(
    fields.dst ?? BROADCAST,
    src,
    build.arp({ operation: 1, sha: fields.sha ?? src, spa, tha: fields.tha ?? zero, tpa }),
  )
const reply = (dst: Mac, src: Mac, spa: Ipv4, tpa: Ipv4) =>
  eth(dst, src, build.arp({ operation: 2, sha: src, spa, tha: dst, tpa }))
/** Suppression answers for the address, with which MAC: what the node says when host 2 on port 14 asks. */
const asked = (bench: Bench, address: Ipv4) => bench.frame(14, request(hostMac(2), host4(2), address))
const boundTo = (address: Ipv4, to: Mac) => [
  'arp-suppressed',
  tx(14, reply(hostMac(2), to, address, host4(2))),
]

describe('[Z12] the anycast gateway', () => {
  test('[ARP-3] answers a request for its address on the port where it came in', () => {
    const wanted = ['arp-answered', tx(13, reply(hostMac(1), GATEWAY, gateway4, host4(1)))]
    for (const dst of [BROADCAST, GATEWAY, SYSTEM]) {
      expect(new Bench().frame(13, request(hostMac(1), host4(1), gateway4, { dst }))).toEqual(wanted)
    }
  })

  test('[ARP-3] the reply to the octet: 42 octets, sent to the Ethernet source, target as the sender says', () => {
    const [fate, line] = new Bench().frame(
      13,
      request(hostMac(1), ip4('10.7.7.7'), gateway4, { sha: hostMac(5), tha: hostMac(6) }),
    )
    expect(fate).toBe('arp-answered')
    expect(line).toBe(
      'tx 13 ' +
        [
          '02aa00000001',
          '02005e000001',
          '0806',
          '0001080006040002',
          '02005e000001',
          '0a010001',
          '02aa00000005',
          '0a070707',
        ].join(''),
    )
  })

  test('[ARP-3] a request out of a tunnel is answered to the VTEP that it came from', () => {
    const [fate, line] = new Bench().frame(
      1,
      tunnelled(request(hostMac(3), host4(3), gateway4), { src: '10.255.0.3' }),
    )
    expect(fate).toBe('arp-answered')
    const answer = reply(hostMac(3), GATEWAY, gateway4, host4(3))
    expect(untunnelled(line)).toMatchObject({ to: '10.255.0.3', vni: 10010, inner: toHex(answer) })
  })

  test('[ARP-3] [ARP-5] not to another MAC, not for another address, no answer to an answer', () => {
    const elsewhere = request(hostMac(1), host4(1), gateway4, { dst: hostMac(8) })
    expect(new Bench().frame(13, elsewhere)).toEqual([tx(14, elsewhere)])
    const other = new Bench().frame(13, request(hostMac(1), host4(1), host4(5)))
    expect(other).toHaveLength(4)
    expect(other.at(-1)).toBe('irb-ignored')
    const answer = eth(
      GATEWAY,
      hostMac(1),
      build.arp({ operation: 2, sha: hostMac(1), spa: host4(1), tha: GATEWAY, tpa: gateway4 }),
    )
    expect(new Bench().frame(13, answer)).toEqual(['arp-ignored'])
  })

  test('[ARP-1] other ARP is forwarded uninspected', () => {
    const right = request(hostMac(1), host4(1), gateway4)
    for (const [at, octet] of [
      [15, 6],
      [17, 1],
      [18, 8],
      [19, 16],
      [21, 3],
    ] as const) {
      expect(new Bench().frame(13, right.with(at, octet)).at(-1)).toBe('irb-ignored')
    }
    expect(new Bench().frame(13, right.subarray(0, 41)).at(-1)).toBe('irb-ignored')
    expect(new Bench().frame(13, right)[0]).toBe('arp-answered')
  })
})

describe('binding', () => {
  test('[ARP-2] [ARP-4] who speaks is known, and is answered for', () => {
    const bench = new Bench()
    expect(asked(bench, host4(1)).at(-1)).toBe('irb-ignored')
    bench.frame(13, request(hostMac(1), host4(1), gateway4))
    expect(asked(bench, host4(1))).toEqual(boundTo(host4(1), hostMac(1)))
  })

  test('[ARP-2] a reply binds, also behind a tunnel', () => {
    const bench = new Bench()
    bench.frame(1, tunnelled(reply(SYSTEM, hostMac(3), host4(3), ip4('0.0.0.0'))))
    expect(asked(bench, host4(3))).toEqual(boundTo(host4(3), hostMac(3)))
  })

  test.each([
    ['the sender hardware address is not the Ethernet source', host4(1), hostMac(5)],
    ['the sender is outside the subnet', ip4('10.1.1.5'), undefined],
    ["the sender is the network's first address", ip4('10.1.0.0'), undefined],
    ['the sender is its broadcast address', ip4('10.1.0.255'), undefined],
    ['the sender says that it is the gateway', gateway4, undefined],
    ['the sender has no address', ip4('0.0.0.0'), undefined],
  ])('[ARP-2] nothing is bound when %s', (_what, spa, sha) => {
    const bench = new Bench()
    bench.frame(13, request(hostMac(1), spa, host4(6), sha === undefined ? {} : { sha }))
    const irb = bench.node.config.irbs[0]!
    expect([...irb.dynamic.keys()]).toEqual([])
  })

  test('[ARP-2] the edges of a subnet of 31 bits are hosts', () => {
    const program = changed({ 11: { addresses: ['10.1.0.1/31'] } })
    const bench = new Bench(program)
    bench.frame(13, request(hostMac(1), ip4('10.1.0.0'), host4(6)))
    expect([...bench.node.config.irbs[0]!.dynamic.keys()]).toEqual([ip4('10.1.0.0')])
  })

  test('[ARP-2] [ARP-4] without suppression nothing is bound and nobody answered for', () => {
    const bench = new Bench(changed({ 11: { suppress: false } }))
    bench.frame(13, request(hostMac(1), host4(1), gateway4))
    expect(bench.node.config.irbs[0]!.dynamic.size).toBe(0)
    expect(asked(bench, host4(1)).at(-1)).toBe('irb-ignored')
  })

  test('[NEIGH-2] a binding is valid until its age is the lifetime', () => {
    const bench = new Bench()
    bench.frame(13, request(hostMac(1), host4(1), gateway4))
    bench.wait(59.999999999)
    expect(asked(bench, host4(1))[0]).toBe('arp-suppressed')
    bench.wait(0.000000001)
    expect(asked(bench, host4(1)).at(-1)).toBe('irb-ignored')
  })
})

describe('[Z12] [C11] suppression', () => {
  const known = () => {
    const bench = new Bench()
    bench.frame(13, request(hostMac(1), host4(1), gateway4))
    return bench
  }

  test.each([
    ['a probe (sender 0.0.0.0)', request(hostMac(2), ip4('0.0.0.0'), host4(1))],
    ['an announcement (sender is target)', request(hostMac(2), host4(1), host4(1))],
    ['a unicast request', request(hostMac(2), host4(2), host4(1), { dst: hostMac(1) })],
    ['a reply', reply(BROADCAST, hostMac(2), host4(2), host4(1))],
  ])('[ARP-4] [ARP-5] %s is forwarded', (_what, frame) => {
    expect(known().frame(14, frame)[0]).toMatch(/^tx /)
  })

  test('[ARP-4] the host is not told its own MAC by another', () => {
    expect(known().frame(14, request(hostMac(1), host4(2), host4(1)))[0]).toMatch(/^tx /)
  })

  test('[ARP-4] out of a tunnel nobody is answered for', () => {
    expect(known().frame(1, tunnelled(request(hostMac(3), host4(3), host4(1))))[0]).toMatch(/^tx 13/)
  })

  test('[ARP-4] a static neighbour is not answered for, and no binding is made beside it', () => {
    const bench = new Bench()
    bench.frame(13, request(hostMac(9), ip4('10.1.0.99'), gateway4))
    expect(bench.node.config.irbs[0]!.dynamic.size).toBe(0)
    expect(asked(bench, ip4('10.1.0.99')).at(-1)).toBe('irb-ignored')
  })

  test('[ARP-2] inspected in a bridge with an IRB alone', () => {
    const frame = request(REMOTE_SYSTEM, host4(1), gateway4)
    expect(new Bench().frame(43, frame)[0]).toMatch(/^tx 1 /)
  })
})
