import { describe, expect, it } from 'vitest'
import { wireguardDump, wireguardStateOf } from './wireguard-state.js'

const KEY = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg='
const OTHER = 'gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA='
const program = {
  program: {
    format: 'ztos-program',
    version: 1,
    node: 'leaf1',
    seeds: { ecmp: 1, sourcePort: 2 },
    vrfs: [{ id: 0, name: 'underlay' }],
    interfaces: [7, 9].map((id) => ({
      id,
      name: `wg${id}`,
      kind: 'wireguard',
      vrf: 0,
      underlayVrf: 0,
      mtu: 1420,
      addresses: [],
      privateKey: `lab:${id}`,
      listenPort: 51820 + id,
      local: ['192.0.2.1'],
      ttl: 64,
      df: true,
      loadLimit: 100,
      peers: [],
    })),
    tables: { routes: [], groups: [], neighbours: [], fdb: [], flood: [] },
  },
}
const silent = {
  publicKey: OTHER,
  presharedKey: false,
  endpoint: null,
  allowedIps: [],
  latestHandshake: 0,
  rx: 0,
  tx: 0,
  persistentKeepalive: 0,
  sessions: [],
}
const tables = {
  wireguard: [
    { interface: 7, publicKey: KEY, listenPort: 51827, peers: [silent] },
    {
      interface: 9,
      publicKey: OTHER,
      listenPort: 51829,
      peers: [
        {
          ...silent,
          publicKey: KEY,
          presharedKey: true,
          endpoint: { address: '2001:db8::2', port: 51820 },
          allowedIps: ['10.2.0.0/24', 'fd00:2::/64'],
          latestHandshake: 1_790_000_000,
          rx: 4_611_686_018_427,
          tx: 148,
          persistentKeepalive: 25,
        },
        { ...silent, endpoint: { address: '192.0.2.2', port: 1 } },
      ],
    },
  ],
}

describe('[Z07] the form of `wg show dump`', () => {
  const state = wireguardStateOf(program, tables)

  it('has a line for each interface and peer, `(none)`, `off` and 0 for what is not there', () => {
    expect(wireguardDump(state)).toBe(
      [
        ['wg7', '(hidden)', KEY, '51827', 'off'],
        ['wg7', OTHER, '(none)', '(none)', '(none)', '0', '0', '0', 'off'],
        ['wg9', '(hidden)', OTHER, '51829', 'off'],
        [
          'wg9',
          KEY,
          '(hidden)',
          '[2001:db8::2]:51820',
          '10.2.0.0/24,fd00:2::/64',
          '1790000000',
          '4611686018427',
          '148',
          '25',
        ],
        ['wg9', OTHER, '(none)', '192.0.2.2:1', '(none)', '0', '0', '0', 'off'],
      ]
        .map((fields) => `${fields.join('\t')}\n`)
        .join(''),
    )
  })

  it('of one interface is without its name', () => {
    expect(wireguardDump(state, 'wg7')).toBe(
      `(hidden)\t${KEY}\t51827\toff\n${OTHER}\t(none)\t(none)\t(none)\t0\t0\t0\toff\n`,
    )
    expect(wireguardDump(state, 'wg8')).toBe('')
  })

  it('is not made of what no engine says', () => {
    expect(() => wireguardStateOf(program, { wireguard: [{ interface: 7 }] })).toThrow('ZT_LAB_FORMAT')
    expect(() => wireguardStateOf({}, tables)).toThrow('ZT_LAB_FORMAT')
  })
})
