import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseIpv4, parseIpv6, parseMac } from './address.js'
import * as build from './build.js'
import { fromHex, toHex } from './bytes.js'
import { decodeFrame, decodePacket, MAX_NESTING } from './decode.js'
import { encodeFrame } from './encode.js'
import { firstLayer, lastLayer, problemsOf, type Layer } from './layer.js'
import { importSak, seal } from './macsec.js'
import { sciOf } from './sectag.js'

const { frames } = JSON.parse(readFileSync(new URL('./vectors/frames.json', import.meta.url), 'utf8')) as {
  readonly frames: Readonly<Record<string, string>>
}
const sample = (name: string): Uint8Array => fromHex(frames[name] ?? 'no such frame')
const kinds = (layers: readonly Layer[]): string => layers.map((layer) => layer.kind).join(' ')

const dst = parseMac('02:00:00:00:00:02')
const src = parseMac('02:00:00:00:00:01')
const v4 = { src: parseIpv4('10.0.0.1'), dst: parseIpv4('10.0.0.2') }
const v6 = { src: parseIpv6('fd00::1'), dst: parseIpv6('fd00::2') }

describe('decodeFrame on frames that scapy built', () => {
  it.each([
    ['vlan', 'ethernet vlan ipv4 udp payload'],
    ['tcp6', 'ethernet ipv6 tcp payload'],
    ['arp', 'ethernet arp'],
    ['ns', 'ethernet ipv6 icmpv6 nd-target nd-option nd-option'],
    ['na', 'ethernet ipv6 icmpv6 nd-target nd-option'],
    ['ra', 'ethernet ipv6 icmpv6 nd-router nd-option'],
    ['vxlan', 'ethernet ipv4 udp vxlan ethernet ipv4 icmp payload'],
    ['ext', 'ethernet ipv6 extension extension extension udp payload'],
    ['frag', 'ethernet ipv6 fragment payload'],
    ['unreach', 'ethernet ipv4 icmp payload'],
    ['sctp', 'ethernet ipv4 sctp payload'],
    ['llc', 'ieee802.3 payload'],
    ['ah', 'ethernet ipv6 extension udp payload'],
  ])('%s is %s, without a problem', (name, expected) => {
    const layers = decodeFrame(sample(name))
    expect(kinds(layers)).toBe(expected)
    expect(problemsOf(layers)).toEqual([])
    expect(toHex(encodeFrame(layers))).toBe(frames[name])
  })

  it('gives every field and place', () => {
    expect(decodeFrame(sample('vlan'))).toEqual([
      { kind: 'ethernet', dst, src, etherType: 0x8100, offset: 0, size: 14, problems: [] },
      { kind: 'vlan', pcp: 5, dei: true, vid: 100, etherType: 0x0800, offset: 14, size: 4, problems: [] },
      {
        kind: 'ipv4',
        tos: 0xb9,
        totalLength: 35,
        id: 0x1234,
        flags: 2,
        fragmentOffset: 0,
        ttl: 63,
        protocol: 17,
        checksum: 0x7fd6,
        ...v4,
        options: fromHex('94040000'),
        offset: 18,
        size: 24,
        problems: [],
      },
      {
        kind: 'udp',
        srcPort: 49153,
        dstPort: 53,
        length: 11,
        checksum: 0x673c,
        offset: 42,
        size: 8,
        problems: [],
      },
      { kind: 'payload', data: fromHex('616263'), offset: 50, size: 3, problems: [] },
    ])
  })

  it('finds inner and outer layers of a tunnel', () => {
    const layers = decodeFrame(sample('vxlan'))
    expect(firstLayer(layers, 'ipv4')?.src).toBe(parseIpv4('10.1.0.1'))
    expect(lastLayer(layers, 'ipv4')?.src).toBe(parseIpv4('192.168.0.1'))
    expect(firstLayer(layers, 'tcp')).toBeUndefined()
  })
})

