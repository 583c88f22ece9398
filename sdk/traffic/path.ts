/**
 * What the plan promises between two hosts: bridged, routed by how many gateways, or nothing. The judges' expectation,
 * written from what an anycast-gateway fabric with symmetric IRB is (RFC 9135), not from the forwarder or the tables.
 *
 * @module
 */
import { addressOf, fabricOf } from '../fabric-view.js'
import type { FabricView, Family, Host, Tenant } from '../fabric-view.js'

/** Between two hosts in one family. */
export type Path =
  | {
      readonly kind: 'bridged'
      readonly gateways: 0
      /** VNI between the leaves; absent when both hosts are on one leaf. */
      readonly vni: number | undefined
    }
  | {
      readonly kind: 'routed'
      /** Gateways that decrement the TTL on the way. */
      readonly gateways: number
      readonly vni: number | undefined
      /** VNI in which it comes to the first gateway, when that is on another leaf. */
      readonly entry?: number
    }
  | { readonly kind: 'none'; readonly reason: string }

/** What is asked of a way. */
export interface PathOptions {
  /** To a host that shares its address with others: its way if it is the one that is chosen. Else there is none to it alone. */
  readonly nearest?: boolean
}

/** The way of a packet from one host to another. */
export function pathBetween(
  tenant: Tenant | undefined,
  from: Host,
  to: Host,
  family: Family,
  options: PathOptions | undefined = {},
): Path {
  const none = (reason: string): Path => ({ kind: 'none', reason })
  if (from.id === to.id) return none(`${from.id} is one host`)
  if (from.tenant !== to.tenant || tenant?.name !== from.tenant)
    return none(`${from.id} and ${to.id} are of different tenants`)
  const source = addressOf(from, family)
  const destination = addressOf(to, family)
  if (source === undefined) return none(`${from.id} has no IPv${family} address`)
  if (destination === undefined) return none(`${to.id} has no IPv${family} address`)
  const sameLeaf = from.leaf === to.leaf
  const own = sameLeaf && from.network.gatewayLeaves.includes(from.leaf)
  if (to.network.anycast && !own && options.nearest !== true)
    return none(`${to.id} shares its address with others`)
  if (from.network.id === to.network.id) {
    if (!sameLeaf && from.network.vni === undefined) return none(`${from.network.id} is not stretched`)
    return { kind: 'bridged', gateways: 0, vni: sameLeaf ? undefined : from.network.vni }
  }
  if (!hasGateway(from, family)) return none(`${from.network.id} has no IPv${family} gateway`)
  if (!hasGateway(to, family)) return none(`${to.network.id} has no IPv${family} gateway`)
  if (tenant.underlay) {
    if (!from.network.gatewayLeaves.includes(from.leaf))
      return none(`${from.leaf} is no gateway of ${from.network.id}`)
    const routers = routersBetween(fabricOf(from), from.leaf, to.leaf)
    return routers === undefined
      ? none(`no links lead from ${from.leaf} to ${to.leaf}`)
      : { kind: 'routed', gateways: routers, vni: undefined }
  }
  return throughGateways(tenant, from, to) ?? none(reasonOf(tenant, from, to))
}

/**
 * The gateway on the sender's own leaf routes, or one that has its network: straight into the other network if it has that too, else over the
 * tenant's L3 VNI to a gateway that does, which routes again.
 */
function throughGateways({ l3vni }: Tenant, from: Host, to: Host): Path | undefined {
  const local = from.network.gatewayLeaves.includes(from.leaf)
  const entry = local ? undefined : from.network.vni
  const first = local ? [from.leaf] : entry === undefined ? [] : from.network.gatewayLeaves
  const sameLeaf = from.leaf === to.leaf
  const { vni, gatewayLeaves } = to.network
  const isDirect = (leaf: string) => gatewayLeaves.includes(leaf) && (leaf === to.leaf || vni !== undefined)
  const both = { kind: 'routed' as const, ...(entry === undefined ? {} : { entry }) }
  if (first.length > 0 && first.every(isDirect)) {
    return { ...both, gateways: 1, vni: sameLeaf && local ? undefined : vni }
  }
  // Which of several gateways routes is not the plan's to say: they must agree.
  if (first.length === 0 || first.some(isDirect) || l3vni === undefined) return undefined
  const last = gatewayLeaves.includes(to.leaf) || (gatewayLeaves.length > 0 && vni !== undefined)
  return last ? { ...both, gateways: 2, vni: l3vni } : undefined
}

function reasonOf(tenant: Tenant, from: Host, to: Host): string {
  const { network, leaf } = from
  if (!network.gatewayLeaves.includes(leaf) && network.vni === undefined)
    return `${leaf} is no gateway of ${network.id}`
  if (tenant.l3vni === undefined) return `tenant ${tenant.name} has no L3 VNI`
  return `no gateway of ${network.id} leads to one of ${to.network.id}`
}

/** Routers on the shortest way, both ends included: every one counts the TTL down. */
function routersBetween({ plan }: FabricView, from: string, to: string): number | undefined {
  const seen = new Set([from])
  let edge = [from]
  for (let routers = 1; edge.length > 0; routers++) {
    if (edge.includes(to)) return routers
    const next = plan.links.flatMap(({ a, b }) => [
      ...(edge.includes(a.node) ? [b.node] : []),
      ...(edge.includes(b.node) ? [a.node] : []),
    ])
    edge = [...new Set(next)].filter((node) => !seen.has(node))
    for (const node of edge) seen.add(node)
  }
  return undefined
}

function hasGateway(host: Host, family: Family): boolean {
  return (
    host.gatewayMac !== undefined &&
    host.network.gateways.some(({ address }) => (typeof address === 'bigint') === (family === 6))
  )
}
