import { describe, expect, test } from 'vitest'
import { build, encodeFrame, fromHex, toHex, type Stack } from '../../twin/packet/index.js'
import {
  Bench,
  changed,
  eth,
  farMac,
  host4,
  host6,
  hostMac,
  ip4,
  ip6,
  mac,
  portMac,
  PROGRAM,
  punted,
  raw,
  tunnelled,
  tx,
  udpHello,
  untunnelled,
} from './support/bench.js'

const unknown = mac('02:ee:00:00:00:01')
const plain = (octets = 46) => raw(unknown, hostMac(1), 0x88b5, octets)
const ip = (tos: number, what: Stack = udpHello) =>
  eth(unknown, hostMac(1), build.ipv4({ src: host4(1), dst: host4(5), tos }, what))
const ipSix = (trafficClass: number) =>
  eth(unknown, hostMac(1), build.ipv6({ src: host6(1), dst: host6(5), trafficClass }, udpHello))

describe('encapsulating', () => {
  test('[VXLAN-1] [VXLAN-2] [VXLAN-3] the outer packet to the octet', () => {
    const frame = plain()
    const wanted = eth(
      farMac(1),
      portMac(1),
      build.ipv4(
        { src: ip4('10.255.0.1'), dst: ip4('10.255.0.2'), tos: 0, id: 0, flags: 2, ttl: 64 },
        build.udp(
          { srcPort: 0xc0de, dstPort: 4789, checksum: 0 },
          build.vxlan({ vni: 40042 }),
          build.payload(frame),
        ),
      ),
    )
    const [line, ...more] = new Bench().frame(43, frame)
    const { sport } = untunnelled(line)
    expect(line).toBe(tx(1, wanted.with(34, sport >> 8).with(35, sport & 255)))
    expect(more).toEqual([])
  })

  test('[VXLAN-2] a computed checksum is right, and never 0', () => {
    const program = changed({ 42: { udpChecksum: 'compute' } })
    const bench = new Bench(program)
    for (let n = 0; n < 0x4000; n++) {
      const frame = raw(
        unknown,
        hostMac(1),
        0x88b5,
        Uint8Array.of(n >> 8, n & 255, 0, 0, ...(n % 3 === 0 ? [7] : [])),
      )
      const sent = fromHex(bench.frame(43, frame)[0]!.slice(5))
      // RFC 1071 by another way: the sum of all words of pseudo header and datagram is 0xffff.
      let sum = 17 + sent.length - 34
      for (let at = 26; at < sent.length; at += 2) sum += sent[at]! * 256 + (sent[at + 1] ?? 0)
      while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000)
      expect(sum).toBe(0xffff)
      expect(sent[40]! + sent[41]!).not.toBe(0)
    }
  })

  test('[VXLAN-3] TTL, DSCP and DF are the program’s, ECN the inner packet’s', () => {
    const program = changed({ 42: { ttl: 9, dscp: 46, df: false } })
    for (const ecn of [0, 1, 2, 3]) {
      for (const frame of [ip(0xfc | ecn), ipSix(0xfc | ecn)]) {
        const sent = fromHex(new Bench(program).frame(43, frame)[0]!.slice(5))
        expect([sent[15], sent[20], sent[22]]).toEqual([46 * 4 + ecn, 0, 9])
      }
    }
    // No well-formed IP packet: Not-ECT. A wrong checksum does not matter (PARSE-8).
    expect(untunnelled(new Bench().frame(43, ip(3).with(14, 0x44))[0]).tos).toBe(0)
    expect(untunnelled(new Bench().frame(43, ip(3).with(24, 0))[0]).tos).toBe(3)
  })

  test('[VXLAN-1] the MTU of the tunnel', () => {
    const program = changed({ 42: { mtu: 200 } })
    expect(new Bench(program).frame(43, plain(200))[0]).toMatch(/^tx 1 /)
    expect(new Bench(program).frame(43, plain(201))).toEqual(['mtu-exceeded'])
  })

  test('[ROUTE-11] the MTU of the underlay', () => {
    const program = changed({ 1: { mtu: 200 }, 42: { df: false } })
    expect(new Bench(program).frame(43, plain(150))[0]).toMatch(/^tx 1 /)
    expect(new Bench(program).frame(43, plain(151))).toEqual(['mtu-exceeded'])
  })

  const six = {
    ...changed(
      { 42: { local: 'fd00:ff::1', remotes: ['fd00:ff::2'], udpChecksum: 'compute', ttl: 8, dscp: 1 } },
      {
        routes: [...PROGRAM.tables.routes, { vrf: 0, prefix: 'fd00:ff::2/128', group: 6 }],
        flood: [{ interface: 42, remotes: ['fd00:ff::2'] }],
      },
    ),
  }
  const overSix = (
    fields: { sport?: number; checksum?: number; tc?: number },
    frame: Uint8Array,
    back = false,
  ) => {
    const [src, dst] = back
      ? (['fd00:ff::2', 'fd00:ff::1'] as const)
      : (['fd00:ff::1', 'fd00:ff::2'] as const)
    const [to, from] = back ? [portMac(1), farMac(1)] : [farMac(1), portMac(1)]
    return encodeFrame(
      build.ethernet(
        { dst: to, src: from },
        build.ipv6(
          { src: ip6(src), dst: ip6(dst), trafficClass: fields.tc ?? 4, hopLimit: 8 },
          build.udp(
            {
              srcPort: fields.sport ?? 50000,
              dstPort: 4789,
              ...(fields.checksum === undefined ? {} : { checksum: fields.checksum }),
            },
            build.vxlan({ vni: 40042 }),
            build.payload(frame),
          ),
        ),
      ),
    )
  }

  test('[VXLAN-2] [VXLAN-3] over IPv6', () => {
    const line = new Bench(six).frame(43, plain())[0]!
    const sport = Number.parseInt(line.slice(5 + 108, 5 + 112), 16)
    expect(line).toBe(tx(1, overSix({ sport }, plain())))
  })

  test('[VXLAN-5] over IPv6 a checksum of zero is accepted where none is sent, and only there', () => {
    const zero = overSix({ checksum: 0 }, plain(), true)
    expect(new Bench(six).frame(1, zero)).toEqual(['udp-checksum'])
    const lax = {
      ...six,
      interfaces: six.interfaces.map((one) =>
        one.kind === 'vxlan' && one.id === 42 ? { ...one, udpChecksum: 'zero' as const } : one,
      ),
    }
    expect(new Bench(lax).frame(1, zero)).toEqual([tx(43, plain())])
    expect(new Bench(six).frame(1, overSix({}, plain(), true))).toEqual([tx(43, plain())])
    expect(new Bench(six).frame(1, overSix({ checksum: 1 }, plain(), true))).toEqual(['udp-checksum'])
  })

  test('[VXLAN-4] UDP behind an IPv6 extension header is the kernel’s', () => {
    const frame = eth(
      portMac(1),
      farMac(1),
      build.ipv6(
        { src: ip6('fd00:ff::2'), dst: ip6('fd00:ff::1') },
        build.extension(
          { header: 60, data: new Uint8Array(6) },
          build.udp({ srcPort: 1, dstPort: 4789 }, build.payload(new Uint8Array(40))),
        ),
      ),
    )
    expect(new Bench(six).frame(1, frame)).toEqual([punted(1, frame)])
  })
})

