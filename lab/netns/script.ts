/**
 * Wiring said in commands: one `ip -batch` makes all namespaces and cables, `ztos-netns` then sets up what is inside. Text only, so that a
 * test can read it; `driver.ts` runs it.
 *
 * @module
 */
import { phyName } from '../names.js'
import {
  type HostWiring,
  type KernelNeighbour,
  type KernelRoute,
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
  /** Lines for `ztos-netns set-up` (`dataplane/src/netns/README.md`). */
  readonly lines: readonly string[]
}
export interface NetworkScript {
  /** Lines for one `ip -batch`. */
  readonly create: readonly string[]
  readonly inside: readonly NamespaceScript[]
}
/** Some nodes first, as far as their daemons look: without cables, which end in nodes that are not there yet. */
export interface StagedScript {
  readonly first: NetworkScript
  readonly rest: NetworkScript
}

/** Classic BPF, one instruction: return TC_ACT_SHOT. `matchall`, `u32` and `flower` are missing on small kernels. */
const DROP_ALL = '"1,6 0 0 2"'

/** @param first namespaces of nodes that are to be there before all others */
export function networkScript(wiring: Wiring, first: ReadonlySet<string> = new Set()): StagedScript {
  const isFirst = ({ namespace }: NodeWiring) => first.has(namespace)
  const early = wiring.nodes.filter(isFirst)
  const add = (name: string) => `netns add ${name}`
  return {
    first: {
      create: early.map(({ namespace }) => add(namespace)),
      inside: early.map((node) => ({ namespace: node.namespace, lines: nodeLines(node) })),
    },
    rest: {
      create: [
        ...wiring.namespaces.filter((name) => !first.has(name)).map(add),
        ...wiring.veths.flatMap((veth) => cables(veth, wiring.wire)),
      ],
      inside: [
        ...wiring.nodes.map((node) => ({
          namespace: node.namespace,
          lines: [...(isFirst(node) ? [] : nodeLines(node)), ...cableLines(node)],
        })),
        ...wiring.hosts.map(hostScript),
        ...(wiring.wire === undefined ? [] : [wireScript(wiring.wire)]),
      ],
    },
  }
}

/** All that is inside a node's namespace, once its cables are there. */
export function nodeScript(node: NodeWiring): NamespaceScript {
  return { namespace: node.namespace, lines: [...nodeLines(node), ...cableLines(node)] }
}

/** One cable, or two with the wire node between them: lines for `ip -batch`. */
export function cables({ ends: [a, b], mtu, through }: Veth, wire: WireNode | undefined): string[] {
  const end = ({ device, mac, namespace }: VethEnd) =>
    `${device} address ${mac} mtu ${mtu} netns ${namespace}`
  const join = (one: string, other: string) => `link add ${one} type veth peer name ${other}`
  if (through === undefined || wire === undefined) return [join(end(a), end(b))]
  const middle = (device: string) => `${device} mtu ${mtu} netns ${wire.namespace}`
  return [join(end(a), middle(through[0])), join(end(b), middle(through[1]))]
}

/** Its devices are set up and down by the wire node itself, as their far ends have carrier. */
export function wireScript({ namespace }: WireNode): NamespaceScript {
  return { namespace, lines: NO_IPV6 }
}

/** `ip -batch` lines that remove namespaces. */
export function removalScript(namespaces: readonly string[]): readonly string[] {
  return namespaces.map((name) => `netns del ${name}`)
}

/** One script for the inside of these namespaces, one after the other. Names are checked (`names.ts`, the plan's schema): none holds a space. */
export function insideScript(scripts: readonly NamespaceScript[]): string {
  return scripts
    .flatMap(({ namespace, lines }) => [`netns ${namespace}`, ...lines])
    .map((line) => `${line}\n`)
    .join('')
}

/** IPv6 off, before devices are up: not one frame of the kernel's may leave there. */
export const NO_IPV6 = ['sysctl ipv6/conf/all/disable_ipv6 1', 'sysctl ipv6/conf/default/disable_ipv6 1']

