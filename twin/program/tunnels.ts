/**
 * Tenants sealed by MACsec: in the place of a vxlan interface with many remotes, for each remote a vxlan interface with a VNI of its own
 * and a macsec interface on it, which is in the bridge (MACSEC-10).
 *
 * @module
 */
import { idOf, sealedPairs, type Fabric, type MacsecSeal, type Network, type Tenant } from '../model/index.js'
import type { Mac } from '../packet/index.js'
import { tunnelKey, type Allocation } from './allocation.js'
import { known } from './slots.js'

/** Behind all others. */
const FIRST_TUNNEL = 40_000

/** A node's end of a sealed tunnel. */
export interface TunnelEnd {
  readonly seal: MacsecSeal
  readonly node: string
  readonly peer: string
  /** In references of keys: what the tunnel is for. */
  readonly purpose: string
  readonly vni: number
  /** Interface ids. */
  readonly vxlan: number
  readonly macsec: number
  readonly mac: Mac
  readonly peerMac: Mac
}

/** All of a fabric. */
export interface Tunnels {
  /** Of a network, or of the tenant's VRF, on a node: by peers in name order. */
  of(node: string, tenant: Tenant, network: Network | undefined): readonly TunnelEnd[]
}

export function layTunnels({ tenants }: Fabric, allocation: Allocation): Tunnels {
  const ends = new Map<string, TunnelEnd[]>()
  for (const pair of tenants.flatMap(sealedPairs)) {
    const {
      tenant,
      network,
      ends: [a, b],
    } = pair
    const { seal } = tenant
    if (seal?.kind !== 'macsec') continue
    const key = tunnelKey(pair)
    const purpose = purposeOf(tenant, network)
    for (const [node, peer] of [[a, b] as const, [b, a] as const]) {
      const id = FIRST_TUNNEL + 2 * known(known(allocation.tunnelPlaces, node), key)
      const end: TunnelEnd = {
        seal,
        node,
        peer,
        purpose,
        vni: known(allocation.tunnelVnis, key),
        vxlan: id,
        macsec: id + 1,
        mac: known(allocation.tunnelMacs, `${node} ${key}`),
        peerMac: known(allocation.tunnelMacs, `${peer} ${key}`),
      }
      const place = `${node} ${purpose}`
      const others = ends.get(place)
      if (others === undefined) ends.set(place, [end])
      else others.push(end)
    }
  }
  return { of: (node, tenant, network) => ends.get(`${node} ${purposeOf(tenant, network)}`) ?? [] }
}

/** `shop/web`, `shop`. */
function purposeOf(tenant: Tenant, network: Network | undefined): string {
  return network === undefined ? tenant.name : idOf(network)
}
