/**
 * `underlay`: pools, MTU, AS numbers.
 *
 * @module
 */
import { DEFAULT_UNDERLAY_MTU } from '../../contract/fabric.js'
import { parsePrefix, prefixCovers, type Prefix } from '../packet/index.js'
import { rejectUnusable } from './addresses.js'
import type { Context } from './context.js'
import type { AsnRange, Underlay } from './fabric.js'

/** For a fabric that does not care: private AS numbers (RFC 6996). */
const DEFAULT_BGP = { spines: 65000, leaves: '65101-65499' }
/** IPv6 needs links of 1280 octets (RFC 8200 section 5). */
export const IPV6_MIN_MTU = 1280

/** @returns `undefined` when a pool cannot be read */
export function readUnderlay(context: Context): Underlay | undefined {
  const { underlay } = context.file
  const loopbacks = readPool(context, 'loopbacks', underlay.loopbacks)
  const links = readPool(context, 'links', underlay.links)
  const bgp = readBgp(context)
  if (loopbacks === undefined || links === undefined || bgp === undefined) return undefined
  if (loopbacks.family !== links.family) {
    context.bad(
      'ZT_FABRIC_FAMILY',
      ['underlay', 'links'],
      `links are IPv${links.family}, loopbacks are IPv${loopbacks.family}`,
      'give both pools the same family',
      [{ at: context.valueAt(['underlay', 'loopbacks']), message: 'the loopbacks' }],
    )
    return undefined
  }
  if (prefixCovers(loopbacks, links) || prefixCovers(links, loopbacks)) {
    context.bad(
      'ZT_FABRIC_POOL',
      ['underlay', 'links'],
      `the pool ${underlay.links} overlaps the pool of loopbacks ${underlay.loopbacks}`,
      'give them pools apart',
      [{ at: context.valueAt(['underlay', 'loopbacks']), message: 'the loopbacks' }],
    )
  }
  const mtu = underlay.mtu ?? DEFAULT_UNDERLAY_MTU
  if (links.family === 6 && mtu < IPV6_MIN_MTU) {
    context.bad(
      'ZT_FABRIC_MTU',
      ['underlay', 'mtu'],
      `an IPv6 underlay needs an MTU of ${IPV6_MIN_MTU}, this is ${mtu}`,
      `write ${DEFAULT_UNDERLAY_MTU}`,
    )
  }
  return { family: links.family, mtu, loopbacks, links, bgp, control: underlay.control ?? 'static' }
}

function readPool(context: Context, key: 'loopbacks' | 'links', text: string): Prefix | undefined {
  const path = ['underlay', key]
  const prefix = context.parse('ZT_FABRIC_ADDRESS', path, text, parsePrefix)
  if (prefix === undefined || rejectUnusable(context, path, prefix)) return undefined
  return prefix
}

function readBgp(context: Context): Underlay['bgp'] | undefined {
  const { spines = DEFAULT_BGP.spines, leaves = DEFAULT_BGP.leaves } = context.file.underlay.bgp ?? {}
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
  return { spines, leaves: range }
}

function readAsnRange(context: Context, text: string): AsnRange | undefined {
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

/** AS_TRANS (RFC 6793) and the last 16-bit one (RFC 7300). */
const RESERVED: ReadonlySet<number> = new Set([23456, 65535])

/** True, and a problem, when nobody may use the AS number. */
export function rejectReserved(context: Context, path: readonly string[], asn: number): boolean {
  if (!RESERVED.has(asn)) return false
  context.bad('ZT_FABRIC_ASN', path, `the AS number ${asn} is reserved`, 'choose another, such as 65000')
  return true
}
