import { describe, expect, test } from 'vitest'
import { build, encodeFrame } from '../../twin/packet/index.js'
import {
  Bench,
  BROADCAST,
  changed,
  eth,
  farMac,
  GATEWAY,
  hostMac,
  ip4,
  ip6,
  mac,
  portMac,
  punted,
  raw,
  tx,
  udpHello,
} from './support/bench.js'

const toUs = (stack: Parameters<typeof eth>[2]) => eth(portMac(1), farMac(1), stack)
const transit = (fields: object = {}) =>
  build.ipv4({ src: ip4('10.254.0.1'), dst: ip4('10.255.0.2'), ...fields }, udpHello)

describe('parsing', () => {
  test('[PARSE-1] a frame of 13 octets has no Ethernet header, one of 14 has', () => {
    const frame = raw(portMac(1), farMac(1), 0x88b5, 0)
    expect(frame).toHaveLength(14)
    expect(new Bench().frame(1, frame.subarray(0, 13))).toEqual(['frame-truncated'])
    expect(new Bench().frame(1, new Uint8Array(0))).toEqual(['frame-truncated'])
    expect(new Bench().frame(1, frame)).toEqual(['ethertype-unknown'])
  })

  test('[PARSE-2] a frame of MTU + 14 octets is taken, one octet more is not', () => {
    expect(new Bench().frame(1, raw(portMac(1), farMac(1), 0x88b5, 1700))).toEqual(['ethertype-unknown'])
    expect(new Bench().frame(1, raw(portMac(1), farMac(1), 0x88b5, 1701))).toEqual(['frame-oversize'])
  })

  test('[PARSE-3] an IEEE 802.3 length is no EtherType: bridged, but not routed', () => {
    const length = raw(portMac(1), farMac(1), 0x05ff)
    expect(new Bench().frame(1, length)).toEqual(['ethertype-unknown'])
    expect(new Bench().frame(13, raw(GATEWAY, hostMac(1), 0x0003))).toEqual(['ethertype-unknown'])
    const bridged = raw(hostMac(8), hostMac(1), 0x0026)
    expect(new Bench().frame(13, bridged)).toEqual([tx(14, bridged)])
  })

  test.each([
    ['no room for a header', (f: Uint8Array) => f.subarray(0, 14 + 19), 'ipv4-header-invalid'],
    ['version 5', (f: Uint8Array) => f.with(14, 0x55), 'ipv4-header-invalid'],
    ['IHL 4', (f: Uint8Array) => f.with(14, 0x44), 'ipv4-header-invalid'],
    [
      'header longer than the packet',
      (f: Uint8Array) => f.with(14, 0x4f).with(17, 40),
      'ipv4-header-invalid',
    ],
    ['total length below the header', (f: Uint8Array) => f.with(17, 19), 'ipv4-header-invalid'],
    ['total length beyond the frame', (f: Uint8Array) => f.with(17, f.length - 13), 'ipv4-header-invalid'],
    ['checksum off by one', (f: Uint8Array) => f.with(25, (f[25]! + 1) & 0xff), 'ipv4-checksum'],
  ])('[PARSE-4] IPv4, %s', (_what, spoil, fate) => {
    expect(new Bench().frame(1, spoil(toUs(transit())))).toEqual([fate])
  })

  test('[PARSE-4] the checksum covers options', () => {
    const options = Uint8Array.of(1, 1, 1, 0)
    expect(new Bench().frame(1, toUs(transit({ options })))[0]).toMatch(/^tx 1 /)
    const spoiled = toUs(transit({ options }))
    spoiled[36] = 7
    expect(new Bench().frame(1, spoiled)).toEqual(['ipv4-checksum'])
  })

  test.each([
    ['no room for a header', (f: Uint8Array) => f.subarray(0, 14 + 39)],
    ['version 4', (f: Uint8Array) => f.with(14, 0x40)],
    ['payload length beyond the frame', (f: Uint8Array) => f.with(19, f.length - 14 - 40 + 1)],
  ])('[PARSE-5] IPv6, %s', (_what, spoil) => {
    const packet = build.ipv6({ src: ip6('fd00:fe::1'), dst: ip6('2001:db8:f000::1') }, udpHello)
    expect(new Bench().frame(1, toUs(packet))[0]).toMatch(/^tx 1 /)
    expect(new Bench().frame(1, spoil(toUs(packet)))).toEqual(['ipv6-header-invalid'])
  })

  test('[ROUTE-1] [PARSE-6] padding stays when a frame is bridged and goes when it is routed', () => {
    const padded = eth(hostMac(8), hostMac(1), transit(), build.padding(9))
    expect(new Bench().frame(13, padded)).toEqual([tx(14, padded)])
    const routed = toUs(transit())
    const paddedRouted = eth(portMac(1), farMac(1), transit(), build.padding(9))
    expect(new Bench().frame(1, paddedRouted)).toEqual(new Bench().frame(1, routed))
  })
})

