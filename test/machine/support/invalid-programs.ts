/**
 * Programs that the schema accepts and that contradict themselves: twin and engine refuse each.
 *
 * @module
 */
import type { NodeProgram } from '../../../contract/program.js'
import { changed, RX_KEY, RX_SCI, suiteKey, TX_SCI } from './bench.js'
import {
  association,
  fields,
  MEMBER_ON_TUNNEL,
  membersProgram,
  ON_PORT,
  ON_TUNNEL,
  received,
} from './macsec.js'

const GIVEN: readonly (readonly [string, Parameters<typeof changed>])[] = [
  ['a bridge that does not exist', [{ 13: { bridge: 77 } }]],
  ['a bridge that is none', [{ 13: { bridge: 9 } }]],
  ['a VRF that does not exist', [{ 1: { vrf: 7 } }]],
  ['a port in a VRF and a bridge', [{ 13: { vrf: 0 } }]],
  ['a port in neither', [{ 13: { bridge: undefined } }]],
  ['a port in a bridge that punts by XDP', [{ 13: { tap: true, punt: 'xdp' } }]],
  ['a sealed port that punts by XDP', [{ 3: { punt: 'xdp' } }]],
  ['a port without TAP that punts by XDP', [{ 2: { punt: 'xdp' } }]],
  ['a port in a tenant that punts by XDP', [{ 1: { vrf: 1, punt: 'xdp' } }]],
  ['a sealed port in a VRF', [{ 3: { vrf: 0 } }]],
  ['a macsec interface in a VRF and a bridge', [{ 4: { bridge: 10 } }]],
  ['a macsec interface in neither', [{ 4: { vrf: undefined } }]],
  ['two IRBs on a bridge', [{ 21: { bridge: 10 } }]],
  ['interfaces out of order', [{ 14: { id: 5 } }]],
  ['a VTEP of another family', [{ 12: { remotes: ['fd00:ff::2'] } }]],
  [
    'an SA twice',
    [
      {
        4: {
          rx: [
            { sci: RX_SCI, an: 2, key: RX_KEY },
            { sci: RX_SCI, an: 2, key: RX_KEY },
          ],
        },
      },
    ],
  ],
  [
    'the same SA with two keys',
    [
      {
        4: {
          rx: [
            { sci: RX_SCI, an: 2, key: RX_KEY },
            { sci: RX_SCI, an: 2, key: 'lab:core/link/next' },
          ],
        },
      },
    ],
  ],
  ['a group that does not exist', [{}, { groups: [] }]],
  [
    'a tunnel that leads into itself',
    [{ 11: { vrf: 0 } }, { routes: [{ vrf: 0, prefix: '10.1.0.0/24', connected: 11 }] }],
  ],
  [
    'two tunnels that lead into each other',
    [
      { 21: { vrf: 0 }, 42: { bridge: 20, underlayVrf: 1 } },
      {
        routes: [
          { vrf: 0, prefix: '10.1.1.0/24', connected: 21 },
          { vrf: 1, prefix: '10.1.0.0/24', connected: 11 },
        ],
      },
    ],
  ],
  [
    'a route twice',
    [
      {},
      {
        routes: [
          { vrf: 0, prefix: '1.0.0.0/8', group: 1 },
          { vrf: 0, prefix: '1.0.0.0/8', group: 2 },
        ],
      },
    ],
  ],
  [
    'a route with two targets',
    [{}, { routes: [{ vrf: 0, prefix: '1.0.0.0/8', group: 1, blackhole: true }] }],
  ],
  ['a route with none', [{}, { routes: [{ vrf: 0, prefix: '1.0.0.0/8' }] }]],
  ['a prefix with host bits', [{}, { routes: [{ vrf: 0, prefix: '1.2.3.4/8', group: 1 }] }]],
  ['a route out of a bridge', [{}, { routes: [{ vrf: 0, prefix: '1.0.0.0/8', connected: 10 }] }]],
  ['a route out of a bridged port', [{}, { routes: [{ vrf: 0, prefix: '1.0.0.0/8', connected: 13 }] }]],
  [
    'a neighbour of a loopback',
    [{}, { neighbours: [{ interface: 9, address: '1.1.1.1', mac: '02:00:00:00:00:01' }] }],
  ],
  [
    'a neighbour twice',
    [
      {},
      {
        neighbours: [1, 2].map((n) => ({ interface: 1, address: '1.1.1.1', mac: `02:00:00:00:00:0${n}` })),
      },
    ],
  ],
  [
    'an FDB entry of another bridge’s member',
    [{}, { fdb: [{ bridge: 20, mac: '02:00:00:00:00:01', interface: 13 }] }],
  ],
  [
    'an FDB entry behind a tunnel without VTEP',
    [{}, { fdb: [{ bridge: 10, mac: '02:00:00:00:00:01', interface: 12 }] }],
  ],
  [
    'an FDB entry of a port with VTEP',
    [{}, { fdb: [{ bridge: 10, mac: '02:00:00:00:00:01', interface: 13, remote: '10.255.0.2' }] }],
  ],
  ['a flood list of a port', [{}, { flood: [{ interface: 13, remotes: [] }] }]],
  [
    'two flood lists',
    [
      {},
      {
        flood: [
          { interface: 12, remotes: [] },
          { interface: 12, remotes: [] },
        ],
      },
    ],
  ],
]

