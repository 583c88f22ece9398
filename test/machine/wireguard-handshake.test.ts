import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../twin/packet/index.js'
import { keyedHash, privateKeyOf, publicKeyOf } from '../../twin/packet/wireguard-crypto.js'
import { openStatic, openTimestamp } from '../../twin/forward/wireguard-noise.js'
import { sharedOf } from '../../twin/forward/wireguard-keys.js'
import {
  altered,
  from,
  fromHost,
  KEYS,
  messageOf,
  Node,
  Pair,
  peerOf,
  programOf,
  publicKey,
  remade,
  toHost,
  turned,
} from './support/wireguard.js'

/** A pair of which the first has sent an initiation. */
function begun(given: ConstructorParameters<typeof Pair>[2] = {}, family: 4 | 6 = 4) {
  const pair = new Pair('lower', family, given)
  pair.a.frame(3, fromHost(1))
  return { pair, initiation: pair.a.sent[0]! }
}
const ACCEPTED = ['wireguard-handshake', 'response']

describe('seeds', () => {
  const entropy = (() => {
    const octets = new Uint8Array(32).fill(0x11)
    octets.set(new TextEncoder().encode('node1'))
    return octets
  })()
  const drawn = (n: number) =>
    keyedHash(KEYS.get('lab:wg/1')!, Uint8Array.of(...entropy, n, 0, 0, 0, 0, 0, 0, 0))

  test('[WG-4] before the first seed what needs a draw is not ready, and timers stay due', () => {
    const { pair, initiation } = begun()
    const peers = [peerOf(2, 4, { persistentKeepalive: 25 })]
    const bare = new Node(programOf(2, 'lower', 4, { peers }), {}, false)
    expect(bare.frame(3, fromHost(2))).toEqual(['wireguard-unready'])
    expect(bare.frame(1, initiation)).toEqual(['wireguard-unready'])
    expect(bare.frame(1, turned(initiation, 120))).toEqual(['wireguard-mac1'])
    expect(bare.wait(60).clock()).toEqual([])
    expect(bare.node.heldByPeers).toBe(0)
    expect(bare.seed()).toEqual([])
    expect(bare.clock()).toEqual(['initiation'])
    expect(pair.b.frame(1, initiation)).toEqual(ACCEPTED)
  })

  test('[WG-4] [WG-27] draws are keyed hashes of entropy and number: index, then ephemeral key', () => {
    const message = messageOf(begun().initiation)
    expect(toHex(message.subarray(4, 8))).toBe(toHex(drawn(0).subarray(0, 4)))
    expect(toHex(message.subarray(8, 40))).toBe(toHex(publicKeyOf(privateKeyOf(drawn(1)))))
  })

  test('[WG-4] a seed begins draws anew and changes nothing else', () => {
    const { pair } = begun()
    const before = pair.a.node.tables()
    expect(pair.a.seed()).toEqual([])
    expect(pair.a.node.tables()).toEqual(before)
    pair.a.wait(6).clock()
    expect(toHex(messageOf(pair.a.sent[0]!).subarray(4, 8))).toBe(toHex(drawn(0).subarray(0, 4)))
  })

  test('[WG-4] entropy has 32 octets', () => {
    const { node } = new Node(programOf(1, 'lower'))
    expect(() => node.seed(0n, 0n, new Uint8Array(31))).toThrow('ZT_INPUT_INVALID')
  })

  test('[WG-27] the timestamp is TAI64N of wall time, its nanoseconds floored', () => {
    const pair = new Pair()
    pair.a.wait(3.9)
    pair.a.frame(3, fromHost(1))
    const key = privateKeyOf(KEYS.get('lab:wg/2')!)
    const message = messageOf(pair.a.sent[0]!)
    const opened = openStatic(key, publicKeyOf(key), message)!
    expect(Buffer.from(opened.sender).toString('base64')).toBe(publicKey(1))
    // 2026-01-01 is 0x6955b900; 0.9 s is 0x35a4e900 ns.
    expect(toHex(openTimestamp(opened.transcript, sharedOf(key, opened.sender), message)!)).toBe(
      '400000006955b90d35000000',
    )
  })

  test('[WG-20] an index that is taken is drawn again', () => {
    const pair = new Pair()
    const wg = pair.a.node.config.wireguards[0]!
    const first = new DataView(drawn(0).buffer).getUint32(0, true)
    wg.indexes.set(first, [...wg.peers.values()][0]!)
    pair.a.frame(3, fromHost(1))
    expect(toHex(messageOf(pair.a.sent[0]!).subarray(4, 8))).toBe(toHex(drawn(1).subarray(0, 4)))
  })
})

