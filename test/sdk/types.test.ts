import { expect as plain, expectTypeOf, test } from 'vitest'
import type * as fc from 'fast-check'
import { arb, expect, fabricTest } from 'ztos-twin/vitest'
import type {
  FabricTest,
  FabricView,
  Flow,
  ForAll,
  Frame,
  Host,
  ScenarioFixtures,
  ScenarioTarget,
  Seen,
  SeenMatchers,
  TargetMatchers,
  Tenant,
} from 'ztos-twin/vitest'
import type { VerifyOptions } from 'ztos-twin'

declare const seen: Seen
declare const target: ScenarioTarget

test('what a scenario sees is typed', () => {
  const shop = () => fabricTest<'shop' | 'bank'>('./shop.fabric.yaml')
  expectTypeOf(shop).returns.toEqualTypeOf<FabricTest<'shop' | 'bank'>>()
  type Fixtures = ScenarioFixtures<'shop' | 'bank'>
  expectTypeOf<Fixtures['fabric']>().toEqualTypeOf<FabricView<'shop' | 'bank'>>()
  expectTypeOf<Fixtures['target']>().toEqualTypeOf<ScenarioTarget>()
  expectTypeOf<Fixtures['forAll']>().toEqualTypeOf<ForAll>()
  expectTypeOf<Fixtures['fabric']['tenants']['shop']>().toEqualTypeOf<Tenant>()
  expectTypeOf<Fixtures['fabric']['tenants']>().not.toHaveProperty('shpo')
  plain(shop).toBeTypeOf('function')
})

test('matchers belong to what they judge', () => {
  type OfSeen = ReturnType<typeof asked>
  const asked = () => expect(seen)
  const askedTarget = () => expect(target)
  const askedNumber = () => expect(3)
  expectTypeOf<OfSeen>().toExtend<SeenMatchers>()
  expectTypeOf<ReturnType<typeof askedTarget>>().toExtend<TargetMatchers>()
  expectTypeOf<ReturnType<typeof askedTarget>>().not.toHaveProperty('toIsolate')
  expectTypeOf<OfSeen>().not.toHaveProperty('toBe')
  expectTypeOf<ReturnType<typeof askedNumber>>().toHaveProperty('toBe')
  expectTypeOf<ReturnType<typeof askedNumber>>().not.toHaveProperty('toIsolate')
  expectTypeOf<SeenMatchers['toReach']>().returns.toEqualTypeOf<Promise<void>>()
  expectTypeOf<SeenMatchers['toBeSealed']>()
    .parameter(0)
    .toEqualTypeOf<{ readonly by?: 'macsec' | 'wireguard' } | undefined>()
  plain(expect).toBeTypeOf('function')
})

test('arbitraries draw what they say, and forAll hands it on', () => {
  expectTypeOf(arb.flows).returns.toEqualTypeOf<fc.Arbitrary<Flow[]>>()
  expectTypeOf(arb.frames).returns.toEqualTypeOf<fc.Arbitrary<Frame[]>>()
  expectTypeOf(arb.host).returns.toEqualTypeOf<fc.Arbitrary<Host>>()
  expectTypeOf(arb.oneOf<'a' | 'b'>).returns.toEqualTypeOf<fc.Arbitrary<'a' | 'b'>>()
  const call = async (forAll: ForAll, tenant: Tenant) =>
    forAll(
      { flows: arb.flows({ within: tenant }), frames: arb.frames({ from: tenant, forge: ['vni'] }) },
      (drawn) => {
        expectTypeOf(drawn).toEqualTypeOf<{ flows: Flow[]; frames: Frame[] }>()
      },
    )
  plain(call).toBeTypeOf('function')
})

test('a tenant by a name that may not exist is still a tenant to the functions that take one', () => {
  type Loose = FabricView['tenants'][string]
  expectTypeOf<{ readonly from: Loose | undefined }>().toExtend<Parameters<typeof arb.frames>[0]>()
  plain(arb.frames).toBeTypeOf('function')
})

test('the library says where a run can go', () => {
  expectTypeOf<VerifyOptions['on']>().toEqualTypeOf<
    readonly ('twin' | 'netns' | 'containerlab')[] | undefined
  >()
  plain(true).toBe(true)
})
