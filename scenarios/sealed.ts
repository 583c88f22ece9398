/**
 * Sealed links carry nothing that can be read, and nothing that is not sealed.
 *
 * @module
 */
import { arb, describe, expect, fabricTest, hostile, liveTenants, scenarioFabric } from 'ztos-twin/vitest'

const test = fabricTest()
const fabric = scenarioFabric()
const sealed = fabric.links().filter(({ seal }) => seal !== undefined)

describe.skipIf(sealed.length === 0)('sealed links', () => {
  // Hosts of one leaf cross no link: a tenant that has no others is no test of one.
  for (const { name } of liveTenants(fabric, { crossing: true })) {
    test(`traffic of ${name} cannot be read`, async ({ fabric, target, forAll }) => {
      const flows = arb.flows({ within: fabric.tenant(name), max: 10, crossing: true })
      await forAll(
        { flows },
        async ({ flows }) => {
          const seen = await target.send(flows)
          await expect(seen).toReach(flows)
          await expect(seen.on(sealed)).toBeSealed()
        },
        { hosts: 'either' },
      )
    })
  }

  const stretched = fabric.hosts.filter(
    ({ network: { vni, leaves } }) => vni !== undefined && leaves.length > 1,
  )
  test.skipIf(stretched.length === 0)('what is flooded is sealed too', async ({ fabric, target }) => {
    const questions = fabric.hosts.flatMap((host) =>
      host.addresses.map(({ address }) => hostile.whoHas(host, { target: address })),
    )
    const controls = liveTenants(fabric, { crossing: true }).filter(({ underlay }) => !underlay)
    const seen = await target.send(
      questions.filter((question) => question !== undefined),
      { control: controls },
    )
    await expect(seen.on(sealed)).toBeSealed()
  })
})
