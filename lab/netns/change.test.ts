import { array, assert, nat, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { beforeControl } from '../../twin/before-control.js'
import { editedFabric, NUMBERS, smallPlan, TWO_LEAVES } from '../apply/testdata/fabrics.js'
import { changeScript, networkChange, withWireOf } from './change.js'
import { networkScript } from './script.js'
import { Kernel } from './testdata/kernel.js'
import { wiringOf, type Wiring } from './wiring.js'

const numbers = array(nat(0xffff), { minLength: NUMBERS, maxLength: NUMBERS })
const LAB = 'k3f9a2'
const wired = (fabric: Parameters<typeof smallPlan>[0]) => wiringOf(LAB, beforeControl(smallPlan(fabric)))

function kernelOf(wiring: Wiring): Kernel {
  const kernel = new Kernel()
  kernel.make(networkScript(wiring).rest)
  return kernel
}

describe('[T02] from one wiring to another', () => {
  it('namespaces come to what they would be if they were made at once', () => {
    assert(
      property(numbers, (drawn) => {
        const [from, to] = editedFabric(drawn)
        const before = wired(from)
        const after = withWireOf(before, wired(to))
        const kernel = kernelOf(before)
        kernel.change(changeScript(after, networkChange(before, after)))
        expect(kernel.state).toEqual(kernelOf(after).state)
      }),
      { numRuns: 150 },
    )
  })

  it('nothing is done where nothing differs', () => {
    assert(
      property(numbers, (drawn) => {
        const [fabric] = editedFabric(drawn)
        const [before, after] = [wired(fabric), wired(fabric)]
        const script = changeScript(after, networkChange(before, after))
        expect(script).toEqual({ remove: [], namespacesGone: [], make: { create: [], inside: [] } })
      }),
      { numRuns: 30 },
    )
  })

  it('what a device forgets with its address is told again, though it stays what it was', () => {
    const before = wired({ ...TWO_LEAVES, seal: 'none' })
    const nodes = before.nodes.map((node, n) =>
      n === 0 ? { ...node, taps: node.taps.map((tap) => ({ ...tap, addresses: ['192.0.2.1/24'] })) } : node,
    )
    const after = { ...before, nodes }
    expect(nodes[0]?.routes.length).toBeGreaterThan(0)
    const kernel = kernelOf(before)
    kernel.change(changeScript(after, networkChange(before, after)))
    expect(kernel.state).toEqual(kernelOf(after).state)
  })

  it('links that are delayed already stay where they are in the wire node', () => {
    const fabric = { ...TWO_LEAVES, seal: 'none', leaves: [{ shop: 1, bank: 0 }] } as const
    const before = wired({ ...fabric, delays: [0, 100] })
    const after = withWireOf(before, wired({ ...fabric, delays: [200, 100] }))
    expect(after.wire?.links.map(({ id, a }) => [id, a])).toEqual([
      ['leaf1--spine1', 'w1a'],
      ['leaf1--spine2', 'w0a'],
    ])
    expect(networkChange(before, after).cablesNew.map(({ id }) => id)).toEqual(['leaf1--spine1'])
  })
})
