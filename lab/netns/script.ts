/**
 * Wiring said in commands: one `ip -batch` makes all namespaces and cables, one shell script each then sets up the inside of
 * the namespaces. Text only, so that a test can read it; `driver.ts` runs it.
 *
 * @module
 */
import { NETNS_ROOT } from '../paths.js'
import { phyName } from '../names.js'
import {
  HOST_DEVICE,
  type HostWiring,
  type NodeWiring,
  type Tap,
  type Veth,
  type VethEnd,
  type WireNode,
  type Wiring,
} from './wiring.js'

/** What is done inside one namespace, in this order. */
export interface NamespaceScript {
  readonly namespace: string
  /** Path under `/proc/sys/net` and value. */
  readonly sysctls: readonly (readonly [string, string])[]
  /** Lines for `ip -batch`. */
  readonly ip: readonly string[]
  /** Written when all devices exist. */
  readonly lateSysctls: readonly (readonly [string, string])[]
  /** Lines for `ip -batch` behind the late sysctls. */
  readonly lateIp: readonly string[]
  /** Lines for `tc -batch`. */
  readonly tc: readonly string[]
  /** Devices whose transmit checksum offload is switched off: AF_XDP would see checksums not yet computed. */
  readonly offloads: readonly string[]
}
export interface NetworkScript {
  /** Lines for one `ip -batch`. */
  readonly create: readonly string[]
  readonly inside: readonly NamespaceScript[]
}

/** Classic BPF, one instruction: return TC_ACT_SHOT. `matchall`, `u32` and `flower` are missing on small kernels. */
const DROP_ALL = '"1,6 0 0 2"'

export function networkScript(wiring: Wiring): NetworkScript {
  return {
    create: [
      ...wiring.namespaces.map((name) => `netns add ${name}`),
      ...wiring.veths.flatMap((veth) => cables(veth, wiring.wire)),
    ],
    inside: [
      ...wiring.nodes.map(nodeScript),
      ...wiring.hosts.map(hostScript),
      ...(wiring.wire === undefined ? [] : [wireScript(wiring.wire)]),
    ],
  }
}

/** One cable, or two with the wire node between them. */
function cables({ ends: [a, b], mtu, through }: Veth, wire: WireNode | undefined): string[] {
  const end = ({ device, mac, namespace }: VethEnd) =>
    `${device} address ${mac} mtu ${mtu} netns ${namespace}`
  const join = (one: string, other: string) => `link add ${one} type veth peer name ${other}`
  if (through === undefined || wire === undefined) return [join(end(a), end(b))]
  const middle = (device: string) => `${device} mtu ${mtu} netns ${wire.namespace}`
  return [join(end(a), middle(through[0])), join(end(b), middle(through[1]))]
}

/** Its devices are set up and down by the wire node itself, as their far ends have carrier. */
function wireScript({ namespace }: WireNode): NamespaceScript {
  return {
    namespace,
    sysctls: [
      ['ipv6/conf/all/disable_ipv6', '1'],
      ['ipv6/conf/default/disable_ipv6', '1'],
    ],
    ip: [],
    lateSysctls: [],
    lateIp: [],
    tc: [],
    offloads: [],
  }
}

/** `ip -batch` lines that remove namespaces. */
export function removalScript(namespaces: readonly string[]): readonly string[] {
  return namespaces.map((name) => `netns del ${name}`)
}

/** A shell script that does the inside of these namespaces one after the other and says in which it failed. */
export function shellScript(scripts: readonly NamespaceScript[]): string {
  return `${scripts.map(enter).join('\n')}\n`
}

