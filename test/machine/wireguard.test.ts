import { describe, expect, test } from 'vitest'
import { ForwardError } from '../../twin/forward/index.js'
import { build, encodeFrame, fromHex, parseIpv4, parseMac, toHex, udp } from '../../twin/packet/index.js'
import {
  altered,
  from,
  fromHost,
  messageOf,
  Node,
  Pair,
  peerOf,
  programOf,
  publicKey,
  toHost,
  wireMac,
} from './support/wireguard.js'

describe.each(['lower', 'vrf'] as const)('two nodes, %s', (form) => {
  test.each([4, 6] as const)(
    '[WG-12] [WG-13] [WG-14] [WG-26] a packet waits for a session and crosses it, outer IPv%i',
    (family) => {
      const pair = new Pair(form, family)
      expect(pair.a.frame(3, fromHost(1))).toEqual(['initiation'])
      expect(pair.carry(pair.a)).toEqual([
        ['wireguard-handshake', 'response'],
        ['wireguard-handshake', 'data'],
        [toHost(2)],
      ])
      // From here on nothing waits.
      expect(pair.a.frame(3, fromHost(1, {}, 6))).toEqual(['data'])
      expect(pair.carry(pair.a)).toEqual([[toHost(2, {}, 6)]])
      expect(pair.b.frame(3, fromHost(2))).toEqual(['data'])
      expect(pair.carry(pair.b)).toEqual([[toHost(1)]])
    },
  )
})

describe('interfaces', () => {
  const loaded = (form: 'lower' | 'vrf', fields: object) => {
    try {
      return new Node(programOf(1, form, 4, fields)).program.node
    } catch (error) {
      return error instanceof ForwardError ? error.code : error
    }
  }
  const peer = peerOf(1)

  test.each([
    ['on a port and in a VRF', 'lower', { underlayVrf: 0 }],
    ['on neither', 'vrf', { underlayVrf: undefined }],
    ['on a port without MACs', 'lower', { mac: undefined, peerMac: undefined }],
    ['on a port without one of its MACs', 'lower', { peerMac: undefined }],
    ['in a VRF with a MAC', 'vrf', { mac: '02:00:00:00:00:09' }],
    ['on no port', 'lower', { lower: 2 }],
    ['on a port in a VRF', 'lower', { lower: 3 }],
    ['in a VRF that does not exist', 'vrf', { underlayVrf: 9 }],
    ['with two local addresses of a family', 'lower', { local: ['192.0.2.1', '192.0.2.9'] }],
    ['with itself as a peer', 'lower', { peers: [{ ...peer, publicKey: publicKey(1) }] }],
    ['with a peer twice', 'lower', { peers: [peer, { ...peer, allowedIps: [] }] }],
    [
      'with a peer twice, by reference',
      'lower',
      { peers: [peer, { ...peer, publicKey: 'lab:wg/2/public', allowedIps: [] }] },
    ],
    ['with a prefix of two peers', 'lower', { peers: [peer, { ...peer, publicKey: publicKey(3) }] }],
    ['with host bits in a prefix', 'lower', { peers: [{ ...peer, allowedIps: ['10.2.0.1/16'] }] }],
  ] as const)('[WG-1] one that is refused: %s', (_what, form, fields) => {
    expect(loaded(form, fields)).toBe('ZT_PROGRAM_INVALID')
  })

  test('[WG-1] keys that are not there, or of another length', () => {
    expect(loaded('lower', { privateKey: 'lab:wg/none' })).toBe('ZT_KEY_MISSING')
    expect(loaded('lower', { peers: [{ ...peer, presharedKey: 'lab:wg/none' }] })).toBe('ZT_KEY_MISSING')
    expect(loaded('lower', { peers: [{ ...peer, publicKey: 'lab:wg/2/public' }] })).toBe('node1')
  })

  test('[WG-1] a port below has no addresses and carries nothing else', () => {
    const program = programOf(1, 'lower')
    const [port, wg, ...rest] = program.interfaces
    const second = { ...wg!, id: 7, name: 'wg1' }
    expect(() => new Node({ ...program, interfaces: [port!, wg!, ...rest, second] })).toThrow(ForwardError)
    const addressed = { ...port!, addresses: ['192.0.2.1/24'] } as typeof port & object
    expect(() => new Node({ ...program, interfaces: [addressed, wg!, ...rest] })).toThrow('has addresses')
  })
})

