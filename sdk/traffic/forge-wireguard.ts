/**
 * What somebody who holds a link that WireGuard seals can put on it, without any of its private keys: messages of his own, and
 * captured ones bent, cut, sent back or taken to another link.
 *
 * @module
 */
import type { WireFrame } from '../../record/target.js'
import {
  build,
  decodeFrame,
  encodeFrame,
  encodeTraceId,
  firstLayer,
  parseIp,
  parseMac,
  wireguard,
} from '../../twin/packet/index.js'
import type { TraceId } from '../../twin/packet/index.js'
import { hash, keyedMac } from '../../twin/packet/wireguard-crypto.js'
import type { Tap } from './forge-link.js'
import { frameOf } from './frame.js'
import type { Frame } from './frame.js'
import type { LinkEnd } from './wire.js'

const { Type } = wireguard

/** Messages that a forger makes of nothing. */
export type MessageForgery =
  'unknown type' | 'short data' | 'unknown index' | 'stray cookie' | 'wrong mac1' | 'checksum' | 'port'

const FATES: Readonly<Record<MessageForgery, string>> = {
  'unknown type': 'wireguard-malformed',
  'short data': 'wireguard-malformed',
  'unknown index': 'wireguard-index-unknown',
  'stray cookie': 'wireguard-index-unknown',
  'wrong mac1': 'wireguard-mac1',
  checksum: 'udp-checksum',
  port: 'wireguard-clear',
}

/** All of them. */
export const messageForgeries: readonly MessageForgery[] = [
  'unknown type',
  'short data',
  'unknown index',
  'stray cookie',
  'wrong mac1',
  'checksum',
  'port',
]

/** Ways to bend a captured data message. */
export type MessageBend =
  /** One bit of a field, or of the octets that nobody can read. */
  | 'type'
  | 'index'
  | 'counter'
  | 'text'
  | 'tag'
  /** The last counter that may not be used (WG-16): without the key it opens no more than any other. */
  | 'last counter'
  /** The last octets are gone, so many that it is none any more, or fewer. */
  | 'cut'
  | 'cut to nothing'
  /** Back to who sent it. */
  | 'reflected'

/** All of them. */
export const messageBends: readonly MessageBend[] = [
  'type',
  'index',
  'counter',
  'text',
  'tag',
  'last counter',
  'cut',
  'cut to nothing',
  'reflected',
]

/** 2^64 - 2^13 - 1 */
const LAST_COUNTER = 0xffff_ffff_ffff_dfffn
const HEADER = wireguard.DATA_HEADER_LENGTH
const TAG = wireguard.TAG_LENGTH

/** What a link end has, if it is WireGuard's. */
type Seal = NonNullable<LinkEnd['wireguard']>

/** A message as the neighbour on the link would send it. */
function messageFrame(
  from: Seal,
  to: Seal,
  message: Uint8Array,
  wrong: { readonly dstPort?: number; readonly checksum?: number } = {},
): Uint8Array {
  const destination = parseIp(to.local[0] ?? '')
  const source = parseIp(
    from.local.find((one) => one.includes(':') === (typeof destination === 'bigint')) ?? from.local[0] ?? '',
  )
  const ports = { srcPort: from.listenPort, dstPort: to.listenPort, ...wrong }
  const datagram = build.udp(ports, build.payload(message))
  const ethernet = { dst: parseMac(to.mac ?? ''), src: parseMac(from.mac ?? '') }
  if (typeof source === 'bigint' && typeof destination === 'bigint')
    return encodeFrame(build.ethernet(ethernet, build.ipv6({ src: source, dst: destination }, datagram)))
  if (typeof source === 'bigint' || typeof destination === 'bigint')
    throw new TypeError('outer addresses of two families')
  return encodeFrame(build.ethernet(ethernet, build.ipv4({ src: source, dst: destination }, datagram)))
}

/** Octets that look like nothing, the mark of the frame in the end. */
function noise(length: number, id: TraceId): Uint8Array {
  const octets = new Uint8Array(length)
  for (let at = 0; at < length; at += 32) {
    octets.set(
      hash(new Uint8Array([at >> 5, id.trace, id.trace >> 8, id.trace >> 16])).subarray(0, length - at),
      at,
    )
  }
  const mark = encodeTraceId(id)
  if (length > mark.length) octets.set(mark, length - mark.length)
  return octets
}