describe('decodeFrame on MACsec', () => {
  const sak = importSak(new Uint8Array(16))
  const clear = encodeFrame(
    build.ethernet({ dst, src }, build.ipv4(v4, build.udp({ srcPort: 1, dstPort: 2 }))),
  )
  const sealed = (tci: number): Uint8Array =>
    seal({ frame: clear, sak, sci: sciOf(src, 1), an: 1, pn: 3, tci })

  it('leaves Secure Data as payload when it is encrypted', () => {
    expect(kinds(decodeFrame(sealed(0x2c)))).toBe('ethernet macsec payload trailer')
  })

  it('looks into Secure Data that is only protected', () => {
    expect(kinds(decodeFrame(sealed(0x20)))).toBe('ethernet macsec ethertype ipv4 udp trailer')
    expect(kinds(decodeFrame(sealed(0)))).toBe('ethernet macsec ethertype ipv4 udp trailer')
    expect(firstLayer(decodeFrame(sealed(0)), 'macsec')).not.toHaveProperty('sci')
  })

  it.each([
    ['version', 14, 0xac, { code: 'version', found: 1 }],
    ['short length', 15, 9, { code: 'length', found: 9, wanted: 30 }],
    ['packet number', 19, 0, { code: 'reserved', what: 'macsec packet number' }],
  ])('names a bad %s', (_, octet, value, problem) => {
    const frame = sealed(0x2c)
    frame[octet] = value
    expect(problemsOf(decodeFrame(frame))).toEqual([expect.objectContaining(problem)])
  })
})

/** A right frame with octets at some places changed. */
function altered(name: string, changes: Readonly<Record<number, number>>): Uint8Array {
  const frame = sample(name)
  for (const [at, value] of Object.entries(changes)) frame[Number(at)] = value
  return frame
}