describe('ports', () => {
  test('[PORT-2] a frame for another MAC is not taken, one for a group is', () => {
    expect(new Bench().frame(1, raw(mac('02:00:00:00:00:09'), farMac(1), 0x0806))).toEqual(['mac-not-for-us'])
    const group = raw(mac('01:80:c2:00:00:0e'), farMac(1), 0x88cc)
    expect(new Bench().frame(1, group)).toEqual([punted(1, group)])
  })

  test.each([
    [0x0806, 'punted'],
    [0x88cc, 'punted'],
    [0x88e5, 'macsec-unexpected'],
    [0x8100, 'ethertype-unknown'],
    [0x0600, 'ethertype-unknown'],
  ])('[PORT-3] EtherType 0x%x: %s', (etherType, outcome) => {
    const frame = raw(portMac(1), farMac(1), etherType)
    expect(new Bench().frame(1, frame)).toEqual([outcome === 'punted' ? punted(1, frame) : outcome])
  })

  test.each(['224.0.0.5', '239.255.255.255', '255.255.255.255'])('[PORT-4] IPv4 to %s is punted', (dst) => {
    const frame = eth(BROADCAST, farMac(1), build.ipv4({ src: ip4('10.254.0.1'), dst: ip4(dst) }, udpHello))
    expect(new Bench().frame(1, frame)).toEqual([punted(1, frame)])
  })

  test.each(['ff02::5', 'fe80::1', 'febf::1'])('[PORT-4] IPv6 to %s is punted', (dst) => {
    const frame = toUs(build.ipv6({ src: ip6('fe80::2'), dst: ip6(dst) }, udpHello))
    expect(new Bench().frame(1, frame)).toEqual([punted(1, frame)])
  })

  test('[PORT-4] a unicast packet in a group-addressed frame is not routed', () => {
    expect(new Bench().frame(1, eth(BROADCAST, farMac(1), transit()))).toEqual(['l2-group-ip-unicast'])
    expect(new Bench().frame(1, eth(mac('33:33:00:00:00:01'), farMac(1), transit()))).toEqual([
      'l2-group-ip-unicast',
    ])
  })

  test('[PUNT-1] the kernel gets the frame with its padding; without TAP there is no kernel', () => {
    const bgp = build.tcp({ srcPort: 40000, dstPort: 179 })
    const own = (id: number, dst: string) =>
      eth(
        portMac(id),
        farMac(id),
        build.ipv4({ src: ip4('10.254.0.1'), dst: ip4(dst) }, bgp),
        build.padding(3),
      )
    expect(new Bench().frame(1, own(1, '10.254.0.0'))).toEqual([punted(1, own(1, '10.254.0.0'))])
    expect(new Bench().frame(2, own(2, '10.254.1.0'))).toEqual(['punt-unavailable'])
  })

  test('[PUNT-2] frames from the kernel go out as they are, if they are long and short enough', () => {
    const longest = raw(farMac(1), portMac(1), 0x0800, 1700)
    expect(new Bench().punt(1, longest)).toEqual([tx(1, longest)])
    expect(new Bench().punt(1, raw(farMac(1), portMac(1), 0x0800, 1701))).toEqual(['mtu-exceeded'])
    expect(new Bench().punt(1, new Uint8Array(13))).toEqual(['frame-truncated'])
    expect(new Bench().punt(1, new Uint8Array(14))).toEqual([tx(1, new Uint8Array(14))])
  })

  test('[PUNT-2] above a sealed port the macsec interface counts, and seals', () => {
    const longest = raw(farMac(3), portMac(3), 0x0800, 1700)
    expect(new Bench().punt(3, longest)[0]).toHaveLength('tx 3 '.length + 2 * (longest.length + 32))
    expect(new Bench().punt(3, raw(farMac(3), portMac(3), 0x0800, 1701))).toEqual(['mtu-exceeded'])
  })

  test('[PORT-1] [PORT-5] a frame goes up to the bridge and down again unchanged', () => {
    const frame = encodeFrame(build.ethernet({ dst: hostMac(8), src: hostMac(1) }, transit()))
    expect(new Bench().frame(13, frame)).toEqual([tx(14, frame)])
  })

  test('[MODEL-7] nothing is padded on egress', () => {
    const short = raw(hostMac(8), hostMac(1), 0x88b5, 1)
    expect(short).toHaveLength(15)
    expect(new Bench(changed({})).frame(13, short)).toEqual([tx(14, short)])
  })
})
