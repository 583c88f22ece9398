/**
 * WireGuard messages into layers.
 *
 * @module
 */
import type { DecodeContext } from './decode-context.js'
import * as wireguard from './wireguard.js'
import { CookieReply, field, Initiation, Response, Type } from './wireguard.js'

/** One end of a flow has the usual port. Ephemeral ports reach it too, so what is no message is no fault. */
export function maybeWireguard(srcPort: number, dstPort: number): boolean {
  return srcPort === wireguard.UDP_PORT || dstPort === wireguard.UDP_PORT
}

/** Decodes the message `bytes[offset..end)`; what is none is payload. Of data, the tag is a trailer as MACsec's is. */
export function decodeWireguard(context: DecodeContext, offset: number, end: number): void {
  const { bytes } = context
  switch (wireguard.messageType(bytes, offset, end)) {
    case Type.INITIATION:
      context.add<'wireguard-initiation'>(offset, end - offset, {
        kind: 'wireguard-initiation',
        sender: wireguard.sender(bytes, offset),
        ephemeral: field(bytes, offset, Initiation.ephemeral),
        static: field(bytes, offset, Initiation.static),
        timestamp: field(bytes, offset, Initiation.timestamp),
        mac1: field(bytes, offset, Initiation.mac1),
        mac2: field(bytes, offset, Initiation.mac2),
      })
      return
    case Type.RESPONSE:
      context.add<'wireguard-response'>(offset, end - offset, {
        kind: 'wireguard-response',
        sender: wireguard.sender(bytes, offset),
        receiver: wireguard.receiver(bytes, offset),
        ephemeral: field(bytes, offset, Response.ephemeral),
        empty: field(bytes, offset, Response.empty),
        mac1: field(bytes, offset, Response.mac1),
        mac2: field(bytes, offset, Response.mac2),
      })
      return
    case Type.COOKIE_REPLY:
      context.add<'wireguard-cookie-reply'>(offset, end - offset, {
        kind: 'wireguard-cookie-reply',
        receiver: wireguard.receiver(bytes, offset),
        nonce: field(bytes, offset, CookieReply.nonce),
        cookie: field(bytes, offset, CookieReply.cookie),
      })
      return
    case Type.DATA:
      decodeData(context, offset, end)
      return
    default:
      context.payload(offset, end)
  }
}

function decodeData(context: DecodeContext, offset: number, end: number): void {
  const { bytes } = context
  const data = context.add<'wireguard-data'>(offset, wireguard.DATA_HEADER_LENGTH, {
    kind: 'wireguard-data',
    receiver: wireguard.receiver(bytes, offset),
    counter: wireguard.counter(bytes, offset),
  })
  const tag = end - wireguard.TAG_LENGTH
  context.payload(offset + wireguard.DATA_HEADER_LENGTH, tag)
  context.trailer('icv', data, tag, end)
}
