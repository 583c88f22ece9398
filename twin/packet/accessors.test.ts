/**
 * The field accessors on frames that scapy built, field by field, and the writers against the same octets.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { formatIpv4, formatIpv6, formatMac, parseIpv4, parseIpv6, parseMac } from './address.js'
import * as arp from './arp.js'
import { bytesEqual, fromHex, toHex } from './bytes.js'
import * as ethernet from './ethernet.js'
import * as icmp from './icmp.js'
import * as icmpv6 from './icmpv6.js'
import * as extension from './ipv6-extension.js'
import * as ipv4 from './ipv4.js'
import * as ipv6 from './ipv6.js'
import * as sctp from './sctp.js'
import * as tcp from './tcp.js'
import * as udp from './udp.js'
import * as vlan from './vlan.js'
import * as vxlan from './vxlan.js'

const { frames } = JSON.parse(readFileSync(new URL('./vectors/frames.json', import.meta.url), 'utf8')) as {
  readonly frames: Readonly<Record<string, string>>
}

/** A fresh copy, so that a test may write into it. */
function sample(name: string): Uint8Array {
  return fromHex(frames[name] ?? 'no such frame')
}

describe('ethernet', () => {
  it('reads addresses and EtherType', () => {
    const frame = sample('ns')
    expect(formatMac(ethernet.dst(frame, 0))).toBe('33:33:ff:00:00:02')
    expect(formatMac(ethernet.src(frame, 0))).toBe('02:00:00:00:00:01')
    expect(ethernet.etherType(frame, 0)).toBe(ethernet.EtherType.IPV6)
    expect(ethernet.isGroupDst(frame, 0)).toBe(true)
    expect(ethernet.isGroupDst(sample('arp'), 0)).toBe(false)
  })

  it('writes single fields and whole headers at an offset', () => {
    const header = new Uint8Array(16)
    ethernet.write(header, 1, parseMac('02:00:00:00:00:02'), parseMac('02:00:00:00:00:01'), 0x0806)
    expect(toHex(header)).toBe('00020000000002020000000001080600')
    ethernet.setDst(header, 1, parseMac('ff:ff:ff:ff:ff:ff'))
    ethernet.setSrc(header, 1, parseMac('aa:bb:cc:dd:ee:ff'))
    ethernet.setEtherType(header, 1, 0x86dd)
    expect(toHex(header)).toBe('00ffffffffffffaabbccddeeff86dd00')
  })
})

describe('vlan', () => {
  it('reads and writes the tag behind its TPID', () => {
    const frame = sample('vlan')
    expect(vlan.isTpid(ethernet.etherType(frame, 0))).toBe(true)
    expect([0x88a8, 0x9100, 0x0800].map(vlan.isTpid)).toEqual([true, true, false])
    const tag = {
      pcp: vlan.pcp(frame, 14),
      dei: vlan.dei(frame, 14),
      vid: vlan.vid(frame, 14),
      etherType: vlan.etherType(frame, 14),
    }
    expect(tag).toEqual({ pcp: 5, dei: true, vid: 100, etherType: 0x0800 })
    const written = new Uint8Array(4)
    vlan.write(written, 0, tag)
    expect(bytesEqual(written, frame.subarray(14, 18))).toBe(true)
  })
})

describe('arp', () => {
  it('reads and writes a reply', () => {
    const frame = sample('arp')
    expect(arp.isIpv4OverEthernet(frame, 14)).toBe(true)
    const fields = {
      operation: arp.operation(frame, 14),
      sha: arp.sha(frame, 14),
      spa: arp.spa(frame, 14),
      tha: arp.tha(frame, 14),
      tpa: arp.tpa(frame, 14),
    }
    expect(fields).toEqual({
      operation: arp.Operation.REPLY,
      sha: parseMac('02:00:00:00:00:01'),
      spa: parseIpv4('10.0.0.1'),
      tha: parseMac('02:00:00:00:00:02'),
      tpa: parseIpv4('10.0.0.2'),
    })
    const written = new Uint8Array(arp.LENGTH)
    arp.write(written, 0, fields)
    expect(toHex(written)).toBe(toHex(frame.subarray(14)))
  })

  it.each([14, 16, 18, 19])('is not for IPv4 over Ethernet when the octet at %i is another', (octet) => {
    const frame = sample('arp')
    frame[octet] = 0x7f
    expect(arp.isIpv4OverEthernet(frame, 14)).toBe(false)
  })
})