const OTHER_SCI = '02000000020a0007'
const plain = 'gcm-aes-128'
const xpn = 'gcm-aes-xpn-128'

/** MACSEC-9: what is wrong with a macsec interface in a VRF. */
const MACSEC: readonly (readonly [string, object])[] = [
  ['two transmit SAs with one AN', fields(plain, { standby: [association(plain, 1, 3)] })],
  ['two transmit SAs with one key', fields(plain, { standby: [association(plain, 0, 1)] })],
  [
    'two standby SAs with one key',
    fields(plain, { standby: [association(plain, 0, 3), association(plain, 2, 3)] }),
  ],
  ['an SSCI without XPN', fields(plain, { tx: { sci: TX_SCI, ...association(plain, 1, 1, { ssci: 1 }) } })],
  ['an SSCI of a receive SA without XPN', fields(plain, { rx: [received(plain, 2, 2, { ssci: 0 })] })],
  ['no SSCI with XPN', fields(xpn, { tx: { sci: TX_SCI, an: 1, key: suiteKey(xpn, 1) } })],
  ['no SSCI of a standby SA with XPN', fields(xpn, { standby: [{ an: 2, key: suiteKey(xpn, 3) }] })],
  ['no SSCI of a receive SA with XPN', fields(xpn, { rx: [{ sci: RX_SCI, an: 2, key: suiteKey(xpn, 2) }] })],
  [
    'a packet number beyond 32 bits',
    fields(plain, { tx: { sci: TX_SCI, ...association(plain, 1, 1, { pn: '4294967296' }) } }),
  ],
  [
    'a packet number beyond 64 bits',
    fields(xpn, { rx: [received(xpn, 2, 2, { pn: '18446744073709551616' })] }),
  ],
  ['a window beyond that of XPN', fields(xpn, { replayWindow: 2 ** 30 })],
  [
    'an end station with another SCI than its own',
    fields(plain, { tag: 'end-station', tx: { sci: '0200000000030002', ...association(plain, 1, 1) } }),
  ],
  [
    'tags without SCI and several channels',
    fields(plain, {
      tag: 'implicit',
      rx: [received(plain, 2, 2), received(plain, 2, 3, { sci: OTHER_SCI })],
    }),
  ],
]

/** MACSEC-9, MACSEC-10: what is wrong with macsec interfaces in a bridge. */
const MEMBERS: readonly (readonly [string, Parameters<typeof membersProgram>])[] = [
  ['an end station in a bridge', [{ [ON_PORT]: { tag: 'end-station', mac: '02:00:00:00:00:32' } }]],
  ['a macsec interface on a tunnel, in a VRF', [{ [ON_TUNNEL]: { bridge: undefined, vrf: 0 } }]],
  ['a macsec interface on a tunnel, with an address', [{ [ON_TUNNEL]: { addresses: ['10.77.0.1/24'] } }]],
  ['a macsec interface on a tunnel that is in a bridge', [{ 52: { bridge: 10 } }]],
  ['a macsec interface on a tunnel with two remotes', [{ 52: { remotes: ['10.255.0.2', '10.255.0.3'] } }]],
  ['a macsec interface on a tunnel without remote', [{ 52: { remotes: [] } }]],
  ['a macsec interface on a tunnel that learns', [{ 52: { learning: true } }]],
  ['a macsec interface on a macsec interface', [{ [ON_TUNNEL]: { lower: ON_PORT } }]],
  ['two macsec interfaces on a port', [{ [ON_TUNNEL]: { lower: 50 } }]],
  ['a tunnel with neither bridge nor macsec interface', [{ 42: { bridge: undefined } }, { flood: [] }]],
  ['a tunnel without bridge that floods', [{}, { flood: [{ interface: 52, remotes: ['10.255.0.2'] }] }]],
  [
    'an FDB entry of a macsec interface with VTEP',
    [{}, { fdb: [{ bridge: 10, mac: '02:00:00:00:00:01', interface: ON_TUNNEL, remote: '10.255.0.2' }] }],
  ],
  [
    'an FDB entry of a tunnel below a macsec interface',
    [{}, { fdb: [{ bridge: 10, mac: '02:00:00:00:00:01', interface: 52, remote: '10.255.0.2' }] }],
  ],
  [
    'a route out of a bridged macsec interface',
    [{}, { routes: [{ vrf: 0, prefix: '1.0.0.0/8', connected: ON_PORT }] }],
  ],
]

const twice = membersProgram()

/** What is wrong, and the program. */
export const INVALID_PROGRAMS: readonly (readonly [string, NodeProgram])[] = [
  ...GIVEN.map(([what, given]) => [what, changed(...given)] as const),
  ...MACSEC.map(([what, given]) => [what, changed({ 4: { ...given } })] as const),
  ...MEMBERS.map(([what, given]) => [what, membersProgram(...given)] as const),
  [
    'two macsec interfaces on a tunnel',
    { ...twice, interfaces: [...twice.interfaces, { ...MEMBER_ON_TUNNEL, id: 54, name: 'sec54' }] },
  ],
]
