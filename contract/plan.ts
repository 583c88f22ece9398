/**
 * Plan: what a fabric file compiles to. Same file, same bytes, on any machine (`planBytes` in `twin/program`).
 *
 * @module
 */
import { z } from 'zod'
import { NodeControl } from './control-plane.js'
import { CidrText, InterfaceId, IpText, KeyReference, MacText, NodeProgram, Vni } from './program.js'

export const PLAN_VERSION = 1

/** End of a wire: an interface of a node. */
export const WireEnd = z.strictObject({ node: z.string(), interface: InterfaceId })
/** A fabric link, `leaf1--spine1` (ends in name order, `#2` for a parallel one). */
export const PlanLink = z.strictObject({
  id: z.string(),
  a: WireEnd,
  b: WireEnd,
  /** MTU of the link itself: the IP MTU and, if sealed, the seal's overhead. */
  mtu: z.int(),
  seal: z.string().optional(),
  /** Propagation, one way, ns: a wire node delays what crosses the link. The twin has no time on links. */
  delay: z.int().min(0).optional(),
})
/** A host: `shop/web1`. Its wire ends in a port of its leaf. */
export const PlanHost = z.strictObject({
  id: z.string(),
  tenant: z.string(),
  network: z.string(),
  at: WireEnd,
  mac: MacText,
  addresses: z.array(CidrText),
  /** Gateway per family, when the network has one. */
  gateways: z.array(IpText),
  /** The MAC to send to for what is outside the subnet. */
  gatewayMac: MacText.optional(),
  mtu: z.int(),
})
export const PlanNetwork = z.strictObject({
  id: z.string(),
  tenant: z.string(),
  name: z.string(),
  /** Absent where the network is not stretched: in the underlay, or anycast. */
  vni: Vni.optional(),
  /** On several nodes, each for itself: same subnet, same gateway, hosts of one address. */
  anycast: z.literal(true).optional(),
  vlan: z.int().min(1).max(4094).optional(),
  subnets: z.array(CidrText),
  gateways: z.array(CidrText),
  mtu: z.int(),
  /** Nodes where the network's bridge exists. */
  nodes: z.array(z.string()),
  /** Those of them with a gateway (IRB). */
  gatewayNodes: z.array(z.string()),
})
/** What seals a network or, without one, the VRF of a tenant between two leaves: macsec or wireguard interfaces at its ends, which stand in name order. */
export const PlanTunnel = z.strictObject({
  network: z.string().optional(),
  /** Of the VXLAN outside: the tunnel's own (MACsec), or the tenant's L3 VNI (WireGuard). */
  vni: Vni,
  a: WireEnd,
  b: WireEnd,
})
export const PlanTenant = z.strictObject({
  name: z.string(),
  l3vni: Vni.optional(),
  /** What seals it between leaves, whatever links have. */
  seal: z.strictObject({ name: z.string(), kind: z.enum(['macsec', 'wireguard']) }).optional(),
  /** Of a tenant with a seal; what is on one leaf alone needs none. */
  tunnels: z.array(PlanTunnel).optional(),
  /** Its networks are in VRF 0. */
  underlay: z.literal(true).optional(),
  networks: z.array(PlanNetwork),
})
/** Protocol of a `reach`: any IP, or `tcp/5432`, `udp/53`, `icmp`. */
export const ProtocolSpec = z.strictObject({
  protocol: z.enum(['any', 'icmp', 'tcp', 'udp']),
  port: z.int().min(0).max(65535).optional(),
})
const intent = {
  /** As in the file, or `isolation:bank--shop` for the implied ones. */
  name: z.string(),
  /** Where it stands, `file:line:col`; absent for implied ones. */
  at: z.string().optional(),
}
export const PlanIntent = z.discriminatedUnion('kind', [
  /** From each host of `from` to each of `to` (host ids, resolved). */
  z.strictObject({
    ...intent,
    kind: z.literal('reach'),
    from: z.array(z.string()),
    to: z.array(z.string()),
    /** Anycast: from each host of `from` to at least one of each of these sets. */
    toAny: z.array(z.array(z.string()).min(1)).optional(),
    traffic: ProtocolSpec,
  }),
  z.strictObject({ ...intent, kind: z.literal('isolate'), tenants: z.tuple([z.string(), z.string()]) }),
  z.strictObject({
    ...intent,
    kind: z.literal('encrypt'),
    links: z.array(z.string()),
    /** What these send from leaf to leaf is sealed by their own seal wherever it is seen, on `links`; absent: links by theirs. */
    tenants: z.array(z.string()).optional(),
    /** Absent where some of the links are sealed by one and some by the other: each by its own. */
    by: z.enum(['macsec', 'wireguard']).optional(),
  }),
  z.strictObject({
    ...intent,
    kind: z.literal('latency'),
    from: z.string(),
    to: z.string(),
    /** Percentile (50, 90, 99, 99.9) and bound in ns; packets a second. */
    percentile: z.number(),
    bound: z.int(),
    rate: z.int(),
  }),
  z.strictObject({
    ...intent,
    kind: z.literal('survive'),
    links: z.int().min(0),
    nodes: z.int().min(0),
    keep: z.array(z.string()),
  }),
])
export const Plan = z.strictObject({
  format: z.literal('ztos-plan'),
  version: z.literal(PLAN_VERSION),
  fabric: z.string(),
  /** Underlay address family. */
  underlay: z.enum(['ipv4', 'ipv6']),
  nodes: z.array(
    z.strictObject({
      name: z.string(),
      role: z.enum(['spine', 'leaf', 'router']),
      asn: z.int(),
      vtep: IpText.optional(),
      /** Of fabrics with a control plane; the program's tables are then what it comes to when all is up and nobody has spoken. */
      control: NodeControl.optional(),
      program: NodeProgram,
    }),
  ),
  links: z.array(PlanLink),
  tenants: z.array(PlanTenant),
  hosts: z.array(PlanHost),
  intents: z.array(PlanIntent),
  /** Every key reference in the programs, sorted. */
  keys: z.array(KeyReference),
})
export type Plan = z.infer<typeof Plan>
export type PlanNode = Plan['nodes'][number]
export type PlanLink = z.infer<typeof PlanLink>
export type PlanHost = z.infer<typeof PlanHost>
export type PlanNetwork = z.infer<typeof PlanNetwork>
export type PlanTenant = z.infer<typeof PlanTenant>
export type PlanTunnel = z.infer<typeof PlanTunnel>
export type PlanIntent = z.infer<typeof PlanIntent>
export type ProtocolSpec = z.infer<typeof ProtocolSpec>
