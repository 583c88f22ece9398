import { readFileSync } from 'node:fs'
import { assert, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RibRow } from '../../contract/rib.js'
import { frrCommunities, frrExtended } from './frr-extended.js'
import { frrRib } from './rib-frr.js'
import { controls } from './testdata/fabric.js'

/** What FRR 8.4.4 said of a spine between three leaves, one of which announced odd things. */
const captured = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`testdata/captured/${name}.json`, import.meta.url), 'utf8'))
const control = controls({ spines: 2, leaves: 3 }).get('spine1')!
const tables = { ipv4: captured('frr-ipv4'), ipv6: captured('frr-ipv6-empty'), evpn: captured('frr-evpn') }
const { rows, unread } = frrRib('spine1', control, tables)
const find = (key: string) => rows.find((row) => row.key === key)?.paths
const plain = { nextHop: '10.254.0.0', origin: 'igp', communities: [], extended: [] }

describe('tables of FRR', () => {
  it('are rows of the contract, by table and key, with nothing left over', () => {
    expect(rows.map((row) => RibRow.parse(row))).toEqual(rows)
    expect(unread).toEqual([])
    expect(rows.map(({ key }) => key)).toEqual([
      '10.255.0.1/32',
      '10.255.0.101/32',
      '10.255.0.2/32',
      '10.255.0.3/32',
      '10.77.0.0/24',
      '10.79.0.0/24',
      '10.80.1.0/24',
      '10.80.11.0/24',
      '10.80.2.0/24',
      '10.80.3.0/24',
      '[2][10.255.0.1:7][0][02:00:00:00:01:01][10.1.0.11]',
      '[2][10.255.0.1:7][0][02:00:00:00:02:01]',
      '[2][10.255.0.1:7][0][02:00:00:00:02:02][2001:db8::5]',
      '[2][10.255.0.1:7][0][02:00:00:00:02:03][10.1.0.5]',
      '[3][10.255.0.1:7][0][10.255.0.1]',
      '[3][10.255.0.1:8][0][10.255.0.9]',
      '[5][10.255.0.1:9][0][10.1.0.0/24]',
      '[5][10.255.0.1:9][0][10.3.0.0/24]',
      '[5][10.255.0.1:9][0][2001:db8:7::/48]',
    ])
  })

  it('have own prefixes, with the MED of 0 that FRR gives them', () => {
    expect(find('10.255.0.101/32')).toEqual([
      { ...plain, from: 'self', best: true, used: true, nextHop: '0.0.0.0', asPath: [], med: 0 },
    ])
  })

  it('have paths by peer, the best and those used with it, and what was set on import', () => {
    const path = (n: number, nextHop: string, used: boolean, more: string[]) => ({
      ...plain,
      from: `leaf${n}`,
      best: n === 1,
      used,
      nextHop,
      asPath: [65000 + n],
      med: n,
      localPreference: 0,
      communities: ['65000:100', '65000:9', '65535:0', ...more],
    })
    // Of leaf2 the spine was told to add well-known communities, LLGR_STALE among them, which makes a path worse.
    const added = ['65535:6', '65535:65281', '65535:65282', '65535:65283']
    expect(find('10.77.0.0/24')).toEqual([
      path(1, '10.254.0.0', true, []),
      path(2, '10.254.0.32', false, added),
      path(3, '10.254.0.64', true, []),
    ])
  })

  it('have AS paths as received, and the origin', () => {
    expect(find('10.79.0.0/24')?.[0]).toMatchObject({ asPath: [65001, 65099, 65098], origin: 'egp' })
  })

  it('have EVPN routes with their VTEP, labels and extended communities', () => {
    const common = {
      ...plain,
      from: 'leaf1',
      best: true,
      used: false,
      nextHop: '10.255.0.1',
      asPath: [65001],
    }
    expect(find('[2][10.255.0.1:7][0][02:00:00:00:01:01][10.1.0.11]')).toEqual([
      {
        ...common,
        origin: 'incomplete',
        labels: [10010, 50010],
        extended: ['encap:vxlan', 'rmac:02:00:00:00:00:01', 'rt:65000:10010'],
      },
    ])
    expect(find('[2][10.255.0.1:7][0][02:00:00:00:02:01]')).toEqual([
      { ...common, labels: [10010], extended: ['encap:vxlan', 'mobility:3', 'rt:65000:10010'] },
    ])
    expect(find('[2][10.255.0.1:7][0][02:00:00:00:02:02][2001:db8::5]')?.[0]?.extended).toEqual([
      'default-gateway',
      'encap:vxlan',
      'mobility:0:sticky',
      'rt:65000:10010',
    ])
    expect(find('[3][10.255.0.1:8][0][10.255.0.9]')?.[0]?.labels).toEqual([16777215])
  })

  it('have what is not usable as not best', () => {
    expect(find('[5][10.255.0.1:9][0][10.3.0.0/24]')).toMatchObject([{ best: false, nextHop: '192.0.2.99' }])
  })

  it('refuse what FRR does not write, saying where', () => {
    expect(() =>
      frrRib('spine1', control, { ...tables, ipv4: { routes: { '10.0.0.0/8': [{}, { origin: 1 }] } } }),
    ).toThrow(/^ZT_LAB_FORMAT: 10\.0\.0\.0\/8 of spine1: 0\./)
    expect(() => frrRib('spine1', control, { ...tables, evpn: [] })).toThrow(/^ZT_LAB_FORMAT: /)
  })

  it('leave out, and tell of, route types that the fabric does not use', () => {
    const route = {
      prefix: '[4]:[03:00:00:00:00:00:00:00:00:01]:[32]:[10.255.0.1]',
      rd: '10.255.0.1:2',
      routeType: 4,
      paths: [],
    }
    const evpn = { '10.255.0.1:2': { rd: '10.255.0.1:2', [route.prefix]: route }, numPrefix: 1 }
    expect(frrRib('spine1', control, { ipv4: {}, ipv6: {}, evpn })).toEqual({
      rows: [],
      unread: [`10.255.0.1:2 ${route.prefix}`],
    })
  })
})

