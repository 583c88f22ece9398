import { assert, constantFrom, dictionary, integer, property } from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseFabric } from '../model/index.js'
import {
  compile,
  keyedGroup,
  keyKinds,
  planDigest,
  sealGroups,
  validateProgram,
  withEpochs,
  type Epochs,
} from './index.js'

function planOf(text: string) {
  const { fabric, problems } = parseFabric(text, 'epochs.yaml')
  if (fabric === undefined) throw new TypeError(JSON.stringify(problems))
  return compile(fabric)
}

const text = `
ztos: 1
name: mixed
underlay: { loopbacks: 10.255.0.0/24, links: 10.254.0.0/24, bgp: { spines: 65000, leaves: 65101-65109 } }
nodes: { "leaf[1-2]": { role: leaf }, "spine[1-2]": { role: spine } }
seals:
  near: { macsec: gcm-aes-128, key: lab:near }
  far: { wireguard: true, psk: true, key: prod:far }
links:
  - { from: "leaf[1-2]", to: spine1, seal: near, count: 2 }
  - { from: leaf1, to: spine2, seal: far }
  - { from: leaf2, to: spine2 }
`
const plan = planOf(text)
const names = ['leaf1--spine1', 'leaf1--spine1#2', 'leaf1--spine2', 'leaf2--spine1', 'leaf2--spine1#2']
const interfaceOf = (of: typeof plan, node: string, kind: string) =>
  of.nodes.find(({ name }) => name === node)?.program.interfaces.find((item) => item.kind === kind)

describe('sealed groups', () => {
  test('are the links that are sealed, with both ends', () => {
    const groups = sealGroups(plan)
    expect(groups.map(({ name }) => name)).toEqual(names)
    expect(groups[2]).toMatchObject({
      kind: 'wireguard',
      seal: 'far',
      ends: [{ node: 'leaf1' }, { node: 'spine2' }],
    })
    expect(groups[3]).toMatchObject({
      kind: 'macsec',
      seal: 'near',
      ends: [{ node: 'leaf2' }, { node: 'spine1' }],
    })
  })

  test('are none where an end has several others, or another has them', () => {
    const broken = structuredClone(plan)
    const item = interfaceOf(broken, 'leaf1', 'macsec')
    if (item?.kind !== 'macsec' || item.rx[0] === undefined) throw new TypeError('no macsec interface')
    item.rx.push({ ...item.rx[0], sci: '0123456789abcdef' })
    expect(sealGroups(broken)).toHaveLength(names.length - 1)
  })
})

describe('epochs', () => {
  test('of none rotated leave the plan as it is, to the octet', () => {
    for (const file of ['demo', 'demo-wireguard', 'demo-clear', 'pop-anycast']) {
      const shipped = planOf(readFileSync(new URL(`../../topologies/${file}.yaml`, import.meta.url), 'utf8'))
      expect(planDigest(withEpochs(shipped, new Map()))).toBe(planDigest(shipped))
    }
  })

  test('stand in references, and in association numbers of MACsec (IEEE 802.1AE-2018 clause 9.5)', () => {
    const at = withEpochs(
      plan,
      new Map([
        ['leaf1--spine1', 6],
        ['leaf1--spine2', 3],
      ]),
    )
    expect(interfaceOf(at, 'leaf1', 'macsec')).toMatchObject({
      tx: { an: 2, key: 'lab:near/leaf1--spine1/leaf1/6' },
      rx: [{ an: 2, key: 'lab:near/leaf1--spine1/spine1/6' }],
    })
    expect(interfaceOf(at, 'spine2', 'wireguard')).toMatchObject({
      privateKey: 'prod:far/leaf1--spine2/spine2/3',
      peers: [
        { publicKey: 'prod:far/leaf1--spine2/leaf1/3/public', presharedKey: 'prod:far/leaf1--spine2/psk/3' },
      ],
    })
    expect(at.nodes.flatMap(({ program }) => validateProgram(program))).toEqual([])
    expect(keyKinds(at).get('prod:far/leaf1--spine2/psk/3')).toMatchObject({ kind: 'wireguard-preshared' })
  })

  test('of ends with several associations have as many keys, whose numbers go on', () => {
    const several = structuredClone(plan)
    for (const node of ['leaf2', 'spine1']) {
      for (const item of several.nodes.find(({ name }) => name === node)?.program.interfaces ?? []) {
        if (item.kind !== 'macsec' || item.rx[0] === undefined) continue
        const [rx] = item.rx
        item.standby = [{ an: 1, key: item.tx.key.replace(/0$/, '1') }]
        item.rx.push({ ...rx, an: 1, key: rx.key.replace(/0$/, '1') })
      }
    }
    expect(withEpochs(several, new Map()).nodes).toEqual(several.nodes)
    const at = withEpochs(several, new Map([['leaf2--spine1', 3]]))
    expect(interfaceOf(at, 'leaf2', 'macsec')).toMatchObject({
      tx: { an: 2, key: 'lab:near/leaf2--spine1/leaf2/6' },
      standby: [{ an: 3, key: 'lab:near/leaf2--spine1/leaf2/7' }],
      rx: [
        { an: 2, key: 'lab:near/leaf2--spine1/spine1/6' },
        { an: 3, key: 'lab:near/leaf2--spine1/spine1/7' },
      ],
    })
    expect(withEpochs(at, new Map())).toEqual(withEpochs(several, new Map()))
  })

  const arbitrary = dictionary(constantFrom(...names), integer({ min: 0, max: 99_999 }))
  const epochsOf = (of: Readonly<Record<string, number>>): Epochs => new Map(Object.entries(of))

  test('take the place of others, whichever they were', () => {
    assert(
      property(arbitrary, arbitrary, (before, after) => {
        const direct = withEpochs(plan, epochsOf(after))
        expect(withEpochs(withEpochs(plan, epochsOf(before)), epochsOf(after))).toEqual(direct)
      }),
      { numRuns: 50 },
    )
  })

  test('no two of a group share a key, and groups share none', () => {
    const groups = sealGroups(plan)
    const all = groups.flatMap((group) =>
      [0, 1, 2, 10, 11].flatMap((epoch) => keyedGroup(plan, group, epoch).keys),
    )
    expect(new Set(all).size).toBe(all.length)
    expect(groups.flatMap((group) => keyedGroup(plan, group, 0).keys).toSorted()).toEqual(plan.keys)
  })
})
