/**
 * Fabrics of any shape for tests of daemons: who is there, who is linked with whom, and what a session has besides.
 *
 * @module
 */
import type { BgpSession, NodeControl } from '../../../contract/control-plane.js'

export interface TestNode {
  readonly daemon: NodeControl['daemon']
  readonly asn: number
  /** What of the control is not as usual. */
  readonly also?: Partial<NodeControl>
}
export interface TestLink {
  readonly ends: readonly [string, string]
  readonly unnumbered?: boolean
  /** What the session of an end has besides, by its node. */
  readonly also?: Readonly<Record<string, Partial<BgpSession>>>
}

/** Loopback and router id: 10.255.0.1 is the first node's. */
export const loopbackOf = (nodes: Readonly<Record<string, TestNode>>, name: string): string =>
  `10.255.0.${Object.keys(nodes).indexOf(name) + 1}`

/**
 * Ports `eth1..` of a node are in order of its links. Addresses are 10.254.0.0/31 and on; link-local ones are those that the kernel makes of
 * 02:00:00:00:NN:0E, link and end.
 */
export function fabricOf(
  nodes: Readonly<Record<string, TestNode>>,
  links: readonly TestLink[],
): Map<string, NodeControl> {
  const sessions = new Map<string, BgpSession[]>(Object.keys(nodes).map((name) => [name, []]))
  for (const [index, { ends, unnumbered = false, also = {} }] of links.entries()) {
    const address = (end: number) =>
      unnumbered ? `fe80::ff:fe00:${(index * 256 + end + 1).toString(16)}` : `10.254.0.${2 * index + end}`
    for (const [end, name] of ends.entries()) {
      const peer = ends[1 - end] ?? ''
      const own = sessions.get(name) ?? []
      own.push({
        peer,
        link: ends.join('--'),
        interface: own.length + 1,
        port: `eth${own.length + 1}`,
        local: address(end),
        remote: address(1 - end),
        remoteAsn: nodes[peer]?.asn ?? 0,
        families: unnumbered ? ['ipv4', 'ipv6', 'evpn'] : ['ipv4', 'evpn'],
        ...(unnumbered ? { unnumbered } : {}),
        ...also[name],
      })
    }
  }
  return new Map(
    Object.entries(nodes).map(([name, { daemon, asn, also }]) => [
      name,
      {
        daemon,
        asn,
        routerId: loopbackOf(nodes, name),
        multipath: 64,
        holdTime: 9,
        originate: [`${loopbackOf(nodes, name)}/32`],
        sessions: sessions.get(name) ?? [],
        policies: [],
        ...also,
      },
    ]),
  )
}