describe('macs and load', () => {
  test('[WG-7] a mac1 that is wrong, of an initiation and of a response', () => {
    const { pair, initiation } = begun()
    expect(pair.b.frame(1, turned(initiation, 116))).toEqual(['wireguard-mac1'])
    expect(pair.b.frame(1, turned(initiation, 50))).toEqual(['wireguard-mac1'])
    // Not under load nobody looks at mac2.
    expect(pair.b.frame(1, turned(initiation, 140))).toEqual(ACCEPTED)
    expect(pair.a.frame(1, turned(pair.b.sent[0]!, 60))).toEqual(['wireguard-mac1'])
  })

  test('[WG-8] more than the limit in this second, or in the one before', () => {
    const { pair, initiation } = begun({ b: { loadLimit: 2 } })
    const replayed = ['wireguard-handshake-replay']
    expect(pair.b.frame(1, initiation)).toEqual(ACCEPTED)
    // A wrong mac1 does not count.
    expect(pair.b.frame(1, turned(initiation, 116))).toEqual(['wireguard-mac1'])
    expect(pair.b.frame(1, initiation)).toEqual(replayed)
    const loaded = ['wireguard-under-load', 'cookie']
    expect(pair.b.frame(1, initiation)).toEqual(loaded)
    pair.b.wait(1.999)
    expect(pair.b.frame(1, initiation)).toEqual(loaded)
    pair.b.wait(0.001)
    expect(pair.b.frame(1, initiation)).toEqual(replayed)
  })

  test('[WG-9] [WG-10] [WG-15] [WG-21] under load a cookie is asked for, and with it the next message is let by', () => {
    const { pair, initiation } = begun({ b: { loadLimit: 1 } })
    pair.b.frame(1, turned(initiation, 50))
    pair.b.frame(1, remade(turned(initiation, 50), 2))
    expect(pair.b.frame(1, initiation)).toEqual(['wireguard-under-load', 'cookie'])
    const [cookie] = pair.b.sent
    expect(toHex(messageOf(cookie!).subarray(4, 8))).toBe(toHex(messageOf(initiation).subarray(4, 8)))
    expect(cookie![15]).toBe(0x88)
    expect(pair.a.frame(1, turned(cookie!, 40))).toEqual(['wireguard-cookie-invalid'])
    expect(pair.a.frame(1, turned(cookie!, 4))).toEqual(['wireguard-index-unknown'])
    expect(pair.a.frame(1, cookie!)).toEqual(['wireguard-cookie'])
    // No mac1 was sent since.
    expect(pair.a.frame(1, cookie!)).toEqual(['wireguard-cookie-invalid'])
    pair.wait(5.5)
    pair.a.clock()
    const [again] = pair.a.sent
    expect(toHex(messageOf(again!).subarray(132))).not.toBe('00'.repeat(16))
    pair.b.frame(1, remade(turned(again!, 50), 2))
    expect(pair.b.frame(1, remade(turned(again!, 50), 2))).toEqual(['wireguard-under-load', 'cookie'])
    // Its source is part of it, port included.
    expect(pair.b.frame(1, from(again!, '192.0.2.1', 51821))[0]).toBe('wireguard-under-load')
    expect(pair.b.frame(1, again!)).toEqual(ACCEPTED)
  })

  test('[WG-9] a secret of 120 s is drawn anew', () => {
    const loaded = (after: number) => {
      const { pair, initiation } = begun({ b: { loadLimit: 1 } })
      pair.b.frame(1, initiation)
      pair.b.frame(1, initiation)
      pair.a.frame(1, pair.b.sent[0]!)
      pair.wait(6)
      pair.a.clock()
      const [again] = pair.a.sent
      pair.b.wait(after - 6)
      pair.b.frame(1, initiation)
      return pair.b.frame(1, again!)[0]
    }
    expect(loaded(119.99)).toBe('wireguard-handshake')
    expect(loaded(120)).toBe('wireguard-under-load')
  })

  test('[WG-21] a cookie is used for less than 115 s', () => {
    const mac2 = (after: number) => {
      const { pair, initiation } = begun({ b: { loadLimit: 1 } })
      pair.b.frame(1, initiation)
      pair.b.frame(1, initiation)
      pair.a.frame(1, pair.b.sent[0]!)
      pair.a.wait(after).clock()
      return toHex(messageOf(pair.a.sent[0]!).subarray(132))
    }
    expect(mac2(114.99)).not.toBe('00'.repeat(16))
    expect(mac2(115)).toBe('00'.repeat(16))
  })

  test('[WG-11] a source has credit for five messages at once, then for one in 50 ms', () => {
    const { pair, initiation } = begun({ b: { loadLimit: 1 } })
    pair.b.frame(1, initiation)
    pair.b.frame(1, initiation)
    pair.a.frame(1, pair.b.sent[0]!)
    pair.wait(6)
    pair.a.clock()
    const [again] = pair.a.sent
    pair.b.frame(1, initiation)
    pair.b.frame(1, initiation)
    const fates = () => pair.b.frame(1, again!)[0]
    expect([1, 2, 3, 4, 5, 6].map(fates)).toEqual([
      'wireguard-handshake',
      ...Array.from({ length: 4 }, () => 'wireguard-handshake-replay'),
      'wireguard-rate-limited',
    ])
    pair.b.wait(0.049)
    expect(fates()).toBe('wireguard-rate-limited')
    pair.b.wait(0.001)
    expect([fates(), fates()]).toEqual(['wireguard-handshake-replay', 'wireguard-rate-limited'])
    // Never more than at first.
    pair.b.wait(1)
    pair.b.frame(1, initiation)
    expect([1, 2, 3, 4, 5, 6].map(fates).at(-1)).toBe('wireguard-rate-limited')
  })

  test('[WG-11] sources without full credit are not forgotten, those with it are', () => {
    const { pair, initiation } = begun({ b: { loadLimit: 1 } })
    const [wg] = pair.b.node.config.wireguards
    pair.b.frame(1, initiation)
    pair.b.frame(1, initiation)
    pair.a.frame(1, pair.b.sent[0]!)
    pair.wait(6)
    pair.a.clock()
    const [again] = pair.a.sent
    pair.b.frame(1, initiation)
    pair.b.frame(1, initiation)
    for (let n = 0; n < 8192; n++) wg!.state.credits.set(n as never, { credit: 249_000_000n, at: pair.b.now })
    expect(pair.b.frame(1, again!)).toEqual(['wireguard-rate-limited'])
    pair.b.wait(0.001)
    expect(pair.b.frame(1, again!)).toEqual(ACCEPTED)
    expect(wg!.state.credits.size).toBe(1)
  })
})

