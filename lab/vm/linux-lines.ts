/**
 * Lines of a Linux router and of its hosts, for `sh` in a namespace.
 *
 * @module
 */
import type { PlanHost } from '../../contract/plan.js'

/** Behind all routes of a VRF's table: what it does not know, the main table must not answer. */
const UNREACHABLE = 4278198272

/** Not one frame of the kernel's own accord; it forwards, and answers as a router does. */
export const SETTINGS: readonly string[] = [
  'cd /proc/sys/net',
  'echo 1 > ipv6/conf/default/disable_ipv6',
  'echo 0 > ipv6/conf/default/accept_dad',
  'echo 0 > ipv6/conf/default/router_solicitations',
  // 1 is none: link-local addresses are the plan's.
  'echo 1 > ipv6/conf/default/addr_gen_mode',
  'echo 1 > ipv6/conf/all/forwarding',
  'echo 1 > ipv4/ip_forward',
  'for one in all default; do echo 0 > ipv4/conf/$one/rp_filter; echo 0 > ipv4/conf/$one/send_redirects; done',
  'echo 0 > ipv4/icmp_ratelimit',
  // WireGuard's socket hears what comes in by a VRF.
  'echo 1 > ipv4/udp_l3mdev_accept',
  'ip link set lo up',
]

/** A host's only device, its addresses, and the way out. For `sh` in its namespace. */
export function hostLines({ addresses, gateways, mtu }: PlanHost, device: string): string[] {
  const ipv6 = `/proc/sys/net/ipv6/conf/${device}`
  return [
    'ip link set lo up',
    ...(addresses.some(isIpv6)
      ? [`echo 0 > ${ipv6}/accept_dad`, `echo 1 > ${ipv6}/addr_gen_mode`, withIpv6(device)]
      : [`echo 1 > ${ipv6}/disable_ipv6`]),
    `ip link set ${device} mtu ${mtu} up`,
    ...addresses.map((address) => addressLine(address, device)),
    ...gateways.map(
      (gateway) => `ip ${isIpv6(gateway) ? '-6 ' : ''}route add default via ${gateway} dev ${device}`,
    ),
  ]
}

export function vrfLines(id: number): string[] {
  return [
    `ip link add ${vrfName(id)} type vrf table ${tableOf(id)}`,
    `ip link set ${vrfName(id)} up`,
    ...['ip', 'ip -6'].map(
      (ip) => `${ip} route add unreachable default table ${tableOf(id)} metric ${UNREACHABLE}`,
    ),
  ]
}

/** A gateway need not be in any network of the device: a VTEP, behind an IRB. */
export function hopText(prefix: string, gateway: string | undefined, device: string): string {
  if (gateway === undefined) return `dev ${device}`
  // RFC 8950 one way; the other by the address that is mapped, as FRR has it.
  const via =
    isIpv6(gateway) === isIpv6(prefix) ? gateway : isIpv6(gateway) ? `inet6 ${gateway}` : `::ffff:${gateway}`
  return `via ${via} dev ${device} onlink`
}

export const neighbourLine = (address: string, mac: string, device: string): string =>
  `ip neigh replace ${address} lladdr ${mac} dev ${device} nud permanent`
export const addressLine = (address: string, device: string): string =>
  `ip addr add ${address} dev ${device}${isIpv6(address) ? ' nodad' : ''}`
export const withIpv6 = (device: string): string => `echo 0 > /proc/sys/net/ipv6/conf/${device}/disable_ipv6`
export const vrfName = (id: number): string => `v${id}`
export const tableOf = (vrf: number): number => 1000 + vrf
export const isIpv6 = (text: string): boolean => text.includes(':')
