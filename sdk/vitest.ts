/**
 * `ztos-twin/vitest`: scenarios as vitest tests.
 *
 * @example
 * ```ts
 * import { arb, expect, fabricTest } from 'ztos-twin/vitest'
 *
 * const test = fabricTest('./shop.fabric.yaml')
 *
 * test('bank never hears shop', async ({ fabric, target, forAll }) => {
 *   const { shop, bank } = fabric.tenants
 *   await forAll({ frames: arb.frames({ from: shop, forge: ['vni', 'mac', 'outer'] }) }, async ({ frames }) => {
 *     const seen = await target.send(frames, { control: [shop, bank] })
 *     await expect(seen).toIsolate(shop, bank)
 *     await expect(seen).toAgreeWithTwin()
 *   })
 * })
 * ```
 * @module
 */
export * as arb from './arb/index.js'
export * as attack from './attack.js'
export * as fault from './fault.js'
export * as gateway from './gateway.js'
export * as hostile from './hostile.js'
export { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest'
export { SdkError, type SdkErrorCode } from './errors.js'
export type {
  FabricView,
  Family,
  Host,
  Link,
  LinkFilter,
  Network,
  Node,
  Tenant,
  TenantArgument,
} from './fabric-view.js'
export type { LinkArgument, NodeArgument } from './fault.js'
export type { Start } from './greeting.js'
export type { Fault, WireFrame } from '../record/target.js'
export type { ScenarioSendOptions, ScenarioTarget, Traffic } from './scenario-target.js'
export type { Seen, Sent } from './seen.js'
export { flow, liveTenants, reverse, type Flow } from './traffic/flow.js'
export type { Expectation, Forgery, Frame } from './traffic/frame.js'
export type { PacketSpec, Protocol } from './traffic/packet.js'
export { pathBetween, type Path } from './traffic/path.js'
export {
  fabricTest,
  scenarioFabric,
  type FabricTest,
  type FabricTestOptions,
  type ScenarioFixtures,
} from './vitest/fabric-test.js'
export { ScenarioFailure, type Arbitraries, type ForAll, type ForAllOptions } from './vitest/for-all.js'
export {
  expect,
  type MatcherData,
  type ScenarioExpect,
  type SeenMatchers,
  type TargetMatchers,
} from './vitest/matchers.js'
export type { OpenTarget } from './vitest/open-target.js'
export type { TestReport } from './vitest/report.js'
