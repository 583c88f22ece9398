import { describe } from 'vitest'
import { arb, expect, fabricTest, flow, hostile } from 'ztos-twin/vitest'

const test = fabricTest<'shop' | 'bank'>('../topologies/demo.yaml')

describe('a sound fabric, judged on the twin', () => {
  test('bank never hears shop', async ({ fabric, target, forAll }) => {
    const { shop, bank } = fabric.tenants
    await forAll(
      {
        frames: arb.frames({
          from: shop,
          forge: ['vni', 'mac', 'outer', 'macsec', 'truncate', 'oversize', 'address', 'malformed'],
        }),
      },
      async ({ frames }) => {
        const seen = await target.send(frames, { control: [shop, bank] })
        await expect(seen).toIsolate(shop, bank)
        await expect(seen).toDrop()
        await expect(seen).toAgreeWithTwin()
      },
      { numRuns: 300 },
    )
  })
  test('flows arrive', async ({ fabric, target, forAll }) => {
    const { shop } = fabric.tenants
    const core = fabric.links({ seal: 'core' })
    await forAll(
      {
        flows: arb.flows({ within: shop, max: 20 }),
        more: arb.flows({ between: [fabric.network('bank/web'), fabric.network('bank/db')] }),
      },
      async ({ flows, more }) => {
        const seen = await target.send([...flows, ...more])
        await expect(seen).toReach(flows)
        await expect(seen).toReach()
        await expect(seen.on(core)).toBeSealed({ by: 'macsec' })
        await expect(seen).toAgreeWithTwin()
      },
      { numRuns: 300 },
    )
  })
  test('intents hold', async ({ target }) => {
    await expect(target).toSatisfy('web-db')
    await expect(target).toSatisfy('core-sealed')
    await expect(target).toSatisfy('isolation:bank--shop')
  })
  test('what cannot be judged skips', async ({ target }) => {
    await expect(target).toSatisfy('web-fast')
  })
  test('replayed and altered frames are dropped', async ({ fabric, target }) => {
    const one = flow(fabric, fabric.host('shop/web1'), fabric.host('shop/db1'))
    const seen = await target.send(one)
    const wire = seen.observation.wire.filter(({ link }) => fabric.link(link).seal !== undefined)
    const again = await target.send([
      ...wire.map((frame) => hostile.replayed(frame, 'shop')),
      ...wire.map((frame, n) => hostile.altered(frame, 'shop', n * 7)),
    ])
    await expect(again).toDrop()
    await expect(again).toDrop()
  })
})
