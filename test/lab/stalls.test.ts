/**
 * A host that does not keep up: engines and probe are stopped at random moments, for less than the 3 s after which a neighbour is
 * given up (NEIGH-7), and go on. That may change when a fabric does something, and never what.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { integer, record, sample } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shipped } from './support/fabrics.js'
import { everyPair } from './support/frames.js'
import { sideBySide } from './support/side-by-side.js'

const ROUNDS = 4
/** ms, and which of the processes. */
const stalls = record({
  after: integer({ min: 1, max: 60 }),
  lasts: integer({ min: 5, max: 700 }),
  who: integer({ min: 0, max: 1000 }),
})

describe('[B02] a host whose processes stall', () => {
  const plan = shipped('demo')
  const pair = sideBySide(plan)

  /** Stops processes and lets them go on, one after the other, until it is enough. @returns how often */
  async function stall(pids: readonly number[], enough: AbortSignal): Promise<number> {
    for (let done = 0; ; done++) {
      for (const { after, lasts, who } of sample(stalls, 1)) {
        await delay(after)
        if (enough.aborted) return done
        const pid = pids[who % pids.length]
        if (pid === undefined) throw new Error('nothing runs')
        process.kill(pid, 'SIGSTOP')
        await delay(lasts)
        process.kill(pid, 'SIGCONT')
      }
    }
  }

  it('carries, floods, learns and forgets what the twin says, however late', async () => {
    const { nodes, probe } = await pair.lab.processes()
    const pids = [...Object.values(nodes), probe].filter((pid) => pid !== null)
    expect(pids.length).toBe(plan.nodes.length + 1)
    const enough = new AbortController()
    const stalled = stall(pids, enough.signal)
    try {
      for (let round = 0; round < ROUNDS; round++) {
        await pair.both(everyPair(plan, () => pair.next()))
        await pair.reset()
      }
    } finally {
      enough.abort()
      expect(await stalled).toBeGreaterThan(ROUNDS)
    }
    const { mismatches, inputs } = await pair.replayed()
    expect(mismatches).toEqual([])
    expect(inputs).toBeGreaterThan(200)
  })
})
