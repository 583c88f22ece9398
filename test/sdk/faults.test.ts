import { arb, describe, expect, fabricTest, fault, flow } from 'ztos-twin/vitest'

const test = fabricTest('../../topologies/demo-bgp.yaml')

describe('faults', () => {
  test('flows arrive while any one link is down, sealed, as the twin says', async ({
    fabric,
    target,
    forAll,
  }) => {
    const core = fabric.links({ seal: 'core' })
    const flows = arb.flows({ within: fabric.tenant('shop'), max: 6 })
    await forAll(
      { flows, link: arb.oneOf(core) },
      async ({ flows, link }) => {
        const seen = await target.during(fault.linkDown(link), async () => target.send(flows))
        await expect(seen).toReach(flows)
        await expect(seen.on(core)).toBeSealed({ by: 'macsec' })
        await expect(seen).toAgreeWithTwin()
        expect(seen.readings().some(({ wire }) => wire.link === link.id)).toBe(false)
      },
      { numRuns: 25 },
    )
  })

  test('a fault is repaired when what runs throws', async ({ fabric, target }) => {
    const oops = new Error('oops')
    const run = target.during([fault.linkDown('leaf1--spine1'), fault.nodeDown('spine2')], () => {
      expect(target.standing).toHaveLength(2)
      throw oops
    })
    await expect(run).rejects.toBe(oops)
    expect(target.standing).toEqual([])
    const [from, to] = [fabric.host('shop/web1'), fabric.host('shop/web2')]
    const seen = await target.send(flow(fabric, from, to))
    await expect(seen).toReach()
    await expect(seen).toAgreeWithTwin()
  })

  test('several faults leave a leaf alone, and the twin behind the matcher gets the same ones', async ({
    fabric,
    target,
  }) => {
    const [from, to] = [fabric.host('shop/web1'), fabric.host('shop/web2')]
    const cut = fabric.links({ node: 'leaf1' }).map((link) => fault.linkDown(link))
    const seen = await target.during(cut, async () =>
      target.send([flow(fabric, from, to), flow(fabric, from, fabric.host('shop/web3'))]),
    )
    expect(seen.at(to)).toEqual([])
    await expect(seen).toAgreeWithTwin()
    await expect(expect(seen).toReach()).rejects.toThrow(/did not arrive at shop\/web2/)
  })

  test('what cannot break is refused with a remedy, before anything is broken', async ({ target }) => {
    const never = () => {
      throw new Error('ran')
    }
    await expect(target.during(fault.linkDown('leaf1--leaf9'), never)).rejects.toMatchObject({
      code: 'ZT_UNKNOWN_NAME',
    })
    await expect(target.during(fault.agentDown('spine1'), never)).rejects.toMatchObject({
      code: 'ZT_FAULT_CANNOT',
      remedy: expect.stringContaining('leaves') as string,
    })
    await expect(target.during(fault.withdrawn('leaf1', '192.0.2.0/24'), never)).rejects.toMatchObject({
      code: 'ZT_FAULT_CANNOT',
    })
    expect(target.standing).toEqual([])
  })

  test('a host whose leaf has no power hears nothing, and all is as before when it is back', async ({
    fabric,
    target,
  }) => {
    const there = flow(fabric, fabric.host('shop/web1'), fabric.host('shop/web2'))
    const seen = await target.during(fault.nodeDown('leaf2'), async () =>
      target.send([there, flow(fabric, fabric.host('shop/web1'), fabric.host('shop/web3'))]),
    )
    expect(seen.at(fabric.host('shop/web2')).filter(({ trace }) => trace === seen.sent[0]?.trace)).toEqual([])
    await expect(seen).toAgreeWithTwin()
    const after = await target.send(there)
    await expect(after).toReach(there)
  })
})

describe('what is said of a failure while something is broken', () => {
  const told = async (run: () => Promise<unknown>): Promise<string> =>
    run().then(
      () => 'it held',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )

  test('names what is broken, and walks the frame through the fabric as it is then', async ({
    fabric,
    target,
  }) => {
    const { leaf } = fabric.host('shop/web1')
    const cuts = fabric.links().filter(({ id }) => id.startsWith(`${leaf}--`))
    const one = flow(fabric, fabric.host('shop/web1'), fabric.host('shop/web2'))
    // It arrives, for its receiver is at the same leaf.
    const near = flow(fabric, fabric.host('shop/web1'), fabric.host('shop/web3'))
    const message = await told(async () =>
      target.during(
        cuts.map((link) => fault.linkDown(link)),
        async () => expect(await target.send([one, near])).toReach(),
      ),
    )
    expect(message).toContain(`broken meanwhile: ${cuts.map(({ id }) => `${id} down`).join(', ')}`)
    // The way ends at the leaf: nothing is sent over a link that is cut.
    const walk = message.slice(message.indexOf('what the twin says'))
    expect(walk).toContain(`${leaf}: `)
    expect(walk).not.toMatch(/> \S+ to spine/)
  })

  test('says nothing of the kind when nothing is broken', async ({ fabric, target }) => {
    const one = flow(fabric, fabric.host('shop/web1'), fabric.host('shop/web2'))
    const message = await told(async () => expect(await target.send(one)).not.toReach())
    expect(message).not.toContain('broken meanwhile')
  })
})
