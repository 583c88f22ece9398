/**
 * Rotation of a lab's keys, as its users ask for it: new values are made or fetched, and labd puts them in place of the old ones.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { keyedGroup, sealGroups, SEED_LENGTH } from '../twin/program/index.js'
import type { SealState } from './epochs.js'
import { LabError } from './errors.js'
import { resolveKeys } from './keys/resolve.js'
import type { Lab, Rotated } from './lab.js'
import { RotationTraffic, type Measured } from './rotation-traffic.js'

export interface RotateOptions {
  /** File that says where keys are that are no lab keys: those of the next epoch are asked for. */
  readonly keySources?: string | undefined
  /** Values of the next epoch's keys, in place of those. */
  readonly keys?: ReadonlyMap<string, Uint8Array> | undefined
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Gives one group of ends the keys of its next epoch, or completes what was begun before and cut off. Lab keys are derived from a seed that is
 * drawn for this one time and kept nowhere: whoever learns the keys of an epoch, or the seed of a run, knows nothing of those that follow.
 *
 * @param name of a link, or of a tunnel (`Lab.seals`)
 * @throws {KeyError} when a key cannot be had; then nothing has been done. LabError `ZT_LAB_UNKNOWN`, `ZT_LAB_STATE`, and why it could not be
 *   completed: then either end has one of both keys, and it may be done again
 */
export async function rotateKeys(lab: Lab, name: string, options: RotateOptions = {}): Promise<Rotated> {
  const state = (await lab.seals()).find((seal) => seal.name === name)
  const group = sealGroups(lab.plan).find((one) => one.name === name)
  if (state === undefined || group === undefined) {
    throw new LabError('ZT_LAB_UNKNOWN', `nothing is sealed between ${JSON.stringify(name)}`, {
      remedy: '`ztos lab list --json` shows what is sealed',
    })
  }
  const epoch = state.next?.epoch ?? state.epoch + 1
  const keyed = keyedGroup(lab.plan, group, epoch)
  await lab.refreshKeys()
  // Of a rotation that was cut off labd has the values: an end may have them already.
  const lacking = keyed.keys.filter((reference) => !lab.keys.has(reference))
  const { keySources: sources, keys: given, env, signal } = options
  const values =
    lacking.length === 0
      ? new Map<string, Uint8Array>()
      : await resolveKeys(keyed, { seed: randomBytes(SEED_LENGTH), sources, given, env, signal })
  const texts = [...values].map(([key, value]): [string, string] => [key, Buffer.from(value).toString('hex')])
  for (const value of values.values()) value.fill(0)
  return lab.rotateTo(name, epoch, new Map(texts))
}

export interface RotateLabOptions extends RotateOptions {
  /** Packets a second that hosts send each way over a group while its keys change; 0 for none. */
  readonly rate: number
  /** Of a group that is about to be rotated. */
  readonly onPair?: (seal: SealState) => void
}

/** What became of one group. */
export interface RotationOutcome {
  readonly seal: SealState
  /** Absent where `error` says why; the group then has either keys, and the next rotation completes it. */
  readonly rotated?: Rotated
  readonly error?: unknown
  /** Absent when nobody was to send. */
  readonly traffic?: Measured
}

/**
 * Rotates groups of a lab, one after the other, while hosts of the lab send over each. One that cannot be rotated keeps no other from it.
 *
 * @param names of groups, in this order
 */
export async function rotateLab(
  lab: Lab,
  names: readonly string[],
  options: RotateLabOptions,
): Promise<readonly RotationOutcome[]> {
  const { rate, signal, onPair } = options
  const seals = new Map((await lab.seals()).map((seal) => [seal.name, seal]))
  const traffic = rate === 0 ? undefined : await RotationTraffic.of(lab)
  const groups = new Map(sealGroups(lab.plan).map((group) => [group.name, group]))
  const outcomes: RotationOutcome[] = []
  for (const name of names) {
    signal?.throwIfAborted()
    const [seal, group] = [seals.get(name), groups.get(name)]
    if (seal === undefined || group === undefined)
      throw new LabError('ZT_LAB_UNKNOWN', `nothing is sealed between ${JSON.stringify(name)}`)
    onPair?.(seal)
    let rotated: Rotated | undefined
    let error: unknown
    const change = async () => {
      try {
        rotated = await rotateKeys(lab, name, options)
      } catch (thrown) {
        error = thrown
      }
    }
    const measured = traffic === undefined ? await change() : await traffic.during(group, rate, change)
    outcomes.push({
      seal,
      ...(rotated === undefined ? { error } : { rotated }),
      ...(measured === undefined ? {} : { traffic: measured }),
    })
  }
  return outcomes
}
