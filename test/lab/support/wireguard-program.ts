/** The program of an engine with one WireGuard tunnel: a host's port, and the port beneath the tunnel. */
import type { NodeProgram, WireguardInterface, WireguardPeer } from '../../../contract/program.js'

/** What the tunnel is of: packets originated in an underlay VRF, or everything on one port. */
export type Form = 'underlayVrf' | 'lower'
export type Family = 4 | 6

export const UNDER = { id: 1, name: 'under', mac: '02:00:00:00:01:01' } as const
export const HOST = { id: 2, name: 'host', mac: '02:00:00:00:02:01' } as const
const TUNNEL = 10
export const PORT = 51820
export const MTU = 1420
export const FAR_MAC = {
  under: '02:00:00:00:01:02',
  host: '02:00:00:00:02:02',
  peer: '02:00:00:00:01:fe',
} as const
export const PRIVATE_KEY = 'lab:wireguard/engine/private'
export const PRESHARED_KEY = 'lab:wireguard/engine/psk'

/** Outer addresses; the peer has two, for when it moves. */
export const OUTER = {
  engine: { 4: '192.0.2.1', 6: '2001:db8::1' },
  peer: { 4: '192.0.2.2', 6: '2001:db8::2' },
  moved: { 4: '192.0.2.3', 6: '2001:db8::3' },
  stranger: { 4: '192.0.2.9', 6: '2001:db8::9' },
} as const
/** Inner addresses: of the tunnel's interface, of the host behind the engine, of the peer; and of nobody's `allowedIps`. */
export const INNER = {
  tunnel: { 4: '10.9.0.1', 6: 'fd00:9::1' },
  host: { 4: '10.1.0.2', 6: 'fd00:1::2' },
  gateway: { 4: '10.1.0.1', 6: 'fd00:1::1' },
  peer: { 4: '10.2.0.2', 6: 'fd00:2::2' },
  notAllowed: { 4: '10.3.0.2', 6: 'fd00:3::2' },
} as const
/** Routed into the tunnel; `allowedIps` of the peer are less. */
const ROUTED = ['10.2.0.0/24', '10.3.0.0/24', 'fd00:2::/64', 'fd00:3::/64']
const PEER_ALLOWED = ['10.2.0.0/24', 'fd00:2::/64']

export interface TunnelOptions {
  readonly form: Form
  readonly peerKey: string
  readonly hasPresharedKey: boolean
  readonly endpoint?: WireguardPeer['endpoint']
  readonly keepalive?: number
  readonly loadLimit?: number
}

const TENANT = 1

export function tunnelProgram(options: TunnelOptions): NodeProgram {
  const { form } = options
  const isStacked = form === 'lower'
  const outer = [4, 6] as const
  const neighbours = [OUTER.peer, OUTER.moved, OUTER.stranger].flatMap((one) =>
    outer.map((family) => ({ interface: UNDER.id, address: one[family], mac: FAR_MAC.under })),
  )
  return {
    format: 'ztos-program',
    version: 1,
    node: 'engine',
    seeds: { ecmp: 1, sourcePort: 2 },
    vrfs: [
      { id: 0, name: 'underlay' },
      { id: TENANT, name: 'tenant' },
    ],
    interfaces: [
      {
        ...UNDER,
        kind: 'port',
        mtu: 1500,
        tap: isStacked,
        ...(isStacked
          ? { addresses: [] }
          : { vrf: 0, addresses: outer.map((family) => withLength(OUTER.engine[family])) }),
      },
      {
        ...HOST,
        kind: 'port',
        mtu: 1500,
        tap: false,
        vrf: TENANT,
        addresses: outer.map((family) => withLength(INNER.gateway[family])),
      },
      tunnel(options),
    ],
    tables: {
      routes: [
        ...(isStacked
          ? []
          : ['192.0.2.0/24', '2001:db8::/64'].map((prefix) => ({ vrf: 0, prefix, connected: UNDER.id }))),
        ...['10.1.0.0/24', 'fd00:1::/64'].map((prefix) => ({ vrf: TENANT, prefix, connected: HOST.id })),
        ...ROUTED.map((prefix) => ({ vrf: TENANT, prefix, group: 1 })),
      ],
      groups: [{ id: 1, members: [{ interface: TUNNEL }] }],
      neighbours: [
        ...neighbours,
        ...outer.map((family) => ({
          interface: HOST.id,
          address: INNER.host[family],
          mac: FAR_MAC.host,
        })),
      ],
      fdb: [],
      flood: [],
    },
  }
}

function tunnel({
  form,
  peerKey,
  hasPresharedKey,
  endpoint,
  keepalive,
  loadLimit,
}: TunnelOptions): WireguardInterface {
  return {
    id: TUNNEL,
    name: 'tunnel',
    kind: 'wireguard',
    vrf: TENANT,
    ...(form === 'lower' ? { lower: UNDER.id, mac: UNDER.mac, peerMac: FAR_MAC.peer } : { underlayVrf: 0 }),
    mtu: MTU,
    addresses: [`${INNER.tunnel[4]}/24`, `${INNER.tunnel[6]}/64`],
    privateKey: PRIVATE_KEY,
    listenPort: PORT,
    local: [OUTER.engine[4], OUTER.engine[6]],
    ttl: 64,
    df: true,
    loadLimit: loadLimit ?? 100,
    peers: [
      {
        publicKey: peerKey,
        allowedIps: PEER_ALLOWED,
        ...(hasPresharedKey ? { presharedKey: PRESHARED_KEY } : {}),
        ...(endpoint === undefined ? {} : { endpoint }),
        ...(keepalive === undefined ? {} : { persistentKeepalive: keepalive }),
      },
    ],
  }
}

const withLength = (address: string): string => `${address}/${address.includes(':') ? 64 : 24}`
