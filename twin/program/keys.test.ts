import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseFabric } from '../model/index.js'
import { compile, deriveKeys, KeyError, planBytes } from './index.js'

const text = readFileSync(new URL('../../topologies/two-leaves.yaml', import.meta.url))
const { fabric } = parseFabric(text, 'two-leaves.yaml')
if (fabric === undefined) throw new TypeError('the fabric is not sound')
const plan = compile(fabric)
const seed = Uint8Array.from({ length: 32 }, (_, i) => i)

/** RFC 5869 by hand: extract with a salt of zeros, expand to one block. */
function hkdf(info: string): string {
  const key = createHmac('sha256', Buffer.alloc(32)).update(seed).digest()
  const block = createHmac('sha256', key)
    .update(info)
    .update(Buffer.from([1]))
    .digest()
  return block.subarray(0, 16).toString('hex')
}

describe('lab keys', () => {
  test('are HKDF of the seed by reference, one for each direction of each link', () => {
    const keys = deriveKeys(plan, seed)
    expect([...keys.keys()]).toEqual([
      'lab:core/leaf1--spine1/leaf1/0',
      'lab:core/leaf1--spine1/spine1/0',
      'lab:core/leaf2--spine1/leaf2/0',
      'lab:core/leaf2--spine1/spine1/0',
    ])
    for (const [reference, key] of keys) expect(Buffer.from(key).toString('hex')).toBe(hkdf(reference))
  })

  test('are not in the plan', () => {
    const plain = Buffer.from(planBytes(plan)).toString()
    for (const key of deriveKeys(plan, seed).values()) {
      expect(plain).not.toContain(Buffer.from(key).toString('hex'))
    }
  })

  test('need a seed of 32 octets, which the error does not show', () => {
    expect(() => deriveKeys(plan, seed.subarray(1))).toThrow(KeyError)
    expect(() => deriveKeys(plan, seed.subarray(1))).toThrow(
      'ZT_KEY_SEED: a seed has 32 octets, this has 31; draw it anew',
    )
  })

  test('of other sources are not derived', () => {
    expect(() => deriveKeys({ keys: ['vault:core/x'] }, seed)).toThrow(
      'ZT_KEY_SOURCE: vault:core/x is no lab key',
    )
  })
})
