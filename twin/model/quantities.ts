/**
 * Times and rates as fabric files write them.
 *
 * @module
 */
import type { Context } from './context.js'
import type { Path } from './tree.js'

const TIME_UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 }
const RATE_UNITS: Readonly<Record<string, number>> = { pps: 1, kpps: 1e3, Mpps: 1e6 }

/** `1.5ms` is 1500000; the pattern of the schema has matched. */
export function nanoseconds(text: string): number {
  return Math.round(amount(text, TIME_UNITS))
}

/** `10kpps` is 10000; the pattern of the schema has matched. */
export function packetsPerSecond(text: string): number {
  return Math.round(amount(text, RATE_UNITS))
}

function amount(text: string, units: Readonly<Record<string, number>>): number {
  return Number.parseFloat(text) * (units[text.replace(/^[0-9.]+/, '')] ?? Number.NaN)
}

/** A time that a protocol counts in whole units, from `min` to `max` of them; `undefined`, and a problem, when it is none. */
export function readWhole(
  context: Context,
  path: Path,
  text: string,
  bounds: { readonly unit: 'ms' | 's'; readonly min: number; readonly max: number },
): number | undefined {
  const { unit, min, max } = bounds
  const value = amount(text, TIME_UNITS) / (TIME_UNITS[unit] ?? Number.NaN)
  if (Number.isInteger(value) && value >= min && value <= max) return value
  context.bad(
    'ZT_FABRIC_VALUE',
    path,
    `${text} is no whole number of ${unit === 's' ? 'seconds' : 'milliseconds'} from ${min} to ${max}`,
    `write ${min}${unit} to ${max}${unit}`,
  )
  return undefined
}
