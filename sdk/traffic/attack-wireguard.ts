/**
 * What somebody who holds a link sealed by WireGuard, and no key, can put on it towards one of its ends: what was captured, changed behind
 * right lengths and checksums so that only WireGuard itself can refuse it, and messages of his own.
 *
 * @module
 */
import type { WireguardInterface } from '../../contract/program.js'
import type { WireFrame } from '../../record/target.js'
import { build, decodeFrame, encodeFrame, firstLayer, wireguard } from '../../twin/packet/index.js'
import { frameOf } from './frame.js'
import type { Frame } from './frame.js'

const { setU32le, setU64le } = wireguard

/** A change of a captured data message. */
export interface DataChange {
  readonly name: string
  readonly fate: string
  readonly change: (message: Uint8Array) => Uint8Array
}

/** Where the parts of a data message begin. */
const [RECEIVER, COUNTER, TEXT] = [4, 8, 16]

const flipped = (at: (length: number) => number) => (message: Uint8Array) => {
  const index = at(message.length)
  message[index] = (message[index] ?? 0) ^ 0x10
  return message
}

/** What can be done to one. */
export const dataChanges: readonly DataChange[] = [
  { name: 'sent again', fate: 'wireguard-replay', change: (message) => message },
  { name: 'a bit of its text changed', fate: 'wireguard-auth', change: flipped(() => TEXT) },
  { name: 'a bit of its tag changed', fate: 'wireguard-auth', change: flipped((length) => length - 1) },
  { name: 'another counter', fate: 'wireguard-auth', change: flipped(() => COUNTER + 4) },
  {
    name: 'the last counter',
    fate: 'wireguard-auth',
    change: (message) => {
      setU64le(message, COUNTER, 0xffff_ffff_ffff_ffffn)
      return message
    },
  },
  {
    name: 'the index of no session',
    fate: 'wireguard-index-unknown',
    change: (message) => {
      setU32le(message, RECEIVER, 0xdead_beef)
      return message
    },
  },
  { name: 'another type', fate: 'wireguard-malformed', change: flipped(() => 0) },
  { name: 'a reserved bit set', fate: 'wireguard-malformed', change: flipped(() => 2) },
  { name: 'cut off in its tag', fate: 'wireguard-auth', change: (message) => message.subarray(0, -1) },
  {
    name: 'cut off in its header',
    fate: 'wireguard-malformed',
    change: (message) => message.subarray(0, 20),
  },
]

/** A captured data message, changed, towards who received it. */
export function changedData(captured: WireFrame, { name, fate, change }: DataChange): Frame {
  return attack(captured, `a captured message, ${name}`, fate, () =>
    rewrapped(captured.frame, (message) => change(message.slice())),
  )
}

/** A handshake message of somebody who does not know whom he speaks to (WG-7). */
export function strangersHandshake(captured: WireFrame): Frame {
  return attack(captured, 'an initiation by a stranger', 'wireguard-mac1', () =>
    rewrapped(captured.frame, () => {
      const message = new Uint8Array(wireguard.INITIATION_LENGTH).fill(0x5a)
      setU32le(message, 0, wireguard.Type.INITIATION)
      return message
    }),
  )
}

/** What a node itself sent, sent back to it (WG-2). */
export function reflectedMessage(captured: WireFrame): Frame {
  const back = { ...captured, from: captured.to, to: captured.from }
  return attack(back, 'its own message, sent back', 'wireguard-clear', () => captured.frame)
}

/** A captured message to another port of the receiver's (WG-2). */
export function wrongPort(captured: WireFrame, { listenPort }: WireguardInterface): Frame {
  return attack(captured, 'a captured message, to another port', 'wireguard-clear', () =>
    rewrapped(captured.frame, (message) => message, listenPort === 65535 ? 1 : listenPort + 1),
  )
}

function attack(
  { link, to }: Pick<WireFrame, 'link' | 'to'>,
  label: string,
  fate: string,
  bytes: () => Uint8Array,
): Frame {
  return frameOf({
    label: `${link} towards ${to}: ${label}`,
    tenant: 'nobody',
    forged: 'macsec',
    at: { link, to },
    expect: { outcome: 'dropped', fates: [fate] },
    bytes,
  })
}

/** The same addresses around another message, with right lengths and checksums. */
function rewrapped(
  frame: Uint8Array,
  change: (message: Uint8Array) => Uint8Array,
  port?: number,
): Uint8Array {
  const layers = decodeFrame(frame)
  const [ethernet, four, six, udp] = [
    firstLayer(layers, 'ethernet'),
    firstLayer(layers, 'ipv4'),
    firstLayer(layers, 'ipv6'),
    firstLayer(layers, 'udp'),
  ]
  if (ethernet === undefined || udp === undefined) throw new TypeError('no WireGuard was captured')
  const message = change(frame.subarray(udp.offset + udp.size, udp.offset + udp.length))
  const datagram = build.udp({ srcPort: udp.srcPort, dstPort: port ?? udp.dstPort }, build.payload(message))
  const macs = { src: ethernet.src, dst: ethernet.dst }
  if (six !== undefined)
    return encodeFrame(
      build.ethernet(macs, build.ipv6({ src: six.src, dst: six.dst, hopLimit: six.hopLimit }, datagram)),
    )
  if (four === undefined) throw new TypeError('no WireGuard was captured')
  return encodeFrame(
    build.ethernet(
      macs,
      build.ipv4({ src: four.src, dst: four.dst, ttl: four.ttl, flags: four.flags }, datagram),
    ),
  )
}
