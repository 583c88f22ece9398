/**
 * Attacks on links sealed by MACsec, from data to frames, and how nodes count what they refuse.
 *
 * @module
 */
import { z } from 'zod'
import type { WireFrame } from '../../record/target.js'
import type { FabricView, Link } from '../fabric-view.js'
import type { ScenarioTarget } from '../scenario-target.js'
import type { Seen } from '../seen.js'
import {
  bitFlipped,
  clearOnSealed,
  reflected,
  sealedWithoutKey,
  truncatedSeal,
  wrongPeer,
  wrongSci,
  type ClearKind,
  type Keyless,
  type SealedField,
} from './attack-macsec.js'
import { replayed, tapOf, type Tap } from './forge-link.js'
import type { Frame } from './frame.js'
import type { WireReader } from './wire.js'

/** What is done. */
export type AttackKind =
  /** A bit of a frame that would be accepted is changed. */
  | { readonly kind: 'flip'; readonly field: SealedField; readonly bit: number }
  /** Such a frame is cut off behind so many octets. */
  | { readonly kind: 'cut'; readonly length: number }
  /** Downgrade: it comes in the clear. */
  | { readonly kind: 'clear'; readonly frame: ClearKind }
  | { readonly kind: 'keyless'; readonly how: Keyless }
  /** The right key, in a channel of nobody's. */
  | { readonly kind: 'channel'; readonly sci: string }
  /** Sealed by somebody else of the fabric, for somebody else. */
  | { readonly kind: 'peer'; readonly nth: number }
  /** What was captured is sent again, to its receiver. */
  | { readonly kind: 'again'; readonly nth: number }
  /** Or back, to its sender. */
  | { readonly kind: 'back'; readonly nth: number }

/** An attack on a link, towards one of its ends. */
export type MacsecAttack = AttackKind & { readonly link: string; readonly to: string }

/** Links that MACsec seals at both ends by plan, refusing what is clear. */
export function macsecLinks(fabric: FabricView): readonly Link[] {
  const { plan } = fabric
  const strict = plan.nodes.flatMap(({ name, program }) =>
    program.interfaces.flatMap((one) =>
      one.kind === 'macsec' && one.mode === 'strict' ? [`${name} ${one.lower}`] : [],
    ),
  )
  const ports = new Set(strict)
  return fabric.links().filter(({ id }) => {
    const found = plan.links.find((link) => link.id === id)
    return [found?.a, found?.b].every((end) => ports.has(`${end?.node} ${end?.interface}`))
  })
}

/** One line for people. */
export function describeAttack({ link, to, ...what }: MacsecAttack): string {
  const { kind, ...rest } = what
  return `${kind} ${Object.values(rest).join(' ')} on ${link} towards ${to}`
}

/**
 * The frames of attacks.
 *
 * @param before what was seen of honest traffic: frames that are sent again are taken from it, and attacks that lack one are left out
 */
export function macsecAttackFrames(
  { fabric, reader }: ScenarioTarget,
  attacks: readonly MacsecAttack[],
  before: Seen,
): readonly Frame[] {
  const all = macsecLinks(fabric)
  const taps = all.flatMap((link) => link.ends.map((to) => tapOf(reader, link, to)))
  const captured = before.captured().observation.wire
  const latest = latestNumbers(before, reader)
  return attacks.flatMap((attack) => {
    const tap = taps.find(({ link, to }) => link === attack.link && to.node === attack.to)
    const frame = tap && frameOfAttack(tap, attack, { reader, taps, captured, latest })
    return frame === undefined ? [] : [frame]
  })
}

interface Around {
  readonly reader: WireReader
  readonly taps: readonly Tap[]
  readonly captured: readonly WireFrame[]
  /** The latest packet number that was seen, by link, sender and epoch. */
  readonly latest: ReadonlyMap<string, bigint>
}

