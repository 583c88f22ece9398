/**
 * Allocation of numbered slots to names, such that a small change of the names moves little
 * (`docs/decisions/0002-allocation.md`).
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { compareNames, splitName } from '../model/index.js'

/** Numbers of one stem stand together, in blocks that begin at multiples of this where there is room. */
const BLOCK = 16
/** Places tried by hash before the next free one is looked for. */
const PROBES = 8

export interface SlotSpace {
  /** What is allocated: part of every hash, so that allocations do not resemble each other. */
  readonly purpose: string
  /** Slots are 0 to size - 1. */
  readonly size: number
  /** Slots that are not to be given. */
  readonly taken?: Iterable<number>
  /** Where a stem's number 0 is, instead of by hash: `leaf12` is 12 slots behind the home of `leaf`. */
  readonly homes?: Readonly<Record<string, number>>
  /** Number the first slot of a home is for; 0 by default. */
  readonly origin?: number
  /** Spread names by hash alone, without regard to numbers in them. */
  readonly scatter?: boolean
}

/**
 * Gives each name a slot of its own.
 *
 * @throws {RangeError} when there are more names than slots, which the fabric reader has ruled out
 */
export function allocateSlots(names: Iterable<string>, space: SlotSpace): ReadonlyMap<string, number> {
  const taken = new Set(space.taken)
  const slots = new Map<string, number>()
  for (const name of [...names].toSorted(compareNames)) {
    const slot = freeSlot(name, space, taken)
    taken.add(slot)
    slots.set(name, slot)
  }
  return slots
}

function freeSlot(name: string, space: SlotSpace, taken: ReadonlySet<number>): number {
  let slot = preferredSlot(name, space)
  // A name whose slot is gone goes far away: next door it would push its neighbours on.
  for (let probe = 1; taken.has(slot) && probe <= PROBES; probe++) {
    slot = hash(`${space.purpose}\n${name}\n${probe}`) % space.size
  }
  for (let step = 0; taken.has(slot); step++) {
    if (step >= space.size) throw new RangeError(`no slot is left for ${space.purpose} ${name}`)
    slot = (slot + 1) % space.size
  }
  return slot
}

function preferredSlot(name: string, space: SlotSpace): number {
  const { stem, number } = splitName(name)
  if (space.scatter === true || number === undefined) return hash(`${space.purpose}\n${name}`) % space.size
  const home = givenHome(stem, space) ?? hashedHome(stem, space)
  const offset = (home + number - (space.origin ?? 0)) % space.size
  return offset < 0 ? offset + space.size : offset
}

function givenHome(stem: string, { homes }: SlotSpace): number | undefined {
  return homes !== undefined && Object.hasOwn(homes, stem) ? homes[stem] : undefined
}

function hashedHome(stem: string, { purpose, size }: SlotSpace): number {
  const blocks = Math.floor(size / BLOCK)
  return blocks < 4 ? hash(`${purpose}\n${stem}`) % size : (hash(`${purpose}\n${stem}`) % blocks) * BLOCK
}

/** The first word of SHA-256, unsigned. */
export function hash(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0)
}

/** A map's value that is there by construction. */
export function known<V>(map: ReadonlyMap<string, V>, key: string): V {
  const value = map.get(key)
  if (value === undefined) throw new RangeError(`nothing is known of ${key}`)
  return value
}
