/**
 * WireGuard messages: types, lengths and where fields are. Integers are little-endian.
 *
 * @module
 */

export const MessageType = { INITIATION: 1, RESPONSE: 2, COOKIE: 3, DATA: 4 } as const

/** Initiation: type, sender, ephemeral, static, timestamp, macs. */
export const INITIATION = {
  length: 148,
  sender: 4,
  ephemeral: 8,
  static: 40,
  timestamp: 88,
  mac1: 116,
} as const
/** Response: type, sender, receiver, ephemeral, empty, macs. */
export const RESPONSE = { length: 92, sender: 4, receiver: 8, ephemeral: 12, empty: 44, mac1: 60 } as const
/** Cookie reply: type, receiver, nonce, cookie. */
export const COOKIE = { length: 64, receiver: 4, nonce: 8, cookie: 32 } as const
/** Data: type, receiver, counter, text and its tag. */
export const DATA = { shortest: 32, receiver: 4, counter: 8, text: 16 } as const
/** Octets of mac1 and of mac2, which follow each other at the end. */
export const MAC_LENGTH = 16

/** 32-bit unsigned, little-endian. */
export function readU32(message: Uint8Array, at: number): number {
  return new DataView(message.buffer, message.byteOffset).getUint32(at, true)
}

/** Writes 32 bits, little-endian. */
export function writeU32(message: Uint8Array, at: number, value: number): void {
  new DataView(message.buffer, message.byteOffset).setUint32(at, value, true)
}

/** WG-6: the type of a message, `undefined` when it is none or its length does not fit. */
export function typeOf(message: Uint8Array): 1 | 2 | 3 | 4 | undefined {
  if (message.length < 4) return undefined
  const type = readU32(message, 0)
  switch (type) {
    case MessageType.INITIATION:
      return message.length === INITIATION.length ? type : undefined
    case MessageType.RESPONSE:
      return message.length === RESPONSE.length ? type : undefined
    case MessageType.COOKIE:
      return message.length === COOKIE.length ? type : undefined
    case MessageType.DATA:
      return message.length >= DATA.shortest ? type : undefined
    default:
      return undefined
  }
}
