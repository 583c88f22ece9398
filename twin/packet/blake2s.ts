/**
 * BLAKE2s (RFC 7693), keyed or not. Node's has no key, and a key is a parameter of the hash, not a part of the message.
 *
 * @module
 */

const BLOCK = 64
const IV = Uint32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
)
/** Section 2.7: which word of the message each step of a round takes, in hexadecimal. */
const SCHEDULES = [
  '0123456789abcdef',
  'ea489fd61c02b753',
  'b8c052fdae367194',
  '7931dcbe265a40f8',
  '905724afe1bc683d',
  '2c6a0b834d75fe19',
  'c51fed4a0763928b',
  'db7ec13950f4862a',
  '6fe9b308c2d714a5',
  'a2847615fb9e3cd0',
].map((row) => Uint8Array.from(row, (digit) => Number.parseInt(digit, 16)))
/** Section 3.2: the words of the work vector that the eight steps of a round mix, columns first, then diagonals. */
const STEPS = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const

/**
 * Hash of a message.
 *
 * @param length - octets of the hash, 1 to 32.
 * @param key - at most 32 octets; without any the plain hash.
 */
export function blake2s(
  length: number,
  message: Uint8Array,
  key: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const state = Uint32Array.from(IV)
  state[0] = state[0]! ^ 0x0101_0000 ^ (key.length << 8) ^ length
  const padded = withKey(message, key)
  const octets = (key.length > 0 ? BLOCK : 0) + message.length
  for (let at = 0; at < padded.length; at += BLOCK) {
    const isLast = at + BLOCK === padded.length
    compress(state, padded, at, isLast ? octets : at + BLOCK, isLast)
  }
  padded.fill(0)
  const hash = new Uint8Array(32)
  const view = new DataView(hash.buffer)
  for (const [index, word] of state.entries()) view.setUint32(index * 4, word, true)
  return hash.slice(0, length)
}

/** The message behind a block of the key, if there is one, with zeros up to whole blocks; at least one block. */
function withKey(message: Uint8Array, key: Uint8Array): Uint8Array {
  const start = key.length > 0 ? BLOCK : 0
  const padded = new Uint8Array(Math.max(BLOCK, Math.ceil((start + message.length) / BLOCK) * BLOCK))
  padded.set(key)
  padded.set(message, start)
  return padded
}

/** Section 3.2, function F. A message here is never longer than 2^32 octets. */
function compress(state: Uint32Array, bytes: Uint8Array, at: number, count: number, isLast: boolean): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, BLOCK)
  const words = Uint32Array.from({ length: 16 }, (_, i) => view.getUint32(i * 4, true))
  const v = new Uint32Array(16)
  v.set(state)
  v.set(IV, 8)
  v[12] = v[12]! ^ count
  if (isLast) v[14] = ~v[14]!
  for (const schedule of SCHEDULES) {
    for (const [step, [a, b, c, d]] of STEPS.entries()) {
      mix(v, a, b, c, d, words[schedule[step * 2]!]!, words[schedule[step * 2 + 1]!]!)
    }
  }
  for (let i = 0; i < 8; i++) state[i] = state[i]! ^ v[i]! ^ v[i + 8]!
  words.fill(0)
  v.fill(0)
}

/** Section 3.1, function G. */
function mix(v: Uint32Array, a: number, b: number, c: number, d: number, x: number, y: number): void {
  let [p, q, r, t] = [v[a]!, v[b]!, v[c]!, v[d]!]
  p = (p + q + x) | 0
  t = rotated(t ^ p, 16)
  r = (r + t) | 0
  q = rotated(q ^ r, 12)
  p = (p + q + y) | 0
  t = rotated(t ^ p, 8)
  r = (r + t) | 0
  q = rotated(q ^ r, 7)
  v[a] = p
  v[b] = q
  v[c] = r
  v[d] = t
}

function rotated(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}
