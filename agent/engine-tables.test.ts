import { describe, expect, it } from 'vitest'
import type { NodeControl } from '../contract/control-plane.js'
import { changesBetween, NO_TABLES, type DynamicTables } from '../twin/control/index.js'
import type { EngineProgram } from './engine-client.js'
import { added, tablesOfProgram } from './engine-tables.js'

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
    networks: [{ vni: 10, bridge: 20, vxlan: 22, irb: 21, vrf: 1, rd: '10.255.0.1:1', target: '65000:10' }],
    vrfs: [
      {
        vrf: 1,
        name: 'shop',
        vni: 50,
        bridge: 30,
        vxlan: 32,
        irb: 31,
        rd: '10.255.0.1:2',
        target: '65000:50',
        prefixes: [],
      },
    ],
  },
}
const mac = '02:00:00:00:00:01'
const program: EngineProgram = {
  node: 'leaf1',
  interfaces: [],
  tables: {
    routes: [
      { vrf: 1, prefix: '10.2.0.0/24', group: 1 },
      { vrf: 1, prefix: '10.1.0.0/24' },
      { vrf: 0, prefix: '10.255.0.2/32', group: 2 },
    ],
    groups: [
      { id: 1, members: [{ interface: 31, gateway: '10.255.0.2' }] },
      { id: 2, members: [{ interface: 1, gateway: '10.0.0.1' }] },
    ],
    neighbours: [
      { interface: 21, address: '10.1.0.9', mac },
      { interface: 1, address: '10.0.0.1', mac },
    ],
    fdb: [
      { bridge: 20, mac, interface: 22, remote: '10.255.0.2' },
      { bridge: 20, mac: '02:00:00:00:00:02', interface: 10 },
    ],
    flood: [{ interface: 22, remotes: ['10.255.0.2'] }],
  },
}
const tables: DynamicTables = {
  routes: new Map([
    ['1 10.2.0.0/24', { vrf: 1, prefix: '10.2.0.0/24', members: [{ interface: 31, gateway: '10.255.0.2' }] }],
  ]),
  fdb: new Map([[`20 ${mac}`, { bridge: 20, mac, interface: 22, remote: '10.255.0.2', sticky: true }]]),
  neighbours: new Map([['21 10.1.0.9', { interface: 21, address: '10.1.0.9', mac, sticky: true }]]),
  flood: new Map([[22, ['10.255.0.2']]]),
}

describe("the agent's part of an engine's tables", () => {
  it('is what EVPN fills; underlay, ports and connected routes are not in it', () => {
    expect(changesBetween(tablesOfProgram(program, control, tables), tables)).toEqual([])
  })

  it('is sticky where the engine says so, whatever is wanted', () => {
    const told = {
      ...program,
      tables: {
        ...program.tables,
        fdb: [{ bridge: 20, mac, interface: 22, remote: '10.255.0.2', sticky: false }],
      },
    }
    expect(changesBetween(tablesOfProgram(told, control, tables), tables)).toEqual([
      { table: 'fdb', bridge: 20, mac, to: { interface: 22, remote: '10.255.0.2', sticky: true } },
    ])
  })

  it('is only added to as long as not all is known', () => {
    expect(changesBetween(tables, added(tables, NO_TABLES))).toEqual([])
    const wanted: DynamicTables = {
      ...NO_TABLES,
      fdb: new Map([
        [`20 ${mac}`, { bridge: 20, mac, interface: 22, remote: '10.255.0.3', sticky: false }],
        [
          '20 02:00:00:00:00:07',
          { bridge: 20, mac: '02:00:00:00:00:07', interface: 22, remote: '10.255.0.3', sticky: false },
        ],
      ]),
      flood: new Map([[22, ['10.255.0.1', '10.255.0.3']]]),
    }
    expect(changesBetween(tables, added(tables, wanted))).toEqual([
      { table: 'flood', interface: 22, remotes: ['10.255.0.2', '10.255.0.1', '10.255.0.3'] },
      {
        table: 'fdb',
        bridge: 20,
        mac: '02:00:00:00:00:07',
        to: { interface: 22, remote: '10.255.0.3', sticky: false },
      },
    ])
  })
})
