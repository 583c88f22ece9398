import { describe, expect, test } from 'vitest'
import { build, ipv4, ipv6, toHex } from '../../twin/packet/index.js'
import { sealAead } from '../../twin/packet/wireguard-crypto.js'
import type { Session } from '../../twin/forward/wireguard-state.js'
import {
  from,
  fromHost,
  messageOf,
  Node,
  packet,
  Pair,
  peerOf,
  programOf,
  toHost,
  turned,
  type Fields,
} from './support/wireguard.js'
import { encodeFrame, parseMac, udp } from '../../twin/packet/index.js'

/** A session between the two, and a data message of a's that has not arrived. */
function connected(form: 'lower' | 'vrf' = 'lower', given: { a?: Fields; b?: Fields } = {}) {
  const pair = new Pair(form, 4, given).connect()
  pair.a.frame(3, fromHost(1))
  return { pair, data: pair.a.sent[0]! }
}
const sessionOf = (node: Node): Session => {
  const [peer] = [...node.node.config.wireguards[0]!.peers.values()]
  return peer!.state.current!
}
/** A data message of a's with a text and a counter of our own. */
function made(pair: Pair, data: Uint8Array, counter: bigint, text: Uint8Array, outer: 4 | 6 = 4): Uint8Array {
  const { sending } = sessionOf(pair.a)
  const sealed = sealAead(sending, counter, text)
  const head = messageOf(data).slice(0, 16)
  new DataView(head.buffer).setBigUint64(8, counter, true)
  const message = Uint8Array.of(...head, ...sealed)
  const frame = new Uint8Array((outer === 4 ? 42 : 62) + message.length)
  frame.set(data.subarray(0, 42))
  frame.set(message, 42)
  new DataView(frame.buffer).setUint16(16, frame.length - 14)
  new DataView(frame.buffer).setUint16(38, frame.length - 34)
  frame.set([0, 0], 40)
  ipv4.updateHeaderChecksum(frame, 14)
  return frame
}
const octetsOf = (stack: ReturnType<typeof packet>): Uint8Array =>
  encodeFrame(
    build.ethernet({ dst: parseMac('02:00:00:00:00:01'), src: parseMac('02:00:00:00:00:02') }, stack),
  ).slice(14)
/** From the host of node 1 to that of node 2, a hop behind. */
const inner = (fields: Parameters<typeof packet>[1] = {}, family: 4 | 6 = 4) =>
  octetsOf(packet(1, { ttl: 63, ...fields }, family))