function frameOfAttack(tap: Tap, attack: MacsecAttack, around: Around): Frame | undefined {
  const { reader, taps, captured } = around
  switch (attack.kind) {
    case 'flip':
      return bitFlipped(tap, reader, attack.field, attack.bit)
    case 'cut':
      return truncatedSeal(tap, reader, attack.length)
    case 'clear':
      return clearOnSealed(tap, attack.frame)
    case 'keyless':
      return sealedWithoutKey(tap, reader, attack.how)
    case 'channel':
      return wrongSci(tap, reader, attack.sci)
    case 'peer': {
      const others = taps.filter(({ from }) => from.macsec?.tx.sci !== tap.from.macsec?.tx.sci)
      const other = others[attack.nth % Math.max(1, others.length)]
      return other === undefined ? undefined : wrongPeer(tap, other, reader)
    }
    case 'again': {
      const own = captured.filter(({ link, to }) => link === attack.link && to === attack.to)
      const late = own.filter((frame) => isLate(frame, tap, around))
      const frame = late[attack.nth % Math.max(1, late.length)]
      return frame === undefined ? undefined : replayed(frame, 'nobody')
    }
    case 'back': {
      const own = captured.filter(({ link, from }) => link === attack.link && from === attack.to)
      const frame = own[attack.nth % Math.max(1, own.length)]
      return frame === undefined ? undefined : reflected(frame, reader)
    }
  }
}

/** Outside of the receiver's window, so that it must be refused; within it MACsec itself takes a frame again (clause 10.6.5). */
function isLate(frame: WireFrame, { to }: Tap, { reader, latest }: Around): boolean {
  const { epoch, number } = reader.read(frame)
  const last = latest.get(`${frame.link} ${frame.from} ${epoch}`)
  const window = BigInt(to.macsec?.replayWindow ?? 0)
  return (
    number !== undefined &&
    last !== undefined &&
    to.macsec?.replayProtect !== false &&
    last + 1n - window > number
  )
}

function latestNumbers(before: Seen, reader: WireReader): ReadonlyMap<string, bigint> {
  const latest = new Map<string, bigint>()
  for (const wire of before.captured().observation.wire) {
    const { epoch, number } = reader.read(wire)
    const key = `${wire.link} ${wire.from} ${epoch}`
    if (number !== undefined && number > (latest.get(key) ?? 0n)) latest.set(key, number)
  }
  return latest
}

/** By which counter a fate is counted (MACSEC-1 to MACSEC-5). */
const counterOf: Readonly<Record<string, string>> = {
  'macsec-clear': 'InPktsNoTag',
  'macsec-tag-invalid': 'InPktsBadTag',
  'macsec-sci-unknown': 'InPktsNoSAError',
  'macsec-an-unknown': 'InPktsNoSAError',
  'macsec-replay': 'InPktsLate',
  'macsec-icv': 'InPktsNotValid',
}

const Counters = z.record(z.string(), z.number())
const Tables = z.looseObject({
  macsec: z.array(z.looseObject({ counters: Counters, rx: z.array(z.looseObject({ counters: Counters })) })),
})

/** How often nodes have refused a frame so far, by node and standard name of the counter; what has not been counted is left out. */
export async function macsecRefusals(target: ScenarioTarget): Promise<ReadonlyMap<string, number>> {
  const names = new Set(Object.values(counterOf))
  const refusals = new Map<string, number>()
  for (const { name } of target.fabric.nodes) {
    const tables = Tables.safeParse(await target.tables(name))
    for (const { counters, rx } of tables.data?.macsec ?? []) {
      for (const [counter, count] of [counters, ...rx.map((channel) => channel.counters)].flatMap((one) =>
        Object.entries(one),
      ))
        if (names.has(counter) && count > 0) add(refusals, `${name} ${counter}`, count)
    }
  }
  return refusals
}

/** The same as fates tell it, of one send: what {@link macsecRefusals} must have grown by. */
export function refusalsIn(seen: Seen): ReadonlyMap<string, number> {
  const refusals = new Map<string, number>()
  for (const { node, fate } of seen.observation.fates) {
    const counter = counterOf[fate]
    if (counter !== undefined) add(refusals, `${node} ${counter}`, 1)
  }
  return refusals
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count)
}
