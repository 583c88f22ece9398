import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkPortName, isLabId, MAX_DEVICE_NAME, namespacesOf, newLabId, phyName } from './names.js'

const plan = (nodes: readonly string[], hosts: readonly string[]) =>
  ({ nodes: nodes.map((name) => ({ name })), hosts: hosts.map((id) => ({ id })) }) as unknown as Parameters<
    typeof namespacesOf
  >[1]

describe('names of a lab', () => {
  it('are six letters or digits', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (numbers) => {
        const id = newLabId((below) => Number(numbers.next().value) % below)
        expect(isLabId(id)).toBe(true)
      }),
    )
  })

  it('join tenant and host', () => {
    const { nodes, hosts } = namespacesOf('k3f9a2', plan(['leaf1'], ['shop/web1']))
    expect(nodes.get('leaf1')).toBe('zt-k3f9a2-leaf1')
    expect(hosts.get('shop/web1')).toBe('zt-k3f9a2-h-shop-web1')
  })

  it('stay apart where joining makes them the same', () => {
    const { nodes, hosts } = namespacesOf('k3f9a2', plan(['h-a-b-c'], ['a/b-c', 'a-b/c']))
    const all = [...nodes.values(), ...hosts.values()]
    expect(new Set(all).size).toBe(all.length)
  })

  it.each(['Leaf', '../x', 'a b', '', '-a', 'a;b'])('refuse the node %j', (name) => {
    expect(() => namespacesOf('k3f9a2', plan([name], []))).toThrow(/ZT_LAB_PLAN/)
  })
})

describe('names of devices', () => {
  it('fit the kernel with .phy behind them', () => {
    expect(phyName(checkPortName('leaf1', 'eth12345678')).length).toBe(MAX_DEVICE_NAME)
  })

  it.each(['eth123456789', 'a/b', 'a b', '', 'all;', '.phy', '%d'])('refuse %j', (name) => {
    expect(() => checkPortName('leaf1', name)).toThrow(/ZT_LAB_PLAN/)
  })
})
