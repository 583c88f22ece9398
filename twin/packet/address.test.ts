import * as fc from 'fast-check'
import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import { describe, expect, it } from 'vitest'
import {
  formatIp,
  formatIpv4,
  formatIpv6,
  formatMac,
  formatPrefix,
  IPV6_ALL_NODES,
  ipv4Mask,
  ipv6Mask,
  isGroupMac,
  isIpv4LinkLocal,
  isIpv4Loopback,
  isIpv4Multicast,
  isIpv6LinkLocal,
  isIpv6Multicast,
  isLocalMac,
  linkLocalOf,
  MAC_BROADCAST,
  macFromNumber,
  macOfIpv4Group,
  macOfIpv6Group,
  parseInterfaceAddress,
  parseIp,
  parseIpv4,
  parseIpv6,
  parseMac,
  parsePrefix,
  prefixContains,
  prefixCovers,
  prefixOf,
  readIpv4,
  readIpv6,
  readMac,
  solicitedNodeOf,
  tryParseIpv4,
  tryParseIpv6,
  writeIpv4,
  writeIpv6,
  writeMac,
  type Ipv4,
  type Ipv6,
} from './address.js'

const anyIpv4 = fc.integer({ min: 0, max: 0xffff_ffff }).map((value) => value as Ipv4)
const anyIpv6 = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map((value) => value as Ipv6)
/** Addresses with runs of zeros, where RFC 5952 is hard. */
const sparseIpv6 = fc
  .array(fc.constantFrom(0, 0, 0, 1, 0xffff, 0xabcd), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n) as Ipv6)

describe('Mac', () => {
  it('reads either case and writes lower case', () => {
    expect(formatMac(parseMac('02:00:AB:cd:EF:01'))).toBe('02:00:ab:cd:ef:01')
  })

  it.each([
    '',
    '02:00:00:00:00',
    '02:00:00:00:00:00:00',
    '2:0:0:0:0:1',
    '02-00-00-00-00-01',
    '02:00:00:00:00:0g',
    ' 02:00:00:00:00:01',
    '020000000001',
  ])('refuses %j', (text) =>
    expect(() => parseMac(text)).toThrow(expect.objectContaining({ code: 'ZT_MAC_SYNTAX' })),
  )

  it('survives text and octets', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (value) => {
        const mac = macFromNumber(value)
        const bytes = new Uint8Array(8)
        writeMac(bytes, 1, mac)
        expect(readMac(bytes, 1)).toBe(mac)
        expect(parseMac(formatMac(mac))).toBe(mac)
      }),
    )
  })

  it.each([-1, 0.5, 2 ** 48, Number.NaN])('refuses the number %d', (value) => {
    expect(() => macFromNumber(value)).toThrow(expect.objectContaining({ code: 'ZT_FIELD_RANGE' }))
  })

  it('knows group and local addresses by the first octet', () => {
    expect([MAC_BROADCAST, parseMac('01:80:c2:00:00:00')].map(isGroupMac)).toEqual([true, true])
    expect(isGroupMac(parseMac('fe:ff:ff:ff:ff:ff'))).toBe(false)
    expect(isLocalMac(parseMac('02:00:00:00:00:01'))).toBe(true)
    expect(isLocalMac(parseMac('fd:ff:ff:ff:ff:ff'))).toBe(false)
  })

  it('maps IP groups by RFC 1112 and RFC 2464', () => {
    expect(formatMac(macOfIpv4Group(parseIpv4('239.129.2.3')))).toBe('01:00:5e:01:02:03')
    expect(formatMac(macOfIpv6Group(parseIpv6('ff02::1:ff28:9c5a')))).toBe('33:33:ff:28:9c:5a')
    expect(formatMac(macOfIpv6Group(IPV6_ALL_NODES))).toBe('33:33:00:00:00:01')
  })
})

