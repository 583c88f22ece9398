import { arb, expect, fabricTest } from 'ztos-twin/vitest'
import type { Plan } from '../contract/plan.js'
import { twinTarget } from '../twin/target.js'

function leaky(plan: Plan): Plan {
  const copy = structuredClone(plan)
  const victim = copy.hosts.find(({ id }) => id === 'bank/web1')!
  const intruder = copy.hosts.find(({ id }) => id === 'shop/web1')!
  const leaf = copy.nodes.find(({ name }) => name === victim.at.node)!
  const portOf = (id: number) => leaf.program.interfaces.find((one) => one.id === id)!
  const [a, b] = [portOf(victim.at.interface), portOf(intruder.at.interface)]
  if (a.kind !== 'port' || b.kind !== 'port' || b.bridge === undefined) throw new TypeError('no port')
  a.bridge = b.bridge
  return copy
}

const test = fabricTest<'shop' | 'bank'>('../topologies/demo.yaml', { open: (plan, keys) => twinTarget(leaky(plan), keys) })

test('leak', async ({ fabric, target, forAll }) => {
  const { shop, bank } = fabric.tenants
  await forAll({ frames: arb.frames({ from: shop, forge: ['mac', 'vni'] }) }, async ({ frames }) => {
    const seen = await target.send(frames, { control: [shop, bank] })
    await expect(seen).toIsolate(shop, bank)
  })
})
test('forgotten', async ({ fabric, target }) => {
  const { shop, bank } = fabric.tenants
  const seen = await target.send([], { control: [shop, bank] })
  expect(seen).toReach()
})
test('intent', async ({ target }) => {
    await expect(target).toSatisfy('isolation:bank--shop')
})
