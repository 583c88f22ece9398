/**
 * Links that take time, and the fabric that is made of such: points of presence far apart with one service.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { FabricComparer, labUp, type Lab } from '../../lab/index.js'
import type { Injection, Observation, Target } from '../../record/target.js'
import { deriveKeys } from '../../twin/program/index.js'
import { twinTarget } from '../../twin/target.js'
import { newSeed, shipped } from './support/fabrics.js'
import { udpFrame } from './support/frames.js'
import { needsRoot, nothing, tracesOf } from './support/host.js'

beforeEach(needsRoot)

describe('[C17] the pop-anycast fabric', () => {
  const plan = shipped('pop-anycast')
  const seed = newSeed()
  const keys = deriveKeys(plan, seed)
  const twin = twinTarget(plan, keys)
  const comparer = new FabricComparer(plan, keys)
  let lab: Lab
  let target: Target
  let traces = 0

  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    lab = await labUp(plan, { keysSeed: seed })
    target = await lab.target()
  }, 120_000)
  let isDown = false
  const down = async () => {
    if (isDown) return
    isDown = true
    await target.close()
    await lab.down()
  }
  afterAll(async () => {
    if (process.getuid?.() === 0) await down()
  })

  /** Sent in both. What the lab says is what the twin says. */
  async function both(
    frames: readonly Injection[],
  ): Promise<{ readonly seen: Observation; readonly expected: Observation }> {
    const expected = await twin.send(frames)
    const seen = await target.send(frames)
    expect(comparer.compare(expected, seen).differences.map(({ message }) => message)).toEqual([])
    return { seen, expected }
  }
  const frame = (from: string, to: string) => udpFrame(plan, { trace: ++traces, from, to })
  /** ms that the links take which a frame was seen on. */
  const onTheWay = ({ wire }: Observation) =>
    wire.reduce((sum, { link }) => sum + (plan.links.find(({ id }) => id === link)?.delay ?? 0) / 1e6, 0)

  it.each([
    ['ru', 'msk'],
    ['de', 'fra'],
    ['nl', 'ams'],
    ['eu', 'fra'],
  ])('a client in %s reaches the service in %s, as the twin says', async (client, pop) => {
    const { seen } = await both([frame(`internet/client-${client}`, 'internet/service-msk')])
    const at = seen.arrivals.filter(({ foreign, trace }) => !foreign && trace === traces)
    expect(at.map(({ host }) => host)).toEqual([`internet/service-${pop}`])
  })

  it('takes what its links take, and little more', async () => {
    const [from, to] = ['internet/client-ru', 'internet/client-nl']
    // Both have spoken before, so that nothing is asked for on the way.
    await both([frame(from, to), frame(to, from)])
    const { seen, expected } = await both([frame(from, to)])
    const arrival = seen.arrivals.find(({ trace }) => trace === traces)
    // In the twin nothing travels but what was sent.
    const takes = onTheWay(expected)
    expect(takes).toBeGreaterThan(10)
    const measured = (arrival?.latency ?? 0) / 1e6
    expect(measured).toBeGreaterThan(takes)
    expect(measured).toBeLessThan(takes + 20)
  })

  it('leaves nothing behind', async () => {
    await down()
    expect(tracesOf(lab.id)).toEqual(nothing)
  })
})
