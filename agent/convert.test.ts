import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RibPath } from '../contract/rib.js'
import {
  announcePath,
  needsSource,
  comparePeers,
  originatePath,
  readPath,
  withdrawPath,
  type ReadPath,
} from './convert.js'
import type { ApiPath } from './gobgp-api.js'

const context = { asn: 65_101, peers: new Map([['10.0.0.0', 'spine1']]) }
const originator = { asn: 65_101, routerId: '10.255.0.1', vtep: '10.255.0.1' }

describe('paths of GoBGP', () => {
  it('are read with all attributes, in canonical text', () => {
    const api: ApiPath = {
      family: { afi: 'AFI_IP6', safi: 'SAFI_UNICAST' },
      nlri: { prefix: { prefix: '2001:0DB8:0::', prefixLen: 32 } },
      neighborIp: '10.0.0.0',
      sourceAsn: 65_000,
      sourceId: '10.255.1.1',
      best: true,
      pattrs: [
        { origin: { origin: 1 } },
        {
          asPath: {
            segments: [
              { type: 'TYPE_AS_SEQUENCE', numbers: [65_000, 65_102] },
              { type: 'TYPE_AS_SET', numbers: [7] },
            ],
          },
        },
        { mpReach: { nextHops: ['2001:DB8::1'] } },
        { multiExitDisc: {} },
        { localPref: { localPref: 200 } },
        { communities: { communities: [0xffff0000, (65_000 << 16) >>> 0] } },
      ],
    }
    const read = readPath(api, context)
    expect(read).toEqual({
      table: 'ipv6',
      key: '2001:db8::/32',
      withdrawn: false,
      neighbour: '10.0.0.0',
      pathId: 0,
      routerId: '10.255.1.1',
      path: {
        from: 'spine1',
        best: true,
        used: false,
        nextHop: '2001:db8::1',
        asPath: [65_000, 65_102, 7],
        origin: 'egp',
        med: 0,
        localPreference: 200,
        communities: ['65000:0', '65535:0'],
        extended: [],
      },
    })
    expect(RibPath.safeParse(read?.path).success).toBe(true)
  })

  it('of the node itself are from `self`, also when they name a source', () => {
    const own = {
      key: '[2][10.255.0.1:1][0][02:00:00:00:00:01]',
      path: {
        nextHop: '10.255.0.1',
        asPath: [],
        origin: 'igp',
        communities: [],
        labels: [1],
        extended: ['encap:vxlan', 'mobility:0:sticky'],
      },
    } as const
    const path = announcePath(
      {
        ...own,
        path: { ...own.path, asPath: [], communities: [], extended: [...own.path.extended], labels: [1] },
      },
      originator,
      true,
    )
    expect(path).toMatchObject({ sourceAsn: 4_294_967_295, sourceId: '10.255.0.1', neighborIp: '10.255.0.1' })
    expect(readPath(path, context)).toMatchObject({ neighbour: '', path: { from: 'self' } })
    expect(withdrawPath('evpn', own.key, originator)).toMatchObject({
      isWithdraw: true,
      neighborIp: '10.255.0.1',
    })
    expect(readPath(originatePath('10.255.0.1/32'), context)).toMatchObject({
      key: '10.255.0.1/32',
      path: { from: 'self', nextHop: '0.0.0.0', origin: 'igp' },
    })
  })

  it.each([
    '[2][10.255.0.1:7][0][02:00:00:00:00:01]',
    '[2][65000:7][0][02:00:00:00:00:01][10.0.0.1]',
    '[2][4200000000:7][0][02:00:00:00:00:01][2001:db8::1]',
    '[3][10.255.0.1:7][0][10.255.0.1]',
    '[5][10.255.0.1:7][0][0.0.0.0/0]',
    '[5][10.255.0.1:7][0][2001:db8::/64]',
  ])('the key %s comes back as it was told', (key) => {
    const path = {
      nextHop: '10.255.0.1',
      asPath: [],
      origin: 'igp',
      communities: ['65000:7'],
      labels: [10_010],
      extended: ['rt:65000:7'],
    } as const
    const told = announcePath(
      {
        key,
        path: {
          ...path,
          asPath: [],
          communities: [...path.communities],
          extended: [...path.extended],
          labels: [10_010],
        },
      },
      originator,
      false,
    )
    expect(readPath(told, context)).toMatchObject({ key, path: { ...path, from: 'self' } })
  })

  it('[EVPN-6] of MACs name their source where GoBGP would otherwise count moves itself', () => {
    const route = (key: string, ...extended: string[]) => ({
      key,
      path: {
        nextHop: '10.255.0.1',
        asPath: [],
        origin: 'igp' as const,
        communities: [],
        labels: [1],
        extended,
      },
    })
    const contested = (mac: string) => mac === '02:00:00:00:00:02'
    const needs = (key: string, ...extended: string[]) => needsSource(route(key, ...extended), contested)
    expect(needs('[2][10.255.0.1:7][0][02:00:00:00:00:01]')).toBe(false)
    expect(needs('[2][10.255.0.1:7][0][02:00:00:00:00:01][10.0.0.1]', 'mobility:0:sticky')).toBe(true)
    expect(needs('[2][10.255.0.1:7][0][02:00:00:00:00:02]')).toBe(true)
    expect(needs('[2][10.255.0.1:7][0][02:00:00:00:00:02][2001:db8::1]')).toBe(true)
    expect(needs('[3][10.255.0.1:7][0][10.255.0.1]')).toBe(false)
  })

  it('are withdrawn by their key alone', () => {
    const api = withdrawPath('evpn', '[3][10.255.0.1:7][0][10.255.0.1]', undefined)
    expect(readPath({ ...api, pattrs: [{ nextHop: { nextHop: 'invalid IP' } }] }, context)).toMatchObject({
      withdrawn: true,
      key: '[3][10.255.0.1:7][0][10.255.0.1]',
    })
  })

  it('that make no sense never throw', () => {
    const text = fc.oneof(
      fc.constantFrom('', '10.0.0.1', '::1', '02:00:00:00:00:01', 'invalid IP'),
      fc.string(),
    )
    const number = fc.oneof(fc.nat(), fc.constantFrom(-1, 2 ** 32, NaN, 129))
    const rd = fc.option(fc.record({ ipAddress: fc.record({ admin: text, assigned: number }) }), {
      nil: undefined,
    })
    const nlri = fc.oneof(
      fc.record({ prefix: fc.record({ prefix: text, prefixLen: number }) }),
      fc.record({
        evpnMacadv: fc.record({ rd, macAddress: text, ipAddress: text, labels: fc.array(number) }),
      }),
      fc.record({ evpnMulticast: fc.record({ rd, ipAddress: text }) }),
      fc.record({ evpnIpPrefix: fc.record({ rd, ipPrefix: text, ipPrefixLen: number, label: number }) }),
      fc.constant({}),
    )
    const path = fc.record({
      family: fc.constantFrom(
        { afi: 'AFI_L2VPN', safi: 'SAFI_EVPN' },
        { afi: 'AFI_IP', safi: 'SAFI_UNICAST' },
        { afi: 'AFI_LS', safi: 'SAFI_LS' },
      ),
      nlri,
      neighborIp: text,
      sourceId: text,
      pattrs: fc.array(
        fc.oneof(
          fc.record({ nextHop: fc.record({ nextHop: text }) }),
          fc.record({ origin: fc.record({ origin: number }) }),
          fc.record({ pmsiTunnel: fc.record({ label: number }) }),
          fc.record({
            extendedCommunities: fc.record({
              communities: fc.array(
                fc.oneof(fc.constant({}), fc.record({ routerMac: fc.record({ mac: text }) })),
              ),
            }),
          }),
        ),
      ),
    })
    fc.assert(
      fc.property(path, (api) => {
        const read = readPath(api as unknown as ApiPath, context)
        const issues = read === undefined ? [] : (RibPath.safeParse(read.path).error?.issues ?? [])
        expect(issues).toEqual([])
      }),
      { numRuns: 2_000 },
    )
  })

  it('[BGP-7] of one key are in order of router ids and addresses as numbers', () => {
    const read = (routerId: string, neighbour: string) => ({ routerId, neighbour }) as ReadPath
    const paths = [read('10.0.0.10', '10.1.0.2'), read('10.0.0.9', '10.1.0.10'), read('10.0.0.9', '10.1.0.9')]
    expect(paths.toSorted(comparePeers).map(({ neighbour }) => neighbour)).toEqual([
      '10.1.0.9',
      '10.1.0.10',
      '10.1.0.2',
    ])
  })
})
