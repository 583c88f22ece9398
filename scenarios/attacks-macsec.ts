/**
 * Attacks on links that MACsec seals: changed bits of every field, cut frames, foreign channels and peers, what was captured sent again or
 * back, frames in the clear and without the key. They are refused for the reason that the fabric machine gives, are counted by the standard's
 * names, and harm nobody.
 *
 * @module
 */
import {
  arb,
  attack,
  describe,
  expect,
  fabricTest,
  flow,
  liveTenants,
  pathBetween,
  scenarioFabric,
} from 'ztos-twin/vitest'
import type { FabricView, Flow } from 'ztos-twin/vitest'

const test = fabricTest()
const fabric = scenarioFabric()
const links = attack.macsecLinks(fabric)

describe.skipIf(links.length === 0)('links that MACsec seals', () => {
  const tenants = liveTenants(fabric, { crossing: true })

  test.skipIf(tenants.length === 0)(
    'attacks fail, for the right reason, and honest traffic goes on',
    async ({ fabric, target, forAll }) => {
      await forAll(
        { attacks: arb.macsecAttacks(fabric) },
        async ({ attacks }) => {
          const before = await target.send(honest(fabric))
          const counted = await attack.macsecRefusals(target)
          const seen = await target.send(attack.macsecAttackFrames(target, attacks, before), {
            control: tenants,
          })
          await expect(seen).toDrop()
          await expect(seen).toReach()
          await expect(seen.on(links)).toBeSealed()
          expect(grown(counted, await attack.macsecRefusals(target))).toEqual(attack.refusalsIn(seen))
        },
        { hosts: 'either' },
      )
    },
  )
})

/** Flows between leaves, so that every link has something to be captured, both ways. */
function honest(of: FabricView): readonly Flow[] {
  return of.hosts.flatMap((from) =>
    of.tenant(from.tenant).hosts.flatMap((to, index) =>
      ([4, 6] as const)
        .filter(
          (family) =>
            from.leaf !== to.leaf && pathBetween(of.tenant(from.tenant), from, to, family).kind !== 'none',
        )
        .slice(0, 1)
        .map((family) => flow(of, from, to, { family, sourcePort: 30000 + index * 17 })),
    ),
  )
}

/** What was counted meanwhile. */
function grown(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>) {
  return new Map(
    [...after].flatMap(([name, count]) => {
      const more = count - (before.get(name) ?? 0)
      return more === 0 ? [] : [[name, more] as const]
    }),
  )
}
