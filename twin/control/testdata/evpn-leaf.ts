/**
 * A leaf with two networks and a VRF, for unit tests of EVPN.
 *
 * @module
 */
import type { EvpnNetwork } from '../../../contract/control-plane.js'
import type { Interface } from '../../../contract/program.js'
import type { ControlNode, EvpnPath } from '../node.js'

export const VTEP = '10.255.0.2'
export const ROUTER_MAC = '02:5a:02:00:00:02'
export const GATEWAY_MAC = '02:5a:03:00:00:01'
/** Bridged and routed, on several leaves. */
export const WEB: EvpnNetwork = {
  vni: 10010,
  bridge: 10000,
  vxlan: 10001,
  irb: 10002,
  vrf: 2,
  rd: `${VTEP}:10000`,
  target: '65000:10010',
}
/** Bridged alone. */
export const SYNC: EvpnNetwork = {
  vni: 10030,
  bridge: 10008,
  vxlan: 10009,
  rd: `${VTEP}:10008`,
  target: '65000:10030',
}
/** On this leaf alone, and routed. */
const LONE: EvpnNetwork = {
  vni: 10040,
  bridge: 10012,
  irb: 10014,
  vrf: 2,
  rd: `${VTEP}:10012`,
  target: '65000:10040',
}
export const RED = {
  vrf: 2,
  name: 'red',
  vni: 50001,
  bridge: 30000,
  vxlan: 30001,
  irb: 30002,
  rd: `${VTEP}:30000`,
  target: '65000:50001',
  prefixes: ['10.1.0.0/24', '10.4.0.0/24'],
}

const irb = (id: number, bridge: number, mac: string, addresses: string[]): Interface => ({
  id,
  name: `irb${id}`,
  kind: 'irb',
  bridge,
  vrf: 2,
  mac,
  systemMac: ROUTER_MAC,
  addresses,
  mtu: 1500,
  suppress: true,
  neighbourLifetime: 1e12,
  neighbourLimit: 4096,
})

export const leaf: ControlNode = {
  name: 'leaf2',
  control: {
    daemon: 'gobgp',
    asn: 65102,
    routerId: VTEP,
    multipath: 64,
    holdTime: 9,
    originate: [`${VTEP}/32`],
    sessions: [],
    policies: [],
    evpn: { vtep: VTEP, routerMac: ROUTER_MAC, networks: [WEB, SYNC, LONE], vrfs: [RED] },
  },
  interfaces: [
    irb(10002, 10000, GATEWAY_MAC, ['10.1.0.1/24', '2001:db8:1::1/64']),
    irb(10014, 10012, '02:5a:03:00:00:04', ['10.4.0.1/24']),
    irb(30002, 30000, ROUTER_MAC, []),
  ],
}

/** A path as another VTEP gives it. */
export function path(nextHop: string, ...extended: string[]): EvpnPath {
  return { nextHop, extended: ['encap:vxlan', ...extended].toSorted(), labels: [] }
}
