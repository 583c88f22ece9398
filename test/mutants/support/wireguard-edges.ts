/**
 * Cases at edges of WireGuard: each counter at the border of the window, the packet behind the last that is held, the
 * nanosecond at which something ends. Each is what one node of a pair was given.
 *
 * @module
 */
import { build, encodeFrame, parseMac } from '../../../twin/packet/index.js'
import { sealAead } from '../../../twin/packet/wireguard-crypto.js'
import type { Case } from '../../differential/machine/cases.js'
import {
  altered,
  fromHost,
  KEYS,
  messageOf,
  packet,
  Node,
  Pair,
  peerOf,
  programOf,
  publicKey,
  wireMac,
} from '../../machine/support/wireguard.js'

/** Every edge case by name. */
export function* wireguardEdgeCases(): Generator<readonly [string, Case]> {
  yield ['counters at the border of the window', caseOf(counters())]
  yield ['texts of all lengths', caseOf(lengths())]
  yield ['a packet more than a peer holds', caseOf(held())]
  yield ['nobody answers', caseOf(unanswered())]
  yield ['sessions that grow old', caseOf(aging().a)]
  yield ['messages of a session that has grown old', caseOf(aging().b)]
  yield ['a session that ends behind what it has sealed', caseOf(ended())]
  yield ['a node that has moved', caseOf(moved())]
  yield ["a peer that sends another's packet", caseOf(impostor())]
}

const caseOf = ({ inputs }: Node): Case => ({ keys: KEYS, inputs })

/** A data message under a's session with a counter and a text of our own, like another one. */
function sealed({ a }: Pair, like: Uint8Array, counter: bigint, inner: Uint8Array): Uint8Array {
  const [peer] = [...a.node.config.wireguards[0]!.peers.values()]
  const head = messageOf(like).slice(0, 16)
  new DataView(head.buffer).setBigUint64(8, counter, true)
  return Uint8Array.from([...head, ...sealAead(peer!.state.current!.sending, counter, inner)])
}

/** The same as a frame without UDP checksum. */
const withCounter = (pair: Pair, like: Uint8Array, counter: bigint): Uint8Array =>
  altered(like, 0, ...sealed(pair, like, counter, text()))

function text(): Uint8Array {
  const macs = { dst: parseMac('02:00:00:00:00:01'), src: parseMac('02:00:00:00:00:02') }
  const octets = encodeFrame(build.ethernet(macs, packet(1))).subarray(14)
  const padded = new Uint8Array(Math.ceil(octets.length / 16) * 16)
  padded.set(octets)
  return padded
}

/** The window reaches from the greatest counter to 8128 below it. */
function counters(): Node {
  const pair = new Pair().connect()
  pair.a.frame(3, fromHost(1))
  const [like] = pair.a.sent
  const at = [0n, 1n, 1n, 9n, 8n, 8n, 8129n, 2n, 1n, 8136n, 8n, 7n, 100_000n, 91_871n, 91_872n, 91_872n]
  for (const counter of at) pair.b.frame(1, withCounter(pair, like!, counter))
  return pair.b
}

/** Texts of a peer that does not pad, empty to 40 octets, in one vector, with the UDP checksums that they need. */
function lengths(): Node {
  const pair = new Pair('lower').connect()
  pair.a.frame(3, fromHost(1))
  const [like] = pair.a.sent
  const macs = { dst: parseMac(wireMac(2)), src: parseMac(wireMac(1)) }
  for (let length = 0; length <= 40; length++) {
    const message = sealed(pair, like!, BigInt(10 + length), text().subarray(0, length))
    const stack = build.udp({ srcPort: 51820, dstPort: 51820 }, build.payload(message))
    const outer = packet(1, { src: '192.0.2.1', dst: '192.0.2.2', stack })
    pair.b.frame(1, encodeFrame(build.ethernet(macs, outer)))
  }
  return pair.b
}

/** 130 packets wait for a session, then it comes. */
function held(): Node {
  const pair = new Pair()
  pair.a.frame(3, fromHost(1))
  const [initiation] = pair.a.sent
  for (let length = 0; length < 130; length++) {
    const payload = build.payload(new Uint8Array(length))
    pair.a.frame(3, fromHost(1, { stack: build.udp({ srcPort: 1, dstPort: 2 }, payload) }))
  }
  pair.b.frame(1, initiation!)
  pair.a.frame(1, pair.b.sent[0]!)
  return pair.a
}

function unanswered(): Node {
  const pair = new Pair()
  pair.a.frame(3, fromHost(1))
  for (let turn = 0; turn < 24; turn++) pair.a.wait(5.4).clock()
  pair.a.frame(3, fromHost(1))
  return pair.a
}

/**
 * In one vector, sealed by the session that there is; then the response that makes it the previous one, and an initiation of the
 * peer, which has started anew, that ends it.
 */
function ended(): Node {
  const { a, b } = new Pair('lower').connect().wait(125)
  a.frame(3, fromHost(1))
  b.frame(
    1,
    a.sent.find((frame) => messageOf(frame)[0] === 1)!,
  )
  const [response] = b.sent
  const anew = new Node(programOf(2, 'lower')).wait(125)
  anew.frame(3, fromHost(2))
  a.frame(3, fromHost(1))
  a.frame(1, response!)
  a.frame(1, anew.sent[0]!)
  if (a.roles().join() !== 'current,next') throw new Error(`sessions are ${a.roles().join()}`)
  return a
}

/** The address that the peer spoke to is another node's now. */
function moved(): Node {
  const pair = new Pair('vrf').connect()
  const program = programOf(1, 'vrf', 4, { local: ['192.0.2.77'] })
  const interfaces = program.interfaces.map((one) =>
    one.kind === 'port' && one.id === 1 ? { ...one, addresses: ['192.0.2.77/24'] } : one,
  )
  pair.a.load({ ...program, interfaces })
  pair.a.frame(3, fromHost(1))
  return pair.a
}

/** Octet for octet what the first peer's host has sent just before, from an address that is the first peer's. */
function impostor(): Node {
  const second = { publicKey: publicKey(3), allowedIps: ['10.77.0.0/16'] }
  const { b } = new Pair('lower', 4, { b: { peers: [peerOf(2), second] } }).connect()
  const other = new Node(programOf(1, 'lower', 4, { privateKey: 'lab:wg/3' }))
  other.frame(3, fromHost(1))
  b.frame(1, other.sent[0]!)
  other.frame(1, b.sent[0]!)
  b.frame(1, other.sent[0]!)
  return b
}

/** Packets at the nanosecond before a session is renewed, received no more and forgotten, and at that itself. */
function aging(): Pair {
  const pair = new Pair().connect()
  pair.a.frame(3, fromHost(1))
  const [old] = pair.a.sent
  const edge = 1e-9
  for (const [seconds, sent] of [
    [120 - edge, true],
    [edge, true],
    [60 - 2 * edge, false],
    [edge, false],
    [edge, false],
  ] as const) {
    pair.wait(seconds)
    if (sent) pair.a.frame(3, fromHost(1))
    pair.b.frame(1, old!)
    pair.b.frame(1, withCounter(pair, old!, 100n + BigInt(pair.b.inputs.length)))
  }
  return pair
}
