/**
 * Generated flows inside each tenant arrive once, as the plan says, whatever their size, ports and marks.
 *
 * @module
 */
import { arb, describe, expect, fabricTest, liveTenants, reverse, scenarioFabric } from 'ztos-twin/vitest'

const test = fabricTest()

for (const { name } of liveTenants(scenarioFabric())) {
  describe(name, () => {
    test('flows arrive', async ({ fabric, target, forAll }) => {
      await forAll(
        { flows: arb.flows({ within: fabric.tenant(name), max: 20 }) },
        async ({ flows }) => {
          const seen = await target.send(flows)
          await expect(seen).toReach(flows)
        },
        { hosts: 'either' },
      )
    })

    test('once both ends have spoken, nobody else hears them', async ({ fabric, target, forAll }) => {
      await forAll(
        { flows: arb.flows({ within: fabric.tenant(name), max: 5 }) },
        async ({ flows }) => {
          await target.send(flows.flatMap((flow) => [flow, reverse(fabric, flow)]))
          const seen = await target.send(flows.map((flow) => ({ ...flow, count: 3 })))
          await expect(seen).toReach()
          await expect(seen).toBeLearned()
        },
        { hosts: 'either' },
      )
    })
  })
}

for (const { name, underlay } of liveTenants(scenarioFabric(), { crossing: true })) {
  // The underlay is what tunnels are made of.
  if (underlay) continue
  test(`${name} travels between leaves in the tunnels of the plan`, async ({ fabric, target, forAll }) => {
    const flows = arb.flows({ within: fabric.tenant(name), max: 8, crossing: true })
    await forAll(
      { flows },
      async ({ flows }) => {
        const seen = await target.send(flows)
        await expect(seen).toReach(flows)
        await expect(seen).toBeTunnelled()
      },
      { hosts: 'either' },
    )
  })
}
