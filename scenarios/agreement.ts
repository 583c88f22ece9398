/**
 * The twin, sent the same frames, sees the same: honest and hostile ones mixed, on every link and at every host.
 *
 * @module
 */
import { arb, describe, expect, fabricTest, liveTenants, scenarioFabric } from 'ztos-twin/vitest'

const test = fabricTest()

for (const { name } of liveTenants(scenarioFabric())) {
  describe(name, () => {
    test('twin and target see the same', async ({ fabric, target, forAll }) => {
      const tenant = fabric.tenant(name)
      const frames = arb.frames({
        from: tenant,
        forge: ['vni', 'outer', 'mac', 'macsec', 'truncate', 'oversize', 'address', 'malformed'],
        max: 6,
      })
      await forAll(
        { flows: arb.flows({ within: tenant, max: 8 }), frames },
        async ({ flows, frames }) => {
          const seen = await target.send([...flows, ...frames, ...flows])
          await expect(seen).toAgreeWithTwin()
        },
        { hosts: 'either' },
      )
    })
  })
}