describe('messages', () => {
  const initiation = (family: 4 | 6 = 4) => {
    const pair = new Pair('lower', family)
    pair.a.frame(3, fromHost(1))
    return { pair, frame: pair.a.sent[0]! }
  }

  test('[WG-2] what is no WireGuard message to this link is clear', () => {
    const { pair, frame } = initiation()
    const arp = build.arp({
      operation: 1,
      sha: parseMac(wireMac(1)),
      spa: parseIpv4('192.0.2.1'),
      tha: parseMac('00:00:00:00:00:00'),
      tpa: parseIpv4('192.0.2.2'),
    })
    const asked = encodeFrame(build.ethernet({ dst: parseMac(wireMac(2)), src: parseMac(wireMac(1)) }, arp))
    const summed = (at: number, value: number, sum: number) => {
      const copy = frame.with(at, value)
      copy[25] = (copy[25]! + sum) & 0xff
      return copy
    }
    for (const clear of [
      asked,
      // Another MAC, a group, another EtherType.
      frame.with(5, 9),
      frame.with(0, 3),
      frame.with(13, 6),
      // A wrong header checksum.
      frame.with(22, 63),
      from(frame, '192.0.2.1').with(37, 0x6d),
      frame.subarray(0, 40),
    ]) {
      expect(pair.b.frame(1, clear)).toEqual(['wireguard-clear'])
    }
    // Another destination, a fragment, another protocol: each with its checksum.
    for (const clear of [
      summed(33, 3, -1),
      summed(20, 0x60, 0).with(24, frame[24]! - 0x20),
      summed(23, 6, 11),
    ]) {
      expect(pair.b.frame(1, clear)).toEqual(['wireguard-clear'])
    }
    expect(pair.b.frame(1, frame)).toEqual(['wireguard-handshake', 'response'])
  })

  test('[WG-5] in a VRF: by port, whatever own address it is sent to; all else is delivered as ever', () => {
    const pair = new Pair('vrf')
    pair.a.frame(3, fromHost(1))
    const [frame] = pair.a.sent
    const other = altered(frame!, 0).with(37, 0x6d)
    expect(pair.b.frame(1, other)).toEqual([`punt 1 ${toHex(other)}`])
    // A VRF in which the interface does not send.
    expect(pair.b.frame(1, frame!)).toEqual(['wireguard-handshake', 'response'])
    const tenant = Uint8Array.from(frame!)
    tenant.set(fromHex('020000000203'), 0)
    tenant.set([10, 1, 0, 10, 10, 2, 0, 1], 26)
    const [line] = pair.b.frame(3, resummed(tenant))
    expect(line).toMatch(/^punt 3 /)
  })

  test('[WG-6] UDP lengths and checksums', () => {
    const { pair, frame } = initiation()
    expect(pair.b.frame(1, frame.with(39, 7).with(38, 0))).toEqual(['udp-length'])
    expect(pair.b.frame(1, frame.with(39, frame[39]! + 1))).toEqual(['udp-length'])
    expect(pair.b.frame(1, frame.with(40, frame[40]! ^ 1))).toEqual(['udp-checksum'])
    const over6 = initiation(6)
    expect(over6.pair.b.frame(1, over6.frame.with(60, 0).with(61, 0))).toEqual(['udp-checksum'])
    expect(over6.pair.b.frame(1, over6.frame)).toEqual(['wireguard-handshake', 'response'])
  })

  test.each([
    ['no type', [0, 0, 0, 0]],
    ['a type beyond', [5, 0, 0, 0]],
    ['reserved octets', [1, 0, 1, 0]],
    ['a response of the length of an initiation', [2, 0, 0, 0]],
    ['a cookie of that length', [3, 0, 0, 0]],
  ])('[WG-6] %s is malformed', (_what, values) => {
    const { pair, frame } = initiation()
    expect(pair.b.frame(1, altered(frame, 0, ...values))).toEqual(['wireguard-malformed'])
  })

  test.each([0, 3, 4, 31])('[WG-6] data of %i octets is malformed', (octets) => {
    const { pair, frame } = initiation()
    const data = altered(frame, 0, 4, 0, 0, 0)
    data.set([0, 8 + octets], 38)
    expect(pair.b.frame(1, data)).toEqual(['wireguard-malformed'])
    data.set([0, 8 + 32], 38)
    expect(pair.b.frame(1, data)).toEqual(['wireguard-index-unknown'])
  })

  test.each([
    [4, '08004588 00b00000 40001111'],
    [6, '86dd6880 0000009c 1111'],
  ] as const)('[WG-23] outer headers of a handshake over IPv%i', (family, header) => {
    const pair = new Pair('lower', family, { a: { ttl: 17 } })
    pair.a.frame(3, fromHost(1))
    const [frame] = pair.a.sent
    const at = family === 4 ? 34 : 54
    expect(udp.srcPort(frame!, at)).toBe(51820)
    expect(udp.checksum(frame!, at)).not.toBe(0)
    expect(messageOf(frame!)).toHaveLength(148)
    const expected = toHex(fromHex(`020000000201 020000000101 ${header}`))
    expect(toHex(frame!.subarray(0, expected.length / 2))).toBe(expected)
  })
})

/** The IPv4 header checksum made right. */
function resummed(frame: Uint8Array): Uint8Array {
  frame.set([0, 0], 24)
  let sum = 0
  for (let at = 14; at < 34; at += 2) sum += frame[at]! * 256 + frame[at + 1]!
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  frame.set([(~sum >> 8) & 0xff, ~sum & 0xff], 24)
  return frame
}
