import { describe, expect, test } from 'vitest'
import { fromHost, messageOf, Node, Pair, peerOf, programOf, SECOND, toHost } from './support/wireguard.js'
import type { PeerState } from '../../twin/forward/wireguard-state.js'

const stateOf = (node: Node): PeerState => [...node.node.config.wireguards[0]!.peers.values()][0]!.state
/** Seconds until a timer, in ms. */
const inMs = (node: Node, at: bigint | undefined): number => Number((at! - node.now) / 1_000_000n)
const KEPT = (n: number, s = 20) => ({ peers: [peerOf(n, 4, { persistentKeepalive: s })] })
/** Sends a packet of the host of n, which arrives. */
function say(pair: Pair, n: 1 | 2 = 1) {
  const node = n === 1 ? pair.a : pair.b
  const lines = node.frame(3, fromHost(n))
  return [lines, ...pair.carry(node)]
}
/** Timers of every second until one acts, at most so long. */
function until(node: Node, most = 60): { readonly seconds: number; readonly lines: string[] } {
  for (let seconds = 1; seconds <= most; seconds++) {
    const lines = node.wait(1).clock()
    if (lines.length > 0) return { seconds, lines }
  }
  return { seconds: most, lines: [] }
}

describe('rekeying', () => {
  test('[WG-28] who began sends an initiation with the first data of a session of 120 s, the other does not', () => {
    const pair = new Pair().connect()
    say(pair, 2)
    pair.wait(119.99)
    expect(say(pair)[0]).toEqual(['data'])
    pair.wait(0.01)
    expect(say(pair, 2)[0]).toEqual(['data'])
    expect(say(pair)).toEqual([
      ['data', 'initiation'],
      [toHost(2), 'wireguard-handshake', 'response'],
      ['wireguard-handshake', 'data'],
      ['wireguard-keepalive'],
    ])
    expect([pair.a.roles(), pair.b.roles()]).toEqual([
      ['previous', 'current'],
      ['previous', 'current'],
    ])
    expect(pair.a.peer().sessions[1]).toMatchObject({ age: 0 })
  })

  test('[WG-28] a counter above 2^60, whoever began', () => {
    const pair = new Pair().connect().wait(10)
    const session = stateOf(pair.b).current!
    session.sent = 2n ** 60n - 1n
    expect(pair.b.frame(3, fromHost(2))).toEqual(['data'])
    expect(pair.b.frame(3, fromHost(2))).toEqual(['data', 'initiation'])
  })

  test('[WG-28] receiving: from 165 s on, once until a handshake completes', () => {
    const pair = new Pair().connect()
    pair.wait(164.9)
    pair.b.frame(3, fromHost(2))
    expect(pair.a.frame(1, pair.b.sent[0]!)).toEqual([toHost(1)])
    pair.wait(0.1)
    pair.b.frame(3, fromHost(2))
    expect(pair.a.frame(1, pair.b.sent[0]!)).toEqual(['initiation', toHost(1)])
    pair.wait(6)
    pair.b.frame(3, fromHost(2))
    expect(pair.a.frame(1, pair.b.sent[0]!)).toEqual([toHost(1)])
    // And again of the next session.
    pair.a.clock()
    pair.carry(pair.a)
    pair.wait(166)
    pair.b.frame(3, fromHost(2))
    expect(pair.a.frame(1, pair.b.sent[0]!)).toEqual(['initiation', toHost(1)])
  })
})

