/**
 * Programs that the schema accepts and that contradict themselves: twin and engine refuse each.
 *
 * @module
 */
import type { NodeProgram } from '../../../contract/program.js'
import { changed, RX_KEY, RX_SCI } from './bench.js'

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
  ['a macsec interface in a bridge', [{ 4: { vrf: undefined, bridge: 10 } }]],
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

/** What is wrong, and the program. */
export const INVALID_PROGRAMS: readonly (readonly [string, NodeProgram])[] = GIVEN.map(
  ([what, given]) => [what, changed(...given)] as const,
)