function withHead(octets: Uint8Array, type: number): Uint8Array {
  wireguard.setU32le(octets, 0, type)
  return octets
}

function forgedOctets(how: MessageForgery, id: TraceId): Uint8Array {
  switch (how) {
    case 'unknown type':
      return withHead(noise(96, id), 5 + (id.trace % 250))
    case 'short data':
      return withHead(noise(HEADER + TAG - 1, id), Type.DATA)
    case 'stray cookie':
      return withHead(noise(wireguard.COOKIE_REPLY_LENGTH, id), Type.COOKIE_REPLY)
    case 'wrong mac1':
      return withHead(noise(wireguard.INITIATION_LENGTH, id), Type.INITIATION)
    case 'unknown index':
    case 'checksum':
    case 'port':
      return withHead(noise(112, id), Type.DATA)
  }
}

/**
 * A message of nobody's (WG-2, WG-6, WG-7, WG-15, WG-16).
 *
 * @returns undefined where the link is not sealed by WireGuard
 */
export function forgedMessage(tap: Tap, tenant: string, how: MessageForgery): Frame | undefined {
  const [from, to] = [tap.from.wireguard, tap.to.wireguard]
  if (from === undefined || to === undefined) return undefined
  const wrong =
    how === 'port' ? { dstPort: to.listenPort ^ 1 } : how === 'checksum' ? { checksum: 0xbad1 } : {}
  return frameOf({
    label: `${tap.link} towards ${tap.to.node}: a message of nobody's, ${how}`,
    tenant,
    forged: how === 'short data' ? 'truncate' : 'macsec',
    at: { link: tap.link, to: tap.to.node },
    expect: { outcome: 'dropped', fates: [FATES[how]] },
    bytes: (id) => messageFrame(from, to, forgedOctets(how, id), wrong),
  })
}

/**
 * An initiation of somebody who knows the receiver's public key, as all the world may, and so can make a right mac1, but is no
 * peer (WG-12).
 *
 * @param publicKey of the receiver, 32 octets
 * @returns undefined where the link is not sealed by WireGuard
 */
export function forgedInitiation(tap: Tap, tenant: string, publicKey: Uint8Array): Frame | undefined {
  const [from, to] = [tap.from.wireguard, tap.to.wireguard]
  if (from === undefined || to === undefined) return undefined
  const key = hash(new TextEncoder().encode('mac1----'), publicKey)
  const [at] = wireguard.Initiation.mac1
  return frameOf({
    label: `${tap.link} towards ${tap.to.node}: an initiation of no peer`,
    tenant,
    forged: 'macsec',
    at: { link: tap.link, to: tap.to.node },
    expect: { outcome: 'dropped', fates: ['wireguard-handshake-invalid'] },
    bytes: (id) => {
      const message = withHead(noise(wireguard.INITIATION_LENGTH, id), Type.INITIATION)
      message.set(keyedMac(key, message.subarray(0, at)), at)
      return messageFrame(from, to, message)
    },
  })
}

/** The message in a frame, `undefined` when it is none. */
function messageOf(frame: Uint8Array): Uint8Array | undefined {
  const udp = firstLayer(decodeFrame(frame), 'udp')
  if (udp === undefined) return undefined
  const [start, end] = [udp.offset + 8, udp.offset + udp.length]
  return wireguard.messageType(frame, start, end) === undefined ? undefined : frame.slice(start, end)
}

/** Whether a frame of a link is a data message of WireGuard, which {@link bentMessage} can bend. */
export function isDataMessage({ frame }: Pick<WireFrame, 'frame'>): boolean {
  const message = messageOf(frame)
  return message !== undefined && wireguard.type(message, 0) === Type.DATA
}

/** What must become of a WireGuard message that comes again (WG-12, WG-14 to WG-16); `undefined` for what is none. */
export function fatesOfReplay(frame: Uint8Array): readonly string[] | undefined {
  const message = messageOf(frame)
  switch (message && wireguard.type(message, 0)) {
    case Type.INITIATION:
      return ['wireguard-handshake-replay']
    case Type.RESPONSE:
      // Its handshake is over, and the index is a session's.
      return ['wireguard-index-unknown']
    case Type.COOKIE_REPLY:
      return ['wireguard-cookie-invalid', 'wireguard-index-unknown']
    case Type.DATA:
      return ['wireguard-replay']
    default:
      return undefined
  }
}

