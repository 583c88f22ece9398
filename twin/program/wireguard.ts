/**
 * Links sealed by WireGuard: the interface on a port; and the names of keys.
 *
 * @module
 */
import type { WireguardInterface, WireguardPeer } from '../../contract/program.js'
import type { FabricLink, Seal, WireguardSeal } from '../model/index.js'
import { formatIp, formatMac } from '../packet/index.js'
import { UNDERLAY_VRF, type Adjacency, type NodeIndex } from './fabric-index.js'

const TTL = 64
/** A peer makes a handshake every two minutes: so many are somebody else's (WG-8). */
const LOAD_LIMIT = 1000
/** Of what interfaces send. */
export const outer = { ttl: TTL, df: true, loadLimit: LOAD_LIMIT } as const
/** What crosses the link is anybody's. */
const ANYTHING = ['0.0.0.0/0', '::/0']

export function wireguardInterface(
  node: NodeIndex,
  adjacency: Adjacency,
  seal: WireguardSeal,
  mtu: number,
  addresses: string[],
): WireguardInterface {
  const { link, number, mac, peerMac, address } = adjacency
  return {
    id: adjacency.interface,
    name: `wg${number}`,
    kind: 'wireguard',
    vrf: UNDERLAY_VRF,
    lower: adjacency.port,
    mac: formatMac(mac),
    peerMac: formatMac(peerMac),
    mtu,
    addresses,
    privateKey: sealKey(seal, link, node.name),
    listenPort: seal.port,
    local: [formatIp(address)],
    ...outer,
    peers: [peerOf(adjacency, seal)],
  }
}

/** Outside, the addresses of a link are those that it has inside: they are only seen on the port. */
function peerOf({ link, peer, peerAddress }: Adjacency, seal: WireguardSeal): WireguardPeer {
  return {
    publicKey: `${sealKey(seal, link, peer)}/public`,
    ...(seal.psk ? { presharedKey: sealKey(seal, link, 'psk') } : {}),
    endpoint: { address: formatIp(peerAddress), port: seal.port },
    allowedIps: [...ANYTHING],
    ...(seal.keepalive === undefined ? {} : { persistentKeepalive: seal.keepalive }),
  }
}

/** Reference of a key of a link: that of an end, unless it is `psk`. */
export function sealKey(seal: Seal, link: FabricLink, whose: string): string {
  return `${seal.key}/${link.id}/${whose}`
}
