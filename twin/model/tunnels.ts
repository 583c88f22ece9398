/**
 * What tenants with a seal need between leaves: a tunnel for each two, of each network and of the VRF.
 *
 * @module
 */
import type { Network, Tenant } from './fabric.js'
import { compareNames } from './names.js'

/** What is sealed from one leaf to another by MACsec. */
export interface SealedPair {
  readonly tenant: Tenant
  /** Absent for the tenant's VRF. */
  readonly network: Network | undefined
  /** In name order. */
  readonly ends: readonly [string, string]
}

/** Leaves where the tenant's own VRF is: those with a gateway. */
export function vrfNodesOf(tenant: Tenant): readonly string[] {
  if (tenant.underlay) return []
  return [...new Set(tenant.networks.flatMap((network) => network.gatewayNodes))]
}

/** Tunnels of a tenant whose seal is MACsec: networks in their order, then the VRF. */
export function sealedPairs(tenant: Tenant): readonly SealedPair[] {
  if (tenant.seal?.kind !== 'macsec') return []
  const networks = tenant.networks
    .filter(({ vni }) => vni !== undefined)
    .flatMap((network) => pairsOf(network.nodes).map((ends) => ({ tenant, network, ends })))
  const layer3 = tenant.l3vni === undefined ? [] : pairsOf(vrfNodesOf(tenant))
  return [...networks, ...layer3.map((ends) => ({ tenant, network: undefined, ends }))]
}

/** Every two, both in name order. */
export function pairsOf(nodes: readonly string[]): readonly (readonly [string, string])[] {
  const sorted = nodes.toSorted(compareNames)
  return sorted.flatMap((a, i) => sorted.slice(i + 1).map((b) => [a, b] as const))
}
