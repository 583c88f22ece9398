import { describe, expect, it } from 'vitest'
import { parseIpv4, parseIpv6, parseMac } from './address.js'
import * as build from './build.js'
import { toHex } from './bytes.js'
import { decodeFrame } from './decode.js'
import { encodeFrame } from './encode.js'
import { firstLayer, problemsOf } from './layer.js'

const dst = parseMac('02:00:00:00:00:02')
const src = parseMac('02:00:00:00:00:01')
const mac = { dst, src }
const v4 = { src: parseIpv4('10.0.0.1'), dst: parseIpv4('10.0.0.2') }
const v6 = { src: parseIpv6('fd00::1'), dst: parseIpv6('fd00::2') }
const ports = { srcPort: 1, dstPort: 2 }

describe('encodeFrame', () => {
  it('computes lengths, checksums and next protocols, and uses usual values', () => {
    const frame = encodeFrame(build.ethernet(mac, build.ipv4(v4, build.udp(ports, build.payload('hi')))))
    expect(toHex(frame)).toBe(
      '02000000000202000000000108004500001e00000000401166cd0a0000010a00000200010002000a836b6869',
    )
  })

  it('sends what is given instead, right or wrong', () => {
    const frame = encodeFrame(
      build.ethernet(
        { ...mac, etherType: 0x1234 },
        build.ipv4(
          { ...v4, totalLength: 1, checksum: 2, protocol: 3 },
          build.udp({ ...ports, length: 4, checksum: 5 }),
        ),
      ),
    )
    expect(toHex(frame.subarray(12))).toBe('12344500000100000000400300020a0000010a0000020001000200040005')
  })

  it('computes no UDP checksum when none is asked for', () => {
    const frame = encodeFrame(build.ethernet(mac, build.ipv4(v4, build.udp({ ...ports, checksum: 0 }))))
    expect(firstLayer(decodeFrame(frame), 'udp')?.checksum).toBe(0)
  })

  it('leaves padding out of lengths and checksums, at each level its own', () => {
    const inner = build.ethernet(mac, build.ipv6(v6, build.tcp(ports)), build.padding(3))
    const stack = build.ethernet(
      mac,
      build.vlan(
        { vid: 9 },
        build.ipv4(v4, build.udp({ srcPort: 1, dstPort: 4789 }, build.vxlan({ vni: 7 }, inner))),
        build.padding(5),
      ),
    )
    const layers = decodeFrame(encodeFrame(stack))
    expect(problemsOf(layers)).toEqual([])
    expect(layers.filter((layer) => layer.kind === 'trailer').map((layer) => [layer.of, layer.size])).toEqual(
      [
        [5, 3],
        [1, 5],
      ],
    )
  })

  it('puts the last address of a routing header into the pseudo header while segments are left', () => {
    const data = new Uint8Array(22)
    data[1] = 1
    data[21] = 9
    const frame = encodeFrame(
      build.ethernet(mac, build.ipv6(v6, build.extension({ header: 43, data }, build.udp(ports)))),
    )
    expect(problemsOf(decodeFrame(frame))).toEqual([])
    frame[57] = 0 // segments left: now the destination of the fixed header counts
    expect(problemsOf(decodeFrame(frame))).toEqual([expect.objectContaining({ what: 'udp checksum' })])
  })

  it('names no next header for an IPv6 packet that carries nothing', () => {
    expect(
      firstLayer(decodeFrame(encodeFrame(build.ethernet(mac, build.ipv6(v6)))), 'ipv6')?.nextHeader,
    ).toBe(59)
  })

  it.each([
    ['a payload without EtherType', build.ethernet(mac, build.payload('x')), /give etherType/],
    ['a payload without protocol', build.ethernet(mac, build.ipv4(v4, build.payload('x'))), /give protocol/],
    [
      'a payload without next header',
      build.ethernet(mac, build.ipv6(v6, build.payload('x'))),
      /give nextHeader/,
    ],
    [
      'UDP without IP',
      build.ethernet({ ...mac, etherType: 0x800 }, build.udp(ports)),
      /put it into ipv4 or ipv6/,
    ],
    [
      'UDP of a first fragment without checksum',
      build.ethernet(mac, build.ipv4({ ...v4, flags: 1 }, build.udp(ports))),
      /covers other fragments/,
    ],
    [
      'UDP behind an IPv6 fragment header without checksum',
      build.ethernet(
        mac,
        build.ipv6(v6, build.fragment({ fragmentOffset: 0, moreFragments: true, id: 1 }, build.udp(ports))),
      ),
      /covers other fragments/,
    ],
    [
      'UDP behind an unknown routing header',
      build.ethernet(
        mac,
        build.ipv6(
          v6,
          build.extension({ header: 43, data: Uint8Array.of(200, 1, 0, 0, 0, 0) }, build.udp(ports)),
        ),
      ),
      /does not tell the final destination/,
    ],
    [
      'IPv4 options of 3 octets',
      build.ethernet(mac, build.ipv4({ ...v4, options: new Uint8Array(3) })),
      /multiple of 4/,
    ],
    [
      'TCP options of 44 octets',
      build.ethernet(mac, build.ipv4(v4, build.tcp({ ...ports, options: new Uint8Array(44) }))),
      /at most 40/,
    ],
    [
      'an extension header of 9 octets',
      build.ethernet(mac, build.ipv6(v6, build.extension({ header: 0, data: new Uint8Array(7) }))),
      /multiple of 8/,
    ],
    [
      'AH of 10 octets',
      build.ethernet(mac, build.ipv6(v6, build.extension({ header: 51, data: new Uint8Array(8) }))),
      /multiple of 4/,
    ],
    [
      'an ND option of 7 octets',
      build.ethernet(
        mac,
        build.ipv6(v6, build.icmpv6({ type: 133 }, build.ndOption({ type: 1, data: new Uint8Array(5) }))),
      ),
      /multiple of 8/,
    ],
    [
      'a SecTAG without its SCI',
      build.ethernet(mac, build.macsec({ tciAn: 0x2c, pn: 1 }, build.payload('xx'))),
      /give sci/,
    ],
  ])('refuses %s and says what to give', (_, stack, remedy) => {
    expect(() => encodeFrame(stack)).toThrow(expect.objectContaining({ code: 'ZT_FRAME_SHAPE' }))
    expect(() => encodeFrame(stack)).toThrow(remedy)
  })

  it.each([
    ['vid', build.ethernet(mac, build.vlan({ vid: 4096 }, build.ipv6(v6)))],
    ['ttl', build.ethernet(mac, build.ipv4({ ...v4, ttl: 256, protocol: 1 }))],
    ['port', build.ethernet(mac, build.ipv4(v4, build.udp({ srcPort: -1, dstPort: 0 })))],
    ['vni', build.ethernet(mac, build.ipv4(v4, build.udp(ports, build.vxlan({ vni: 2 ** 24 }))))],
    ['flow label', build.ethernet(mac, build.ipv6({ ...v6, flowLabel: 2 ** 20 }))],
    ['fraction', build.ethernet(mac, build.ipv4({ ...v4, id: 0.5, protocol: 1 }))],
    [
      'total length',
      build.ethernet(mac, build.ipv4({ ...v4, protocol: 253 }, build.payload(new Uint8Array(65_530)))),
    ],
  ])('refuses a %s that does not fit', (_, stack) => {
    expect(() => encodeFrame(stack)).toThrow(expect.objectContaining({ code: 'ZT_FIELD_RANGE' }))
  })
})