describe('ipv4', () => {
  const at = 18

  it('reads every field of a header with options', () => {
    const frame = sample('vlan')
    expect({
      version: ipv4.version(frame, at),
      ihl: ipv4.ihl(frame, at),
      headerLength: ipv4.headerLength(frame, at),
      tos: ipv4.tos(frame, at),
      dscp: ipv4.dscp(frame, at),
      ecn: ipv4.ecn(frame, at),
      totalLength: ipv4.totalLength(frame, at),
      id: ipv4.id(frame, at),
      flags: ipv4.flags(frame, at),
      df: ipv4.df(frame, at),
      mf: ipv4.mf(frame, at),
      fragmentOffset: ipv4.fragmentOffset(frame, at),
      isFragment: ipv4.isFragment(frame, at),
      ttl: ipv4.ttl(frame, at),
      protocol: ipv4.protocol(frame, at),
      checksum: ipv4.checksum(frame, at),
      src: formatIpv4(ipv4.src(frame, at)),
      dst: formatIpv4(ipv4.dst(frame, at)),
    }).toEqual({
      version: 4,
      ihl: 6,
      headerLength: 24,
      tos: 0xb9,
      dscp: 46,
      ecn: ipv4.Ecn.ECT1,
      totalLength: 35,
      id: 0x1234,
      flags: 2,
      df: true,
      mf: false,
      fragmentOffset: 0,
      isFragment: false,
      ttl: 63,
      protocol: ipv4.Protocol.UDP,
      checksum: 0x7fd6,
      src: '10.0.0.1',
      dst: '10.0.0.2',
    })
    expect(ipv4.checksumOk(frame, at)).toBe(true)
  })

  it.each([
    ['more fragments', 0x20, 0x00, { mf: true, offset: 0, is: true }],
    ['the last fragment', 0x00, 0x03, { mf: false, offset: 3, is: true }],
    ['the largest offset', 0x1f, 0xff, { mf: false, offset: 0x1fff, is: true }],
    ['the reserved bit and DF', 0xc0, 0x00, { mf: false, offset: 0, is: false }],
  ])('tells %s', (_, high, low, expected) => {
    const frame = sample('vlan')
    frame[at + 6] = high
    frame[at + 7] = low
    expect({
      mf: ipv4.mf(frame, at),
      offset: ipv4.fragmentOffset(frame, at),
      is: ipv4.isFragment(frame, at),
    }).toEqual(expected)
  })

  it('keeps the checksum right when TTL, TOS or ECN change', () => {
    const frame = sample('vlan')
    ipv4.decrementTtl(frame, at)
    expect([ipv4.ttl(frame, at), ipv4.protocol(frame, at), ipv4.checksumOk(frame, at)]).toEqual([
      62,
      17,
      true,
    ])
    ipv4.setEcn(frame, at, ipv4.Ecn.CE)
    expect([ipv4.dscp(frame, at), ipv4.ecn(frame, at), ipv4.checksumOk(frame, at)]).toEqual([46, 3, true])
    ipv4.setTos(frame, at, 0x10)
    expect([ipv4.tos(frame, at), ipv4.ihl(frame, at), ipv4.checksumOk(frame, at)]).toEqual([0x10, 6, true])
  })

  it('leaves a wrong checksum wrong when the TTL changes, and computes a right one when asked', () => {
    const frame = sample('vlan')
    frame[at + 10] = 0
    ipv4.decrementTtl(frame, at)
    expect(ipv4.checksumOk(frame, at)).toBe(false)
    ipv4.updateHeaderChecksum(frame, at)
    expect(ipv4.checksumOk(frame, at)).toBe(true)
  })

  it('writes a header without options', () => {
    const frame = sample('vxlan')
    const written = new Uint8Array(20)
    const addresses = { src: parseIpv4('10.1.0.1'), dst: parseIpv4('10.1.0.2') }
    ipv4.write(written, 0, { tos: 0, totalLength: 94, id: 0, df: true, ttl: 64, protocol: 17, ...addresses })
    expect(toHex(written)).toBe(toHex(frame.subarray(14, 34)))
  })
})

