/**
 * What small leaves of tests are told: one tenant network with a gateway, in one VRF.
 */
import type { BgpSession, NodeControl } from '../../../contract/control-plane.js'
import type { Interface } from '../../../contract/program.js'

/** Ids of {@link leafInterfaces}. */
export const IDS = { host: 10, bridge: 20, irb: 21, vxlan: 22, l3Bridge: 30, l3Irb: 31, l3Vxlan: 32 } as const
export const VNI = 10_010
export const L3_VNI = 50_001
export const GATEWAY_MAC = '00:00:5e:00:01:01'
const VRF = 1

export const routerIdOf = (leaf: number): string => `10.255.0.${leaf}`
export const asnOf = (leaf: number): number => 65_100 + leaf
export const routerMacOf = (leaf: number): string => `02:00:00:00:0${leaf}:00`

interface Wire {
  readonly peer: string
  readonly local: string
  readonly remote: string
  readonly remoteAsn: number
  readonly port?: string
  readonly interface?: number
}

function sessionOf({ peer, local, remote, remoteAsn, port = 'eth1', interface: id = 1 }: Wire): BgpSession {
  return {
    peer,
    link: `link-${peer}`,
    interface: id,
    port,
    local,
    remote,
    remoteAsn,
    families: ['ipv4', 'ipv6', 'evpn'],
  }
}

export function leafControl(leaf: number, wires: readonly Wire[]): NodeControl {
  const routerId = routerIdOf(leaf)
  return {
    daemon: 'gobgp',
    asn: asnOf(leaf),
    routerId,
    multipath: 8,
    holdTime: 9,
    originate: [`${routerId}/32`, `2001:db8:255::${leaf}/128`],
    sessions: wires.map(sessionOf),
    policies: [],
    evpn: {
      vtep: routerId,
      routerMac: routerMacOf(leaf),
      networks: [
        {
          vni: VNI,
          bridge: IDS.bridge,
          vxlan: IDS.vxlan,
          irb: IDS.irb,
          vrf: VRF,
          rd: `${routerId}:10`,
          target: `65000:${VNI}`,
        },
      ],
      vrfs: [
        {
          vrf: VRF,
          name: 'shop',
          vni: L3_VNI,
          bridge: IDS.l3Bridge,
          vxlan: IDS.l3Vxlan,
          irb: IDS.l3Irb,
          rd: `${routerId}:5001`,
          target: `65000:${L3_VNI}`,
          prefixes: ['10.1.0.0/16', '2001:db8:1::/64'],
        },
      ],
    },
  }
}

export function leafInterfaces(leaf: number): readonly Interface[] {
  const bridge = { kind: 'bridge', ageing: 300e9, fdbLimit: 1024 } as const
  const vxlan = {
    kind: 'vxlan',
    underlayVrf: 0,
    local: routerIdOf(leaf),
    port: 4789,
    mtu: 1500,
    learning: false,
    ttl: 64,
    dscp: 0,
    df: true,
    udpChecksum: 'zero',
  } as const
  const irb = {
    kind: 'irb',
    vrf: VRF,
    systemMac: `02:00:00:00:0${leaf}:01`,
    mtu: 1500,
    suppress: true,
    neighbourLifetime: 300e9,
    neighbourLimit: 1024,
  } as const
  return [
    {
      kind: 'port',
      id: IDS.host,
      name: 'eth9',
      mac: '02:00:00:00:00:99',
      mtu: 1500,
      addresses: [],
      tap: false,
      bridge: IDS.bridge,
    },
    { ...bridge, id: IDS.bridge, name: 'br-web' },
    {
      ...irb,
      id: IDS.irb,
      name: 'irb-web',
      bridge: IDS.bridge,
      mac: GATEWAY_MAC,
      addresses: ['10.1.0.1/16', '2001:db8:1::1/64'],
    },
    { ...vxlan, remotes: [], id: IDS.vxlan, name: 'vx-web', bridge: IDS.bridge, vni: VNI },
    { ...bridge, id: IDS.l3Bridge, name: 'br-l3' },
    { ...irb, id: IDS.l3Irb, name: 'irb-l3', bridge: IDS.l3Bridge, mac: routerMacOf(leaf), addresses: [] },
    { ...vxlan, remotes: [], id: IDS.l3Vxlan, name: 'vx-l3', bridge: IDS.l3Bridge, vni: L3_VNI },
  ]
}
