/**
 * What nodes of a twin draw from (WG-4): fixed by the fabric's keys, so that a twin of a plan does the same each time, and nobody who lacks
 * them could tell what.
 *
 * @module
 */
import { hkdfSync } from 'node:crypto'
import type { NodeProgram } from '../../contract/program.js'
import { withOctets } from '../packet/wireguard-crypto.js'
import type { Nanoseconds } from './input.js'
import { secretOf, type Keys } from './keys.js'
import { ENTROPY_LENGTH } from './wireguard-seed.js'

/** 2026-01-01, ns since the Unix epoch: when a fabric's clock is 0. */
const EPOCH: Nanoseconds = 1_767_225_600_000_000_000n

export interface FabricSeed {
  readonly wallTime: Nanoseconds
  readonly entropy: Uint8Array
}

/** The seed with which a node starts; none when it has no wireguard interface. */
export function seedOf(program: NodeProgram, keys: Keys, clock: Nanoseconds): FabricSeed | undefined {
  const secrets = program.interfaces.flatMap((one) =>
    one.kind === 'wireguard' ? [secretOf(keys, one.privateKey, program.node)] : [],
  )
  if (secrets.length === 0) return undefined
  const material = new Uint8Array(secrets.length * ENTROPY_LENGTH)
  for (const [index, secret] of secrets.entries()) {
    withOctets(secret, (octets) => material.set(octets, index * ENTROPY_LENGTH))
  }
  const entropy = hkdfSync(
    'sha256',
    material,
    new Uint8Array(0),
    `ztos twin seed ${program.node}`,
    ENTROPY_LENGTH,
  )
  material.fill(0)
  return { wallTime: EPOCH + clock, entropy: new Uint8Array(entropy) }
}