describe('ipv6', () => {
  const at = 14

  it('reads every field', () => {
    const frame = sample('tcp6')
    expect({
      version: ipv6.version(frame, at),
      trafficClass: ipv6.trafficClass(frame, at),
      dscp: ipv6.dscp(frame, at),
      ecn: ipv6.ecn(frame, at),
      flowLabel: ipv6.flowLabel(frame, at),
      payloadLength: ipv6.payloadLength(frame, at),
      nextHeader: ipv6.nextHeader(frame, at),
      hopLimit: ipv6.hopLimit(frame, at),
      src: formatIpv6(ipv6.src(frame, at)),
      dst: formatIpv6(ipv6.dst(frame, at)),
    }).toEqual({
      version: 6,
      trafficClass: 0xb9,
      dscp: 46,
      ecn: 1,
      flowLabel: 0x12345,
      payloadLength: 26,
      nextHeader: 6,
      hopLimit: 63,
      src: 'fd00::1',
      dst: 'fd00::2',
    })
  })

  it('changes traffic class, ECN and hop limit, and nothing else', () => {
    const frame = sample('tcp6')
    ipv6.setTrafficClass(frame, at, 0xb8)
    ipv6.setEcn(frame, at, 3)
    ipv6.decrementHopLimit(frame, at)
    expect(toHex(frame.subarray(at, at + 8))).toBe('6bb12345001a063e')
    ipv6.setEcn(frame, at, 0)
    expect(toHex(frame.subarray(at, at + 4))).toBe('6b812345')
  })

  it('writes the fixed header', () => {
    const written = new Uint8Array(40)
    ipv6.write(written, 0, {
      trafficClass: 0xb9,
      flowLabel: 0x12345,
      payloadLength: 26,
      nextHeader: 6,
      hopLimit: 63,
      src: parseIpv6('fd00::1'),
      dst: parseIpv6('fd00::2'),
    })
    expect(toHex(written)).toBe(toHex(sample('tcp6').subarray(14, 54)))
  })
})

describe('IPv6 extension headers', () => {
  const first = 54
  const walkOf = (frame: Uint8Array, end = frame.length, limit?: number): extension.Walk =>
    extension.walk(frame, ipv6.nextHeader(frame, 14), first, end, limit)

  it('are skipped up to the upper layer', () => {
    expect(walkOf(sample('ext'))).toEqual({
      stop: 'upper-layer',
      nextHeader: 17,
      offset: first + 56,
      count: 3,
      fragmented: false,
    })
    expect(walkOf(sample('tcp6'))).toEqual({
      stop: 'upper-layer',
      nextHeader: 6,
      offset: first,
      count: 0,
      fragmented: false,
    })
  })

  it('measure AH in units of four octets', () => {
    expect(walkOf(sample('ah'))).toEqual({
      stop: 'upper-layer',
      nextHeader: 17,
      offset: first + 24,
      count: 1,
      fragmented: false,
    })
  })

  it('end at a fragment that is not the first, and go on behind the first', () => {
    const frame = sample('frag')
    expect([extension.fragmentOffset(frame, first), extension.moreFragments(frame, first)]).toEqual([
      185,
      true,
    ])
    expect(walkOf(frame)).toEqual({
      stop: 'fragment',
      nextHeader: 17,
      offset: first + 8,
      count: 1,
      fragmented: true,
    })
    frame[first + 2] = 0
    frame[first + 3] = 1
    expect(walkOf(frame)).toEqual({
      stop: 'upper-layer',
      nextHeader: 17,
      offset: first + 8,
      count: 1,
      fragmented: true,
    })
  })

  it('stop as truncated where one does not lie within the packet, or at the limit', () => {
    expect(walkOf(sample('ext'), first + 7)).toMatchObject({
      stop: 'truncated',
      nextHeader: 0,
      offset: first,
      count: 0,
    })
    expect(walkOf(sample('ext'), first + 8 + 39)).toMatchObject({
      stop: 'truncated',
      nextHeader: 43,
      offset: first + 8,
      count: 1,
    })
    expect(walkOf(sample('ext'), undefined, 2)).toMatchObject({
      stop: 'truncated',
      nextHeader: 60,
      offset: first + 48,
      count: 2,
    })
  })
})

