/**
 * `underlay.bgp`: AS numbers, and what holds for all sessions.
 *
 * @module
 */
import type { FabricFile } from '../../contract/fabric.js'
import type { Context } from './context.js'
import type { Bgp, NumberRange } from './fabric.js'
import { readWhole } from './quantities.js'

/** For a fabric that does not care: private AS numbers (RFC 6996). */
const DEFAULT_NUMBERS = { spines: 65000, leaves: '65101-65499' }
/** s; three keepalives. A link that goes down is told at once, this is for peers that hang. */
const DEFAULT_HOLD_TIME = 9
/** RFC 5880 leaves it open; three is what routers come with. */
const DEFAULT_MULTIPLIER = 3
/** AS_TRANS (RFC 6793) and the last 16-bit one (RFC 7300). */
const RESERVED: ReadonlySet<number> = new Set([23456, 65535])

type Entry = NonNullable<FabricFile['underlay']['bgp']>
type Numbers = Pick<Bgp, 'as' | 'spines' | 'leaves'>

/** @returns `undefined` when there are no AS numbers to go on with */
export function readBgp(context: Context): Bgp | undefined {
  const entry = context.file.underlay.bgp ?? {}
  const path = ['underlay', 'bgp']
  const numbers = entry.as === undefined ? readTiers(context, entry) : readOne(context, entry, entry.as)
  const { holdTime, gracefulRestart, maximumPrefixes, bfd, addPaths = false } = entry
  const bounds = { unit: 's', min: 3, max: 65535 } as const
  const hold =
    holdTime === undefined ? undefined : readWhole(context, [...path, 'holdTime'], holdTime, bounds)
  const restart =
    gracefulRestart === undefined
      ? undefined
      : readWhole(context, [...path, 'gracefulRestart'], gracefulRestart, { unit: 's', min: 1, max: 4095 })
  const interval =
    bfd === undefined
      ? undefined
      : readWhole(context, [...path, 'bfd', 'interval'], bfd.interval, { unit: 'ms', min: 10, max: 60_000 })
  if (numbers === undefined) return undefined
  return {
    ...numbers,
    holdTime: hold ?? DEFAULT_HOLD_TIME,
    bfd: interval === undefined ? undefined : { interval, multiplier: bfd?.multiplier ?? DEFAULT_MULTIPLIER },
    gracefulRestart: restart,
    maximumPrefixes,
    addPaths,
  }
}

/** One AS for all. */
function readOne(context: Context, entry: Entry, as: number): Numbers | undefined {
  const path = ['underlay', 'bgp', 'as']
  if (rejectReserved(context, path, as)) return undefined
  for (const key of ['spines', 'leaves'] as const) {
    if (entry[key] === undefined) continue
    context.bad(
      'ZT_FABRIC_ASN_CLASH',
      ['underlay', 'bgp', key],
      `all nodes have the AS number ${as} already`,
      'leave it out, or leave out as',
      [{ at: context.valueAt(path), message: 'the number for all' }],
    )
  }
  return { as, spines: as, leaves: undefined }
}

function readTiers(context: Context, entry: Entry): Numbers | undefined {
  const { spines = DEFAULT_NUMBERS.spines, leaves = DEFAULT_NUMBERS.leaves } = entry
  const range = readAsnRange(context, leaves)
  if (rejectReserved(context, ['underlay', 'bgp', 'spines'], spines) || range === undefined) return undefined
  if (spines >= range.first && spines <= range.last) {
    context.bad(
      'ZT_FABRIC_ASN_CLASH',
      ['underlay', 'bgp', 'leaves'],
      `the range ${leaves} holds the spines' AS number ${spines}`,
      'give the spines a number outside of it',
      [{ at: context.valueAt(['underlay', 'bgp', 'spines']), message: 'the spines' }],
    )
  }
  return { as: undefined, spines, leaves: range }
}

function readAsnRange(context: Context, text: string): NumberRange | undefined {
  const path = ['underlay', 'bgp', 'leaves']
  const [first = 0, last = 0] = text.split('-').map(Number)
  if (first > last || last > 4294967294) {
    context.bad(
      'ZT_FABRIC_ASN',
      path,
      `${text} is no range of AS numbers`,
      'write the smaller one first, at most 4294967294',
    )
    return undefined
  }
  for (const reserved of RESERVED) {
    if (reserved < first || reserved > last) continue
    context.bad(
      'ZT_FABRIC_ASN',
      path,
      `${text} holds the reserved AS number ${reserved}`,
      'choose another range',
    )
    return undefined
  }
  return { first, last }
}

/** True, and a problem, when nobody may use the AS number. */
export function rejectReserved(context: Context, path: readonly string[], asn: number): boolean {
  if (!RESERVED.has(asn)) return false
  context.bad('ZT_FABRIC_ASN', path, `the AS number ${asn} is reserved`, 'choose another, such as 65000')
  return true
}