describe('receiving', () => {
  test('[WG-16] an index that is none, a session too old, a text that does not open', () => {
    const { pair, data } = connected()
    expect(pair.b.frame(1, turned(data, 5))).toEqual(['wireguard-index-unknown'])
    for (const at of [8, 20, messageOf(data).length - 1]) {
      expect(pair.b.frame(1, turned(data, at))).toEqual(['wireguard-auth'])
    }
    pair.b.wait(179.99)
    expect(pair.b.frame(1, data)).toContain(toHost(2))
    pair.b.wait(0.01)
    expect(pair.b.frame(1, data)).toEqual(['wireguard-key-expired'])
  })

  test('[WG-16] each counter once, in any order, as far below the greatest as the window reaches', () => {
    const { pair, data } = connected()
    const at = (counter: bigint) => pair.b.frame(1, made(pair, data, counter, inner()))[0]
    const [ok, replay] = [toHost(2), 'wireguard-replay']
    // Of the handshake's confirmation 0 is gone.
    expect([0n, 1n, 1n, 9n, 8n, 7n, 7n].map(at)).toEqual([replay, ok, replay, ok, ok, ok, replay])
    expect([8129n, 8128n, 8128n, 8127n, 2n, 2n].map(at)).toEqual([ok, ok, replay, ok, ok, replay])
    expect([8145n, 3n, 16n, 17n, 8145n].map(at)).toEqual([ok, replay, replay, ok, replay])
    // 8128 below the greatest is within, 8129 is not.
    expect([100_000n, 91_872n, 91_871n, 10n, 91_873n].map(at)).toEqual([ok, ok, replay, replay, ok])
    // A leap longer than the ring leaves nothing behind in it.
    expect([1_000_000n, 999_999n, 991_872n].map(at)).toEqual([ok, ok, ok])
    const last = 2n ** 64n - 2n ** 13n - 1n
    expect([last, last - 1n, last - 1n].map(at)).toEqual([replay, ok, replay])
  })

  test('[WG-17] a source that is another peer’s, or nobody’s', () => {
    const { pair, data } = connected()
    const refused = ['wireguard-source-not-allowed']
    const forged = made(pair, data, 5n, inner({ src: '10.9.0.1' }))
    const { rx } = pair.b.peer()
    expect(pair.b.frame(1, forged)).toEqual(refused)
    // WG-22: a message that was accepted was received; Ethernet, IPv4 and UDP around it are not counted.
    expect(pair.b.peer().rx - rx).toBe(forged.length - 14 - 20 - 8)
    expect(pair.b.frame(1, made(pair, data, 6n, inner({ src: 'fd00:9::1' }, 6)))).toEqual(refused)
    expect(pair.b.frame(1, made(pair, data, 7n, inner({}, 6)))).toEqual([toHost(2, {}, 6)])
  })

  test('[WG-17] longest prefix: a host of a peer’s network may be another’s', () => {
    const mine = peerOf(2)
    const other = {
      publicKey: Buffer.from(new Uint8Array(32).fill(9)).toString('base64'),
      allowedIps: ['10.1.0.10/32'],
    }
    const { pair, data } = connected('lower', {})
    pair.b.load(programOf(2, 'lower', 4, { peers: [mine, other] }))
    expect(pair.b.frame(1, data)).toEqual(['wireguard-source-not-allowed'])
    const neighbour = inner({ src: '10.1.0.11' })
    expect(pair.b.frame(1, made(pair, data, 20n, neighbour))[0]).toMatch(/^tx 3 /)
  })

  test.each([
    ['no version', (text: Uint8Array) => text.with(0, 0)],
    ['a header of 16 octets', (text: Uint8Array) => text.with(0, 0x44)],
    ['a length beyond the text', (text: Uint8Array) => text.with(3, 200)],
    ['a length below the header', (text: Uint8Array) => text.with(3, 19)],
    ['an IPv6 length beyond the text', (text: Uint8Array) => text.with(0, 0x60)],
    ['one octet', (text: Uint8Array) => text.subarray(0, 1)],
  ])('[WG-17] a text that is no packet: %s', (_what, change) => {
    const { pair, data } = connected()
    expect(pair.b.frame(1, made(pair, data, 5n, change(inner())))).toEqual(['wireguard-inner-invalid'])
  })

  test('[WG-17] what is behind the packet is cut off; its checksum is looked at whatever comes next', () => {
    const { pair, data } = connected()
    const padded = Uint8Array.of(...inner(), ...new Uint8Array(100).fill(7))
    expect(pair.b.frame(1, made(pair, data, 5n, padded))).toEqual([toHost(2)])
    const wrong = inner().with(10, 1)
    expect(pair.b.frame(1, made(pair, data, 6n, wrong))).toEqual(['ipv4-checksum'])
    const routed = connected('vrf')
    expect(routed.pair.b.frame(1, made(routed.pair, routed.data, 6n, wrong))).toEqual(['ipv4-checksum'])
  })

  test('[WG-17] longer than the interface takes', () => {
    const { pair, data } = connected('lower', { b: { mtu: 200 } })
    const of = (octets: number) =>
      inner({ stack: build.udp({ srcPort: 1, dstPort: 2 }, build.payload(new Uint8Array(octets - 28))) })
    expect(pair.b.frame(1, made(pair, data, 5n, of(201)))).toEqual(['frame-oversize'])
    expect(pair.b.frame(1, made(pair, data, 6n, of(200)))[0]).toMatch(/^tx 3 /)
  })

  test.each([
    [3, 0, 0],
    [3, 1, 3],
    [3, 2, 3],
    [3, 3, 3],
    [1, 2, 2],
    [2, 1, 1],
    [0, 3, 3],
  ])('[WG-17] outer ECN %i, inner %i becomes %i', (outerEcn, before, after) => {
    for (const family of [4, 6] as const) {
      const { pair, data } = connected()
      const frame = made(pair, data, 5n, inner({ tos: 0xb8 | before }, family))
      ipv4.setEcn(frame, 14, outerEcn)
      expect(pair.b.frame(1, frame)).toEqual([toHost(2, { tos: 0xb8 | after }, family)])
    }
  })

  test('[WG-22] a peer is where its last authenticated packet came from, and is answered from where it was sent to', () => {
    const { pair, data } = connected('vrf')
    expect(pair.b.peer().endpoint).toEqual({ address: '192.0.2.1', port: 51820 })
    // What does not open moves nobody.
    pair.b.frame(1, from(turned(data, 30), '192.0.2.77', 4000))
    expect(pair.b.peer().endpoint).toEqual({ address: '192.0.2.1', port: 51820 })
    expect(pair.b.frame(1, from(data, '192.0.2.77', 4000))).toEqual([toHost(2)])
    expect(pair.b.peer().endpoint).toEqual({ address: '192.0.2.77', port: 4000 })
    expect(pair.b.frame(3, fromHost(2))).toEqual(['neighbour-missing'])
    pair.b.node.neighbour(pair.b.now, 1, 0xc000024d as never, parseMac('02:00:00:00:00:77'))
    expect(pair.b.frame(3, fromHost(2))).toEqual(['data'])
    const [sent] = pair.b.sent
    expect(toHex(sent!.subarray(26, 34))).toBe('c0000202c000024d')
    expect(udp.dstPort(sent!, 34)).toBe(4000)
  })
})