describe('icmp', () => {
  it('reads fragmentation needed with its MTU', () => {
    const frame = sample('unreach')
    const at = 34
    expect([
      icmp.type(frame, at),
      icmp.code(frame, at),
      icmp.nextHopMtu(frame, at),
      icmp.checksum(frame, at),
    ]).toEqual([3, 4, 1400, 0x0ba8])
    expect(icmp.checksumOk(frame, at, frame.length)).toBe(true)
    expect([3, 4, 5, 11, 12, 0, 8, 13].map(icmp.isError)).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ])
  })

  it('reads an echo request and computes its checksum again', () => {
    const frame = sample('vxlan')
    const at = 84
    expect([
      icmp.type(frame, at),
      icmp.echoId(frame, at),
      icmp.echoSequence(frame, at),
      icmp.rest(frame, at),
    ]).toEqual([8, 7, 9, 0x70009])
    frame[at] = icmp.Type.ECHO_REPLY
    expect(icmp.checksumOk(frame, at, frame.length)).toBe(false)
    icmp.updateMessageChecksum(frame, at, frame.length)
    expect(icmp.checksumOk(frame, at, frame.length)).toBe(true)
  })
})

describe('icmpv6', () => {
  const at = 54
  const addresses = [22, 38] as const

  it('reads a solicitation, its target and its options', () => {
    const frame = sample('ns')
    expect([icmpv6.type(frame, at), icmpv6.code(frame, at), icmpv6.checksum(frame, at)]).toEqual([
      135, 0, 0x72b2,
    ])
    expect(formatIpv6(icmpv6.target(frame, at))).toBe('fd00::2')
    expect(icmpv6.checksumOk(frame, at, frame.length, ...addresses)).toBe(true)
    const options = at + icmpv6.NEIGHBOUR_LENGTH
    expect(icmpv6.optionsOffset(135)).toBe(icmpv6.NEIGHBOUR_LENGTH)
    expect(icmpv6.optionsOk(frame, options, frame.length)).toBe(true)
    expect(icmpv6.findOption(frame, options, frame.length, icmpv6.OptionType.SOURCE_LINK_LAYER, 1)).toBe(
      options + 8,
    )
    expect(icmpv6.findOption(frame, options, frame.length, icmpv6.OptionType.SOURCE_LINK_LAYER, 2)).toBe(-1)
    expect(icmpv6.findOption(frame, options, frame.length, icmpv6.OptionType.TARGET_LINK_LAYER)).toBe(-1)
  })

  it('tells options that end nowhere or reach past the message', () => {
    const frame = sample('ns')
    const options = at + icmpv6.NEIGHBOUR_LENGTH
    expect(icmpv6.optionsOk(frame, options, frame.length - 1)).toBe(false)
    expect(icmpv6.optionsOk(frame, options, options + 1)).toBe(false)
    expect(icmpv6.optionsOk(frame, options, options)).toBe(true)
    frame[options + 1] = 0
    expect(icmpv6.optionsOk(frame, options, frame.length)).toBe(false)
    expect(icmpv6.findOption(frame, options, frame.length, 1)).toBe(-1)
  })

  it('reads the flags of an advertisement', () => {
    const frame = sample('na')
    expect([icmpv6.isRouter(frame, at), icmpv6.isSolicited(frame, at), icmpv6.isOverride(frame, at)]).toEqual(
      [true, true, true],
    )
    const { ROUTER, SOLICITED, OVERRIDE } = icmpv6.AdvertisementFlag
    expect(icmpv6.rest(frame, at)).toBe(ROUTER + SOLICITED + OVERRIDE)
    frame[at + 4] = 0x40
    expect([icmpv6.isRouter(frame, at), icmpv6.isSolicited(frame, at), icmpv6.isOverride(frame, at)]).toEqual(
      [false, true, false],
    )
    icmpv6.updateMessageChecksum(frame, at, frame.length, ...addresses)
    expect(icmpv6.checksumOk(frame, at, frame.length, ...addresses)).toBe(true)
  })

  it('has options in router and neighbour messages and redirects alone, and errors below 128', () => {
    expect([133, 134, 135, 136, 137, 128, 1].map(icmpv6.optionsOffset)).toEqual([
      8,
      16,
      24,
      24,
      40,
      undefined,
      undefined,
    ])
    expect([1, 127, 128].map(icmpv6.isError)).toEqual([true, true, false])
  })
})

