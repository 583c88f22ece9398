/**
 * MACsec taken off a link and put back while traffic goes by: in the planned order nothing is lost, and at no moment does an end that is
 * strict let a clear frame through.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { labUp, RotationTraffic, type Lab, type Measured } from '../../lab/index.js'
import { sealGroups } from '../../twin/program/index.js'
import { newSeed, shipped } from './support/fabrics.js'
import { needsRoot } from './support/host.js'

beforeEach(needsRoot)

const LINK = 'leaf1--spine1'
const ENDS = ['leaf1', 'spine1'] as const
type End = (typeof ENDS)[number]
const RATE = 10_000
/** Others may keep the host busy, and then it loses packets by itself: the best of so many. */
const TRIES = 6
const Stats = z.object({ fates: z.record(z.string(), z.int()) })

interface Setting {
  readonly mode: 'strict' | 'check' | 'disabled'
  readonly protect: boolean
}
const SEALED: Setting = { mode: 'strict', protect: true }
const EITHER: Setting = { mode: 'check', protect: true }
const OFF: Setting = { mode: 'check', protect: false }

describe('[Z10] [CTRL-2] MACsec of a link, switched while packets go by', () => {
  const plan = shipped('demo')
  const group = sealGroups(plan).find(({ name }) => name === LINK)
  let lab: Lab
  let traffic: RotationTraffic

  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    lab = await labUp(plan, { keysSeed: newSeed() })
    traffic = await RotationTraffic.of(lab)
  }, 60_000)
  afterAll(async () => {
    if (process.getuid?.() === 0) await lab.down()
  }, 60_000)

  /** The macsec interface of an end of the link. */
  function interfaceOf(end: End): number {
    const link = plan.links.find(({ id }) => id === LINK)
    const at = link?.a.node === end ? link.a.interface : link?.b.interface
    const interfaces = plan.nodes.find(({ name }) => name === end)?.program.interfaces ?? []
    const found = interfaces.find((one) => one.kind === 'macsec' && (one.id === at || one.lower === at))
    if (found === undefined) throw new Error(`${LINK} is not sealed at ${end}`)
    return found.id
  }
  const set = (end: End, setting: Setting) =>
    lab.control(end, { op: 'set-macsec-mode', interface: interfaceOf(end), ...setting })
  /** One end after the other. */
  const setBoth = async (setting: Setting) => {
    for (const end of ENDS) await set(end, setting)
  }
  const during = (change: () => Promise<void>): Promise<Measured> => {
    if (group === undefined) throw new Error(`${LINK} has no seal`)
    return traffic.during(group, RATE, change)
  }
  const lossesOf = (measured: Measured) => {
    if ('why' in measured) throw new Error(measured.why)
    return measured.losses
  }
  /** Packets lost, both ways, by the best of some attempts; each begins and ends with the same settings. */
  async function least(there: () => Promise<void>, back: () => Promise<void>): Promise<number> {
    let best = Infinity
    for (let n = 0; n < TRIES && best > 0; n++) {
      const losses = lossesOf(await during(there))
      await back()
      expect(losses.map(({ direction }) => direction)).toHaveLength(2)
      expect(Math.min(...losses.map(({ sent }) => sent))).toBeGreaterThanOrEqual(RATE)
      best = Math.min(
        best,
        losses.reduce((sum, { lost }) => sum + lost, 0),
      )
    }
    return best
  }
  const fates = async (end: End): Promise<Readonly<Record<string, number>>> =>
    Stats.parse(await lab.control(end, { op: 'stats' })).fates
  const off = async () => {
    await setBoth(EITHER)
    await setBoth(OFF)
  }
  const on = async () => {
    await setBoth(EITHER)
    await setBoth(SEALED)
  }

  it('taken off: first both ends take what is clear, then both send it, and no packet is lost', async () => {
    expect(await least(off, on)).toBe(0)
  })

  it('put back: first both ends seal, then both insist on it, and no packet is lost', async () => {
    await off()
    expect(await least(on, off)).toBe(0)
    await on()
  })

  it('[MACSEC-1] an end that is strict lets nothing clear through, and counts it', async () => {
    await setBoth(SEALED)
    const before = await fates('spine1')
    const measured = await during(async () => {
      await set('leaf1', { mode: 'strict', protect: false })
      await new Promise((resolve) => setTimeout(resolve, 300))
      await set('leaf1', SEALED)
    })
    const there = lossesOf(measured).find(({ direction }) => direction === 'leaf1 to spine1')
    const back = lossesOf(measured).find(({ direction }) => direction === 'spine1 to leaf1')
    const refused = ((await fates('spine1'))['macsec-clear'] ?? 0) - (before['macsec-clear'] ?? 0)
    // Besides the flow its node's own frames go over the link: ARP, ND.
    expect(refused).toBeGreaterThanOrEqual(there?.lost ?? Infinity)
    expect(there?.lost).toBeGreaterThan(0.25 * RATE)
    expect(there?.longest).toBeGreaterThan(250)
    expect(back?.lost).toBeLessThan((there?.lost ?? 0) / 10)
  })
})
