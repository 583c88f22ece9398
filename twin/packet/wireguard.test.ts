import { describe, expect, it } from 'vitest'
import { parseIpv4, parseMac } from './address.js'
import * as build from './build.js'
import { decodeFrame } from './decode.js'
import { describeFrame, explainFrame } from './describe.js'
import { encodeFrame } from './encode.js'
import { PacketError } from './errors.js'
import { problemsOf, type UdpSpec } from './layer.js'
import type { Stack } from './build.js'
import * as wireguard from './wireguard.js'

const octets = (length: number, first = 0): Uint8Array => Uint8Array.from({ length }, (_, i) => first + i)
const ports = { srcPort: 51820, dstPort: 51820 }

function frameOf(message: Stack, udp: Omit<UdpSpec, 'kind'> = ports, flags = 0): Uint8Array {
  const ip = { src: parseIpv4('192.0.2.1'), dst: parseIpv4('192.0.2.2'), flags }
  return encodeFrame(
    build.ethernet(
      { dst: parseMac('02:00:00:00:00:02'), src: parseMac('02:00:00:00:00:01') },
      build.ipv4(ip, build.udp(udp, message)),
    ),
  )
}

const initiation = build.wireguardInitiation({
  sender: 0x0403_0201,
  ephemeral: octets(32, 0x10),
  static: octets(48, 0x30),
  timestamp: octets(28, 0x60),
  mac1: octets(16, 0x80),
})
const response = build.wireguardResponse({
  sender: 0x0807_0605,
  receiver: 0x0403_0201,
  ephemeral: octets(32, 0x10),
  empty: octets(16, 0x30),
  mac1: octets(16, 0x40),
  mac2: octets(16, 0x50),
})
const cookieReply = build.wireguardCookieReply({
  receiver: 0x0403_0201,
  nonce: octets(24, 0x10),
  cookie: octets(32, 0x30),
})
const data = (text: number): Stack =>
  build.wireguardData(
    { receiver: 0x0807_0605, counter: 0x1817_1615_1413_1211n },
    build.payload(octets(text)),
    build.icv(octets(16)),
  )

const HEAD = '02:00:00:00:00:01 > 02:00:00:00:00:02 | 192.0.2.1 > 192.0.2.2 ttl 64 | udp 51820 > 51820 | '
const MESSAGE = 42

describe('WireGuard messages', () => {
  it('lie on the wire as the paper says: lengths, order of fields, little-endian integers', () => {
    expect([initiation, response, cookieReply, data(0)].map((one) => frameOf(one).length - MESSAGE)).toEqual([
      148, 92, 64, 32,
    ])
    expect([...frameOf(initiation).subarray(MESSAGE)]).toEqual([
      1,
      0,
      0,
      0,
      1,
      2,
      3,
      4,
      ...octets(32, 0x10),
      ...octets(48, 0x30),
      ...octets(28, 0x60),
      ...octets(16, 0x80),
      ...octets(16).fill(0),
    ])
    expect([...frameOf(response).subarray(MESSAGE, MESSAGE + 13)]).toEqual([
      2, 0, 0, 0, 5, 6, 7, 8, 1, 2, 3, 4, 0x10,
    ])
    expect([...frameOf(cookieReply).subarray(MESSAGE, MESSAGE + 9)]).toEqual([3, 0, 0, 0, 1, 2, 3, 4, 0x10])
    expect([...frameOf(data(1)).subarray(MESSAGE, MESSAGE + 16)]).toEqual([
      4, 0, 0, 0, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
    ])
  })

  it('are described with index and counter', () => {
    expect(describeFrame(frameOf(initiation))).toBe(
      `${HEAD}wireguard initiation from index 0x04030201 (190 octets)`,
    )
    expect(describeFrame(frameOf(response))).toBe(
      `${HEAD}wireguard response from index 0x08070605 to 0x04030201 (134 octets)`,
    )
    expect(describeFrame(frameOf(cookieReply))).toBe(
      `${HEAD}wireguard cookie reply to index 0x04030201 (106 octets)`,
    )
    expect(describeFrame(frameOf(data(48)))).toBe(
      `${HEAD}wireguard data to index 0x08070605 counter 1735880461161533969 | payload 48 | icv 16 (122 octets)`,
    )
    expect(explainFrame(frameOf(cookieReply))).toContain(
      'WireGuard cookie reply: receiver 0x04030201, nonce 101112131415161718191a1b1c1d1e1f2021222324252627, cookie 30',
    )
  })

  it('are read from either port, and by accessors', () => {
    const kinds = [
      { srcPort: 1024, dstPort: 51820 },
      { srcPort: 51820, dstPort: 1024 },
      { srcPort: 1024, dstPort: 1025 },
    ].map((udp) => decodeFrame(frameOf(response, udp)).at(-1)?.kind)
    expect(kinds).toEqual(['wireguard-response', 'wireguard-response', 'payload'])
    const frame = frameOf(response)
    expect(wireguard.sender(frame, MESSAGE)).toBe(0x0807_0605)
    expect(wireguard.receiver(frame, MESSAGE)).toBe(0x0403_0201)
    expect(wireguard.counter(frameOf(data(0)), MESSAGE)).toBe(0x1817_1615_1413_1211n)
  })

  it.each([
    ['a type that is none', (frame: Uint8Array) => (frame[MESSAGE] = 5)],
    ['the type of another length', (frame: Uint8Array) => (frame[MESSAGE] = 2)],
    ['octets that must be zero', (frame: Uint8Array) => (frame[MESSAGE + 3] = 1)],
  ])("with %s are payload, and no problem: the port may be anybody's", (_, alter) => {
    const frame = frameOf(build.payload(frameOf(initiation).subarray(MESSAGE)), { ...ports, checksum: 0 })
    expect(decodeFrame(frame).at(-1)?.kind).toBe('wireguard-initiation')
    alter(frame)
    const layers = decodeFrame(frame)
    expect(layers.map(({ kind }) => kind)).toEqual(['ethernet', 'ipv4', 'udp', 'payload'])
    expect(problemsOf(layers)).toEqual([])
  })

  it('of a length that does not fit are payload', () => {
    const cut = [initiation, response, cookieReply, data(0)].flatMap((message) => {
      const whole = frameOf(message).subarray(MESSAGE)
      return [whole.subarray(0, -1), whole.subarray(0, 3), Uint8Array.from([...whole, 0])]
    })
    const kinds = cut.map((octets) => decodeFrame(frameOf(build.payload(octets))).at(-1)?.kind)
    // A data message may be longer; its last octets are the tag.
    expect(kinds).toEqual([...cut.slice(1).map(() => 'payload'), 'trailer'])
  })

  it('that are fragments are payload', () => {
    const first = frameOf(response, { ...ports, checksum: 0 }, 1)
    expect(decodeFrame(first).at(-1)?.kind).toBe('payload')
  })

  it('are not built of values that do not fit', () => {
    const refused = (message: Stack, code: string) =>
      expect(() => frameOf(message)).toThrow(expect.objectContaining({ name: PacketError.name, code }))
    refused(
      build.wireguardCookieReply({ receiver: 2 ** 32, nonce: octets(24), cookie: octets(32) }),
      'ZT_FIELD_RANGE',
    )
    refused(
      build.wireguardCookieReply({ receiver: 1, nonce: octets(12), cookie: octets(32) }),
      'ZT_FRAME_SHAPE',
    )
    refused(build.wireguardData({ receiver: 1, counter: 1n << 64n }), 'ZT_FIELD_RANGE')
  })
})
