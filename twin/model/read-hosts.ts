/**
 * Addresses of hosts.
 *
 * @module
 */
import type { HostEntry } from '../../contract/fabric.js'
import {
  formatIp,
  formatMac,
  formatPrefix,
  isGroupMac,
  isIpv6,
  MAC_ZERO,
  parseIp,
  parseMac,
  prefixContains,
  type Ip,
  type Mac,
} from '../packet/index.js'
import { capacityOf, isReservedIn } from './addresses.js'
import { asList, count, type Claim, type Context } from './context.js'
import { idOf, type Host, type Network } from './fabric.js'
import type { Path } from './tree.js'

/** A host by name, where it stands and what it hangs on, before its addresses are looked at. */
export interface Placement {
  readonly name: string
  readonly path: Path
  readonly node: string
  readonly network: string
  readonly entry: HostEntry
}

/** First two octets of the MAC addresses that the compiler gives to what the file leaves open. */
const OWN_MACS = 0x025a

/** Addresses that the file gives to a host; those of other families are allocated. */
export function readHostAddresses(context: Context, host: Placement, network: Network): readonly Ip[] {
  const given = host.entry.address
  const found = new Map<4 | 6, Ip>()
  for (const [i, text] of asList(given ?? []).entries()) {
    const path = typeof given === 'string' ? [...host.path, 'address'] : [...host.path, 'address', i]
    const address = context.parse('ZT_FABRIC_ADDRESS', path, text, parseIp)
    if (address === undefined || !isHostAddress(context, path, address, network)) continue
    const family = isIpv6(address) ? 6 : 4
    if (found.has(family)) {
      context.bad(
        'ZT_FABRIC_UNSUPPORTED',
        path,
        `a second IPv${family} address of a host is not supported yet`,
        'give one of each family',
      )
    } else found.set(family, address)
  }
  return [...found.values()]
}

function isHostAddress(context: Context, path: Path, address: Ip, network: Network): boolean {
  const subnet = network.subnets.find(({ prefix }) => (prefix.family === 6) === isIpv6(address))
  if (subnet === undefined || !prefixContains(subnet.prefix, address)) {
    const subnets = network.subnets.map(({ prefix }) => formatPrefix(prefix)).join(' and ')
    if (subnets === '') return false
    context.bad(
      'ZT_FABRIC_HOST_ADDRESS',
      path,
      `${formatIp(address)} is outside of the network ${network.name}, ${subnets}`,
      'write an address of that subnet, or leave it out to have one allocated',
    )
    return false
  }
  const taken =
    address === subnet.gateway
      ? "the network's gateway"
      : isReservedIn(subnet.prefix, address)
        ? 'reserved in its subnet (its first or last address)'
        : undefined
  if (taken === undefined) return true
  context.bad(
    'ZT_FABRIC_HOST_ADDRESS',
    path,
    `${formatIp(address)} is ${taken}`,
    'write another address of that subnet, or leave it out to have one allocated',
  )
  return false
}

/** The MAC address that the file gives to a host. */
export function readMac(context: Context, host: Placement): Mac | undefined {
  const text = host.entry.mac
  if (text === undefined) return undefined
  const path = [...host.path, 'mac']
  const mac = context.parse('ZT_FABRIC_MAC', path, text, parseMac)
  if (mac === undefined) return undefined
  const fault =
    mac === MAC_ZERO
      ? 'is no address of an interface'
      : isGroupMac(mac)
        ? 'is a group address'
        : Math.floor(mac / 2 ** 32) === OWN_MACS
          ? 'is in 02:5a:…, from which the fabric gives its own'
          : undefined
  if (fault === undefined) return mac
  context.bad('ZT_FABRIC_MAC', path, `${formatMac(mac)} ${fault}`, 'write another, such as 02:00:00:00:00:01')
  return undefined
}

/** Two hosts of a network with one address, and subnets too small for their hosts. */
export function rejectHostClashes(
  context: Context,
  path: Path,
  network: Network,
  hosts: readonly (Host & { readonly path: Path })[],
): void {
  const addresses = hosts.flatMap((host) =>
    host.addresses.map((address): Claim => ({
      // Of an anycast network each node has its own hosts.
      value: network.anycast ? `${host.node} ${formatIp(address)}` : address,
      what: `the address ${formatIp(address)}`,
      owner: idOf(host),
      path: [...host.path, 'address'],
    })),
  )
  const macs = hosts.flatMap((host): Claim[] =>
    host.mac === undefined
      ? []
      : [
          {
            value: host.mac,
            what: `the MAC address ${formatMac(host.mac)}`,
            owner: idOf(host),
            path: [...host.path, 'mac'],
          },
        ],
  )
  const remedy = 'choose another, or leave it out to have one allocated'
  context.rejectClashes('ZT_FABRIC_ADDRESS_CLASH', addresses, remedy)
  context.rejectClashes('ZT_FABRIC_MAC_CLASH', macs, remedy)
  for (const { prefix, gateway } of network.subnets) {
    const room = capacityOf(prefix) - (gateway === undefined ? 0 : 1)
    const given = hosts.map(({ addresses: own }) =>
      own.find((address) => isIpv6(address) === (prefix.family === 6)),
    )
    const needed =
      new Set(given.filter((address) => address !== undefined)).size +
      given.filter((address) => address === undefined).length
    if (needed <= room) continue
    context.badKey(
      'ZT_FABRIC_POOL_EXHAUSTED',
      path,
      `${formatPrefix(prefix)} has room for ${count(room, 'host')}, ${network.name} has ${needed}`,
      'give the network a larger subnet',
    )
  }
}
