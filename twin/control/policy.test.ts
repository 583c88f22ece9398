import { describe, expect, test } from 'vitest'
import type { Policy } from '../../contract/control-plane.js'
import { parsePrefix } from '../packet/index.js'
import { GRACEFUL_SHUTDOWN, ownPath, type BgpPath } from './path.js'
import { RoutePolicy } from './policy.js'

type Statement = Policy['statements'][number]
const path: BgpPath = { ...ownPath(0), asPath: [65001], communities: ['65000:2'] }
const accept = (match: Statement['match'], set: Statement['set'] = {}): Statement => ({
  match,
  action: 'accept',
  set,
})
const reject = (match: Statement['match']): Statement => ({ match, action: 'reject', set: {} })
function apply(statements: Statement[], prefix = '10.1.0.0/24') {
  return new RoutePolicy({ name: 'test', statements }).apply(prefix, parsePrefix(prefix), path, 65042)
}
const passes = (within: { prefix: string; ge?: number; le?: number }, prefix: string) =>
  apply([accept({ prefixes: [within] })], prefix) !== undefined

describe('[BGP-5] policies', () => {
  test('the first statement that matches decides; what none matches is rejected', () => {
    expect(apply([accept({}, { med: 1 }), accept({}, { med: 2 })])?.med).toBe(1)
    expect(apply([reject({}), accept({})])).toBeUndefined()
    expect(apply([accept({}), reject({})])).toBe(path)
    expect(apply([])).toBeUndefined()
    expect(apply([accept({ communities: ['65000:9'] })])).toBeUndefined()
  })

  test('all that a statement states must match, and any of each', () => {
    const prefixes = [{ prefix: '10.9.0.0/24' }, { prefix: '10.1.0.0/24' }]
    expect(apply([accept({ prefixes, communities: ['65000:1', '65000:2'] })])).toBe(path)
    expect(apply([accept({ prefixes, communities: ['65000:1'] })])).toBeUndefined()
    expect(apply([accept({ prefixes: [{ prefix: '10.9.0.0/24' }] })])).toBeUndefined()
    expect(apply([accept({ prefixes: [] })])).toBeUndefined()
  })

  test.each([
    [{ prefix: '10.0.0.0/8' }, '10.0.0.0/8', true],
    [{ prefix: '10.0.0.0/8' }, '10.0.0.0/9', false],
    [{ prefix: '10.0.0.0/8' }, '0.0.0.0/0', false],
    [{ prefix: '10.0.0.0/8' }, '11.0.0.0/8', false],
    [{ prefix: '10.0.0.0/8', le: 9 }, '10.0.0.0/8', true],
    [{ prefix: '10.0.0.0/8', le: 9 }, '10.128.0.0/9', true],
    [{ prefix: '10.0.0.0/8', le: 9 }, '10.0.0.0/10', false],
    [{ prefix: '10.0.0.0/8', ge: 9 }, '10.0.0.0/8', false],
    [{ prefix: '10.0.0.0/8', ge: 9 }, '10.0.0.0/9', true],
    [{ prefix: '10.0.0.0/8', ge: 9 }, '10.0.0.1/32', true],
    [{ prefix: '10.0.0.0/8', ge: 9, le: 10 }, '10.0.0.0/10', true],
    [{ prefix: '10.0.0.0/8', ge: 9, le: 10 }, '10.0.0.0/11', false],
    [{ prefix: '10.0.0.0/8', ge: 9, le: 32 }, '11.0.0.0/16', false],
    [{ prefix: '2001:db8::/32', ge: 33 }, '2001:db8::1/128', true],
    [{ prefix: '0.0.0.0/0', ge: 0 }, '10.0.0.0/8', true],
    [{ prefix: '0.0.0.0/0', ge: 0 }, '2001:db8::/32', false],
  ])('%j and %s: %s', (within, prefix, expected) => {
    expect(passes(within, prefix)).toBe(expected)
  })

  test('what is set is set, and nothing else', () => {
    expect(apply([accept({}, { localPreference: 0, med: 0 })])).toEqual({
      ...path,
      localPreference: 0,
      med: 0,
    })
  })

  test('communities are added, each once, in order', () => {
    const communities = ['65000:3', '65000:1', '65000:2']
    expect(apply([accept({}, { communities })])?.communities).toEqual(['65000:1', '65000:2', '65000:3'])
  })

  test('the own AS number is put before the path so many times', () => {
    expect(apply([accept({}, { prepend: 2 })])?.asPath).toEqual([65042, 65042, 65001])
  })
})

test('what may make longer paths better is told by prefix', () => {
  const ranks = (statement: Statement) =>
    new RoutePolicy({ name: 'test', statements: [statement] }).ranks(
      '10.1.0.0/24',
      parsePrefix('10.1.0.0/24'),
    )
  expect(ranks(accept({}, { localPreference: 100 }))).toBe(true)
  expect(ranks(accept({}, { med: 0 }))).toBe(true)
  expect(ranks(accept({}, { communities: [GRACEFUL_SHUTDOWN] }))).toBe(true)
  expect(ranks(accept({}, { prepend: 3, communities: ['65000:1'] }))).toBe(false)
  expect(ranks(accept({ prefixes: [{ prefix: '10.2.0.0/24' }] }, { med: 1 }))).toBe(false)
})
