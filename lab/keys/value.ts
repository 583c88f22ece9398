/**
 * A key as sources write it: hex digits or base64, at most one line.
 *
 * @module
 */
import { KeyError, type KeyKind } from '../../twin/program/index.js'

/** Octets of the longest text that can be a key. */
export const MAX_TEXT = 256

const KINDS: Readonly<Record<KeyKind['kind'], string>> = {
  macsec: 'a MACsec key',
  'wireguard-private': 'a WireGuard private key',
  'wireguard-public': 'a WireGuard public key',
  'wireguard-preshared': 'a WireGuard pre-shared key',
}

/** `a MACsec key: 16 octets, as 32 hex digits or base64`, for people. */
function describeKind({ kind, octets }: KeyKind): string {
  return `${KINDS[kind]}: ${octets} octets, as ${2 * octets} hex digits or base64`
}

/**
 * The octets that a text writes. The text is overwritten.
 *
 * @throws {KeyError} `ZT_KEY_VALUE`, with nothing of the text
 */
export function decodeKey(text: Uint8Array, reference: string, kind: KeyKind): Uint8Array {
  try {
    const value = decoded(trimmed(text), kind.octets)
    if (value !== undefined) return value
    throw new KeyError('ZT_KEY_VALUE', `what its source gives is not ${describeKind(kind)}`, {
      where: reference,
      remedy: 'correct it there',
    })
  } finally {
    text.fill(0)
  }
}

/** Without one line feed at its end, and a carriage return before that. */
function trimmed(text: Uint8Array): Uint8Array {
  const end = text.at(-1) === 0x0a ? text.length - 1 : text.length
  return text.subarray(0, text[end - 1] === 0x0d ? end - 1 : end)
}

/** The two ways of writing so many octets have different lengths, so that no text can be read as both. */
function decoded(text: Uint8Array, octets: number): Uint8Array | undefined {
  const plain = Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('latin1')
  const isHex = text.length === 2 * octets && /^[0-9A-Fa-f]+$/.test(plain)
  const isBase64 = text.length === 4 * Math.ceil(octets / 3) && /^[A-Za-z0-9+/]+={0,2}$/.test(plain)
  if (!isHex && !isBase64) return undefined
  const value = new Uint8Array(Buffer.from(plain, isHex ? 'hex' : 'base64'))
  return value.length === octets ? value : undefined
}