function nodeScript(node: NodeWiring): NamespaceScript {
  const phys = node.ports.map(({ device }) => phyName(device))
  const sealed = node.ports.filter((port) => port.sealed).map(({ device }) => phyName(device))
  // Links without numbers have neighbours by link-local addresses, and the kernel gives a TAP its own of these (BGP-10).
  const hasIpv6 = [
    ...node.loopback,
    ...node.taps.flatMap((tap) => tap.addresses),
    ...node.neighbours.map(({ address }) => address),
  ].some(isIpv6)
  return {
    namespace: node.namespace,
    sysctls: [
      // IPv6 off on `.phy`, before they are up: not one frame of the kernel's may leave there.
      ['ipv6/conf/all/disable_ipv6', '1'],
      ['ipv6/conf/default/disable_ipv6', '1'],
      // A fresh namespace copies IPv4 settings from the host, whatever those are.
      ['ipv4/ip_forward', '0'],
      ['ipv4/conf/all/rp_filter', '0'],
      ['ipv4/conf/default/rp_filter', '0'],
      ['ipv4/conf/all/accept_redirects', '0'],
      ['ipv4/conf/default/accept_redirects', '0'],
      // Traceroute and ping are tools here, not services: answers must not be thinned out.
      ['ipv4/icmp_ratelimit', '0'],
    ],
    ip: [
      'link set lo up',
      ...phys.map((device) => `link set ${device} up`),
      ...node.taps.map(({ device }) => `tuntap add dev ${device} mode tap`),
    ],
    lateSysctls: hasIpv6
      ? ['lo', ...node.taps.map(({ device }) => device)].flatMap((device): [string, string][] => [
          // Addresses come from the plan alone: none by autoconfiguration, no wait for duplicates.
          [`ipv6/conf/${device}/autoconf`, '0'],
          [`ipv6/conf/${device}/accept_ra`, '0'],
          [`ipv6/conf/${device}/router_solicitations`, '0'],
          [`ipv6/conf/${device}/accept_dad`, '0'],
          [`ipv6/conf/${device}/disable_ipv6`, '0'],
        ])
      : [],
    lateIp: [
      ...node.taps.flatMap(tapLines),
      ...node.loopback.map((address) => `addr add ${address} dev lo`),
      // Permanent, as in the program: the underlay does not depend on who asked whom first.
      ...node.neighbours.map(
        ({ device, address, mac }) => `neigh add ${address} lladdr ${mac} dev ${device} nud permanent`,
      ),
      ...node.routes.map(({ prefix, hops }) => `route add ${prefix} ${hopsText(prefix, hops)}`),
    ],
    tc: sealed.flatMap((device) => [
      `qdisc add dev ${device} clsact`,
      `filter add dev ${device} egress bpf da bytecode ${DROP_ALL}`,
    ]),
    offloads: [],
  }
}

function hostScript({ namespace }: HostWiring): NamespaceScript {
  return {
    namespace,
    sysctls: [
      ['ipv6/conf/all/disable_ipv6', '1'],
      ['ipv6/conf/default/disable_ipv6', '1'],
    ],
    ip: ['link set lo up', `link set ${HOST_DEVICE} up`],
    lateSysctls: [],
    lateIp: [],
    tc: [],
    offloads: [HOST_DEVICE],
  }
}

function tapLines({ device, mac, mtu, addresses }: Tap): string[] {
  return [
    `link set ${device} address ${mac} mtu ${mtu} up`,
    ...addresses.map((address) => `addr add ${address} dev ${device}${isIpv6(address) ? ' nodad' : ''}`),
  ]
}

function hopsText(
  prefix: string,
  hops: readonly { readonly device: string; readonly gateway?: string }[],
): string {
  const text = hops.map(({ device, gateway }) => {
    if (gateway === undefined) return `dev ${device}`
    // RFC 8950: the family is said where it is not the prefix's.
    const family = isIpv6(gateway) && !isIpv6(prefix) ? 'inet6 ' : ''
    return `via ${family}${gateway} dev ${device}`
  })
  return text.length === 1 ? text.join('') : text.map((hop) => `nexthop ${hop}`).join(' ')
}

/** One namespace's part. Names and values are checked (`names.ts`, the plan's schema) and need no quoting. */
function enter(script: NamespaceScript): string {
  const sysctl = ([name, value]: readonly [string, string]) => {
    const file = `/proc/sys/net/${name}`
    // A kernel without IPv6 has none of its settings, and needs none.
    return `${name.startsWith('ipv6/') ? `test ! -e ${file} || ` : ''}echo ${value} > ${file}`
  }
  const batch = (program: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : [`${program} -batch - <<'BATCH'`, ...lines, 'BATCH']
  return [
    `nsenter --net=${NETNS_ROOT}/${script.namespace} sh -e <<'INSIDE' || { echo "in namespace ${script.namespace}" >&2; exit 1; }`,
    ...script.sysctls.map(sysctl),
    ...batch('ip', script.ip),
    ...script.lateSysctls.map(sysctl),
    ...batch('ip', script.lateIp),
    ...batch('tc', script.tc),
    // ethtool tells on standard output what it changed.
    ...script.offloads.map((device) => `ethtool -K ${device} tx off > /dev/null`),
    'INSIDE',
  ].join('\n')
}

function isIpv6(text: string): boolean {
  return text.includes(':')
}