/** Links without numbers have neighbours by link-local addresses, and the kernel gives a TAP its own of these (BGP-10). */
export function hasIpv6({ loopback, taps, neighbours }: NodeWiring): boolean {
  return [
    ...loopback,
    ...taps.flatMap((tap) => tap.addresses),
    ...neighbours.map(({ address }) => address),
  ].some(isIpv6)
}

/** What a node has of its own: settings, loopback, TAPs, neighbours, routes. */
function nodeLines(node: NodeWiring): string[] {
  return [
    ...NO_IPV6,
    // A fresh namespace copies IPv4 settings from the host, whatever those are.
    'sysctl ipv4/ip_forward 0',
    'sysctl ipv4/conf/all/rp_filter 0',
    'sysctl ipv4/conf/default/rp_filter 0',
    'sysctl ipv4/conf/all/accept_redirects 0',
    'sysctl ipv4/conf/default/accept_redirects 0',
    // Traceroute and ping are tools here, not services: answers must not be thinned out.
    'sysctl ipv4/icmp_ratelimit 0',
    'up lo',
    ...node.taps.map(({ device }) => `tap ${device}`),
    ...(hasIpv6(node) ? ['lo', ...node.taps.map(({ device }) => device)].flatMap(ipv6Lines) : []),
    ...[
      ...node.taps.flatMap(tapLines),
      ...node.loopback.map((address) => `addr add ${address} dev lo`),
      ...node.neighbours.map((one) => `neigh add ${neighbourText(one)}`),
      ...node.routes.map((one) => `route add ${routeText(one)}`),
    ].map((line) => `ip ${line}`),
  ]
}

/** Permanent, as in the program: the underlay does not depend on who asked whom first. */
export function neighbourText({ device, address, mac }: KernelNeighbour): string {
  return `${address} lladdr ${mac} dev ${device} nud permanent`
}

/** A node's ends of cables: what the kernel sends on a sealed one is dropped, the engine alone seals. */
export function cableLines({ ports }: Pick<NodeWiring, 'ports'>): string[] {
  const sealed = ports.filter((port) => port.sealed).map(({ device }) => phyName(device))
  return [
    ...sealed.flatMap((device) => [
      `tc qdisc add dev ${device} clsact`,
      `tc filter add dev ${device} egress bpf da bytecode ${DROP_ALL}`,
    ]),
    ...ports.map(({ device }) => `up ${phyName(device)}`),
  ]
}

/** Addresses come from the plan alone: none by autoconfiguration, no wait for duplicates. */
export function ipv6Lines(device: string): string[] {
  return [
    `sysctl ipv6/conf/${device}/autoconf 0`,
    `sysctl ipv6/conf/${device}/accept_ra 0`,
    `sysctl ipv6/conf/${device}/router_solicitations 0`,
    `sysctl ipv6/conf/${device}/accept_dad 0`,
    // As it is where nobody said otherwise, which containers' files do.
    `sysctl ipv6/conf/${device}/addr_gen_mode 0`,
    `sysctl ipv6/conf/${device}/disable_ipv6 0`,
  ]
}

/** AF_XDP would see checksums that the device is still to compute. */
export function hostScript({ namespace, device }: HostWiring): NamespaceScript {
  return { namespace, lines: [...NO_IPV6, 'up lo', `up ${device}`, `plain ${device}`] }
}

export function tapLines({ device, mac, mtu, addresses }: Tap): string[] {
  return [
    `link set ${device} address ${mac} mtu ${mtu} up`,
    ...addresses.map((address) => `addr add ${address} dev ${device}${isIpv6(address) ? ' nodad' : ''}`),
  ]
}

export function routeText({ prefix, hops }: KernelRoute): string {
  const text = hops.map(({ device, gateway }) => {
    if (gateway === undefined) return `dev ${device}`
    // RFC 8950: the family is said where it is not the prefix's.
    const family = isIpv6(gateway) && !isIpv6(prefix) ? 'inet6 ' : ''
    return `via ${family}${gateway} dev ${device}`
  })
  return `${prefix} ${text.length === 1 ? text.join('') : text.map((hop) => `nexthop ${hop}`).join(' ')}`
}

export function isIpv6(text: string): boolean {
  return text.includes(':')
}