describe('decapsulating', () => {
  const wire = (frame: Uint8Array, fields: object = {}) => tunnelled(frame, { vni: 40042, ...fields })

  test('[VXLAN-4] [VXLAN-7] the inner frame enters the bridge', () => {
    expect(new Bench().frame(1, wire(plain()))).toEqual([tx(43, plain())])
  })

  test('[VXLAN-4] the TTL of the outer packet does not matter here', () => {
    expect(new Bench().frame(1, wire(plain(), { ttl: 1 }))).toEqual([tx(43, plain())])
    expect(new Bench().frame(1, wire(plain(), { ttl: 0 }))).toEqual([tx(43, plain())])
  })

  test.each([
    ['UDP length 15', { length: 15 }, 'udp-length'],
    ['UDP length beyond the packet', { length: 16 + 60 + 1 }, 'udp-length'],
    ['a wrong checksum', { checksum: 1 }, 'udp-checksum'],
    ['no I flag', { flags: 0xf7 }, 'vxlan-flags'],
    ['an unknown VNI', { vni: 40043 }, 'vxlan-vni-unknown'],
    ['an unknown VTEP', { src: '10.255.0.9' }, 'vxlan-source-unknown'],
    ['no inner Ethernet header', { length: 16 + 13 }, 'frame-truncated'],
  ])('[VXLAN-5] %s', (_what, fields, fate) => {
    expect(new Bench().frame(1, wire(plain(), fields))).toEqual([fate])
  })

  test('[VXLAN-5] reserved bits are ignored; octets behind the UDP length are not the frame’s', () => {
    expect(new Bench().frame(1, wire(plain(), { flags: 0xff }))).toEqual([tx(43, plain())])
    expect(new Bench().frame(1, wire(plain(), { length: 16 + 14 }))).toEqual([tx(43, plain(0))])
  })

  test('[VXLAN-5] a right checksum, counted over the UDP length', () => {
    const right = eth(
      portMac(1),
      farMac(1),
      build.ipv4(
        { src: ip4('10.255.0.2'), dst: ip4('10.255.0.1') },
        build.udp({ srcPort: 50000, dstPort: 4789 }, build.vxlan({ vni: 40042 }), build.payload(plain())),
      ),
    )
    expect(right[40]! * 256 + right[41]!).not.toBe(0)
    expect(new Bench().frame(1, right)).toEqual([tx(43, plain())])
  })

  test('[VXLAN-5] is checked in its order', () => {
    const all = { length: 15, checksum: 1, flags: 0, vni: 1, src: '10.255.0.9' }
    const fates: string[] = []
    for (const right of ['length', 'checksum', 'flags', 'vni', 'src'] as const) {
      fates.push(...new Bench().frame(1, wire(plain(), all)))
      if (right === 'length') delete (all as Partial<typeof all>).length
      else
        Object.assign(
          all,
          { checksum: 0, flags: 8, vni: 40042, src: '10.255.0.2' }[right] === undefined
            ? {}
            : { [right]: { checksum: 0, flags: 8, vni: 40042, src: '10.255.0.2' }[right] },
        )
    }
    expect(fates).toEqual([
      'udp-length',
      'udp-checksum',
      'vxlan-flags',
      'vxlan-vni-unknown',
      'vxlan-source-unknown',
    ])
  })

  test('[VXLAN-5] the MTU of the tunnel', () => {
    const program = changed({ 42: { mtu: 100 } })
    expect(new Bench(program).frame(1, wire(plain(100)))).toEqual([tx(43, plain(100))])
    expect(new Bench(program).frame(1, wire(plain(101)))).toEqual(['frame-oversize'])
  })

  test('[VXLAN-6] all sixteen pairs of RFC 6040 figure 4, IPv4 and IPv6', () => {
    // Rows: inner 0 Not-ECT, 1 ECT(1), 2 ECT(0), 3 CE; columns: outer 0, 1, 2, 3.
    const table = [
      [0, 0, 0, 'ecn-invalid'],
      [1, 1, 1, 3],
      [2, 1, 2, 3],
      [3, 3, 3, 3],
    ] as const
    for (const make of [ip, ipSix]) {
      for (const [inner, row] of table.entries()) {
        for (const [outer, after] of row.entries()) {
          const wanted = after === 'ecn-invalid' ? after : tx(43, make(0xa0 | after))
          expect(new Bench().frame(1, wire(make(0xa0 | inner), { tos: 0x14 | outer }))).toEqual([wanted])
        }
      }
    }
  })

  test('[VXLAN-6] a wrong inner checksum stays as wrong as it was (RFC 1624)', () => {
    const inner = ip(2)
    const spoiled = inner.with(25, (inner[25]! + 5) & 0xff)
    const marked = ip(3)
    const [line] = new Bench().frame(1, wire(spoiled, { tos: 3 }))
    expect(line).toBe(tx(43, marked.with(25, (marked[25]! + 5) & 0xff)))
  })

  test('[VXLAN-6] what is no IP packet is not marked', () => {
    expect(new Bench().frame(1, wire(plain(), { tos: 3 }))).toEqual([tx(43, plain())])
    const broken = ip(0).with(14, 0x44)
    expect(new Bench().frame(1, wire(broken, { tos: 3 }))).toEqual([tx(43, broken)])
  })

  test('[CTRL-2] another VNI from one frame to the next', () => {
    const bench = new Bench()
    expect(bench.control({ op: 'set-vni', interface: 42, vni: 5 })).toEqual([])
    expect(bench.frame(1, wire(plain()))).toEqual(['vxlan-vni-unknown'])
    expect(bench.frame(1, wire(plain(), { vni: 5 }))).toEqual([tx(43, plain())])
    expect(untunnelled(bench.frame(43, plain())[0])).toMatchObject({ vni: 5, inner: toHex(plain()) })
  })
})
