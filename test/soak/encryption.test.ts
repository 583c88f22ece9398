/**
 * Sealed labs for a long time: keys of every link change again and again under traffic, sessions grow old and are renewed, and all the
 * while twin and lab see the same frames, nothing is sealed that nobody opens, and no engine grows. `ZT_SOAK` is how long it takes, s.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { labUp, rotateLab, RotationTraffic, wireguardState, type Lab } from '../../lab/index.js'
import { sealGroups } from '../../twin/program/index.js'
import { newSeed, shipped } from '../lab/support/fabrics.js'
import { needsRoot } from '../lab/support/host.js'
import { frameDifferences, unopened } from '../lab/support/sealed-lab.js'

beforeEach(needsRoot)

const SOAK =
  z.coerce
    .number()
    .int()
    .min(30)
    .parse(process.env['ZT_SOAK'] ?? '1800') * 1000
/** Packets a second of each flow. */
const RATE = 1000
/** ms of rotations, and of the traffic between them: longer than a session of WireGuard is young (WG-28). */
const ROTATING = 60_000
const STEADY = 150_000
/** KiB by which an engine may have grown in the second half of the time; a first load of new keys takes 2.6 MiB once. */
const GROWTH = 4 * 1024

const fabrics = [
  { name: 'demo', sealedBy: 'MACsec', lost: 0.001 },
  { name: 'demo-wireguard', sealedBy: 'WireGuard', lost: 0.05 },
  { name: 'demo-stacked', sealedBy: 'MACsec inside VXLAN, under WireGuard', lost: 0.05 },
] as const

describe.each(fabrics)('$name, sealed by $sealedBy', ({ name, lost: most }) => {
  const plan = shipped(name)
  const groups = sealGroups(plan)
  const share = SOAK / fabrics.length
  let lab: Lab
  let traffic: RotationTraffic

  beforeAll(async () => {
    if (process.getuid?.() === 0) lab = await labUp(plan, { keysSeed: newSeed() })
  }, 60_000)
  afterAll(() => lab?.down(), 60_000)

  /** KiB that are resident of the largest engine. */
  async function resident(): Promise<number> {
    const { nodes } = await lab.processes()
    const sizes = Object.values(nodes).map((pid) => {
      const status = pid === null ? '' : readFileSync(`/proc/${pid}/status`, 'utf8')
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0)
    })
    return Math.max(...sizes)
  }

  it(
    'carries what it should, opens what it sealed, and does not grow',
    async () => {
      const [began, sizes] = [Date.now(), new Array<number>()]
      const past = () => Date.now() - began
      const counted = { sent: 0, lost: 0, rotated: 0 }
      const count = (losses: readonly { sent: number; lost: number; lostOtherwise: number }[]) => {
        for (const { sent, lost, lostOtherwise } of losses) {
          counted.sent += sent
          counted.lost += lost + lostOtherwise
        }
      }
      traffic = await RotationTraffic.of(lab)
      for (let n = 0; past() < share; n++) {
        const group = groups[n % groups.length]!
        if (past() % (ROTATING + STEADY) < ROTATING) {
          const [outcome] = await rotateLab(lab, [group.name], { rate: RATE })
          if (outcome?.error !== undefined)
            throw new Error(`${group.name} keeps its keys`, { cause: outcome.error })
          counted.rotated++
          if (outcome?.traffic !== undefined && 'losses' in outcome.traffic) count(outcome.traffic.losses)
          traffic = await RotationTraffic.of(lab)
        } else {
          const measured = await traffic.during(group, RATE, async () => {})
          if ('losses' in measured) count(measured.losses)
        }
        await lab.refreshKeys()
        expect(await frameDifferences(lab, 2)).toEqual([])
        expect(await unopened(lab)).toEqual({})
        sizes.push(await resident())
      }
      process.stderr.write(
        `${name}: ${JSON.stringify(counted)}, resident ${sizes[0] ?? 0} to ${sizes.at(-1) ?? 0} KiB\n`,
      )
      expect(counted.rotated).toBeGreaterThan(0)
      expect(counted.sent).toBeGreaterThan(RATE)
      expect(counted.lost / counted.sent).toBeLessThan(most)
      const half = sizes.slice(Math.floor(sizes.length / 2))
      expect(Math.max(...half)).toBeLessThan((half[0] ?? 0) + GROWTH)
      for (const { name: node } of plan.nodes)
        for (const { peers } of await wireguardState(lab, node))
          for (const { sessions } of peers) expect(sessions.length).toBeLessThanOrEqual(3)
    },
    share + 300_000,
  )
})
