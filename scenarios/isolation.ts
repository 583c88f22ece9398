/**
 * Tenants do not hear each other, whatever one of them, or somebody on a link who poses as one, puts in.
 *
 * @module
 */
import { arb, describe, expect, fabricTest, liveTenants, scenarioFabric } from 'ztos-twin/vitest'

const test = fabricTest()
const tenants = liveTenants(scenarioFabric())
const pairs = tenants.length * (tenants.length - 1)

for (const from of tenants) {
  for (const to of tenants) {
    if (from.name === to.name) continue
    describe(`${from.name} and ${to.name}`, () => {
      test('hostile frames stay out', async ({ fabric, target, forAll }) => {
        const [a, b] = [fabric.tenant(from.name), fabric.tenant(to.name)]
        const frames = arb.frames({ from: a, to: b, forge: ['vni', 'mac', 'outer', 'address'], max: 8 })
        await forAll(
          { frames },
          async ({ frames }) => {
            const seen = await target.send(frames, { control: [a, b] })
            await expect(seen).toIsolate(a, b)
          },
          { hosts: 'either', alike: pairs },
        )
      })
    })
  }
}

test.skipIf(tenants.length < 2)(
  'tenants at work at the same time do not mix',
  async ({ fabric, target, forAll }) => {
    const flows = Object.fromEntries(
      tenants.map(({ name }) => [name, arb.flows({ within: fabric.tenant(name), max: 5 })]),
    )
    await forAll(
      flows,
      async (drawn) => {
        const seen = await target.send(Object.values(drawn).flat())
        await expect(seen).toReach()
        for (const [index, a] of tenants.entries()) {
          for (const b of tenants.slice(index + 1)) {
            await expect(seen).toIsolate(fabric.tenant(a.name), fabric.tenant(b.name))
          }
        }
      },
      { hosts: 'either' },
    )
  },
)
