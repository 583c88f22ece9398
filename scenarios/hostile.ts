/**
 * Hostile frames are dropped, for the reason that the fabric machine gives for them: forged VNIs, outer addresses and MACs, cut
 * and oversize frames, wrong headers, and all that can be tried on a sealed link without its key: MACsec's, and WireGuard's messages sent again, bent, cut, sent back, taken to
 * another link, or made of nothing.
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
import type { FabricView, Flow, Forgery, Link, Tenant, WireFrame } from 'ztos-twin/vitest'

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
/** Links by what seals them. */
const sealedBy = (kind: 'macsec' | 'wireguard'): readonly Link[] =>
  fabric.links().filter(({ id }) => {
    const end = fabric.plan.links.find((link) => link.id === id)?.a
    const program = fabric.plan.nodes.find(({ name }) => name === end?.node)?.program
    return program?.interfaces.some((one) => one.kind === kind && one.lower === end?.interface) === true
  })
const tagged = sealedBy('macsec')
const tunnels = sealedBy('wireguard')
const isOn = (links: readonly Link[], { link }: WireFrame): boolean => links.some(({ id }) => id === link)

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

describe.skipIf(tagged.length === 0)('captured frames', () => {
  for (const { name } of liveTenants(fabric)) {
    const crossing = crossingFlow(fabric, fabric.tenant(name), tagged)
    test.skipIf(crossing === undefined)(
      `of ${name}, sent again or altered, are dropped`,
      async ({ fabric, target }) => {
        const tenant = fabric.tenant(name)
        const honest = crossingFlow(fabric, tenant, tagged)
        const first = await target.send(honest ?? [])
        const captured = first.observation.wire.filter((one) => isOn(tagged, one))
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

describe.skipIf(tunnels.length === 0)('messages of WireGuard', () => {
  for (const { name } of liveTenants(fabric)) {
    const crossing = crossingFlow(fabric, fabric.tenant(name), tunnels)
    const title = (what: string) => `of ${name}, ${what}, are dropped`

    test.skipIf(crossing === undefined)(title('sent again'), async ({ fabric, target }) => {
      const tenant = fabric.tenant(name)
      // With the handshake if there is one to be made.
      const first = await target.send(crossing ?? [])
      const captured = first.observation.wire.filter((one) => isOn(tunnels, one))
      const again = await target.send(
        captured.map((frame) => hostile.replayed(frame, name)),
        { control: [tenant] },
      )
      await expect(again).toDrop()
      await expect(again).toReach()
    })

    test.skipIf(crossing === undefined)(
      title('bent, cut, sent back or taken to another link'),
      async ({ fabric, target }) => {
        const tenant = fabric.tenant(name)
        const first = await target.send(crossing ?? [])
        const captured = first.observation.wire.filter(
          (one) => isOn(tunnels, one) && hostile.isDataMessage(one),
        )
        const bent = captured.flatMap((frame, index) => {
          const tap = hostile.tapOf(target.reader, linkOf(fabric, frame.link), frame.to)
          const others = tunnels
            .filter(({ id }) => id !== frame.link)
            .slice(0, 2)
            .flatMap((link) => link.ends.map((end) => hostile.tapOf(target.reader, link, end)))
          return [
            ...hostile.messageBends.flatMap((how) =>
              [0, 1, 2].map((n) => hostile.bentMessage(tap, frame, name, how, 131 * (3 * index + n) + n)),
            ),
            ...others.map((other) => hostile.strayMessage(other, frame, name)),
          ]
        })
        const seen = await target.send(
          bent.filter((frame) => frame !== undefined),
          { control: [tenant] },
        )
        await expect(seen).toDrop()
        await expect(seen).toReach()
      },
    )
  }

  const [forger] = liveTenants(fabric)
  test.skipIf(forger === undefined)(
    'of nobody, initiations with a right mac1 among them, are dropped',
    async ({ fabric, target }) => {
      const tenant = fabric.tenant(forger?.name ?? '')
      const frames = tunnels.flatMap((link) =>
        link.ends.flatMap((end) => {
          const tap = hostile.tapOf(target.reader, link, end)
          const publicKey = target.reader.keys.get(`${tap.to.wireguard?.privateKey}/public`)
          return [
            publicKey && hostile.forgedInitiation(tap, tenant.name, publicKey),
            ...hostile.messageForgeries.map((how) => hostile.forgedMessage(tap, tenant.name, how)),
          ]
        }),
      )
      const seen = await target.send(
        frames.filter((frame) => frame !== undefined),
        { control: [tenant] },
      )
      await expect(seen).toDrop()
      await expect(seen).toReach()
    },
  )
})

function linkOf(of: FabricView, id: string): Link {
  const found = of.links().find((link) => link.id === id)
  if (found === undefined) throw new Error(`there is no link ${id}`)
  return found
}

/** A flow between two leaves that leaves the first one over one of some links, whichever it takes. */
function crossingFlow(of: FabricView, tenant: Tenant, sealed: readonly Link[]): Flow | undefined {
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