/**
 * A captured data message, bent.
 *
 * @param tap of the link on which it was captured, towards its receiver
 * @param number chooses bits and lengths
 * @returns undefined for what is no data message, or is too short to be bent so
 */
export function bentMessage(
  tap: Tap,
  captured: WireFrame,
  tenant: string,
  how: MessageBend,
  number: number,
): Frame | undefined {
  const [from, to] = [tap.from.wireguard, tap.to.wireguard]
  const message = messageOf(captured.frame)
  if (from === undefined || to === undefined || message === undefined || !isDataMessage(captured))
    return undefined
  const made = bent(message, how, number)
  if (made === undefined) return undefined
  const isBack = how === 'reflected'
  const receiver = isBack ? tap.from : tap.to
  return frameOf({
    label: `${tap.link} towards ${receiver.node}: a captured message, ${how}, ${number}`,
    tenant,
    forged: 'macsec',
    at: { link: tap.link, to: receiver.node },
    expect: { outcome: 'dropped', fates: made.fates },
    bytes: () => (isBack ? messageFrame(to, from, made.message) : messageFrame(from, to, made.message)),
  })
}

/** A captured data message on another link: the session is not that one's (WG-16). */
export function strayMessage(other: Tap, captured: WireFrame, tenant: string): Frame | undefined {
  const [from, to] = [other.from.wireguard, other.to.wireguard]
  const message = messageOf(captured.frame)
  if (from === undefined || to === undefined || message === undefined || !isDataMessage(captured))
    return undefined
  return frameOf({
    label: `${other.link} towards ${other.to.node}: a captured message of ${captured.link}`,
    tenant,
    forged: 'macsec',
    at: { link: other.link, to: other.to.node },
    expect: { outcome: 'dropped', fates: ['wireguard-index-unknown'] },
    bytes: () => messageFrame(from, to, message),
  })
}

interface Bent {
  readonly message: Uint8Array
  readonly fates: readonly string[]
}

function bent(whole: Uint8Array, how: MessageBend, number: number): Bent | undefined {
  const message = whole.slice()
  const bits = (from: number, to: number) => {
    const at = from * 8 + (number % ((to - from) * 8))
    message[at >> 3] = (message[at >> 3] ?? 0) ^ (0x80 >> (at & 7))
    return message
  }
  const text = { from: HEADER, to: message.length - TAG }
  switch (how) {
    case 'type':
      return { message: bits(0, 4), fates: fatesOfType(message) }
    case 'index':
      return { message: bits(4, 8), fates: ['wireguard-index-unknown'] }
    case 'counter':
      return { message: bits(8, HEADER), fates: ['wireguard-auth'] }
    case 'last counter':
      wireguard.setU64le(message, 8, LAST_COUNTER)
      return { message, fates: ['wireguard-auth'] }
    case 'text':
      return text.to <= text.from
        ? undefined
        : { message: bits(text.from, text.to), fates: ['wireguard-auth'] }
    case 'tag':
      return { message: bits(text.to, message.length), fates: ['wireguard-auth'] }
    case 'cut': {
      const most = message.length - HEADER - TAG
      if (most === 0) return undefined
      return { message: message.slice(0, message.length - 1 - (number % most)), fates: ['wireguard-auth'] }
    }
    case 'cut to nothing':
      return { message: message.slice(0, number % (HEADER + TAG)), fates: ['wireguard-malformed'] }
    case 'reflected':
      return { message, fates: ['wireguard-index-unknown'] }
  }
}

/** What was data is taken for another kind if its length happens to fit. */
function fatesOfType(message: Uint8Array): readonly string[] {
  switch (wireguard.messageType(message, 0, message.length)) {
    case undefined:
      return ['wireguard-malformed']
    case Type.COOKIE_REPLY:
      return ['wireguard-cookie-invalid']
    default:
      return ['wireguard-mac1']
  }
}