describe('initiations and responses', () => {
  test.each([
    ['ephemeral key', 20],
    ['static key', 50],
    ['timestamp', 90],
  ])('[WG-12] an initiation whose %s was altered', (_what, at) => {
    const { pair, initiation } = begun()
    expect(pair.b.frame(1, remade(turned(initiation, at), 2))).toEqual(['wireguard-handshake-invalid'])
    expect(pair.b.frame(1, initiation)).toEqual(ACCEPTED)
  })

  test('[WG-12] an ephemeral key of low order, and a stranger', () => {
    const { pair, initiation } = begun()
    const zeros = altered(initiation, 8, ...new Uint8Array(32))
    expect(pair.b.frame(1, remade(zeros, 2))).toEqual(['wireguard-handshake-invalid'])
    const stranger = begun({ a: { privateKey: 'lab:wg/3' } })
    expect(stranger.pair.b.frame(1, stranger.initiation)).toEqual(['wireguard-handshake-invalid'])
  })

  test('[WG-12] one that was accepted, and one less than 20 ms later', () => {
    const { pair, initiation } = begun()
    expect(pair.b.frame(1, initiation)).toEqual(ACCEPTED)
    pair.b.wait(1)
    expect(pair.b.frame(1, initiation)).toEqual(['wireguard-handshake-replay'])
    const second = (after: number) => {
      const one = begun()
      one.pair.a.wait(6).clock()
      const [again] = one.pair.a.sent
      one.pair.b.frame(1, one.initiation)
      one.pair.b.wait(after)
      return one.pair.b.frame(1, again!)
    }
    expect(second(0.0199)).toEqual(['wireguard-handshake-replay'])
    expect(second(0.02)).toEqual(ACCEPTED)
  })

  test('[WG-13] two that begin at once are both answered, and need not wait', () => {
    const { pair, initiation } = begun()
    pair.b.frame(3, fromHost(2))
    const [crossing] = pair.b.sent
    expect(pair.b.frame(1, initiation)).toEqual(ACCEPTED)
    const [response] = pair.b.sent
    expect(pair.a.frame(1, crossing!)).toEqual(ACCEPTED)
    const [answer] = pair.a.sent
    const [accepted, ...sent] = pair.a.frame(1, response!)
    expect([accepted, sent]).toEqual(['wireguard-handshake', ['data']])
    const [data] = pair.a.sent
    expect(pair.b.frame(1, answer!)[0]).toBe('wireguard-handshake')
    const [back] = pair.b.sent
    expect(pair.b.frame(1, data!)).toContain(toHost(2))
    expect(pair.a.frame(1, back!)).toContain(toHost(1))
  })

  test('[WG-14] a response that does not open leaves the handshake as it is', () => {
    const { pair, initiation } = begun()
    pair.b.frame(1, initiation)
    const [response] = pair.b.sent
    for (const at of [20, 50]) {
      expect(pair.a.frame(1, remade(turned(response!, at), 1))).toEqual(['wireguard-handshake-invalid'])
    }
    const zeros = remade(altered(response!, 12, ...new Uint8Array(32)), 1)
    expect(pair.a.frame(1, zeros)).toEqual(['wireguard-handshake-invalid'])
    expect(pair.a.frame(1, remade(turned(response!, 8), 1))).toEqual(['wireguard-index-unknown'])
    expect(pair.a.frame(1, response!)).toEqual(['wireguard-handshake', 'data'])
    expect(pair.a.frame(1, response!)).toEqual(['wireguard-index-unknown'])
  })

  test('[WG-14] [WG-31] with nothing held the session is confirmed by an empty text', () => {
    const given = { peers: [peerOf(1, 4, { persistentKeepalive: 20 })] }
    const pair = new Pair('lower', 4, { a: given })
    pair.a.clock()
    pair.a.node.config.wireguards[0]!.peers.forEach(({ state }) => (state.held = []))
    expect(pair.carry(pair.a)).toEqual([ACCEPTED, ['wireguard-handshake', 'data'], ['wireguard-keepalive']])
  })

  test('[WG-13] [WG-14] pre-shared keys must be the same', () => {
    const psk = (presharedKey: string) => (n: number) => ({ peers: [peerOf(n, 4, { presharedKey })] })
    const [one, other] = [psk('lab:wg/psk'), psk('lab:wg/other-psk')]
    const run = (a: object, b: object) => {
      const { pair } = begun({ a, b })
      return pair.carry(pair.a)
    }
    expect(run(one(1), one(2)).at(-1)).toEqual([toHost(2)])
    expect(run(one(1), other(2)).at(-1)).toEqual(['wireguard-handshake-invalid'])
    expect(run(one(1), {}).at(-1)).toEqual(['wireguard-handshake-invalid'])
    expect(run({}, one(2)).at(-1)).toEqual(['wireguard-handshake-invalid'])
  })

  test('[WG-27] a peer whose key is of low order is sent nothing', () => {
    const zeros = Buffer.from(fromHex('00'.repeat(32))).toString('base64')
    const node = new Node(programOf(1, 'lower', 4, { peers: [peerOf(1, 4, { publicKey: zeros })] }))
    expect(node.frame(3, fromHost(1))).toEqual([])
    expect(node.node.heldByPeers).toBe(1)
  })
})