describe("FRR's words for communities", () => {
  it('are numbers, sorted as text', () => {
    expect(
      frrCommunities(['internet', '65000:1', 'noExport', 'localAs', 'gracefulShutdown', 'blackhole']),
    ).toEqual(['0:0', '65000:1', '65535:0', '65535:65281', '65535:65283', '65535:666'])
  })

  it('are told apart in one line, what stands inside another included', () => {
    // As FRR wrote the communities that the test fabric's leaf gave to 02:00:00:00:02:03.
    expect(find('[2][10.255.0.1:7][0][02:00:00:00:02:03][10.1.0.5]')?.[0]?.extended).toEqual([
      'bandwidth:100:100000000',
      'encap:vxlan',
      'mobility:1',
      'mobility:4294967295:sticky',
      'rmac:02:00:00:00:00:0a',
      'rt:1:2',
      'rt:65000:10010',
      'rt:65000:50010',
      'unknown:0003000100000002',
      'unknown:0102c0000201000a',
      'unknown:0202000100010005',
      'unknown:030c000000000007',
      'unreadable:ES-Import-Rt:0a:0b:0c:0d:0e:0f',
      'unreadable:ESI-label-Rt:SA',
      'unreadable:FS:rate 10.000000',
      'unreadable:FS:redirect VRF RT:100:100',
      'unreadable:OVS:not-found',
      'unreadable:UNK:153, 18',
      'unreadable:UNK:3, 2',
    ])
  })

  it('never make a reader fail', () => {
    assert(
      property(string(), (text) => {
        for (const one of frrExtended(text))
          expect(one).toMatch(/^(rt|encap|rmac|bandwidth|mobility|default|unknown|unreadable)/)
      }),
    )
  })
})
