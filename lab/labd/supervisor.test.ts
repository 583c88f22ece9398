import { setImmediate } from 'node:timers/promises'
import { beforeEach, expect, it, vi } from 'vitest'
import { Supervisor } from './supervisor.js'

const lines: string[] = []
let now: number
let supervisor: Supervisor
beforeEach(() => {
  now = 0
  lines.length = 0
  supervisor = new Supervisor({
    log: (line) => lines.push(line),
    now: () => now,
    pause: async (ms, signal) => {
      await setImmediate(undefined, { signal })
      now += ms
    },
  })
})
/** Lets all that is being started come to its end. */
async function rest(): Promise<void> {
  for (let n = 0; n < 20; n++) await setImmediate()
}

it('starts what ended, and says so', async () => {
  const start = vi.fn<() => Promise<void>>().mockResolvedValue()
  supervisor.restart('bgpd of spine1', () => true, start)
  await rest()
  expect(start).toHaveBeenCalledTimes(1)
  expect(lines).toEqual(['bgpd of spine1 ended; it is started again in 100 ms', 'bgpd of spine1 runs again'])
})

it('waits longer each time that it ends again, and not for one that has lived', async () => {
  const waits = () => lines.flatMap((line) => /in (\d+) ms/.exec(line)?.[1] ?? [])
  const start = () => Promise.resolve()
  for (let n = 0; n < 9; n++) {
    supervisor.restart('gobgpd of leaf1', () => true, start)
    await rest()
  }
  expect(waits()).toEqual(['100', '200', '400', '800', '1600', '3200', '6400', '10000', '10000'])
  now += 60_000
  supervisor.restart('gobgpd of leaf1', () => true, start)
  await rest()
  expect(waits().at(-1)).toBe('100')
})

it('tries again what cannot be started, and says why', async () => {
  const start = vi
    .fn<() => Promise<void>>()
    .mockRejectedValueOnce(new Error('no such file'))
    .mockResolvedValue()
  supervisor.restart('the agents', () => true, start)
  await rest()
  expect(start).toHaveBeenCalledTimes(2)
  expect(lines).toContain('the agents cannot be started: no such file')
})

it('starts nothing that is not wanted any more, and nothing once it has stopped', async () => {
  const start = vi.fn<() => Promise<void>>().mockResolvedValue()
  supervisor.restart('bgpd of spine1', () => false, start)
  await rest()
  supervisor.restart('bgpd of spine2', () => true, start)
  await supervisor.stop()
  supervisor.restart('bgpd of spine2', () => true, start)
  await rest()
  expect(start).not.toHaveBeenCalled()
})
