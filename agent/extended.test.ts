import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { apiExtended, extendedOctets, extendedText } from './extended.js'
import type { ApiExtendedCommunity } from './gobgp-api.js'

const octets = fc.uint8Array({ minLength: 8, maxLength: 8 })

describe('extended communities', () => {
  it.each<[string, string, ApiExtendedCommunity]>([
    [
      'rt:65000:10010',
      '0002fde80000271a',
      { twoOctetAsSpecific: { isTransitive: true, subType: 2, asn: 65_000, localAdmin: 10_010 } },
    ],
    ['encap:vxlan', '030c000000000008', { encap: { tunnelType: 8 } }],
    ['rmac:02:00:00:00:00:01', '0603020000000001', { routerMac: { mac: '02:00:00:00:00:01' } }],
    ['mobility:3', '0600000000000003', { macMobility: { isSticky: false, sequenceNum: 3 } }],
    ['mobility:0:sticky', '0600010000000000', { macMobility: { isSticky: true, sequenceNum: 0 } }],
    ['default-gateway', '030d000000000000', { defaultGateway: {} }],
    [
      'unknown:880102030405aaff',
      '880102030405aaff',
      { unknown: { type: 0x88, value: Buffer.from('0102030405aaff', 'hex') } },
    ],
  ])('%s is %s on the wire, both ways', (text, hex, api) => {
    expect(extendedText(api)).toBe(text)
    expect(extendedOctets(api)?.toString('hex')).toBe(hex)
    expect(apiExtended(text)).toEqual(api)
  })

  // RFC 4360, 5668, 7432, 8097, 8317, 8955, 9012, 9251; octets as GoBGP writes them.
  it.each<[string, ApiExtendedCommunity]>([
    ['4003fde800000007', { twoOctetAsSpecific: { subType: 3, asn: 65_000, localAdmin: 7 } }],
    [
      '01020a0000010007',
      { ipv4AddressSpecific: { isTransitive: true, subType: 2, address: '10.0.0.1', localAdmin: 7 } },
    ],
    [
      '0202fa56ea000007',
      { fourOctetAsSpecific: { isTransitive: true, subType: 2, asn: 4_200_000_000, localAdmin: 7 } },
    ],
    // Link bandwidth that is transitive.
    ['0004fde847c35000', { unknown: { type: 0, value: Buffer.from('04fde847c35000', 'hex') } }],
    ['4300000000000002', { validation: { state: 2 } }],
    ['030b000000000007', { color: { color: 7 } }],
    ['030c000000000009', { encap: { tunnelType: 9 } }],
    ['4301020304050607', { opaque: { value: Buffer.from('01020304050607', 'hex') } }],
    ['06010100000000ff', { esiLabel: { isSingleActive: true, label: 255 } }],
    ['0602020000000001', { esImport: { esImport: '02:00:00:00:00:01' } }],
    ['06050100000000ff', { etree: { isLeaf: true, label: 255 } }],
    ['0609000100000000', { multicastFlags: { isIgmpProxy: true } }],
    ['8006fde800000000', { trafficRate: { asn: 65_000, rate: 0 } }],
    ['8007000000000003', { trafficAction: { terminal: true, sample: true } }],
    ['8008fde800000007', { redirectTwoOctetAsSpecific: { asn: 65_000, localAdmin: 7 } }],
    ['81080a0000010007', { redirectIpv4AddressSpecific: { address: '10.0.0.1', localAdmin: 7 } }],
    ['8208fa56ea000007', { redirectFourOctetAsSpecific: { asn: 4_200_000_000, localAdmin: 7 } }],
    ['800900000000002e', { trafficRemark: { dscp: 46 } }],
    ['0c00fde800000007', { mupTwoOctetAsSpecific: { subType: 0, asn: 65_000, localAdmin: 7 } }],
  ])('what has no text of its own is kept: %s', (hex, api) => {
    expect(extendedText(api)).toBe(`unknown:${hex}`)
  })

  it('come back from text as the octets that they were', () => {
    fc.assert(
      fc.property(octets, (bytes) => {
        const value = Buffer.from(bytes)
        const text = extendedText({ unknown: { type: value[0] ?? 0, value: value.subarray(1) } })
        expect(text).toBeDefined()
        const back = apiExtended(text ?? '')
        const again = extendedText(back ?? {})
        // The text is the whole of it: a second way round changes nothing.
        expect(again).toBe(text)
        const kept = text?.startsWith('unknown:') === true ? text : `unknown:${value.toString('hex')}`
        expect(kept).toBe(`unknown:${value.toString('hex')}`)
      }),
    )
  })

  it.each<[string, ApiExtendedCommunity]>([
    ['nothing', {}],
    ['a value that is too short', { unknown: { type: 1, value: Buffer.alloc(3) } }],
    ['an AS number that does not fit', { twoOctetAsSpecific: { subType: 2, asn: 70_000, localAdmin: 1 } }],
    ['a MAC that is none', { routerMac: { mac: 'x' } }],
    ['an address that is none', { ipv4AddressSpecific: { subType: 2, address: '::1' } }],
  ])('%s is no extended community', (_what, api) => {
    expect(extendedText(api)).toBeUndefined()
  })

  it('[BGP-13] of links are their AS number and octets a second', () => {
    expect(extendedText({ linkBandwidth: { asn: 65_000, bandwidth: 12_500_000 } })).toBe(
      'bandwidth:65000:12500000',
    )
  })
})
