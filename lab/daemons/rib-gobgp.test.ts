import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ApiDestination } from '../../agent/gobgp-api.js'
import { RibRow } from '../../contract/rib.js'
import { gobgpRib } from './rib-gobgp.js'
import { controls } from './testdata/fabric.js'

/** What GoBGP 4.8.0 said of `leaf2` beside the spine of `rib-frr.test.ts`; octets are as `Buffer.toJSON` writes them. */
const captured = (name: string) =>
  JSON.parse(
    readFileSync(new URL(`testdata/captured/${name}.json`, import.meta.url), 'utf8'),
    (_key, value: unknown) =>
      typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer'
        ? Buffer.from((value as unknown as { readonly data: readonly number[] }).data)
        : value,
  ) as readonly ApiDestination[]
const control = controls({ spines: 2, leaves: 3 }).get('leaf2')!
const tables = { ipv4: captured('gobgp-ipv4'), ipv6: [], evpn: captured('gobgp-evpn') }
const { rows, unread } = gobgpRib('leaf2', control, tables)
const find = (key: string) => rows.find((row) => row.key === key)?.paths

describe('tables of GoBGP', () => {
  it('are rows of the contract, by table and key, with nothing left over', () => {
    expect(rows.map((row) => RibRow.parse(row))).toEqual(rows)
    expect(unread).toEqual([])
    expect(rows.map(({ key }) => key)).toContain('[5][10.255.0.1:9][0][2001:db8:7::/48]')
    expect(rows.map(({ key }) => key)).toContain('10.255.0.2/32')
  })

  it('[BGP-8] have one best path, and all that are used beside it', () => {
    const path = (spine: string, nextHop: string) => ({
      from: spine,
      best: spine === 'spine1',
      used: true,
      nextHop,
      asPath: [65000, 65003],
      origin: 'igp',
      communities: [],
      extended: [],
    })
    expect(find('10.255.0.3/32')).toEqual([path('spine1', '10.254.0.33'), path('spine2', '10.254.0.35')])
  })

  it('[BGP-8] use no more paths than the node may', () => {
    const one = gobgpRib('leaf2', { ...control, multipath: 1 }, tables).rows
    expect(one.find(({ key }) => key === '10.255.0.3/32')?.paths.map(({ used }) => used)).toEqual([
      true,
      false,
    ])
  })

  it('have own prefixes', () => {
    expect(find('10.255.0.2/32')?.[0]).toEqual({
      from: 'self',
      best: true,
      used: true,
      nextHop: '0.0.0.0',
      asPath: [],
      origin: 'igp',
      communities: [],
      extended: [],
    })
  })

  it('have EVPN routes with their VTEP, labels and extended communities, none of them used for forwarding', () => {
    expect(find('[2][10.255.0.1:7][0][02:00:00:00:02:02][2001:db8::5]')).toEqual(
      ['spine1', 'spine2'].map((from) => ({
        from,
        best: from === 'spine1',
        used: false,
        nextHop: '10.255.0.1',
        asPath: [65000, 65001],
        origin: 'igp',
        communities: [],
        extended: ['default-gateway', 'encap:vxlan', 'mobility:0:sticky', 'rt:65000:10010'],
        labels: [10010],
      })),
    )
    expect(find('[3][10.255.0.1:8][0][10.255.0.9]')?.map(({ labels }) => labels)).toEqual([
      [16777215],
      [16777215],
    ])
  })

  it('leave out, and tell of, what has no row', () => {
    const evpn: ApiDestination[] = [
      { prefix: '[type:esi]', paths: [{ nlri: {}, family: { afi: 'AFI_L2VPN', safi: 'SAFI_EVPN' } }] },
    ]
    expect(gobgpRib('leaf2', control, { ipv4: [], ipv6: [], evpn })).toEqual({
      rows: [],
      unread: ['[type:esi]'],
    })
  })
})
