import { arb, describe, expect, fabricTest, flow, hostile, liveTenants } from 'ztos-twin/vitest'
import type { Forgery } from 'ztos-twin/vitest'

const forge: readonly Forgery[] = [
  'vni',
  'mac',
  'outer',
  'macsec',
  'truncate',
  'oversize',
  'address',
  'malformed',
]

for (const name of ['demo', 'demo-clear', 'demo-v6', 'two-leaves']) {
  const test = fabricTest(`../../topologies/${name}.yaml`)

  describe(`${name}, on the twin`, () => {
    test('forged frames of every kind are dropped, and tenants do not hear each other', async ({
      fabric,
      target,
      forAll,
    }) => {
      const [a, b] = liveTenants(fabric)
      await forAll({ frames: arb.frames({ from: a, to: b, forge }) }, async ({ frames }) => {
        const seen = await target.send(frames, { control: [a, b] })
        await expect(seen).toIsolate(a, b)
        await expect(seen).toDrop()
        await expect(seen).toReach()
        await expect(seen).toAgreeWithTwin()
      })
    })

    test('flows of every kind arrive', async ({ fabric, target, forAll }) => {
      const [a] = liveTenants(fabric)
      await forAll({ flows: arb.flows({ within: a, max: 12 }) }, async ({ flows }) => {
        const seen = await target.send(flows)
        await expect(seen).toReach(flows)
        await expect(seen).toBeTunnelled()
        await expect(seen).toAgreeWithTwin()
      })
    })
  })
}

const test = fabricTest<'shop' | 'bank'>('../../topologies/demo.yaml')

describe('sealed links', () => {
  test('a case whose flows stay away from them is none, whatever else is said there meanwhile', async ({
    fabric,
    target,
  }) => {
    const core = fabric.links({ seal: 'core' })
    const [from, near, far] = ['web1', 'web3', 'web2'].map((name) => fabric.host(`shop/${name}`))
    // A question is flooded over the links, and has no mark of the run.
    const question = hostile.whoHas(from!, { target: far!.addresses[0]!.address })!
    const aside = await target.send([flow(fabric, from!, near!), question])
    expect(aside.on(core).readings().length).toBeGreaterThan(0)
    await expect(aside).toReach()
    await expect(aside.on(core)).toBeSealed({ by: 'macsec' })
    const across = await target.send(flow(fabric, from!, far!))
    await expect(across.on(core)).toBeSealed({ by: 'macsec' })
  })

  test('what crosses them is sealed', async ({ fabric, target, forAll }) => {
    const core = fabric.links({ seal: 'core' })
    const flows = arb.flows({
      between: [fabric.network('shop/web'), fabric.network('shop/db')],
      protocol: 'tcp',
      port: 5432,
    })
    await forAll({ flows }, async ({ flows }) => {
      const seen = await target.send(flows)
      await expect(seen).toReach(flows)
      await expect(seen.on(core)).toBeSealed({ by: 'macsec' })
    })
  })

  test('captured frames, sent again or altered, are dropped', async ({ fabric, target }) => {
    const seen = await target.send(flow(fabric, fabric.host('shop/web1'), fabric.host('shop/db1')))
    const captured = seen.observation.wire
    const again = await target.send(captured.map((frame) => hostile.replayed(frame, 'shop')))
    await expect(again).toDrop({ fate: 'macsec-replay' })
    const changed = await target.send(captured.map((frame, n) => hostile.altered(frame, 'shop', n * 7)))
    await expect(changed).toDrop({ fate: 'macsec-icv' })
  })

  test('matchers can be negated', async ({ fabric, target }) => {
    const seen = await target.send(flow(fabric, fabric.host('shop/web1'), fabric.host('shop/web3')))
    await expect(seen).not.toDrop({ fate: 'no-route' })
  })

  test('vitest’s own toSatisfy is left alone', async ({ target }) => {
    expect(3).toSatisfy((value: number) => value > 2)
    await expect(target).toSatisfy('sync-pair')
  })
})