describe('sessions', () => {
  test('[WG-18] [WG-19] roles as handshakes go, and indexes of what is gone', () => {
    const pair = new Pair()
    pair.a.frame(3, fromHost(1))
    const [initiation] = pair.a.sent
    pair.b.frame(1, initiation!)
    expect([pair.a.roles(), pair.b.roles()]).toEqual([[], ['next']])
    pair.a.frame(1, pair.b.sent[0]!)
    expect(pair.a.roles()).toEqual(['current'])
    const [first] = pair.a.sent
    expect(pair.b.peer().sessions[0]).toMatchObject({ sent: 0, received: 0, initiator: false })
    pair.b.frame(1, first!)
    expect(pair.b.roles()).toEqual(['current'])
    expect(pair.b.peer().sessions[0]).toMatchObject({ sent: 0, received: 1 })
    expect(pair.a.peer().sessions[0]).toMatchObject({ sent: 1, received: 0, initiator: true })
    pair.wait(121)
    pair.a.frame(3, fromHost(1))
    const [late, again] = pair.a.sent
    pair.b.frame(1, again!)
    expect(pair.b.roles()).toEqual(['current', 'next'])
    // What was on its way still opens.
    expect(pair.b.frame(1, late!)).toContain(toHost(2))
  })

  test('[WG-18] a responder that never hears the confirmation has one next session', () => {
    const pair = new Pair().connect()
    pair.wait(121)
    pair.a.frame(3, fromHost(1))
    const indexes = () => pair.b.node.config.wireguards[0]!.indexes.size
    for (const _ of [1, 2, 3]) {
      pair.b.frame(1, pair.a.sent.at(-1)!)
      expect(pair.b.roles()).toEqual(['current', 'next'])
      expect(indexes()).toBe(2)
      pair.wait(5.5)
      pair.a.clock()
    }
  })

  test('[WG-18] who has a next session and becomes an initiator keeps it as the previous one', () => {
    const pair = new Pair().connect()
    pair.wait(121)
    pair.a.frame(3, fromHost(1))
    pair.b.frame(1, pair.a.sent.at(-1)!)
    pair.wait(20)
    const [peer] = [...pair.b.node.config.wireguards[0]!.peers.values()]
    peer!.state.timers.newHandshake = pair.b.now
    const { next } = peer!.state
    expect(pair.b.clock()).toEqual(['initiation'])
    pair.a.frame(1, pair.b.sent[0]!)
    expect(pair.b.frame(1, pair.a.sent[0]!)).toEqual(['wireguard-handshake', 'data'])
    expect(pair.b.roles()).toEqual(['previous', 'current'])
    expect(peer!.state.previous).toBe(next)
    expect(pair.b.node.config.wireguards[0]!.indexes.size).toBe(2)
  })
})

