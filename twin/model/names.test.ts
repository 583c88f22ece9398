import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareNames, splitName, suggest } from './names.js'

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,11}$/)

describe('name order', () => {
  test('numbers count by value', () => {
    expect(['leaf10', 'leaf2', 'leaf1', 'spine1', 'leaf'].toSorted(compareNames)).toEqual([
      'leaf',
      'leaf1',
      'leaf2',
      'leaf10',
      'spine1',
    ])
  })

  test('is a total order', () => {
    fc.assert(
      fc.property(name, name, name, (a, b, c) => {
        expect(Math.sign(compareNames(a, b)) + Math.sign(compareNames(b, a))).toBe(0)
        expect(compareNames(a, b) === 0).toBe(a === b)
        const [first = '', second = '', third = ''] = [a, b, c].toSorted(compareNames)
        expect(compareNames(first, second)).toBeLessThanOrEqual(0)
        expect(compareNames(second, third)).toBeLessThanOrEqual(0)
        expect(compareNames(first, third)).toBeLessThanOrEqual(0)
      }),
    )
  })

  test('equal numbers written differently are still ordered', () => {
    expect(compareNames('leaf1', 'leaf01')).toBeGreaterThan(0)
    expect(compareNames('leaf01', 'leaf1')).toBeLessThan(0)
  })
})

test.each([
  ['leaf12', 'leaf', 12],
  ['leaf', 'leaf', undefined],
  ['r2-leaf003', 'r2-leaf', 3],
])('%s is stem %s with number %s', (text, stem, number) => {
  expect(splitName(text)).toEqual({ stem, number })
})

describe('a suggestion', () => {
  test.each([
    ['gatewyas', 'gateways'],
    ['mtuu', 'mtu'],
    ['Vni', 'vni'],
    ['vln', 'vlan'],
  ])('for %s is %s', (word, expected) => {
    expect(suggest(word, ['vlan', 'vni', 'subnet', 'gateways', 'mtu'])).toBe(expected)
  })

  test('is not made for a word that is far from all', () => {
    expect(suggest('colour', ['vlan', 'vni', 'mtu'])).toBeUndefined()
    expect(suggest('ab', ['cd'])).toBeUndefined()
  })

  test('is not made for another number of a series', () => {
    expect(suggest('leaf4', ['leaf1', 'leaf2'])).toBeUndefined()
  })
})