describe('Ipv4', () => {
  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '1.2.3.256',
    '1.2.3.04',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '1.2.3.-4',
    '0x1.2.3.4',
    '1..3.4',
    '16909060',
  ])('refuses %j', (text) =>
    expect(() => parseIpv4(text)).toThrow(expect.objectContaining({ code: 'ZT_IPV4_SYNTAX' })),
  )

  it('survives text and octets', () => {
    fc.assert(
      fc.property(anyIpv4, (address) => {
        const bytes = new Uint8Array(6)
        writeIpv4(bytes, 1, address)
        expect(readIpv4(bytes, 1)).toBe(address)
        expect(parseIpv4(formatIpv4(address))).toBe(address)
      }),
    )
  })

  it('accepts exactly what Node accepts', () => {
    const part = fc.constantFrom(
      '0',
      '00',
      '1',
      '9',
      '10',
      '99',
      '100',
      '249',
      '255',
      '256',
      '300',
      '',
      'a',
      '-1',
    )
    fc.assert(
      fc.property(fc.array(part, { minLength: 3, maxLength: 5 }), (parts) => {
        const text = parts.join('.')
        expect(tryParseIpv4(text) !== undefined, `"${text}"`).toBe(isIPv4(text))
      }),
    )
  })

  it('knows special ranges', () => {
    expect(
      ['224.0.0.0', '239.255.255.255', '223.255.255.255', '240.0.0.0'].map((a) =>
        isIpv4Multicast(parseIpv4(a)),
      ),
    ).toEqual([true, true, false, false])
    expect(['127.0.0.1', '128.0.0.1'].map((a) => isIpv4Loopback(parseIpv4(a)))).toEqual([true, false])
    expect(['169.254.1.1', '169.253.1.1'].map((a) => isIpv4LinkLocal(parseIpv4(a)))).toEqual([true, false])
  })
})

describe('Ipv6', () => {
  it.each([
    // RFC 5952 sections 1, 4 and 5
    ['2001:DB8::1', '2001:db8::1'],
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['::ffff:c000:201', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4:5:6:c000:201'],
  ])('writes %s as %s', (text, canonical) => {
    expect(formatIpv6(parseIpv6(text))).toBe(canonical)
  })

  it.each([
    '',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '12345::',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    'g::',
    'fe80::1%eth0',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '::1.2.3',
    '::01.2.3.4',
    ':1::',
    '1:',
    ' ::1',
  ])('refuses %j', (text) =>
    expect(() => parseIpv6(text)).toThrow(expect.objectContaining({ code: 'ZT_IPV6_SYNTAX' })),
  )

  it('survives text and octets', () => {
    fc.assert(
      fc.property(fc.oneof(anyIpv6, sparseIpv6), (address) => {
        const bytes = new Uint8Array(18)
        writeIpv6(bytes, 1, address)
        expect(readIpv6(bytes, 1)).toBe(address)
        expect(parseIpv6(formatIpv6(address))).toBe(address)
      }),
    )
  })

  it('writes what the C library writes, IPv4-compatible addresses aside', () => {
    fc.assert(
      fc.property(fc.oneof(anyIpv6, sparseIpv6), (address) => {
        fc.pre(address >> 32n !== 0n)
        const text = formatIpv6(address)
        expect(text).toBe(new SocketAddress({ address: text, family: 'ipv6' }).address)
      }),
    )
  })

  it('accepts exactly what Node accepts, zones aside', () => {
    const part = fc.constantFrom('', '', '0', '1', 'ffff', 'abcd', '00001', '12345', 'g', '1.2.3.4')
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 10 }), (parts) => {
        const text = parts.join(':')
        expect(tryParseIpv6(text) !== undefined, `"${text}"`).toBe(isIPv6(text))
      }),
      { numRuns: 2000 },
    )
  })

  it('knows special ranges', () => {
    expect(isIpv6Multicast(IPV6_ALL_NODES)).toBe(true)
    expect(['fe80::1', 'febf::1', 'fec0::1'].map((a) => isIpv6LinkLocal(parseIpv6(a)))).toEqual([
      true,
      true,
      false,
    ])
  })

  it('makes the solicited-node group of RFC 4291 section 2.7.1', () => {
    expect(formatIpv6(solicitedNodeOf(parseIpv6('4037::1:800:200e:8c6c')))).toBe('ff02::1:ff0e:8c6c')
  })

  it('makes link-local addresses by modified EUI-64', () => {
    expect(formatIpv6(linkLocalOf(parseMac('34:56:78:9a:bc:de')))).toBe('fe80::3656:78ff:fe9a:bcde')
    expect(formatIpv6(linkLocalOf(parseMac('02:00:00:00:00:01')))).toBe('fe80::ff:fe00:1')
  })
})

