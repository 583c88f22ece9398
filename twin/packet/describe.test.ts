import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseIpv4, parseMac } from './address.js'
import * as build from './build.js'
import { fromHex } from './bytes.js'
import { describeFrame, explainFrame, hexDump } from './describe.js'
import { encodeFrame } from './encode.js'
import { importSak, seal } from './macsec.js'
import { sciOf } from './sectag.js'

const { frames } = JSON.parse(readFileSync(new URL('./vectors/frames.json', import.meta.url), 'utf8')) as {
  readonly frames: Readonly<Record<string, string>>
}
const sample = (name: string): Uint8Array => fromHex(frames[name] ?? 'no such frame')

describe('describeFrame', () => {
  it.each([
    [
      'vlan',
      '02:00:00:00:00:01 > 02:00:00:00:00:02 | vlan 100 | 10.0.0.1 > 10.0.0.2 ttl 63 | udp 49153 > 53 | payload 3 (53 octets)',
    ],
    ['arp', '02:00:00:00:00:01 > 02:00:00:00:00:02 | arp 10.0.0.1 is at 02:00:00:00:00:01 (42 octets)'],
    [
      'tcp6',
      '02:00:00:00:00:01 > 02:00:00:00:00:02 | fd00::1 > fd00::2 hlim 63 | tcp 1000 > 179 [S.EW] seq 16909060 ack 84281096 | payload 2 (80 octets)',
    ],
    [
      'na',
      '02:00:00:00:00:01 > 02:00:00:00:00:02 | fd00::2 > fd00::1 hlim 255 | icmpv6 neighbour advertisement [RSO] | target fd00::2 | option 2 (86 octets)',
    ],
    [
      'unreach',
      '02:00:00:00:00:01 > 02:00:00:00:00:02 | 10.0.0.9 > 10.0.0.1 ttl 64 | icmp destination unreachable code 4 mtu 1400 | payload 36 (78 octets)',
    ],
    [
      'frag',
      '02:00:00:00:00:01 > 02:00:00:00:00:02 | fd00::1 > fd00::2 hlim 64 | fragment 0xdeadbeef offset 1480+ | payload 8 (70 octets)',
    ],
  ])('says in one line what %s is', (name, line) => {
    expect(describeFrame(sample(name))).toBe(line)
  })

  it('says what is wrong', () => {
    const frame = sample('sctp')
    frame[24] = 0
    expect(describeFrame(frame)).toMatch(/ BAD: ipv4 checksum 0x0053, should be 0x6653$/)
    expect(describeFrame(new Uint8Array(3))).toBe(
      'payload 3 (3 octets) BAD: ethernet cut off at octet 0: 3 octets where 14 are needed',
    )
  })

  it('shows a sealed frame by channel, association and packet number', () => {
    const sealed = seal({
      frame: sample('arp'),
      sak: importSak(new Uint8Array(16)),
      sci: sciOf(parseMac('02:00:00:00:00:01'), 1),
      an: 2,
      pn: 77,
    })
    expect(describeFrame(sealed)).toBe(
      '02:00:00:00:00:01 > 02:00:00:00:00:02 | macsec SC E C an 2 pn 77 sci 0200000000010001 | payload 30 | icv 16 (74 octets)',
    )
  })
})

describe('explainFrame', () => {
  it('gives a line a layer with every field, and what an error quotes indented', () => {
    expect(explainFrame(sample('unreach'))).toBe(
      [
        '78 octets',
        '     0 Ethernet: src 02:00:00:00:00:01, dst 02:00:00:00:00:02, type 0x0800 (ipv4)',
        '    14 IPv4: src 10.0.0.9, dst 10.0.0.1, tos 0x00, total length 64, id 1, flags [], offset 0, ttl 64, protocol 1 (icmp), checksum 0x66b3, options none',
        '    34 ICMP: type 3 (destination unreachable), code 4, checksum 0x0ba8, rest 0x00000578 code 4 mtu 1400',
        '    42 Payload: 36 octets',
        '       |    0 IPv4: src 10.0.0.1, dst 10.0.0.2, tos 0x00, total length 36, id 1, flags [], offset 0, ttl 64, protocol 17 (udp), checksum 0x66c6, options none',
        '       |   20 UDP: src 5, dst 6, length 16, checksum 0x1aec',
        '       |   28 Payload: 8 octets',
      ].join('\n'),
    )
  })

  it('puts each problem below its layer', () => {
    const addresses = { src: parseIpv4('10.0.0.1'), dst: parseIpv4('10.0.0.2') }
    const mac = { dst: parseMac('02:00:00:00:00:02'), src: parseMac('02:00:00:00:00:01') }
    const frame = encodeFrame(
      build.ethernet(mac, build.ipv4({ ...addresses, totalLength: 99, protocol: 253 }, build.payload('x'))),
    )
    expect(explainFrame(frame).split('\n')[3]).toBe('       ! ipv4 total length 99, but 21')
  })

  it('adds hexadecimal when asked', () => {
    expect(explainFrame(sample('arp'), { hex: true })).toMatch(/\n0020 {2}/)
  })
})

describe('hexDump', () => {
  it('shows sixteen octets a line with ASCII', () => {
    expect(hexDump(Uint8Array.from({ length: 18 }, (_, i) => 0x3f + i))).toBe(
      [
        '0000  3f 40 41 42 43 44 45 46  47 48 49 4a 4b 4c 4d 4e  ?@ABCDEFGHIJKLMN',
        `0010  4f 50${' '.repeat(45)}OP`,
      ].join('\n'),
    )
    expect(hexDump(new Uint8Array(0))).toBe('')
  })
})
