import { expect, it } from 'vitest'
import type { NodeControl } from '../contract/control-plane.js'
import { announcedBefore } from './announced.js'

const control: NodeControl = {
  daemon: 'gobgp',
  asn: 65_101,
  routerId: '10.255.0.1',
  multipath: 1,
  holdTime: 9,
  originate: [],
  sessions: [],
  policies: [],
  evpn: {
    vtep: '10.255.0.1',
    routerMac: '02:00:00:00:01:00',
    networks: [{ vni: 10, bridge: 20, vxlan: 22, irb: 21, rd: '10.255.0.1:1', target: '65000:10' }],
    vrfs: [],
  },
}

it('[EVPN-6] an agent that starts anew takes over the numbers of its MACs, and neither gateways nor what it does not know', () => {
  const announced = announcedBefore(control, [
    ['[2][10.255.0.1:1][0][02:00:00:00:00:01]', { extended: ['mobility:3'] }],
    ['[2][10.255.0.1:1][0][02:00:00:00:00:01][10.0.0.1]', { extended: ['mobility:3'] }],
    ['[2][10.255.0.1:1][0][02:00:00:00:00:02]', { extended: [] }],
    ['[2][10.255.0.1:1][0][00:00:5e:00:01:01][10.0.0.254]', { extended: ['mobility:0:sticky'] }],
    ['[2][10.255.0.1:9][0][02:00:00:00:00:04]', { extended: [] }],
    ['[3][10.255.0.1:1][0][10.255.0.1]', { extended: [] }],
    ['[5][10.255.0.1:1][7][10.0.0.0/8]', { extended: [] }],
  ])
  expect([...announced.macs]).toEqual([
    ['20 02:00:00:00:00:01', 3],
    ['20 02:00:00:00:00:02', 0],
  ])
  expect([...announced.addresses]).toEqual(['21 10.0.0.1'])
})
