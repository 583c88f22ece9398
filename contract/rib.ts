/**
 * A BGP table in one form, whoever it comes from: the simulation, FRR or GoBGP. Rows are compared by key and attribute by attribute.
 *
 * @module
 */
import { z } from 'zod'
import { CidrText, IpText, Vni } from './program.js'

/** A path as a node has accepted it: after import policy, before export policy. */
export const RibPath = z.strictObject({
  /** The peer's node name, or of a peer over several links the link's id; `self` for what the node originates. */
  from: z.string(),
  best: z.boolean(),
  /** Used for forwarding: the best path, and those that are equal to it up to the multipath rule (BGP-8). Unicast alone. */
  used: z.boolean(),
  /** As received; of the node's own routes 0.0.0.0 or ::, of its own EVPN routes its VTEP. */
  nextHop: IpText,
  /** Leftmost first, as received. */
  asPath: z.array(z.int()),
  origin: z.enum(['igp', 'egp', 'incomplete']),
  med: z.int().optional(),
  /** Where a policy has set one; 100 is assumed otherwise and not written. */
  localPreference: z.int().optional(),
  /** `65000:100`, sorted by code unit; well-known ones as numbers too. */
  communities: z.array(z.string()),
  /**
   * Sorted by code unit: `rt:65000:10010`, `encap:vxlan`, `rmac:02:00:00:00:00:01`, `mobility:3`, `mobility:0:sticky`,
   * `default-gateway`, `bandwidth:65000:12500000` (AS number, octets a second); what is none of these `unknown:` and 16 hex digits.
   */
  extended: z.array(z.string()),
  /** Of reflected paths (RFC 4456): router id of the node in whose AS it began, and those of the reflectors, the last one first. */
  originator: z.ipv4().optional(),
  clusters: z.array(z.ipv4()).optional(),
  /** EVPN: VNIs in the label fields, type 3 that of the PMSI tunnel (RFC 6514). */
  labels: z.array(Vni).optional(),
})
const row = { node: z.string(), paths: z.array(RibPath).min(1) }
/** Paths are in order of `from`; several of one peer (BGP-14) in order of their JSON text. */
export const RibRow = z.discriminatedUnion('table', [
  z.strictObject({ ...row, table: z.enum(['ipv4', 'ipv6']), key: CidrText }),
  /**
   * The key is the NLRI without labels, ESI and gateway: `[2][<rd>][0][<mac>]`, `[2][<rd>][0][<mac>][<ip>]`,
   * `[3][<rd>][0][<originator>]`, `[5][<rd>][0][<prefix>]`.
   */
  z.strictObject({ ...row, table: z.literal('evpn'), key: z.string() }),
])
export type RibPath = z.infer<typeof RibPath>
export type RibRow = z.infer<typeof RibRow>
