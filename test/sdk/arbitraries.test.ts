import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { arb } from 'ztos-twin/vitest'
import { viewOf } from '../../sdk/fabric-view.js'
import { attemptsOn } from '../../sdk/judge/attempts.js'
import { judgeDelivery } from '../../sdk/judge/delivery.js'
import { judgeFates } from '../../sdk/judge/fate.js'
import { judgeIntent } from '../../sdk/judge/intent.js'
import { deliveredOf, judgeIsolation } from '../../sdk/judge/isolation.js'
import { liveTenants } from '../../sdk/traffic/flow.js'
import { forgeries } from '../../sdk/traffic/frame.js'
import { planOf, twinOf } from './testing/demo.js'

/** A seed of its own for each run of the tests; it is printed by fast-check when something fails. */
const runs = { numRuns: 25 }

test('generated fabrics are sound, alive, and keep their tenants apart', { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(arb.fabric(), async ({ plan }) => {
      const target = twinOf(plan)
      const { fabric } = target
      const tenants = Object.values(fabric.tenants)
      expect(liveTenants(fabric)).toEqual(tenants)
      const controls = await target.send([], { control: tenants })
      expect(judgeDelivery(controls)).toMatchObject({ findings: [], delivered: tenants.length })
      for (const [index, a] of tenants.entries()) {
        for (const b of tenants.slice(index + 1, index + 2)) {
          const seen = await target.send(attemptsOn(target, a, b), { control: [a, b] })
          expect(judgeIsolation(seen, a, b).findings).toEqual([])
          expect(deliveredOf(seen, a)).toBeGreaterThan(0)
        }
      }
    }),
    runs,
  )
})

test('every intent of a generated fabric holds in the twin', { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(arb.fabric({ leaves: [2, 3], tenants: [1, 2] }), async ({ plan }) => {
      const target = twinOf(plan)
      for (const intent of plan.intents) {
        expect(await judgeIntent(target, intent)).toMatchObject({ name: intent.name, judgement: 'holds' })
      }
    }),
    { numRuns: 10 },
  )
})

test(
  'forged frames of generated fabrics are dropped for the reason they state',
  { timeout: 300_000 },
  async () => {
    const drawn = arb.fabric().chain(({ plan }) => {
      const [first] = liveTenants(viewOf(plan))
      return fc.record({ plan: fc.constant(plan), frames: arb.frames({ from: first, forge: forgeries }) })
    })
    await fc.assert(
      fc.asyncProperty(drawn, async ({ plan, frames }) => {
        const target = twinOf(plan)
        expect(judgeFates(await target.send(frames)).findings).toEqual([])
      }),
      { numRuns: 60 },
    )
  },
)

test('every size, both underlays, both inner families and seals are drawn', () => {
  const plans = fc.sample(arb.fabric(), { numRuns: 300, seed: 1 }).map(({ plan }) => plan)
  const values = <T>(of: (plan: (typeof plans)[number]) => T) =>
    [...new Set(plans.map(of))].toSorted((a, b) => (a < b ? -1 : 1))
  const count = (role: string) => values(({ nodes }) => nodes.filter((node) => node.role === role).length)
  expect(count('spine')).toEqual([1, 2, 3, 4])
  expect(count('leaf')).toEqual([2, 3, 4, 5, 6])
  expect(values(({ tenants }) => tenants.length)).toEqual([1, 2, 3, 4, 5])
  expect(values(({ underlay }) => underlay)).toEqual(['ipv4', 'ipv6'])
  expect(values(({ links }) => links.some(({ seal }) => seal !== undefined))).toEqual([false, true])
  expect(
    values(
      ({ hosts }) =>
        new Set(hosts.flatMap(({ addresses }) => addresses.map((one) => one.includes(':')))).size,
    ),
  ).toEqual([1, 2])
  // Two tenants with the same addresses, the case that isolation is about.
  expect(
    plans.some(
      ({ hosts }) =>
        new Set(hosts.flatMap(({ addresses }) => addresses)).size <
        hosts.flatMap(({ addresses }) => addresses).length,
    ),
  ).toBe(true)
})

test('the same seed draws the same frames', () => {
  const { fabric } = twinOf(planOf('demo'))
  const draw = () =>
    fc
      .sample(arb.frames({ from: fabric.tenant('shop'), forge: forgeries }), { numRuns: 20, seed: 3 })
      .map((list) => list.map(({ label }) => label))
  expect(draw()).toEqual(draw())
})

test('a case is printed by its labels', () => {
  const { fabric } = twinOf(planOf('demo'))
  const [flows = []] = fc.sample(arb.flows({ within: fabric.tenant('shop') }), { numRuns: 1, seed: 5 })
  expect(fc.stringify(flows[0])).toMatch(/^shop\/\w+ > shop\/\w+ IPv[46] /)
})

test('what cannot be drawn is said', () => {
  const { fabric } = twinOf(planOf('demo'))
  const { shop } = fabric.tenants
  expect(() => arb.oneOf([])).toThrow(expect.objectContaining({ code: 'ZT_USAGE' }))
  expect(() => arb.flows({ between: [fabric.network('shop/web'), fabric.network('bank/web')] })).toThrow(
    expect.objectContaining({ code: 'ZT_NO_PATH' }),
  )
  expect(() => arb.frames({ from: undefined })).toThrow(expect.objectContaining({ code: 'ZT_UNKNOWN_NAME' }))
  expect(() => arb.frames({ from: shop, forge: ['spoon' as 'vni'] })).toThrow(
    expect.objectContaining({ code: 'ZT_USAGE' }),
  )
})
