/**
 * Tenants sealed by WireGuard: what goes from leaf to leaf leads into a wireguard interface of the VRF, whose packets are routed in a VRF
 * of their own, the transit. The tenant's L3 VNI connects that one.
 *
 * @module
 */
import type { WireguardInterface, WireguardPeer } from '../../contract/program.js'
import { compareNames, innerOverhead } from '../model/index.js'
import { formatIp } from '../packet/index.js'
import type { FabricIndex, NodeIndex, Transit, VrfInstance } from './fabric-index.js'
import { routedPrefixes } from './prefixes.js'
import { outer } from './wireguard.js'

/** IP MTU of the transit. @param mtu of what is inside */
export function transitMtu({ fabric }: FabricIndex, mtu: number, { seal }: Transit): number {
  return mtu + innerOverhead(fabric.underlay.family, seal)
}

/** Outside, leaves have the addresses of their VTEPs, which are nobody's in that VRF. */
export function tenantWireguard(
  index: FabricIndex,
  node: NodeIndex,
  vrf: VrfInstance,
  { vni, mtu }: NonNullable<VrfInstance['layer3']>,
  transit: Transit,
): WireguardInterface {
  return {
    id: transit.wireguard,
    name: `wg-${vni}`,
    kind: 'wireguard',
    vrf: vrf.id,
    underlayVrf: transit.vrf,
    mtu,
    addresses: [],
    privateKey: keyOf(vrf, transit, node.name),
    listenPort: transit.seal.port,
    local: [formatIp(node.loopback)],
    ...outer,
    peers: vrf.remotes.map((remote) => peerOf(index, node, vrf, transit, remote)),
  }
}

function peerOf(
  index: FabricIndex,
  node: NodeIndex,
  vrf: VrfInstance,
  transit: Transit,
  remote: string,
): WireguardPeer {
  const { seal } = transit
  const pair = [node.name, remote].toSorted(compareNames).join('--')
  return {
    publicKey: `${keyOf(vrf, transit, remote)}/public`,
    ...(seal.psk ? { presharedKey: keyOf(vrf, transit, `${pair}/psk`) } : {}),
    endpoint: { address: formatIp(index.node(remote).loopback), port: seal.port },
    // No network of such a tenant is on two leaves.
    allowedIps: vrf.tenant.networks
      .filter(({ gatewayNodes }) => gatewayNodes.includes(remote))
      .flatMap(routedPrefixes),
    ...(seal.keepalive === undefined ? {} : { persistentKeepalive: seal.keepalive }),
  }
}

/** Reference of a key of a tenant: that of a leaf, or what it is for. */
function keyOf({ tenant }: VrfInstance, { seal }: Transit, whose: string): string {
  return `${seal.key}/${tenant.name}/${whose}`
}