describe('initiations', () => {
  test('[WG-27] again after 5 s and up to 333 ms, as often as 18 times, then what waits ends', () => {
    const { a } = new Pair()
    expect(a.frame(3, fromHost(1))).toEqual(['initiation'])
    a.frame(3, fromHost(1))
    const delays = new Set<number>()
    for (let attempt = 1; attempt <= 19; attempt++) {
      const due = stateOf(a).timers.retransmission
      const delay = inMs(a, due)
      expect(delay).toBeGreaterThanOrEqual(5000)
      expect(delay).toBeLessThan(5333)
      delays.add(delay)
      a.now = due! - 1n
      expect(a.clock()).toEqual([])
      a.now = due!
      expect(a.clock()).toEqual(['initiation'])
      expect(stateOf(a).attempts).toBe(attempt)
    }
    expect(delays.size).toBeGreaterThan(10)
    a.now = stateOf(a).timers.retransmission!
    expect(a.clock()).toEqual(['wireguard-unanswered', 'wireguard-unanswered'])
    expect(a.node.heldByPeers).toBe(0)
    // [WG-30] and what is left of the peer goes 540 s later.
    expect(stateOf(a).timers).toEqual({
      zeroing: a.now + 540n * SECOND,
      retransmission: undefined,
      newHandshake: undefined,
      keepalive: undefined,
      persistent: undefined,
    })
    expect(stateOf(a).handshake).toBeDefined()
    a.wait(540).clock()
    expect(stateOf(a).handshake).toBeUndefined()
    expect(a.node.config.wireguards[0]!.indexes.size).toBe(0)
    // Who wants to send begins anew.
    expect(a.frame(3, fromHost(1))).toEqual(['initiation'])
    expect(stateOf(a).attempts).toBe(0)
  })

  test('[WG-27] none within 5 s of the last handshake sent, a response among them', () => {
    const { a, b } = new Pair()
    a.frame(3, fromHost(1))
    expect(a.wait(4.9).frame(3, fromHost(1))).toEqual([])
    expect(a.wait(0.1).frame(3, fromHost(1))).toEqual(['initiation'])
    b.frame(1, a.sent[0]!)
    expect(b.frame(3, fromHost(2))).toEqual([])
    expect(b.node.heldByPeers).toBe(1)
    expect(b.wait(5).frame(3, fromHost(2))).toEqual(['initiation'])
  })

  test('[WG-14] [WG-29] a handshake that completes is not sent again', () => {
    const pair = new Pair().connect()
    expect(stateOf(pair.a).timers.retransmission).toBeUndefined()
    pair.wait(6)
    expect(pair.a.clock()).toEqual([])
    expect(pair.a.peer().latestHandshake).toBe(1_767_225_600)
    expect(pair.b.peer().latestHandshake).toBe(1_767_225_600)
  })

  test('[WG-30] an initiation that is sent again goes from the address of the program', () => {
    const pair = new Pair().connect()
    expect(stateOf(pair.a).endpoint!.own).toBeDefined()
    pair.wait(181)
    pair.a.frame(3, fromHost(1))
    expect(stateOf(pair.a).endpoint!.own).toBeDefined()
    pair.a.wait(6).clock()
    expect(stateOf(pair.a).endpoint!.own).toBeUndefined()
  })
})