describe('decodeFrame on wrong frames', () => {
  const cut = (name: string, length: number): Uint8Array => sample(name).subarray(0, length)

  it.each([
    [
      'no Ethernet header',
      new Uint8Array(13),
      'payload',
      { code: 'truncated', what: 'ethernet', offset: 0, found: 13, wanted: 14 },
    ],
    [
      'a tag cut off',
      cut('vlan', 16),
      'ethernet payload',
      { code: 'truncated', what: 'vlan', offset: 14, found: 2, wanted: 4 },
    ],
    [
      'an IPv4 header cut off',
      cut('unreach', 33),
      'ethernet payload',
      { code: 'truncated', what: 'ipv4', found: 19, wanted: 20 },
    ],
    [
      'an IPv6 header cut off',
      cut('tcp6', 53),
      'ethernet payload',
      { code: 'truncated', what: 'ipv6', found: 39, wanted: 40 },
    ],
    [
      'ARP cut off',
      cut('arp', 41),
      'ethernet payload',
      { code: 'truncated', what: 'arp', found: 27, wanted: 28 },
    ],
    [
      'IPv4 of version 5',
      altered('sctp', { 14: 0x55 }),
      'ethernet payload',
      { code: 'version', found: 5, wanted: 4 },
    ],
    [
      'IPv6 of version 4',
      altered('tcp6', { 14: 0x40 }),
      'ethernet payload',
      { code: 'version', found: 4, wanted: 6 },
    ],
    [
      'an IPv4 header length of 16',
      altered('sctp', { 14: 0x44 }),
      'ethernet payload',
      { code: 'length', what: 'ipv4 header length', found: 16, wanted: 20 },
    ],
    [
      'an IPv4 header length past the frame',
      altered('sctp', { 14: 0x4f }),
      'ethernet payload',
      { code: 'length', what: 'ipv4 header length', found: 60, wanted: 36 },
    ],
    [
      'an IPv6 payload length past the frame',
      altered('frag', { 19: 17 }),
      'ethernet ipv6 fragment payload',
      { code: 'length', what: 'ipv6 payload length', found: 17, wanted: 16 },
    ],
    [
      'an IPv4 checksum',
      altered('sctp', { 24: 0 }),
      'ethernet ipv4 sctp payload',
      { code: 'checksum', what: 'ipv4 checksum', found: 0x53, wanted: 0x6653 },
    ],
    [
      'a UDP checksum',
      altered('ah', { 85: 0x79 }),
      'ethernet ipv6 extension udp payload',
      { code: 'checksum', what: 'udp checksum', offset: 84, found: 0x8b79, wanted: 0x8bcc },
    ],
    [
      'a missing UDP checksum over IPv6',
      altered('ext', { 116: 0, 117: 0 }),
      'ethernet ipv6 extension extension extension udp payload',
      { code: 'checksum', found: 0, wanted: 0x8dd2 },
    ],
    [
      'a TCP checksum',
      altered('tcp6', { 54: 0 }),
      'ethernet ipv6 tcp payload',
      { code: 'checksum', what: 'tcp checksum', found: 0x1031 },
    ],
    [
      'a TCP data offset of 16',
      altered('tcp6', { 66: 0x40 }),
      'ethernet ipv6 payload',
      { code: 'length', what: 'tcp data offset', found: 16, wanted: 20 },
    ],
    [
      'a TCP data offset past the packet',
      altered('tcp6', { 66: 0xf0 }),
      'ethernet ipv6 payload',
      { code: 'length', what: 'tcp data offset', found: 60, wanted: 26 },
    ],
    [
      'an ICMP checksum',
      altered('unreach', { 41: 1 }),
      'ethernet ipv4 icmp payload',
      { code: 'checksum', what: 'icmp checksum', found: 0x0ba8 },
    ],
    [
      'an ICMPv6 checksum',
      altered('na', { 58: 0xa0 }),
      'ethernet ipv6 icmpv6 nd-target nd-option',
      { code: 'checksum', what: 'icmpv6 checksum', found: 0x9c99 },
    ],
    [
      'an 802.3 length past the frame',
      altered('llc', { 13: 0x27 }),
      'ieee802.3 payload',
      { code: 'length', what: 'ieee802.3 length', found: 0x27, wanted: 0x26 },
    ],
    [
      'an extension header past the packet',
      altered('ext', { 55: 0xff }),
      'ethernet ipv6 payload',
      { code: 'truncated', what: 'extension 0', wanted: 2048 },
    ],
  ])('names %s', (_, frame, expected, problem) => {
    const layers = decodeFrame(frame)
    expect(kinds(layers)).toBe(expected)
    expect(problemsOf(layers)).toContainEqual(expect.objectContaining(problem))
    expect(toHex(encodeFrame(layers))).toBe(toHex(frame))
  })

  it.each([
    ['past the packet', 200, 200, 9],
    ['below its header', 7, 7, 8],
  ])('names a UDP length %s', (_, length, found, wanted) => {
    const frame = encodeFrame(
      build.ethernet(
        { dst, src },
        build.ipv4(v4, build.udp({ srcPort: 1, dstPort: 2, length, checksum: 0 }, build.payload('x'))),
      ),
    )
    expect(problemsOf(decodeFrame(frame))).toEqual([
      expect.objectContaining({ what: 'udp length', found, wanted }),
    ])
  })

  it.each([0, 19, 100])('names an IPv4 total length of %i', (totalLength) => {
    const frame = encodeFrame(
      build.ethernet({ dst, src }, build.ipv4({ ...v4, totalLength, protocol: 253 }, build.payload('x'))),
    )
    expect(problemsOf(decodeFrame(frame))).toEqual([
      expect.objectContaining({ what: 'ipv4 total length', found: totalLength }),
    ])
  })

  it('names an ND option without length and keeps the rest as payload', () => {
    const frame = altered('ns', { 79: 0 })
    const layers = decodeFrame(frame)
    expect(kinds(layers)).toBe('ethernet ipv6 icmpv6 nd-target payload')
    expect(problemsOf(layers)).toContainEqual(expect.objectContaining({ what: 'nd option length', found: 0 }))
  })

  it('names a VXLAN header without the I flag', () => {
    expect(problemsOf(decodeFrame(altered('vxlan', { 42: 0x04 })))).toEqual([
      expect.objectContaining({ code: 'reserved', what: 'vxlan flags', found: 4, wanted: 8 }),
    ])
  })

  it('takes a shorter length field as the end and what follows as padding', () => {
    const frame = Uint8Array.from([...sample('sctp'), 1, 2, 3])
    const layers = decodeFrame(frame)
    expect(kinds(layers)).toBe('ethernet ipv4 sctp payload trailer')
    expect(layers.at(-1)).toMatchObject({ role: 'padding', of: 0, data: Uint8Array.of(1, 2, 3) })
    expect(problemsOf(layers)).toEqual([])
  })

  it('judges no checksum of a fragment', () => {
    const first = encodeFrame(
      build.ethernet(
        { dst, src },
        build.ipv4(
          { ...v4, flags: 1 },
          build.udp({ srcPort: 1, dstPort: 2, length: 900, checksum: 0x1234 }, build.payload('part')),
        ),
      ),
    )
    expect(kinds(decodeFrame(first))).toBe('ethernet ipv4 udp payload')
    expect(problemsOf(decodeFrame(first))).toEqual([])
    const part = build.udp({ srcPort: 1, dstPort: 2, checksum: 0x1234 }, build.payload('part'))
    const more = build.fragment({ fragmentOffset: 0, moreFragments: true, id: 1 }, part)
    const firstV6 = encodeFrame(build.ethernet({ dst, src }, build.ipv6(v6, more)))
    expect(kinds(decodeFrame(firstV6))).toBe('ethernet ipv6 fragment udp payload')
    expect(problemsOf(decodeFrame(firstV6))).toEqual([])
  })

  it('judges no checksum when a routing header does not tell the final destination', () => {
    const unknown = build.extension(
      { header: 43, data: Uint8Array.of(200, 1, 0, 0, 0, 0) },
      build.udp({ srcPort: 1, dstPort: 2, checksum: 0x1234 }),
    )
    expect(
      problemsOf(decodeFrame(encodeFrame(build.ethernet({ dst, src }, build.ipv6(v6, unknown))))),
    ).toEqual([])
  })

  it('does not follow tunnels deeper than the limit, nor run out of stack', () => {
    let stack = build.ethernet({ dst, src, etherType: 0x88b5 }, build.payload('core'))
    for (let depth = 0; depth < 1100; depth++) {
      const frame = build.vxlan({ vni: depth }, stack)
      stack = build.ethernet(
        { dst, src },
        build.ipv4(v4, build.udp({ srcPort: 1, dstPort: 4789, checksum: 0 }, frame)),
      )
    }
    const frame = encodeFrame(stack)
    const layers = decodeFrame(frame)
    expect(problemsOf(layers)).toEqual([expect.objectContaining({ code: 'nesting', wanted: MAX_NESTING })])
    expect(layers.filter((layer) => layer.kind === 'vxlan').length).toBe(MAX_NESTING + 1)
  })

  it('reads thousands of tags and options without running out of stack', () => {
    const tags = new Uint8Array(60_000)
    for (let i = 12; i < tags.length; i += 4) tags.set([0x81, 0], i)
    expect(decodeFrame(tags).length).toBeGreaterThan(14_000)
  })
})

describe('decodePacket', () => {
  it('reads what an ICMP error quotes, cut off as it may be', () => {
    const quote = firstLayer(decodeFrame(sample('unreach')), 'payload')?.data ?? new Uint8Array(0)
    expect(kinds(decodePacket(quote))).toBe('ipv4 udp payload')
    expect(problemsOf(decodePacket(quote))).toEqual([])
    const short = decodePacket(quote.subarray(0, 28))
    expect(kinds(short)).toBe('ipv4 udp')
    expect(problemsOf(short)).toEqual([
      expect.objectContaining({ what: 'ipv4 total length', found: 36, wanted: 28 }),
    ])
  })

  it('tells IPv6 by the version', () => {
    expect(kinds(decodePacket(sample('tcp6').subarray(14)))).toBe('ipv6 tcp payload')
    expect(kinds(decodePacket(new Uint8Array(0)))).toBe('payload')
  })
})
