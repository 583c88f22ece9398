import { describe, expect, it } from 'vitest'
import { withEpochs } from '../../twin/program/index.js'
import { epochsAfter } from './epochs.js'
import { smallPlan, TWO_LEAVES, type SmallFabric } from './testdata/fabrics.js'

const fabric: SmallFabric = { ...TWO_LEAVES, spines: 1 }
const [two, three] = [
  smallPlan(fabric),
  smallPlan({ ...fabric, leaves: [...fabric.leaves, { shop: 0, bank: 0 }] }),
]

describe('[T02] keys after a change', () => {
  it('are those that rotations have brought, of what is sealed as before', () => {
    const known = new Set(two.keys)
    const epochs = epochsAfter(two, three, { epochs: new Map([['leaf1--spine1', 3]]), known })
    expect([...epochs]).toEqual([
      ['leaf1--spine1', 3],
      ['leaf2--spine1', 0],
      ['leaf3--spine1', 0],
    ])
  })

  it('are never those that a link had before it was taken away', () => {
    const known = new Set([...three.keys, ...withEpochs(three, new Map([['leaf3--spine1', 1]])).keys])
    expect(epochsAfter(two, three, { epochs: new Map(), known }).get('leaf3--spine1')).toBe(2)
  })

  it('are others where the seal is of another kind', () => {
    const other = smallPlan({ ...fabric, seal: 'wireguard' })
    const epochs = epochsAfter(two, other, {
      epochs: new Map([['leaf1--spine1', 3]]),
      known: new Set(two.keys),
    })
    expect(epochs.get('leaf1--spine1')).toBe(0)
  })
})
