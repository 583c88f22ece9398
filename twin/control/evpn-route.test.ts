import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatIp, formatMac, formatPrefix, macFromNumber, prefixOf, type Ip } from '../packet/index.js'
import {
  formatEvpnKey,
  formatExtended,
  parseEvpnKey,
  readExtended,
  tryParseEvpnKey,
  tryParseExtended,
  type EvpnKey,
  type ExtendedCommunity,
} from './evpn-route.js'

const ip = fc.oneof(
  fc.nat({ max: 0xffff_ffff }).map((n) => n as unknown as Ip),
  fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map((n) => n as unknown as Ip),
)
const mac = fc.nat({ max: 2 ** 48 - 1 }).map((n) => formatMac(macFromNumber(n)))
const rd = fc
  .tuple(fc.nat({ max: 0xffff_ffff }), fc.nat({ max: 0xffff }))
  .map(([id, n]) => `${formatIp(id as unknown as Ip)}:${n}`)
const key: fc.Arbitrary<EvpnKey> = fc.oneof(
  fc.record({ type: fc.constant(2 as const), rd, mac }),
  fc.record({ type: fc.constant(2 as const), rd, mac, ip: ip.map(formatIp) }),
  fc.record({ type: fc.constant(3 as const), rd, originator: ip.map(formatIp) }),
  fc.record({
    type: fc.constant(5 as const),
    rd,
    prefix: fc
      .tuple(ip, fc.nat({ max: 32 }))
      .map(([address, length]) => formatPrefix(prefixOf(address, length))),
  }),
)
const u32 = fc.nat({ max: 0xffff_ffff })
const community: fc.Arbitrary<ExtendedCommunity> = fc.oneof(
  fc
    .tuple(fc.nat({ max: 65535 }), u32)
    .map(([asn, n]) => ({ kind: 'route-target' as const, target: `${asn}:${n}` })),
  fc.constant({ kind: 'vxlan' as const }),
  mac.map((one) => ({ kind: 'router-mac' as const, mac: one })),
  fc.record({ kind: fc.constant('mobility' as const), sequence: u32, sticky: fc.boolean() }),
  fc.constant({ kind: 'default-gateway' as const }),
  fc
    .bigInt({ min: 0n, max: (1n << 64n) - 1n })
    .map((n) => ({ kind: 'unknown' as const, octets: n.toString(16).padStart(16, '0') })),
)

test('keys and communities are read as they are written', () => {
  fc.assert(
    fc.property(key, (one) => {
      expect(parseEvpnKey(formatEvpnKey(one))).toEqual(one)
    }),
  )
  fc.assert(
    fc.property(community, (one) => {
      expect(tryParseExtended(formatExtended(one))).toEqual(one)
    }),
  )
})

test('the forms of the contract', () => {
  expect(formatEvpnKey({ type: 2, rd: '10.255.0.1:7', mac: '02:00:00:00:00:01' })).toBe(
    '[2][10.255.0.1:7][0][02:00:00:00:00:01]',
  )
  expect(parseEvpnKey('[2][10.255.0.1:7][0][02:00:00:00:00:01][2001:db8::1]')).toEqual({
    type: 2,
    rd: '10.255.0.1:7',
    mac: '02:00:00:00:00:01',
    ip: '2001:db8::1',
  })
  expect(formatEvpnKey({ type: 3, rd: '10.255.0.1:7', originator: '10.255.0.1' })).toBe(
    '[3][10.255.0.1:7][0][10.255.0.1]',
  )
  expect(formatEvpnKey({ type: 5, rd: '10.255.0.1:7', prefix: '10.1.0.0/24' })).toBe(
    '[5][10.255.0.1:7][0][10.1.0.0/24]',
  )
  expect(formatExtended({ kind: 'mobility', sequence: 0, sticky: true })).toBe('mobility:0:sticky')
  expect(formatExtended({ kind: 'mobility', sequence: 3, sticky: false })).toBe('mobility:3')
})

test('addresses of a key become canonical', () => {
  expect(parseEvpnKey('[2][1.1.1.1:1][0][02:00:00:00:00:AB][2001:DB8:0::1]')).toMatchObject({
    mac: '02:00:00:00:00:ab',
    ip: '2001:db8::1',
  })
})

test.each([
  '',
  '[2][1.1.1.1:1][0]',
  '[4][1.1.1.1:1][0][1.1.1.1]',
  '[2][1.1.1.1:1][1][02:00:00:00:00:01]',
  '[2][1.1.1.1:65536][0][02:00:00:00:00:01]',
  '[2][1.1.1:1][0][02:00:00:00:00:01]',
  '[2][1.1.1.1:1][0][02:00:00:00:00]',
  '[2][1.1.1.1:1][0][02:00:00:00:00:01][10.0.0]',
  '[3][1.1.1.1:1][0][1.1.1.1][1.1.1.1]',
  '[5][1.1.1.1:1][0][10.0.0.1/24]',
  '[5][1.1.1.1:1][0][10.0.0.0/33]',
  'x[5][1.1.1.1:1][0][10.0.0.0/24]',
])('%j is no key', (text) => {
  expect(tryParseEvpnKey(text)).toBeUndefined()
  expect(() => parseEvpnKey(text)).toThrow(expect.objectContaining({ code: 'ZT_EVPN_KEY_SYNTAX' }))
})

test.each([
  '',
  'rt:65536:1',
  'rt:1:4294967296',
  'mobility:4294967296',
  'mobility:-1',
  'unknown:12',
  'rmac:1',
])('%j is no extended community', (text) => expect(tryParseExtended(text)).toBeUndefined())

test('what the communities of a route say', () => {
  expect(readExtended(['encap:vxlan', 'rt:1:2', 'rt:3:4'])).toEqual({
    targets: ['1:2', '3:4'],
    sequence: 0,
    sticky: false,
    defaultGateway: false,
  })
  expect(
    readExtended(['default-gateway', 'mobility:7:sticky', 'rmac:02:00:00:00:00:01', 'nonsense']),
  ).toEqual({
    targets: [],
    routerMac: '02:00:00:00:00:01',
    sequence: 7,
    sticky: true,
    defaultGateway: true,
  })
})