describe('udp', () => {
  it('reads the header and judges the checksum over IPv4', () => {
    const frame = sample('vlan')
    const at = 42
    expect([
      udp.srcPort(frame, at),
      udp.dstPort(frame, at),
      udp.length(frame, at),
      udp.checksum(frame, at),
    ]).toEqual([49153, 53, 11, 0x673c])
    expect(udp.checksumOkOverIpv4(frame, at, 30)).toBe(true)
    frame[at + 10] = 0
    expect(udp.checksumOkOverIpv4(frame, at, 30)).toBe(false)
    udp.updateChecksumOverIpv4(frame, at, 30)
    expect(udp.checksumOkOverIpv4(frame, at, 30)).toBe(true)
  })

  it('judges the checksum over IPv6 with the final destination of a routing header', () => {
    const frame = sample('ext')
    const at = 54 + 56
    const last = 54 + 8 + 8 + 16
    expect(udp.checksumOkOverIpv6(frame, at, 22, last)).toBe(true)
    expect(udp.checksumOkOverIpv6(frame, at, 22, 38)).toBe(false)
    udp.updateChecksumOverIpv6(frame, at, 22, 38)
    expect(udp.checksumOkOverIpv6(frame, at, 22, 38)).toBe(true)
  })

  it('sends a computed zero as all ones', () => {
    const datagram = new Uint8Array(18)
    udp.write(datagram, 8, 0, 0, 10)
    // Pseudo header 17 + 10, length 10: data that makes the sum all ones.
    const data = 0xffff - 17 - 10 - 10
    datagram[16] = data >> 8
    datagram[17] = data & 0xff
    udp.updateChecksumOverIpv4(datagram, 8, 0)
    expect(udp.checksum(datagram, 8)).toBe(0xffff)
    expect(udp.checksumOkOverIpv4(datagram, 8, 0)).toBe(true)
  })
})

describe('tcp, sctp and vxlan', () => {
  it('read a TCP header', () => {
    const frame = sample('tcp6')
    const at = 54
    const { SYN, ACK, ECE, CWR } = tcp.Flag
    expect({
      ports: [tcp.srcPort(frame, at), tcp.dstPort(frame, at)],
      sequence: tcp.sequence(frame, at),
      acknowledgement: tcp.acknowledgement(frame, at),
      headerLength: tcp.headerLength(frame, at),
      flags: tcp.flags(frame, at),
      window: tcp.window(frame, at),
      checksum: tcp.checksum(frame, at),
      urgentPointer: tcp.urgentPointer(frame, at),
    }).toEqual({
      ports: [1000, 179],
      sequence: 0x01020304,
      acknowledgement: 0x05060708,
      headerLength: 24,
      flags: SYN | ACK | ECE | CWR,
      window: 4096,
      checksum: 0x1031,
      urgentPointer: 7,
    })
  })

  it('read an SCTP common header', () => {
    const frame = sample('sctp')
    expect([
      sctp.srcPort(frame, 34),
      sctp.dstPort(frame, 34),
      sctp.verificationTag(frame, 34),
      sctp.checksum(frame, 34),
    ]).toEqual([3000, 4000, 0xcafef00d, 0x24777286])
  })

  it('read and write a VXLAN header', () => {
    const frame = sample('vxlan')
    const at = 42
    expect([
      vxlan.flags(frame, at),
      vxlan.reserved1(frame, at),
      vxlan.vni(frame, at),
      vxlan.reserved2(frame, at),
    ]).toEqual([0x0c, 3, 10010, 0])
    const written = new Uint8Array(8).fill(0xff)
    vxlan.write(written, 0, 10010)
    expect(toHex(written)).toBe('0800000000271a00')
  })
})
