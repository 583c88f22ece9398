/**
 * Seeds, and what is drawn from them (WG-4, WG-20).
 *
 * @module
 */
import { keyedHash, takeSecret, withOctets, type Secret } from '../packet/wireguard-crypto.js'
import type { Machine } from './machine.js'
import type { Wireguard } from './wireguard-state.js'

/** Octets of entropy of a seed. */
export const ENTROPY_LENGTH = 32

/** The last seed, and how much was drawn of it. */
export interface Seed {
  readonly entropy: Secret
  /** Wall time less the machine's, ns. */
  readonly offset: bigint
  draws: bigint
}

/** WG-4: takes a seed in place of the last. */
export function seed(m: Machine, wallTime: bigint, entropy: Uint8Array): void {
  m.trace?.step('WG-4', 0, m.seed === undefined ? 'the first seed' : 'another seed')
  m.seed = { entropy: takeSecret(Uint8Array.from(entropy)), offset: wallTime - m.now, draws: 0n }
}

/** Wall time, ns since the Unix epoch; 0 before the first seed. */
export function wallTime(m: Machine): bigint {
  return m.seed === undefined ? 0n : m.now + m.seed.offset
}

/** The next octets that an interface draws. The caller has seen that there is a seed. */
export function draw(m: Machine, wg: Wireguard, length: number): Uint8Array {
  if (m.seed === undefined) throw new TypeError('nothing is drawn before the first seed')
  const { entropy } = m.seed
  const n = m.seed.draws++
  m.trace?.step('WG-4', wg.id, `draw ${n}, ${length} octets`)
  const material = new Uint8Array(ENTROPY_LENGTH + 8)
  new DataView(material.buffer).setBigUint64(ENTROPY_LENGTH, n, true)
  withOctets(entropy, (octets) => material.set(octets))
  const drawn = withOctets(wg.secret, (key) => keyedHash(key, material))
  material.fill(0)
  return drawn.subarray(0, length)
}

/** A draw of 4 octets as a number. */
function drawNumber(m: Machine, wg: Wireguard): number {
  const octets = draw(m, wg, 4)
  return new DataView(octets.buffer, octets.byteOffset).getUint32(0, true)
}

/** WG-27, WG-29: up to 333 ms by an index, so that two peers do not go on in step; ns. */
export function delayBy(index: number): bigint {
  return BigInt(index % 333) * 1_000_000n
}

/** WG-20: an index that no handshake or session of the interface has. */
export function drawIndex(m: Machine, wg: Wireguard): number {
  for (;;) {
    const index = drawNumber(m, wg)
    const isTaken = wg.indexes.has(index)
    m.trace?.step('WG-20', wg.id, isTaken ? 'the index is taken' : 'an index')
    if (!isTaken) return index
  }
}
