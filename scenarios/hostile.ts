/**
 * Hostile frames are dropped, for the reason that the fabric machine gives for them: forged VNIs, outer addresses and MACs, cut
 * and oversize frames, wrong headers, and all that can be tried on a sealed link without its key.
 *
 * @module
 */
import {
  arb,
  describe,
  expect,
  fabricTest,
  flow,
  hostile,
  liveTenants,
  pathBetween,
  scenarioFabric,
} from 'ztos-twin/vitest'
import type { FabricView, Flow, Forgery, Tenant } from 'ztos-twin/vitest'

const test = fabricTest()
const fabric = scenarioFabric()
const kinds: readonly Forgery[] = [
  'vni',
  'outer',
  'mac',
  'macsec',
  'truncate',
  'oversize',
  'address',
  'malformed',
]
/** Links on which frames have a SecTAG to be changed; WireGuard's are judged by what is clear on them. */
const sealed = fabric.links().filter(({ id }) => {
  const end = fabric.plan.links.find((link) => link.id === id)?.a
  const program = fabric.plan.nodes.find(({ name }) => name === end?.node)?.program
  return program?.interfaces.some((one) => one.kind === 'macsec' && one.lower === end?.interface) === true
})

for (const { name } of liveTenants(fabric)) {
  describe(name, () => {
    test('forged frames of every kind are dropped', async ({ fabric, target, forAll }) => {
      const tenant = fabric.tenant(name)
      await forAll(
        { frames: arb.frames({ from: tenant, forge: kinds, max: 12 }) },
        async ({ frames }) => {
          const seen = await target.send(frames, { control: [tenant] })
          await expect(seen).toDrop()
          await expect(seen).toReach()
        },
        { hosts: 'either' },
      )
    })
  })
}

describe.skipIf(sealed.length === 0)('captured frames', () => {
  for (const { name } of liveTenants(fabric)) {
    const crossing = crossingFlow(fabric, fabric.tenant(name))
    test.skipIf(crossing === undefined)(
      `of ${name}, sent again or altered, are dropped`,
      async ({ fabric, target }) => {
        const tenant = fabric.tenant(name)
        const honest = crossingFlow(fabric, tenant)
        const first = await target.send(honest ?? [])
        const captured = first.observation.wire.filter(({ link }) => sealed.some(({ id }) => id === link))
        const again = await target.send(
          captured.map((frame) => hostile.replayed(frame, name)),
          { control: [tenant] },
        )
        await expect(again).toDrop({ fate: 'macsec-replay' })
        const changed = await target.send(
          captured.flatMap((frame, index) => [
            hostile.altered(frame, name, index * 131),
            hostile.altered(frame, name, frame.frame.length * 8 - 1),
          ]),
          { control: [tenant] },
        )
        await expect(changed).toDrop({ fate: 'macsec-icv' })
        await expect(changed).toReach()
      },
    )
  }
})

/** A flow between two leaves that leaves the first one over a sealed link, whichever it takes. */
function crossingFlow(of: FabricView, tenant: Tenant): Flow | undefined {
  for (const from of tenant.hosts) {
    for (const to of tenant.hosts) {
      for (const family of [4, 6] as const) {
        if (from.leaf === to.leaf || pathBetween(tenant, from, to, family).kind === 'none') continue
        if (of.links({ node: from.leaf }).some(({ id }) => sealed.every((link) => link.id !== id))) continue
        return flow(of, from, to, { family })
      }
    }
  }
  return undefined
}
