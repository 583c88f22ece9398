/**
 * Learning: MACs are learned from what is sent, move at once when they speak elsewhere, age, and move back.
 *
 * @module
 */
import {
  describe,
  expect,
  fabricTest,
  flow,
  hostile,
  liveTenants,
  pathBetween,
  reverse,
  scenarioFabric,
} from 'ztos-twin/vitest'
import type { FabricView, Family, Host } from 'ztos-twin/vitest'

const test = fabricTest()

/** Three hosts of one network: somebody who talks, somebody who is talked to, and somebody else. */
interface Trio {
  readonly speaker: string
  readonly mover: string
  readonly other: string
  readonly family: Family
}

/** Ageing of bridges, with room to spare; nodes' clocks are moved, nobody waits. */
const LONG = 3_600 * 1_000_000_000

for (const { speaker, mover, other, family } of triosOf(scenarioFabric())) {
  describe(`${mover}, heard by ${speaker}`, () => {
    test('a MAC that speaks elsewhere is there at once, and back when its owner speaks', async ({
      fabric,
      target,
    }) => {
      const [from, to, thief] = [fabric.host(speaker), fabric.host(mover), fabric.host(other)]
      const there = flow(fabric, from, to, { family })
      await target.send([there, reverse(fabric, there)])
      const known = await target.send(there)
      await expect(known).toReach(there)
      await expect(known).toBeLearned()

      const stolen = hostile.foreignMacs(thief, { source: to.mac, destination: from.mac })
      if (stolen === undefined) throw new TypeError(`${thief.id} has no address`)
      await target.send(stolen)
      const moved = await target.send(there)
      expect(moved.at(thief).map(({ foreign }) => foreign)).toEqual([true])
      expect(moved.at(to)).toEqual([])
      await expect(moved).toAgreeWithTwin()

      await target.send(reverse(fabric, there))
      const back = await target.send(there)
      await expect(back).toReach(there)
      await expect(back).toBeLearned()
    })

    test('what was learned ages, and is flooded again until it speaks', async ({ fabric, target }) => {
      const [from, to] = [fabric.host(speaker), fabric.host(mover)]
      const there = flow(fabric, from, to, { family })
      await target.send([there, reverse(fabric, there)])
      await target.advanceTime(LONG)
      const forgotten = await target.send(there)
      await expect(forgotten).toReach(there)
      expect(forgotten.at(fabric.host(other)).map(({ foreign }) => foreign)).toEqual([true])
      await target.send(reverse(fabric, there))
      const known = await target.send(there)
      await expect(known).toReach(there)
      await expect(known).toBeLearned()
    })
  })
}

/** For each network with three hosts, and a way between them, one trio, on as many leaves as there are. */
function triosOf(fabric: FabricView): readonly Trio[] {
  const networks = new Map<string, Host[]>()
  for (const host of fabric.hosts)
    networks.set(host.network.id, [...(networks.get(host.network.id) ?? []), host])
  return [...networks.values()].flatMap((hosts): readonly Trio[] => {
    const speaker = hosts[0]
    const mover = hosts.find(({ id, leaf }) => id !== speaker?.id && leaf !== speaker?.leaf) ?? hosts[1]
    const other = hosts.find(({ id }) => id !== speaker?.id && id !== mover?.id)
    const family = ([4, 6] as const).find((one) =>
      hosts.every(({ addresses }) =>
        addresses.some(({ address }) => (typeof address === 'bigint' ? 6 : 4) === one),
      ),
    )
    if (speaker === undefined || mover === undefined || other === undefined || family === undefined) return []
    const tenant = fabric.tenant(speaker.tenant)
    // Networks that are on several leaves, each for itself, are learned on none of the others.
    if ([mover, other].some((host) => pathBetween(tenant, speaker, host, family).kind !== 'bridged'))
      return []
    return [{ speaker: speaker.id, mover: mover.id, other: other.id, family }]
  })
}

test('a fabric whose networks are pairs still learns', async ({ fabric, target }) => {
  const seen = await target.send([], { control: liveTenants(fabric) })
  await expect(seen).toReach()
})
