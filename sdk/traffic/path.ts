/**
 * What the plan promises between two hosts: bridged, routed by how many gateways, or nothing. The judges' expectation,
 * written from what an anycast-gateway fabric with symmetric IRB is (RFC 9135), not from the forwarder or the tables.
 *
 * @module
 */
import { addressOf } from '../fabric-view.js'
import type { Family, Host, Tenant } from '../fabric-view.js'

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
      readonly gateways: 1 | 2
      readonly vni: number | undefined
    }
  | { readonly kind: 'none'; readonly reason: string }

/** The way of a packet from one host to another. */
export function pathBetween(tenant: Tenant | undefined, from: Host, to: Host, family: Family): Path {
  const none = (reason: string): Path => ({ kind: 'none', reason })
  if (from.id === to.id) return none(`${from.id} is one host`)
  if (from.tenant !== to.tenant || tenant?.name !== from.tenant)
    return none(`${from.id} and ${to.id} are of different tenants`)
  const source = addressOf(from, family)
  const destination = addressOf(to, family)
  if (source === undefined) return none(`${from.id} has no IPv${family} address`)
  if (destination === undefined) return none(`${to.id} has no IPv${family} address`)
  const sameLeaf = from.leaf === to.leaf
  if (from.network.id === to.network.id) {
    return { kind: 'bridged', gateways: 0, vni: sameLeaf ? undefined : from.network.vni }
  }
  if (!hasGateway(from, family)) return none(`${from.network.id} has no IPv${family} gateway`)
  if (!hasGateway(to, family)) return none(`${to.network.id} has no IPv${family} gateway`)
  // The gateway on the sender's own leaf routes: straight into the other network if that is there too ...
  if (!from.network.gatewayLeaves.includes(from.leaf))
    return none(`${from.leaf} is no gateway of ${from.network.id}`)
  if (to.network.gatewayLeaves.includes(from.leaf)) {
    return { kind: 'routed', gateways: 1, vni: sameLeaf ? undefined : to.network.vni }
  }
  // ... else over the tenant's L3 VNI to the receiver's leaf, which routes again.
  if (tenant.l3vni === undefined) return none(`tenant ${tenant.name} has no L3 VNI`)
  if (!to.network.gatewayLeaves.includes(to.leaf)) return none(`${to.leaf} is no gateway of ${to.network.id}`)
  return { kind: 'routed', gateways: 2, vni: tenant.l3vni }
}

function hasGateway(host: Host, family: Family): boolean {
  return (
    host.gatewayMac !== undefined &&
    host.network.gateways.some(({ address }) => (typeof address === 'bigint') === (family === 6))
  )
}
