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

test('a prefix is replaced and removed; what lies below it or beside it stays', () => {
  const table = tableOf('10.0.0.0/8', '10.1.0.0/16', '10.1.128.0/17', '0.0.0.0/0')
  const key = (text: string) => octets(parseInterfaceAddress(text).prefix.address)
  table.set(key('10.1.0.0/16'), 16, 'new')
  table.set(key('10.2.0.0/16'), 16, 'more')
  expect([table.size, find(table, '10.1.0.1'), find(table, '10.2.0.1')]).toEqual([5, 'new', 'more'])
  expect(table.remove(key('10.1.0.0/16'), 16)).toBe(true)
  expect([table.size, find(table, '10.1.0.1'), find(table, '10.1.128.1')]).toEqual([
    4,
    '10.0.0.0/8',
    '10.1.128.0/17',
  ])
  expect(table.remove(key('0.0.0.0/0'), 0)).toBe(true)
  expect(find(table, '11.0.0.1')).toBeUndefined()
})

test('removing what is not there says so: a fork, a longer or a shorter prefix', () => {
  const table = tableOf('10.0.0.0/16', '10.128.0.0/16')
  for (const [address, length] of [
    [0x0a000000, 8],
    [0x0a000000, 17],
    [0x0a400000, 16],
    [0, 0],
  ] as const) {
    expect(table.remove(octets(address as Ip), length)).toBe(false)
  }
  expect([table.size, find(table, '10.0.0.1'), find(table, '10.128.0.1')]).toEqual([
    2,
    '10.0.0.0/16',
    '10.128.0.0/16',
  ])
})

test('as a list searched from end to end says', () => {
  // Few distinct octets, so that prefixes nest and fork.
  const octet = fc.constantFrom(0, 1, 127, 128, 255)
  const address = fc.tuple(octet, octet, octet, octet).map((parts) => Uint8Array.from(parts))
  const prefix = fc.tuple(address, fc.integer({ min: 0, max: 32 }))
  fc.assert(
    fc.property(
      fc.array(fc.tuple(prefix, fc.constantFrom('add', 'set', 'remove')), { maxLength: 60 }),
      fc.array(address, { minLength: 1, maxLength: 20 }),
      (given, asked) => {
        const table = new RouteTable<string>(4)
        const list = new Map<string, { key: number; length: number }>()
        for (const [[bytes, length], operation] of given) {
          const mask = length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0
          const key = (numberOf(bytes) & mask) >>> 0
          const name = `${key}/${length}`
          expect(did(table, operation, octets(key as Ip), length, name)).toBe(
            operation === 'set' || list.has(name) === (operation === 'remove'),
          )
          if (operation === 'remove') list.delete(name)
          else list.set(name, { key, length })
          expect(table.size).toBe(list.size)
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

/** Does an operation and says whether the table was changed, as it says. */
function did(
  table: RouteTable<string>,
  operation: 'add' | 'set' | 'remove',
  key: Uint8Array,
  length: number,
  name: string,
): boolean {
  if (operation === 'add') return table.add(key, length, name)
  if (operation === 'remove') return table.remove(key, length)
  table.set(key, length, name)
  return true
}

function numberOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, octet) => sum * 256 + octet, 0)
}
