/**
 * The fabric file below its tenants: underlay and BGP, nodes, links.
 *
 * @module
 */
import { z } from 'zod'
import {
  Asn,
  AsnRange,
  DEFAULT_UNDERLAY_MTU,
  Duration,
  Mtu,
  Name,
  NodePattern,
  Prefix,
} from './fabric-values.js'

const Bgp = z
  .strictObject({
    spines: Asn.optional(),
    leaves: AsnRange.optional(),
    as: Asn.optional(),
    holdTime: Duration.optional(),
    bfd: z
      .strictObject({
        interval: Duration,
        multiplier: z
          .int()
          .min(2)
          .max(255)
          .meta({ description: 'packets that may be missed, 2 to 255', examples: [3] })
          .optional(),
      })
      .meta({
        description: 'BFD on all sessions: the time between packets, and how many may be missed',
        examples: [{ interval: '50ms', multiplier: 3 }],
      })
      .optional(),
    gracefulRestart: Duration.optional(),
    maximumPrefixes: z
      .int()
      .min(1)
      .max(1_000_000)
      .meta({ description: 'unicast prefixes that a peer may announce, 1 to 1000000', examples: [1000] })
      .optional(),
    addPaths: z
      .boolean()
      .meta({ description: 'whether reflectors announce all paths (RFC 7911)', examples: [true] })
      .optional(),
  })
  .meta({
    id: 'Bgp',
    description:
      'AS numbers: one for all spines and a range with one for each leaf, or one for all nodes; and what holds for all sessions',
    examples: [{ spines: 65000, leaves: '65101-65199' }],
  })

export const Underlay = z
  .strictObject({
    mtu: Mtu.optional().meta({ default: DEFAULT_UNDERLAY_MTU }),
    loopbacks: Prefix,
    links: z.union([z.literal('unnumbered'), Prefix]).meta({
      description: "the pool for links' addresses, or unnumbered",
      examples: ['10.254.0.0/23'],
    }),
    bgp: Bgp.optional(),
    resilient: z
      .boolean()
      .meta({
        description: 'whether paths used side by side keep their flows when another comes or goes',
        examples: [true],
      })
      .optional(),
    control: z
      .enum(['static', 'bgp'])
      .meta({
        description: 'who fills the tables: the compiler, or BGP with EVPN',
        examples: ['bgp'],
      })
      .optional(),
  })
  .meta({
    id: 'Underlay',
    description: 'the IP fabric below: its MTU above any seal, and the pools for loopbacks and links',
    examples: [{ mtu: 1700, loopbacks: '10.255.0.0/24', links: '10.254.0.0/23' }],
  })
export const Node = z
  .strictObject({
    role: z
      .enum(['spine', 'leaf', 'gateway', 'router'])
      .meta({ description: 'the role of a node', examples: ['leaf'] }),
    asn: Asn.optional(),
    reflector: z
      .boolean()
      .meta({ description: 'whether a router reflects the routes of its own AS', examples: [true] })
      .optional(),
    drain: z
      .boolean()
      .meta({
        description: 'whether the node is being taken out of service: others avoid it (RFC 8326)',
        examples: [true],
      })
      .optional(),
  })
  .meta({
    id: 'Node',
    description: 'a node and its role',
    examples: [{ role: 'leaf' }],
  })
export const Link = z
  .strictObject({
    from: NodePattern,
    to: NodePattern,
    seal: Name.optional(),
    count: z
      .int()
      .min(1)
      .max(16)
      .meta({ description: 'parallel links between each pair, 1 to 16', examples: [2] })
      .optional(),
    weight: z
      .int()
      .min(1)
      .max(256)
      .meta({ description: 'share of traffic where links are used side by side, 1 to 256', examples: [4] })
      .optional(),
    delay: Duration.optional(),
    punt: z
      .enum(['tap', 'xdp'])
      .meta({
        description:
          'how ARP and ICMP for a node reach its kernel: through the engine and its journal, or past it by XDP',
        examples: ['xdp'],
      })
      .optional(),
  })
  .meta({
    id: 'Link',
    description: 'links from each node of one set to each of the other',
    examples: [{ from: 'leaf[1-3]', to: 'spine[1-2]' }],
  })

export type NodeEntry = z.infer<typeof Node>
export type LinkEntry = z.infer<typeof Link>