describe('Prefix', () => {
  it.each(['10.0.0.0/8', '0.0.0.0/0', '10.1.2.3/32', 'fd00::/8', '::/0', '2001:db8::1/128'])(
    'reads and writes %s',
    (text) => {
      expect(formatPrefix(parsePrefix(text))).toBe(text)
    },
  )

  it.each([
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    'fd00::/129',
    '/8',
    '10.0.0.0/8/8',
    'x/8',
  ])('refuses %j', (text) => {
    expect(() => parsePrefix(text)).toThrow(expect.objectContaining({ code: 'ZT_PREFIX_SYNTAX' }))
  })

  it('refuses host bits and says what was meant', () => {
    expect(() => parsePrefix('10.0.0.1/24')).toThrow(/ZT_PREFIX_HOST_BITS.*write 10\.0\.0\.0\/24/)
    expect(parseInterfaceAddress('fd00::1/64')).toEqual({
      address: parseIpv6('fd00::1'),
      prefix: parsePrefix('fd00::/64'),
    })
  })

  it('refuses lengths outside the family', () => {
    expect(() => prefixOf(parseIpv4('10.0.0.0'), 33)).toThrow(
      expect.objectContaining({ code: 'ZT_FIELD_RANGE' }),
    )
    expect(prefixOf(parseIpv6('::'), 128).length).toBe(128)
  })

  it('contains what shares its leading bits, and never the other family', () => {
    fc.assert(
      fc.property(anyIpv4, anyIpv4, fc.integer({ min: 0, max: 32 }), (a, b, length) => {
        const bits = (value: number): string => value.toString(2).padStart(32, '0').slice(0, length)
        expect(prefixContains(prefixOf(a, length), b)).toBe(bits(a) === bits(b))
        expect(prefixContains(prefixOf(a, length), parseIpv6('::'))).toBe(false)
      }),
    )
    fc.assert(
      fc.property(sparseIpv6, sparseIpv6, fc.integer({ min: 0, max: 128 }), (a, b, length) => {
        const bits = (value: bigint): string => value.toString(2).padStart(128, '0').slice(0, length)
        expect(prefixContains(prefixOf(a, length), b)).toBe(bits(a) === bits(b))
        expect(prefixContains(prefixOf(a, length), parseIpv4('0.0.0.0'))).toBe(false)
      }),
    )
  })

  it('covers what is inside it', () => {
    expect(prefixCovers(parsePrefix('10.0.0.0/8'), parsePrefix('10.1.0.0/16'))).toBe(true)
    expect(prefixCovers(parsePrefix('10.0.0.0/16'), parsePrefix('10.0.0.0/8'))).toBe(false)
    expect(prefixCovers(parsePrefix('10.0.0.0/8'), parsePrefix('11.0.0.0/16'))).toBe(false)
    expect(prefixCovers(parsePrefix('::/0'), parsePrefix('10.0.0.0/8'))).toBe(false)
  })

  it('has masks of every length', () => {
    expect([0, 1, 24, 32].map(ipv4Mask)).toEqual([0, 0x8000_0000, 0xffff_ff00, 0xffff_ffff])
    expect(ipv6Mask(64)).toBe(0xffff_ffff_ffff_ffffn << 64n)
  })
})

describe('Ip', () => {
  it('reads either family, and keys one map', () => {
    const map = new Map([parseIp('0.0.0.1'), parseIp('::1')].map((address) => [address, formatIp(address)]))
    expect([...map.values()]).toEqual(['0.0.0.1', '::1'])
    expect(map.get(parseIp('0:0::1'))).toBe('::1')
    expect(() => parseIp('host')).toThrow(expect.objectContaining({ code: 'ZT_IP_SYNTAX' }))
  })
})
