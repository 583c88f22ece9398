import { describe, expect, it } from 'vitest'
import { AgentError } from '../agent/errors.js'
import { LabError } from './errors.js'
import { LastingWatch, type Watch, type WatchedLab } from './lasting-watch.js'

const gone = new LabError('ZT_LAB_CONNECTION', 'bgpd of spine1 went away')
const notYet = new AgentError('ZT_AGENT_CONNECTION', 'gobgpd cannot be reached')

/** Watches of which each says the next of these when it is asked; `undefined` is an answer. */
function watches(...says: readonly (Error | undefined)[]) {
  const left = [...says]
  const world = { opened: [] as boolean[], settled: 0, closed: 0, running: 'all' }
  const answer = async <T>(value: T): Promise<T> => {
    const next = left.shift()
    if (next !== undefined) throw next
    return value
  }
  const watch: Watch = {
    settle: () => {
      world.settled++
      return answer(undefined)
    },
    reach: () => answer(true),
    close: () => {
      world.closed++
    },
  }
  const lab: WatchedLab = {
    open: async (again) => {
      world.opened.push(again)
      return watch
    },
    running: async () => world.running,
  }
  return { world, lab }
}

describe('a watch that lasts', () => {
  it('asks over the same connections as long as they are there', async () => {
    const { world, lab } = watches()
    const watch = await LastingWatch.open(lab)
    await watch?.settle()
    expect(await watch?.reach(new Map())).toBe(true)
    watch?.close()
    expect(world).toMatchObject({ opened: [false], settled: 1, closed: 1 })
  })

  it('asks anew over new ones when somebody went away, until he is back', async () => {
    const { world, lab } = watches(gone, notYet)
    const watch = await LastingWatch.open(lab)
    expect(await watch?.reach(new Map())).toBe(true)
    expect(world).toMatchObject({ opened: [false, true, true], closed: 2 })
  })

  it('opens new ones when somebody has begun anew, and is at rest before it answers', async () => {
    const { world, lab } = watches()
    const watch = await LastingWatch.open(lab)
    expect(await watch?.reach(new Map())).toBe(true)
    expect(world).toMatchObject({ opened: [false], settled: 0 })
    world.running = 'all, one of them another'
    expect(await watch?.reach(new Map())).toBe(true)
    expect(world).toMatchObject({ opened: [false, true], settled: 1 })
    expect(await watch?.reach(new Map())).toBe(true)
    expect(world).toMatchObject({ opened: [false, true], settled: 1 })
  })

  it('opens again when they cannot be opened yet', async () => {
    const { world, lab } = watches(gone)
    let refusals = 2
    const watch = await LastingWatch.open({
      ...lab,
      open: async (again) => {
        if (again && refusals-- > 0) throw notYet
        return lab.open(again)
      },
    })
    await watch?.settle()
    expect(world.opened).toEqual([false, true])
  })

  it('gives up when he is not back in time, and says who', async () => {
    const { lab } = watches(gone, gone, gone, gone)
    const watch = await LastingWatch.open(lab, 0)
    await expect(watch?.settle()).rejects.toBe(gone)
  })

  it('leaves what is no lost connection to who asks', async () => {
    const unsettled = new LabError('ZT_LAB_UNSETTLED', 'the session is not up')
    const { world, lab } = watches(unsettled)
    const watch = await LastingWatch.open(lab)
    await expect(watch?.settle()).rejects.toBe(unsettled)
    expect(world.opened).toEqual([false])
  })

  it('is none where there is no control plane', async () => {
    const { lab } = watches()
    expect(await LastingWatch.open({ ...lab, open: async () => undefined })).toBeUndefined()
  })
})
