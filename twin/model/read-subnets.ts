/**
 * `subnet` and `gateways` of a network.
 *
 * @module
 */
import type { NetworkEntry } from '../../contract/fabric.js'
import { formatIp, formatPrefix, parseInterfaceAddress, parsePrefix, type Prefix } from '../packet/index.js'
import { boundsOf, isReservedIn, plus, rejectUnusable } from './addresses.js'
import { asList, type Context } from './context.js'
import type { Subnet } from './fabric.js'
import { IPV6_MIN_MTU } from './read-underlay.js'
import type { Path } from './tree.js'

/** Room for a gateway and a host, and no prefix so wide that it can only be a slip. */
const LENGTHS = { 4: { min: 8, max: 30 }, 6: { min: 16, max: 126 } } as const

/** Subnets, IPv4 first. */
export function readSubnets(context: Context, path: Path, entry: NetworkEntry): readonly Subnet[] {
  const subnets = new Map<4 | 6, Subnet & { readonly path: Path }>()
  for (const [i, text] of (entry.gateways ?? []).entries()) {
    const here = [...path, 'gateways', i]
    const gateway = context.parse('ZT_FABRIC_ADDRESS', here, text, parseInterfaceAddress)
    if (gateway === undefined || !isSubnet(context, here, gateway.prefix)) continue
    if (isReservedIn(gateway.prefix, gateway.address)) {
      const { first } = boundsOf(gateway.prefix)
      context.bad(
        'ZT_FABRIC_SUBNET',
        here,
        `${formatIp(gateway.address)} is the ${gateway.address === first ? 'first' : 'last'} address of its subnet, which no interface may have`,
        `write ${formatIp(plus(first, 1))}/${gateway.prefix.length}`,
      )
      continue
    }
    addSubnet(context, subnets, { prefix: gateway.prefix, gateway: gateway.address, path: here })
  }
  for (const [i, text] of asList(entry.subnet ?? []).entries()) {
    const here = typeof entry.subnet === 'string' ? [...path, 'subnet'] : [...path, 'subnet', i]
    const prefix = context.parse('ZT_FABRIC_ADDRESS', here, text, parsePrefix)
    if (prefix === undefined || !isSubnet(context, here, prefix)) continue
    const routed = subnets.get(prefix.family)
    if (routed?.gateway === undefined) {
      addSubnet(context, subnets, { prefix, gateway: undefined, path: here })
    } else if (formatPrefix(routed.prefix) !== formatPrefix(prefix)) {
      context.bad(
        'ZT_FABRIC_SUBNET',
        here,
        `the subnet ${text} is not that of the gateway, ${formatPrefix(routed.prefix)}`,
        'make them equal, or leave subnet out',
        [{ at: context.valueAt(routed.path), message: 'the gateway' }],
      )
    }
  }
  if (entry.gateways === undefined && entry.subnet === undefined) {
    context.badKey(
      'ZT_FABRIC_MISSING_KEY',
      path,
      'the network has neither gateways nor a subnet',
      'give gateways: [10.1.0.1/24], or subnet: 10.1.0.0/24 for pure layer 2',
    )
  }
  if (subnets.has(6) && (entry.mtu ?? IPV6_MIN_MTU) < IPV6_MIN_MTU) {
    context.bad(
      'ZT_FABRIC_MTU',
      [...path, 'mtu'],
      `IPv6 needs an MTU of ${IPV6_MIN_MTU}, this is ${entry.mtu}`,
      `write at least ${IPV6_MIN_MTU}`,
    )
  }
  return [...subnets.values()]
    .toSorted((a, b) => a.prefix.family - b.prefix.family)
    .map(({ prefix, gateway }) => ({ prefix, gateway }))
}

function isSubnet(context: Context, path: Path, prefix: Prefix): boolean {
  const { min, max } = LENGTHS[prefix.family]
  if (prefix.length < min || prefix.length > max) {
    context.bad(
      'ZT_FABRIC_SUBNET',
      path,
      `a length of ${prefix.length} makes no subnet for hosts`,
      `write one from /${min} to /${max}, such as ${prefix.family === 4 ? '/24' : '/64'}`,
    )
    return false
  }
  return !rejectUnusable(context, path, prefix)
}

function addSubnet(
  context: Context,
  subnets: Map<4 | 6, Subnet & { readonly path: Path }>,
  subnet: Subnet & { readonly path: Path },
): void {
  const { family } = subnet.prefix
  const first = subnets.get(family)
  if (first === undefined) {
    subnets.set(family, subnet)
    return
  }
  context.bad(
    'ZT_FABRIC_UNSUPPORTED',
    subnet.path,
    `a second IPv${family} subnet in a network is not supported yet`,
    'make it a network of its own',
    [{ at: context.valueAt(first.path), message: 'the first one' }],
  )
}
