import { describe, expect, test } from 'vitest'
import { hashWords, mix } from '../../twin/forward/hash.js'
import { build, type Stack } from '../../twin/packet/index.js'
import {
  Bench,
  changed,
  eth,
  farMac,
  host4,
  host6,
  hostMac,
  ip4,
  portMac,
  raw,
  udpHello,
  untunnelled,
  mac,
} from './support/bench.js'

/* Expected numbers were computed by a program of ten lines in another language, from section 3 alone. */

test('[HASH-1] the finaliser of MurmurHash3', () => {
  // Zero stays zero; 1 and all ones are known from the reference implementation.
  expect([0, 1, 0xffffffff, 0xdeadbeef].map(mix)).toEqual([0, 0x514e28b7, 0x81f16f39, 0x0de5c6a9])
  expect(hashWords(0x12345678, [1, 2, 3])).toBe(0x686e7362)
  expect(hashWords(0x12345678, [])).toBe(0x12345678)
})

describe('next hops', () => {
  const choices = (packet: (n: number) => Stack) =>
    Array.from({ length: 16 }, (_, n) =>
      new Bench().frame(1, eth(portMac(1), farMac(1), packet(n)))[0]?.startsWith('tx 2') === true ? 1 : 0,
    )
  const fields = (n: number) => ({ src: ip4('10.254.0.1'), dst: ip4(`172.16.0.${n}`) })

  test('[HASH-2] [HASH-4] by addresses, protocol and ports', () => {
    expect(choices((n) => build.ipv4(fields(n), udpHello))).toEqual([
      1, 1, 1, 1, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 1, 0,
    ])
  })

  test('[PARSE-7] fragments have no ports, the first one neither', () => {
    const none = [1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1]
    const payload = build.payload(new Uint8Array([3, 232, 7, 208, 0, 13, 0, 0, 104, 101, 108, 108, 111]))
    expect(choices((n) => build.ipv4({ ...fields(n), protocol: 17, flags: 1 }, payload))).toEqual(none)
    expect(choices((n) => build.ipv4({ ...fields(n), protocol: 17, fragmentOffset: 5 }, payload))).toEqual(
      none,
    )
    expect(
      choices((n) => build.ipv4({ ...fields(n), protocol: 17 }, build.payload(new Uint8Array([3, 232, 7])))),
    ).toEqual(none)
    // The reserved flag and DF make no fragment; four octets are enough.
    const ports = [1, 1, 1, 1, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 1, 0]
    expect(choices((n) => build.ipv4({ ...fields(n), protocol: 17, flags: 6 }, payload))).toEqual(ports)
    expect(
      choices((n) =>
        build.ipv4({ ...fields(n), protocol: 17 }, build.payload(new Uint8Array([3, 232, 7, 208]))),
      ),
    ).toEqual(ports)
    expect(choices((n) => build.ipv4({ ...fields(n), options: new Uint8Array(8) }, udpHello))).toEqual(ports)
  })

  test('[HASH-4] a group of one needs no hash; the same member twice counts twice', () => {
    const members = [
      { interface: 2, gateway: '10.254.1.1' },
      { interface: 1, gateway: '10.254.0.1' },
      { interface: 2, gateway: '10.254.1.1' },
    ]
    const program = changed(
      {},
      { groups: [{ id: 3, members }, ...changed({}).tables.groups.filter(({ id }) => id !== 3)] },
    )
    let second = 0
    for (let n = 0; n < 1000; n++) {
      const packet = build.ipv4(
        { src: ip4('10.254.0.1'), dst: ip4('172.16.0.9') },
        build.udp({ srcPort: n, dstPort: 1 }),
      )
      if (new Bench(program).frame(1, eth(portMac(1), farMac(1), packet))[0]?.startsWith('tx 2') === true)
        second++
    }
    expect(second).toBeGreaterThan(600)
    expect(second).toBeLessThan(730)
  })
})

describe('VXLAN source ports', () => {
  const sport = (frame: Uint8Array) => untunnelled(new Bench().frame(43, frame)[0]).sport
  const v6 = (...stack: Stack[]) =>
    eth(mac('02:ee:00:00:00:01'), hostMac(1), build.ipv6({ src: host6(1), dst: host6(5) }, ...stack))
  const port = build.payload(new Uint8Array([3, 232, 7, 208]))
  const skip = (header: number, inner: Stack, nextHeader?: number, octets = 6) =>
    build.extension(
      { header, data: new Uint8Array(octets), ...(nextHeader === undefined ? {} : { nextHeader }) },
      inner,
    )
  const chain = (count: number, inner: Stack): Stack =>
    Array.from({ length: count }).reduce<Stack>((stack) => skip(60, stack), inner)

  test('[PARSE-8] [HASH-5] by the IP words of the inner frame', () => {
    const frame = eth(
      mac('02:ee:00:00:00:01'),
      hostMac(1),
      build.ipv4({ src: host4(1), dst: host4(5) }, udpHello),
    )
    expect(sport(frame)).toBe(57301)
    // [PARSE-8] The header checksum is not looked at.
    expect(sport(frame.with(24, frame[24]! ^ 0xff))).toBe(57301)
  })

  test('[HASH-3] [HASH-5] by Ethernet words otherwise', () => {
    expect(sport(raw(mac('ff:ff:ff:ff:ff:ff'), hostMac(1), 0x88b5))).toBe(51941)
  })

  test.each([
    ['UDP', v6(udpHello), 51426],
    ['TCP', v6(build.tcp({ srcPort: 1000, dstPort: 2000 })), 50038],
    ['SCTP', v6(build.sctp({ srcPort: 1000, dstPort: 2000, verificationTag: 1, checksum: 0 })), 51353],
    ['ICMPv6 has no ports', v6(build.icmpv6({ type: 128, rest: 0x03e807d0 })), 63905],
    [
      'UDP behind hop-by-hop, routing and destination options',
      v6(skip(0, skip(43, skip(60, udpHello, undefined, 14)))),
      51426,
    ],
    ['UDP behind eight headers', v6(chain(8, udpHello)), 51426],
    ['nothing behind nine', v6(chain(9, udpHello)), 49763],
    ['AH is not skipped', v6(skip(51, port, 17, 10)), 63253],
    ['nothing behind no-next-header', v6(skip(60, build.payload('x'), 59)), 59176],
    [
      'a fragment has its protocol and no ports',
      v6(build.fragment({ fragmentOffset: 0, moreFragments: true, id: 1, nextHeader: 17 }, port)),
      51638,
    ],
    [
      'an atomic fragment too',
      v6(skip(60, build.fragment({ fragmentOffset: 0, moreFragments: false, id: 1, nextHeader: 17 }, port))),
      51638,
    ],
  ])('[PARSE-7] %s', (_what, frame, wanted) => {
    expect(sport(frame)).toBe(wanted)
  })

  test.each([
    ['a header that is cut off', 0, new Uint8Array([17]), 62514],
    ['a header longer than the packet', 0, new Uint8Array([17, 1, 0, 0, 0, 0, 0, 0]), 62514],
    ['a fragment header that is cut off', 44, new Uint8Array([17, 0, 0, 0, 0, 0, 0]), 55730],
    ['ports that are cut off', 17, new Uint8Array([3, 232, 7]), 51638],
  ])('[PARSE-7] %s', (_what, nextHeader, octets, wanted) => {
    const packet = build.ipv6({ src: host6(1), dst: host6(5), nextHeader }, build.payload(octets))
    // What stands behind the packet is padding.
    expect(sport(eth(mac('02:ee:00:00:00:01'), hostMac(1), packet, build.padding(8)))).toBe(wanted)
  })
})
