import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Plan } from '../../contract/plan.js'
import { planBytes, planDigest } from './index.js'

const plan: Plan = {
  format: 'ztos-plan',
  version: 1,
  fabric: 'tiny',
  underlay: 'ipv4',
  nodes: [],
  links: [],
  tenants: [],
  hosts: [],
  intents: [{ kind: 'latency', name: 'a', from: 't/a', to: 't/b', percentile: 99.9, bound: 1, rate: 2 }],
  keys: ['b', 'a'],
}
const bytes = `{
  "fabric": "tiny",
  "format": "ztos-plan",
  "hosts": [],
  "intents": [
    {
      "bound": 1,
      "from": "t/a",
      "kind": "latency",
      "name": "a",
      "percentile": 99.9,
      "rate": 2,
      "to": "t/b"
    }
  ],
  "keys": [
    "b",
    "a"
  ],
  "links": [],
  "nodes": [],
  "tenants": [],
  "underlay": "ipv4",
  "version": 1
}
`

test('a plan is written with its keys in order, lists as they are, and a line feed', () => {
  expect(new TextDecoder().decode(planBytes(plan))).toBe(bytes)
})

test('the order of keys in memory does not matter', () => {
  const reversed = Object.fromEntries(Object.entries(plan).toReversed()) as Plan
  expect(planBytes(reversed)).toEqual(planBytes(plan))
})

test('the digest is SHA-256 of what is written', () => {
  expect(planDigest(plan)).toBe(createHash('sha256').update(bytes).digest('hex'))
  expect(planDigest({ ...plan, fabric: 'other' })).not.toBe(planDigest(plan))
})
