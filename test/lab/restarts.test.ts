/**
 * A target goes on when something beside the engines ends by itself and labd starts it again: it asks over new connections, and waits until all
 * is at rest again before it sends anything that depends on it.
 */
import { describe, expect, it } from 'vitest'
import { shipped } from './support/fabrics.js'
import { everyPair } from './support/frames.js'
import { sideBySide } from './support/side-by-side.js'

describe('a lab whose daemons and agents are killed while it is a target', () => {
  const plan = shipped('demo-bgp')
  const pair = sideBySide(plan)

  const pidOf = async (node: string, program: string) => {
    const { agents, daemons } = await pair.lab.processes()
    if (program === 'agents') return agents
    return daemons.find((one) => one.node === node && one.program === program)?.pid ?? null
  }
  const all = async () => {
    const frames = everyPair(plan, () => pair.next())
    const { lab } = await pair.both(frames)
    const delivered = new Set(lab.arrivals.filter(({ foreign }) => !foreign).map(({ trace }) => trace))
    return frames.filter(({ trace }) => delivered.has(trace)).length
  }

  it.each([
    ['leaf1', 'gobgpd'],
    ['spine1', 'bgpd'],
    ['', 'agents'],
  ])('%s %s: the next frames are the same as in the twin, as those before were', async (node, program) => {
    const before = await all()
    expect(before).toBeGreaterThan(10)
    const pid = await pidOf(node, program)
    process.kill(pid!, 'SIGKILL')
    await expect.poll(() => pidOf(node, program), { timeout: 5000, interval: 5 }).not.toBe(pid)
    // Nobody waits here for what is started again: the target does.
    await pair.reset()
    expect(await pidOf(node, program)).toBeGreaterThan(0)
    expect(await all()).toBe(before)
  })
})
