/**
 * A plan's list of what is sealed between leaves.
 *
 * @module
 */
import type { PlanTunnel } from '../../contract/plan.js'
import { idOf, pairsOf, sealedPairs, type SealedPair, type Tenant } from '../model/index.js'
import { tunnelKey } from './allocation.js'
import type { FabricIndex } from './fabric-index.js'
import { known } from './slots.js'
import type { TunnelEnd } from './tunnels.js'

type End = PlanTunnel['a']

/** Networks in their order, then the VRF; each by its ends. */
export function planTunnels(index: FabricIndex, tenant: Tenant): PlanTunnel[] {
  const sealed = sealedPairs(tenant).map((pair): PlanTunnel => {
    const [a, b] = ends(pair.ends, (node) => endOf(index, pair, node)?.macsec)
    const network = pair.network === undefined ? {} : { network: idOf(pair.network) }
    return { ...network, vni: known(index.allocation.tunnelVnis, tunnelKey(pair)), a, b }
  })
  const { l3vni } = tenant
  if (l3vni === undefined || tenant.seal?.kind !== 'wireguard') return sealed
  const inside = new Map(
    index.nodes.flatMap(({ name, vrfs }) =>
      vrfs.flatMap((vrf) =>
        vrf.tenant === tenant && vrf.transit !== undefined ? [[name, vrf.transit.wireguard] as const] : [],
      ),
    ),
  )
  return pairsOf([...inside.keys()]).map((pair) => {
    const [a, b] = ends(pair, (node) => inside.get(node))
    return { vni: l3vni, a, b }
  })
}

function ends(
  [a, b]: readonly [string, string],
  idAt: (node: string) => number | undefined,
): readonly [End, End] {
  return [
    { node: a, interface: idAt(a) ?? 0 },
    { node: b, interface: idAt(b) ?? 0 },
  ]
}

function endOf(
  index: FabricIndex,
  { tenant, network, ends: pair }: SealedPair,
  node: string,
): TunnelEnd | undefined {
  const { networks, vrfs } = index.node(node)
  const tunnels =
    network === undefined
      ? vrfs.find((vrf) => vrf.tenant === tenant)?.tunnels
      : networks.find((instance) => instance.network === network)?.tunnels
  return tunnels?.find(({ peer }) => pair.includes(peer))
}
