/** Namespaces, cables and addresses of an engine, its peer and the host behind it, as commands. */
import { phyName } from '../../../lab/names.js'
import { FAR_MAC, HOST, INNER, MTU, OUTER, UNDER, type Family, type Form } from './wireguard-program.js'

/** For `ip -batch`. */
export function cables({ engine, peer, host }: Readonly<Record<'engine' | 'peer' | 'host', string>>): string {
  const veth = (own: { readonly name: string; readonly mac: string }, far: string, mac: string, at: string) =>
    `link add ${phyName(own.name)} address ${own.mac} netns ${engine} type veth peer name ${far} address ${mac} netns ${at}`
  return [
    ...[engine, peer, host].map((name) => `netns add ${name}`),
    veth(UNDER, 'u0', FAR_MAC.under, peer),
    veth(HOST, 'h0', FAR_MAC.host, host),
    '',
  ].join('\n')
}

/** The kernel beside the engine says nothing by itself, and has a TAP if the port is sealed. */
export function engineLines(form: Form): readonly string[] {
  return [
    'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6',
    'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6',
    'ip link set lo up',
    ...(form === 'lower' ? tap() : []),
    ...[UNDER, HOST].map(({ name }) => `ip link set ${phyName(name)} up`),
  ]
}

/** By which the engine's own kernel reaches what is behind the tunnel; next hops there are asked for by ARP (WG-3). */
function tap(): string[] {
  return [
    `ip tuntap add dev ${UNDER.name} mode tap`,
    `ip link set ${UNDER.name} address ${UNDER.mac} mtu ${MTU} up`,
    `ip addr add ${INNER.tunnel[4]}/24 dev ${UNDER.name}`,
    `ip route add 10.2.0.0/24 via 10.9.0.2 dev ${UNDER.name}`,
  ]
}

type Addresses = Readonly<Record<Family, string>>

export const PEER_LINES: readonly string[] = [
  ...plainDevice('u0', OUTER.peer),
  // Behind the peer's own address, and left alone when that goes.
  'echo 1 > /proc/sys/net/ipv4/conf/u0/promote_secondaries',
  `ip addr add ${OUTER.stranger[4]}/24 dev u0`,
  ...neighbour('u0', OUTER.engine, UNDER.mac),
]

export const HOST_LINES: readonly string[] = [
  ...plainDevice('h0', INNER.host),
  ...neighbour('h0', INNER.gateway, HOST.mac),
  `ip route add default via ${INNER.gateway[4]}`,
  `ip -6 route add default via ${INNER.gateway[6]}`,
]

/** A device whose frames are whole: checksums are there, and nothing is put together or left to a device to take apart. */
function plainDevice(device: string, addresses: Addresses): string[] {
  return [
    'ip link set lo up',
    'echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter',
    'echo 0 > /proc/sys/net/ipv4/conf/default/rp_filter',
    `ethtool -K ${device} tx off gso off gro off > /dev/null`,
    `ip link set ${device} up`,
    `ip addr add ${addresses[4]}/24 dev ${device}`,
    `ip -6 addr add ${addresses[6]}/64 dev ${device} nodad`,
  ]
}

function neighbour(device: string, addresses: Addresses, mac: string): string[] {
  return [addresses[4], addresses[6]].map(
    (address) => `ip neigh add ${address} lladdr ${mac} dev ${device} nud permanent`,
  )
}
