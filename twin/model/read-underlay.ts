/**
 * `underlay`: pools and MTU.
 *
 * @module
 */
import { DEFAULT_UNDERLAY_MTU } from '../../contract/fabric.js'
import { parsePrefix, prefixCovers, type Prefix } from '../packet/index.js'
import { rejectUnusable } from './addresses.js'
import type { Context } from './context.js'
import type { Underlay } from './fabric.js'
import { readBgp } from './read-bgp.js'

/** IPv6 needs links of 1280 octets (RFC 8200 section 5). */
export const IPV6_MIN_MTU = 1280

/** @returns `undefined` when a pool cannot be read */
export function readUnderlay(context: Context): Underlay | undefined {
  const { underlay } = context.file
  const loopbacks = readPool(context, 'loopbacks', underlay.loopbacks)
  const unnumbered = underlay.links === 'unnumbered'
  const links = unnumbered ? undefined : readPool(context, 'links', underlay.links)
  const bgp = readBgp(context)
  if (loopbacks === undefined || bgp === undefined || (links === undefined && !unnumbered)) return undefined
  if (links !== undefined && !areApart(context, loopbacks, links)) return undefined
  const mtu = underlay.mtu ?? DEFAULT_UNDERLAY_MTU
  // Unnumbered links are IPv6 links too (RFC 8950).
  if ((loopbacks.family === 6 || unnumbered) && mtu < IPV6_MIN_MTU) {
    context.bad(
      'ZT_FABRIC_MTU',
      ['underlay', 'mtu'],
      `${unnumbered ? 'unnumbered links need' : 'an IPv6 underlay needs'} an MTU of ${IPV6_MIN_MTU}, this is ${mtu}`,
      `write ${DEFAULT_UNDERLAY_MTU}`,
    )
  }
  return {
    family: loopbacks.family,
    mtu,
    loopbacks,
    links,
    bgp,
    control: underlay.control ?? 'static',
    resilient: underlay.resilient ?? false,
  }
}

/** False, and a problem, when the pools are of two families; a problem as well when they overlap. */
function areApart(context: Context, loopbacks: Prefix, links: Prefix): boolean {
  const { underlay } = context.file
  const related = [{ at: context.valueAt(['underlay', 'loopbacks']), message: 'the loopbacks' }]
  if (loopbacks.family !== links.family) {
    context.bad(
      'ZT_FABRIC_FAMILY',
      ['underlay', 'links'],
      `links are IPv${links.family}, loopbacks are IPv${loopbacks.family}`,
      'give both pools the same family',
      related,
    )
    return false
  }
  if (prefixCovers(loopbacks, links) || prefixCovers(links, loopbacks)) {
    context.bad(
      'ZT_FABRIC_POOL',
      ['underlay', 'links'],
      `the pool ${underlay.links} overlaps the pool of loopbacks ${underlay.loopbacks}`,
      'give them pools apart',
      related,
    )
  }
  return true
}

function readPool(context: Context, key: 'loopbacks' | 'links', text: string): Prefix | undefined {
  const path = ['underlay', key]
  const prefix = context.parse('ZT_FABRIC_ADDRESS', path, text, parsePrefix)
  if (prefix === undefined || rejectUnusable(context, path, prefix)) return undefined
  return prefix
}
