/**
 * WireGuard layers into octets.
 *
 * @module
 */
import { PacketError } from './errors.js'
import type { LayerSpec } from './layer.js'
import { CookieReply, Initiation, Response, setU32le, setU64le, Type } from './wireguard.js'

/** The layers that are WireGuard's. */
export type WireguardSpec = Extract<LayerSpec, { readonly kind: `wireguard-${string}` }>

/** Writes a message, or the header of one that carries data. */
export function writeWireguard(bytes: Uint8Array, at: number, layer: WireguardSpec): void {
  const put = ([offset, length]: readonly [number, number], data: Uint8Array, what: string): void => {
    if (data.length !== length) throw wrongLength(`${layer.kind} ${what}`, data.length, length)
    bytes.set(data, at + offset)
  }
  switch (layer.kind) {
    case 'wireguard-initiation':
      setU32le(bytes, at, Type.INITIATION)
      setU32le(bytes, at + 4, index('sender', layer.sender))
      put(Initiation.ephemeral, layer.ephemeral, 'ephemeral')
      put(Initiation.static, layer.static, 'static')
      put(Initiation.timestamp, layer.timestamp, 'timestamp')
      put(Initiation.mac1, layer.mac1, 'mac1')
      put(Initiation.mac2, layer.mac2 ?? new Uint8Array(16), 'mac2')
      return
    case 'wireguard-response':
      setU32le(bytes, at, Type.RESPONSE)
      setU32le(bytes, at + 4, index('sender', layer.sender))
      setU32le(bytes, at + 8, index('receiver', layer.receiver))
      put(Response.ephemeral, layer.ephemeral, 'ephemeral')
      put(Response.empty, layer.empty, 'empty')
      put(Response.mac1, layer.mac1, 'mac1')
      put(Response.mac2, layer.mac2 ?? new Uint8Array(16), 'mac2')
      return
    case 'wireguard-cookie-reply':
      setU32le(bytes, at, Type.COOKIE_REPLY)
      setU32le(bytes, at + 4, index('receiver', layer.receiver))
      put(CookieReply.nonce, layer.nonce, 'nonce')
      put(CookieReply.cookie, layer.cookie, 'cookie')
      return
    default:
      setU32le(bytes, at, Type.DATA)
      setU32le(bytes, at + 4, index('receiver', layer.receiver))
      setU64le(bytes, at + 8, counter(layer.counter))
  }
}

function index(what: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value
  throw outOfRange(`wireguard ${what} index ${value}`, 32)
}

function counter(value: bigint): bigint {
  if (value >= 0n && value < 1n << 64n) return value
  throw outOfRange(`wireguard counter ${value}`, 64)
}

function outOfRange(what: string, bits: number): PacketError {
  return new PacketError('ZT_FIELD_RANGE', `${what} does not fit ${bits} bits`, {
    remedy: `give an integer from 0 to 2^${bits} - 1`,
  })
}

function wrongLength(what: string, found: number, wanted: number): PacketError {
  return new PacketError('ZT_FRAME_SHAPE', `${what} of ${found} octets`, { remedy: `give ${wanted} octets` })
}