describe('keepalives', () => {
  test('[WG-29] [WG-30] who receives data and sends none answers with an empty text after 10 s', () => {
    const pair = new Pair().connect()
    pair.wait(9.99)
    expect(pair.b.clock()).toEqual([])
    pair.wait(0.01)
    expect(pair.b.clock()).toEqual(['data'])
    expect(messageOf(pair.b.sent[0]!)).toHaveLength(32)
    expect(pair.b.sent[0]![15]).toBe(0)
    expect(pair.carry(pair.b)).toEqual([['wireguard-keepalive']])
    expect(until(pair.b, 5).lines).toEqual([])
  })

  test('[WG-29] data that is sent is an answer', () => {
    const pair = new Pair().connect()
    pair.wait(5)
    pair.b.frame(3, fromHost(2))
    pair.wait(6)
    expect(pair.b.clock()).toEqual([])
  })

  test('[WG-29] [WG-30] data received while one is due brings another, 10 s after it', () => {
    const pair = new Pair().connect()
    pair.wait(5)
    say(pair)
    pair.wait(5)
    expect(pair.b.clock()).toEqual(['data'])
    pair.wait(9.9)
    expect(pair.b.clock()).toEqual([])
    pair.wait(0.1)
    expect(pair.b.clock()).toEqual(['data'])
    pair.wait(10)
    expect(pair.b.clock()).toEqual([])
  })

  test('[WG-29] [WG-30] data that is not answered brings a handshake, 15 s and up to 333 ms behind the first', () => {
    const pair = new Pair().connect()
    const due = stateOf(pair.a).timers.newHandshake
    expect(inMs(pair.a, due)).toBeGreaterThanOrEqual(15_000)
    expect(inMs(pair.a, due)).toBeLessThan(15_333)
    pair.a.wait(3).frame(3, fromHost(1))
    expect(stateOf(pair.a).timers.newHandshake).toBe(due)
    pair.a.now = due! - 1n
    expect(pair.a.clock()).toEqual([])
    pair.a.now = due!
    expect(pair.a.clock()).toEqual(['initiation'])
  })

  test('[WG-29] any data received, a keepalive too, says that the peer is there', () => {
    const pair = new Pair().connect()
    pair.wait(10)
    pair.b.clock()
    pair.carry(pair.b)
    expect(stateOf(pair.a).timers.newHandshake).toBeUndefined()
    expect(until(pair.a, 30).lines).toEqual([])
  })

  test('[WG-30] persistent ones begin at once, and go so long after the last packet', () => {
    const pair = new Pair('lower', 4, { a: KEPT(1) })
    expect(pair.a.clock()).toEqual(['initiation'])
    expect(pair.carry(pair.a).at(-1)).toEqual(['wireguard-keepalive'])
    expect(until(pair.a)).toEqual({ seconds: 20, lines: ['data'] })
    pair.b.now = pair.a.now
    expect(pair.carry(pair.a)).toEqual([['wireguard-keepalive']])
    pair.wait(15)
    say(pair, 2)
    expect(until(pair.a, 19).lines).toEqual(['data'])
  })

  test('[WG-31] an empty text waits as packets do', () => {
    const { a } = new Pair('lower', 4, { a: KEPT(1) })
    a.clock()
    expect(a.node.heldByPeers).toBe(1)
    // While something waits, no other is added.
    stateOf(a).timers.persistent = a.now
    a.clock()
    expect(a.node.heldByPeers).toBe(1)
    for (let n = 0; n < 127; n++) expect(a.frame(3, fromHost(1))).toEqual([])
    expect(a.frame(3, fromHost(1))).toEqual(['wireguard-queue'])
    expect(stateOf(a).held[0]!.text.length).toBeGreaterThan(0)
  })

  test('[WG-31] a keepalive expects no answer', () => {
    const pair = new Pair('lower', 4, { a: KEPT(1) })
    pair.a.clock()
    pair.carry(pair.a)
    expect(stateOf(pair.a).timers.newHandshake).toBeUndefined()
    expect(stateOf(pair.b).timers.keepalive).toBeUndefined()
  })
})

describe('the clock', () => {
  test('[WG-30] sessions are gone 540 s after the last was made', () => {
    const pair = new Pair().connect()
    pair.wait(10)
    pair.b.clock()
    pair.carry(pair.b)
    pair.wait(529.9)
    expect([pair.a.clock(), pair.b.clock()]).toEqual([[], []])
    expect([pair.a.roles(), pair.b.roles()]).toEqual([['current'], ['current']])
    pair.wait(0.1)
    expect([pair.a.clock(), pair.b.clock()]).toEqual([[], []])
    expect([pair.a.roles(), pair.b.roles()]).toEqual([[], []])
    expect(pair.b.node.config.wireguards[0]!.indexes.size).toBe(0)
  })

  test('[WG-30] peers in order, each with its timers in theirs', () => {
    const other = { ...peerOf(1, 6), allowedIps: ['10.3.0.0/16'], persistentKeepalive: 9 }
    const key = Buffer.from(new Uint8Array(32).fill(9)).toString('base64')
    const peers = [{ ...other, publicKey: key }, peerOf(1, 4, { persistentKeepalive: 9 })]
    const node = new Node(programOf(1, 'lower', 4, { peers }))
    expect(node.clock()).toEqual(['initiation', 'initiation'])
    expect(node.sent.map((frame) => frame[12])).toEqual([0x86, 0x08])
  })

  test('[WG-30] timers act in one order, and each sees what those before have done', () => {
    const pair = new Pair().connect()
    const state = stateOf(pair.b)
    for (const name of ['zeroing', 'retransmission', 'newHandshake', 'keepalive'] as const)
      state.timers[name] = pair.b.now
    pair.wait(6)
    // The retransmission's initiation is the only one within 5 s, and clears the keepalive.
    expect(pair.b.clock()).toEqual(['initiation'])
    expect(pair.b.node.heldByPeers).toBe(0)
    expect(state.attempts).toBe(0)
    expect(pair.b.roles()).toEqual([])
    // Giving up clears the keepalive.
    const again = new Pair().connect()
    const other = stateOf(again.b)
    other.attempts = 19
    other.timers.retransmission = other.timers.keepalive = again.b.now
    expect(again.b.clock()).toEqual([])
    expect(other.timers.zeroing).toBe(540n * SECOND)
  })
})