describe('sending', () => {
  test.each([4, 6] as const)('[WG-24] no peer and no endpoint are told to who sent, IPv%i', (family) => {
    const peers = [peerOf(1, 4, { endpoint: undefined, allowedIps: ['10.2.0.0/17', 'fd00:2::/33'] })]
    const node = new Node(programOf(1, 'lower', 4, { peers }))
    const far = family === 4 ? '10.2.200.1' : 'fd00:2:8000::1'
    const [fate, error] = node.frame(3, fromHost(1, { dst: far }, family))
    expect(fate).toBe('wireguard-no-peer')
    // Host unreachable 3/1, address unreachable 1/3, about the packet behind its TTL.
    expect(error).toContain(family === 4 ? '0301' : '3a40')
    expect(error).toMatch(family === 4 ? /0301.{12}4500.{12}3f11/ : /0103.{12}60000000.{4}113f/)
    expect(node.frame(3, fromHost(1, {}, family))).toEqual([
      'wireguard-no-endpoint',
      expect.stringMatching(/^tx 3 /),
    ])
  })

  test('[WG-24] the longest prefix has the packet, whatever the next hop is', () => {
    const program = programOf(1, 'lower', 4, {
      peers: [
        peerOf(1, 4, { allowedIps: ['10.2.0.0/16'] }),
        {
          publicKey: Buffer.from(new Uint8Array(32).fill(9)).toString('base64'),
          allowedIps: ['10.2.0.10/32'],
        },
      ],
    })
    const groups = [{ id: 1, members: [{ interface: 2, gateway: '203.0.113.9' }] }]
    const node = new Node({ ...program, tables: { ...program.tables, groups } })
    expect(node.frame(3, fromHost(1))[0]).toBe('wireguard-no-endpoint')
    expect(node.frame(3, fromHost(1, { dst: '10.2.0.11' }))).toEqual(['initiation'])
  })

  test('[WG-23] without an address of the endpoint’s family nothing is sent', () => {
    const node = new Node(programOf(1, 'lower', 6, { local: ['192.0.2.1'] }))
    expect(node.frame(3, fromHost(1))).toEqual(['wireguard-no-endpoint'])
    expect(node.node.heldByPeers).toBe(1)
  })

  test('[WG-23] longer than the port below, or without a way', () => {
    const { pair } = connected()
    const long = (octets: number) =>
      fromHost(1, {
        stack: build.udp({ srcPort: 1, dstPort: 2 }, build.payload(new Uint8Array(octets - 28))),
      })
    const [a] = [pair.a]
    const program = programOf(1, 'lower')
    const interfaces = program.interfaces.map((one) =>
      one.id === 1 ? { ...one, mtu: 1200 } : one,
    ) as typeof program.interfaces
    a.load({ ...program, interfaces })
    // 20, 8, 16 and 16 octets around a whole number of 16.
    expect(a.frame(3, long(1136))).toEqual(['data'])
    expect(a.frame(3, long(1137))).toEqual(['mtu-exceeded'])
    const routed = connected('vrf').pair
    const vrf = programOf(1, 'vrf')
    const routes = vrf.tables.routes.filter(({ prefix }) => prefix !== '192.0.2.0/24')
    routed.a.load({ ...vrf, tables: { ...vrf.tables, routes } })
    expect(routed.a.frame(3, fromHost(1))).toEqual(['no-route'])
    expect(routed.a.frame(3, fromHost(1))).toEqual(['no-route'])
    expect(routed.a.node.heldByPeers).toBe(0)
  })

  test.each([4, 6] as const)('[WG-23] DF, TTL, ID and the inner ECN of data, inner IPv%i', (family) => {
    const { pair } = connected('lower', { a: { df: false, ttl: 9 } })
    pair.a.frame(3, fromHost(1, { tos: 0xb9 }, family))
    const [frame] = pair.a.sent
    expect(toHex(frame!.subarray(15, 16))).toBe('01')
    expect(toHex(frame!.subarray(18, 24))).toBe('000000000911')
    expect(pair.carry(pair.a)).toEqual([[toHost(2, { tos: 0xb9 }, family)]])
  })

  test('[WG-25] 128 packets wait, then the oldest ends', () => {
    const node = new Node(programOf(1, 'lower'))
    expect(node.frame(3, fromHost(1))).toEqual(['initiation'])
    for (let n = 1; n < 128; n++) expect(node.frame(3, fromHost(1))).toEqual([])
    expect(node.node.heldByPeers).toBe(128)
    expect(node.node.frame(node.now, 3, fromHost(1), 7).map((one) => one.lineage)).toEqual([0])
    expect(node.frame(3, fromHost(1))).toEqual(['wireguard-queue'])
    expect(node.node.heldByPeers).toBe(128)
  })

  test('[WG-26] texts are padded to 16 octets, not above the MTU', () => {
    const { pair } = connected('lower', { a: { mtu: 100 } })
    const lengthOf = (octets: number) => {
      pair.a.frame(
        3,
        fromHost(1, {
          stack: build.udp({ srcPort: 1, dstPort: 2 }, build.payload(new Uint8Array(octets - 28))),
        }),
      )
      return messageOf(pair.a.sent[0]!).length - 32
    }
    expect([28, 32, 33, 95, 96, 97, 100].map(lengthOf)).toEqual([32, 32, 48, 96, 96, 100, 100])
  })

  test('[WG-26] packets keep their order and lineage while they wait', () => {
    const pair = new Pair()
    const sent = [1, 2, 3].map((n) =>
      fromHost(1, { stack: build.udp({ srcPort: n, dstPort: 2 }, build.payload('x')) }),
    )
    for (const [index, frame] of sent.entries()) pair.a.node.frame(0n, 3, frame, index + 1)
    const again = new Pair()
    again.a.frame(3, fromHost(1))
    pair.b.frame(1, again.a.sent[0]!)
    const effects = pair.a.node.frame(0n, 1, pair.b.sent[0]!, 9)
    expect(effects.map(({ kind, lineage }) => `${kind} ${lineage}`)).toEqual([
      'fate 9',
      'tx 1',
      'tx 2',
      'tx 3',
    ])
    expect(effects.flatMap((one) => (one.kind === 'tx' ? [messageOf(one.frame)[8]] : []))).toEqual([0, 1, 2])
  })

  test('[WG-26] [WG-27] a session of 180 s is used no more: packets wait for another', () => {
    const { pair } = connected('lower', {})
    pair.wait(179.9)
    expect(pair.a.frame(3, fromHost(1))).toEqual(['data', 'initiation'])
    expect(pair.a.wait(0.1).frame(3, fromHost(1))).toEqual([])
    expect(pair.a.node.heldByPeers).toBe(1)
    pair.wait(0.1)
    expect(pair.b.frame(3, fromHost(2))).toEqual(['initiation'])
    expect(pair.carry(pair.b).flat()).toContain(toHost(1))
  })

  test('[WG-26] the last counter is kept back', () => {
    const { pair } = connected()
    const session = sessionOf(pair.a)
    session.sent = 2n ** 64n - 2n ** 13n - 2n
    pair.wait(10)
    expect(pair.a.frame(3, fromHost(1))).toEqual(['data', 'initiation'])
    expect(pair.a.frame(3, fromHost(1))).toEqual([])
  })
})

test('[WG-17] a packet that goes on to IPv6 keeps its class', () => {
  const { pair } = connected()
  pair.a.frame(3, fromHost(1, { tos: 0xfe }, 6))
  const [line] = pair.b.frame(1, pair.a.sent[0]!)
  const frame = Uint8Array.from(Buffer.from(line!.split(' ')[2]!, 'hex'))
  expect(ipv6.trafficClass(frame, 14)).toBe(0xfe)
})
