/**
 * Hashes of section 3, and the flow words that they are made of (PARSE-7).
 *
 * @module
 */
import { u16, u32, u8 } from '../packet/bytes.js'
import { L3_OFFSET } from './parse.js'

const TCP = 6
const UDP = 17
const SCTP = 132
const HOP_BY_HOP = 0
const ROUTING = 43
const FRAGMENT = 44
const DESTINATION_OPTIONS = 60
const MOST_SKIPPED = 8
const TWO_32 = 0x1_0000_0000

/** HASH-1: the finaliser of MurmurHash3 on a 32-bit word. */
export function mix(word: number): number {
  let h = word
  h ^= h >>> 16
  h = Math.imul(h, 0x85eb_ca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2_ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** HASH-1 */
export function hashWords(seed: number, words: Iterable<number>): number {
  let h = seed
  for (const word of words) h = mix(h ^ word)
  return h >>> 0
}

/** HASH-2: hash over the IP words of the well-formed packet that ends at `end`. */
export function hashOfPacket(seed: number, frame: Uint8Array, family: 4 | 6, end: number): number {
  let h = seed
  const first = L3_OFFSET + (family === 4 ? 12 : 8)
  const last = first + (family === 4 ? 8 : 32)
  for (let at = first; at < last; at += 4) h = mix(h ^ u32(frame, at))
  const flow = family === 4 ? flowOfIpv4(frame, end) : flowOfIpv6(frame, end)
  h = mix(h ^ Math.floor(flow / TWO_32))
  return mix(h ^ (flow % TWO_32))
}

/** HASH-3: hash over the Ethernet words of a frame. */
export function hashOfEthernet(seed: number, frame: Uint8Array): number {
  let h = mix(seed ^ u32(frame, 0))
  h = mix(h ^ u32(frame, 4))
  h = mix(h ^ u32(frame, 8))
  return mix(h ^ u16(frame, 12))
}

/** HASH-4: which of members with these weights, in program order, the hash chooses; weights are from 1 on. */
export function chooseByWeight(hash: number, weights: readonly number[]): number {
  // At most 64 x 256 x 2^32, which a double holds exactly.
  let share = Math.floor((hash * weights.reduce((sum, weight) => sum + weight, 0)) / TWO_32)
  return weights.findIndex((weight) => (share -= weight) < 0)
}

/** HASH-6: which of these members the hash chooses, the first of those with the greatest score. */
export function chooseByScore(
  hash: number,
  seed: number,
  members: readonly { readonly words: readonly number[]; readonly weight: number }[],
): number {
  let chosen = 0
  let greatest = -1
  for (const [index, { words, weight }] of members.entries()) {
    const name = hashWords(seed, words)
    for (let k = 0; k < weight; k++) {
      const score = mix(hash ^ mix(name ^ k))
      if (score <= greatest) continue
      greatest = score
      chosen = index
    }
  }
  return chosen
}

/** HASH-5: the source port that the hash chooses. */
export function sourcePortOf(hash: number): number {
  return 49152 + (hash >>> 18)
}

/** PARSE-7 for IPv4: protocol x 2^32 + ports. */
function flowOfIpv4(frame: Uint8Array, end: number): number {
  const protocol = u8(frame, L3_OFFSET + 9)
  if ((u16(frame, L3_OFFSET + 6) & 0x3fff) !== 0) return protocol * TWO_32
  return flowOf(protocol, frame, L3_OFFSET + (u8(frame, L3_OFFSET) & 0xf) * 4, end)
}

/** PARSE-7 for IPv6: protocol x 2^32 + ports. */
function flowOfIpv6(frame: Uint8Array, end: number): number {
  let header = u8(frame, L3_OFFSET + 6)
  let at = L3_OFFSET + 40
  let skipped = 0
  while (header === HOP_BY_HOP || header === ROUTING || header === DESTINATION_OPTIONS) {
    if (skipped === MOST_SKIPPED || at + 2 > end) return header * TWO_32
    const next = at + 8 * (u8(frame, at + 1) + 1)
    if (next > end) return header * TWO_32
    header = u8(frame, at)
    at = next
    skipped++
  }
  if (header === FRAGMENT) return (at + 8 <= end ? u8(frame, at) : FRAGMENT) * TWO_32
  return flowOf(header, frame, at, end)
}

function flowOf(protocol: number, frame: Uint8Array, at: number, end: number): number {
  const hasPorts = (protocol === TCP || protocol === UDP || protocol === SCTP) && at + 4 <= end
  return protocol * TWO_32 + (hasPorts ? u32(frame, at) : 0)
}
