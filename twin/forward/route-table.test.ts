import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseInterfaceAddress, writeIpv4, writeIpv6, type Ip } from '../packet/address.js'
import { RouteTable } from './route-table.js'

const octets = (address: Ip): Uint8Array => {
  const bytes = new Uint8Array(typeof address === 'bigint' ? 16 : 4)
  if (typeof address === 'bigint') writeIpv6(bytes, 0, address)
  else writeIpv4(bytes, 0, address)
  return bytes
}
const tableOf = (...texts: string[]): RouteTable<string> => {
  const table = new RouteTable<string>(texts[0]?.includes(':') === true ? 16 : 4)
  for (const text of texts) {
    const { prefix } = parseInterfaceAddress(text)
    expect(table.add(octets(prefix.address), prefix.length, text)).toBe(true)
  }
  return table
}
const find = (table: RouteTable<string>, text: string): string | undefined =>
  table.lookup(octets(parseInterfaceAddress(`${text}/0`).address), 0)

test('the longest prefix that holds the address wins, in whatever order they came', () => {
  const texts = ['10.0.0.0/8', '10.1.0.0/16', '10.1.128.0/17', '10.1.0.1/32', '0.0.0.0/0', '10.0.0.0/9']
  for (const order of [texts, texts.toReversed(), texts.toSorted()]) {
    const table = tableOf(...order)
    expect(table.size).toBe(6)
    expect(find(table, '10.1.0.1')).toBe('10.1.0.1/32')
    expect(find(table, '10.1.0.2')).toBe('10.1.0.0/16')
    expect(find(table, '10.1.200.1')).toBe('10.1.128.0/17')
    expect(find(table, '10.127.0.1')).toBe('10.0.0.0/9')
    expect(find(table, '10.128.0.1')).toBe('10.0.0.0/8')
    expect(find(table, '11.0.0.0')).toBe('0.0.0.0/0')
  }
})

test('no prefix, no answer; a prefix twice is refused and changes nothing', () => {
  const table = tableOf('10.0.0.0/8')
  expect(find(table, '11.0.0.0')).toBeUndefined()
  expect(table.add(octets(0x0a000000 as Ip), 8, 'again')).toBe(false)
  expect(find(table, '10.0.0.0')).toBe('10.0.0.0/8')
})

test('IPv6 addresses are looked up where they stand', () => {
  const table = tableOf('2001:db8::/32', '2001:db8:0:1::/64', '2001:db8::1/128')
  expect(find(table, '2001:db8:0:1::9')).toBe('2001:db8:0:1::/64')
  expect(find(table, '2001:db8::1')).toBe('2001:db8::1/128')
  expect(find(table, '2001:db8::2')).toBe('2001:db8::/32')
  const frame = new Uint8Array(60)
  frame.set(octets(parseInterfaceAddress('2001:db8:0:1::9/0').address), 38)
  expect(table.lookup(frame, 38)).toBe('2001:db8:0:1::/64')
})

test('as a list searched from end to end says', () => {
  // Few distinct octets, so that prefixes nest and fork.
  const octet = fc.constantFrom(0, 1, 127, 128, 255)
  const address = fc.tuple(octet, octet, octet, octet).map((parts) => Uint8Array.from(parts))
  const prefix = fc.tuple(address, fc.integer({ min: 0, max: 32 }))
  fc.assert(
    fc.property(
      fc.array(prefix, { maxLength: 30 }),
      fc.array(address, { minLength: 1, maxLength: 20 }),
      (given, asked) => {
        const table = new RouteTable<string>(4)
        const list = new Map<string, { key: number; length: number }>()
        for (const [bytes, length] of given) {
          const mask = length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0
          const key = (numberOf(bytes) & mask) >>> 0
          const name = `${key}/${length}`
          expect(table.add(octets(key as Ip), length, name)).toBe(!list.has(name))
          list.set(name, { key, length })
        }
        for (const one of asked) {
          let best: string | undefined
          let bestLength = -1
          for (const [name, { key, length }] of list) {
            const holds = length === 0 || numberOf(one) >>> (32 - length) === key >>> (32 - length)
            if (holds && length > bestLength) [best, bestLength] = [name, length]
          }
          expect(table.lookup(one, 0)).toBe(best)
        }
      },
    ),
  )
})

function numberOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, octet) => sum * 256 + octet, 0)
}
