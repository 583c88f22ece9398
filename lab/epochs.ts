/**
 * Epochs of a lab's keys: which keys what is sealed has, and since when. No value is among it.
 *
 * @module
 */
import { z } from 'zod'

const Epoch = z.int().min(0).max(99_999)

/** What shares keys, as `seals.json` and `ztos lab list --json` have it. */
export const SealState = z.strictObject({
  /** As in `sealGroups` (`twin/program/epochs.ts`): the link's id, say. */
  name: z.string(),
  kind: z.enum(['macsec', 'wireguard']),
  /** Of the fabric file. */
  seal: z.string().exactOptional(),
  /** Of the keys that both ends have. */
  epoch: Epoch,
  /** ISO 8601, UTC. */
  since: z.iso.datetime(),
  /** A rotation that began and has not come to its end: either end may have either epoch's keys. The next one completes it. */
  next: z.strictObject({ epoch: Epoch, began: z.iso.datetime() }).exactOptional(),
})
export type SealState = z.infer<typeof SealState>

/** Epochs by name. */
export function epochsOf(seals: readonly SealState[]): ReadonlyMap<string, number> {
  return new Map(seals.map(({ name, epoch }) => [name, epoch]))
}
