import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { LabError } from './errors.js'
import { deadlineSignal, Steps, type Step, type StepEvent } from './steps.js'

/** Steps that write down what happens to them. */
function recorder(): {
  readonly log: string[]
  readonly step: (name: string, setUp?: (signal: AbortSignal) => Promise<void>) => Step
} {
  const log: string[] = []
  return {
    log,
    step: (name, setUp) => ({
      name,
      setUp: async (signal) => {
        log.push(`+${name}`)
        await setUp?.(signal)
      },
      tearDown: () => {
        log.push(`-${name}`)
        return Promise.resolve()
      },
    }),
  }
}
const never = new AbortController().signal

describe('steps', () => {
  it('go up in order and down in reverse, once', async () => {
    const { log, step } = recorder()
    const steps = new Steps([step('a'), step('b')])
    await steps.up(never)
    await Promise.all([steps.down(), steps.down()])
    expect(log).toEqual(['+a', '+b', '-b', '-a'])
  })

  it('tear down a step that failed half-way, and those before, not those after', async () => {
    const { log, step } = recorder()
    const steps = new Steps([step('a'), step('b', () => Promise.reject(new Error('no'))), step('c')])
    await expect(steps.up(never)).rejects.toThrow('no')
    expect(log).toEqual(['+a', '+b', '-b', '-a'])
  })

  it('end at once when cancelled, and tear down after the set-up has let go', async () => {
    const { log, step } = recorder()
    const controller = new AbortController()
    const steps = new Steps([
      step('a'),
      step('b', async () => {
        setTimeout(() => controller.abort(), 5)
        await delay(30)
        log.push('b let go')
      }),
    ])
    await expect(steps.up(controller.signal)).rejects.toMatchObject({ code: 'ZT_LAB_CANCELLED' })
    expect(log).toEqual(['+a', '+b', 'b let go', '-b', '-a'])
  })

  it('do not wait for ever for a set-up that does not heed its signal', async () => {
    const { log, step } = recorder()
    const controller = new AbortController()
    const steps = new Steps([step('a', () => new Promise(() => undefined))], { grace: 10 })
    setTimeout(() => controller.abort(), 5)
    await expect(steps.up(controller.signal)).rejects.toBeInstanceOf(LabError)
    expect(log).toEqual(['+a', '-a'])
  })

  it('run all tear-downs even if one fails, and say which', async () => {
    const { log, step } = recorder()
    const bad: Step = { ...step('b'), tearDown: () => Promise.reject(new Error('b stays')) }
    const steps = new Steps([step('a'), bad, step('c')])
    await steps.up(never)
    await expect(steps.down()).rejects.toThrow('b stays')
    expect(log).toEqual(['+a', '+b', '+c', '-c', '-a'])
  })

  it('tell what they do and how long it took', async () => {
    const { step } = recorder()
    const events: StepEvent[] = []
    let clock = 0
    const steps = new Steps([step('a')], { onEvent: (event) => events.push(event), now: () => (clock += 10) })
    await steps.up(never)
    await steps.down()
    expect(events).toEqual([
      { step: 'a', phase: 'set-up' },
      { step: 'a', phase: 'done', ms: 10 },
      { step: 'a', phase: 'tear-down', ms: 10 },
    ])
  })

  it('wait at the gate before each step, both ways', async () => {
    const { log, step } = recorder()
    const steps = new Steps([step('a'), step('b')], {
      gate: (part, name) => {
        log.push(`${part} ${name}?`)
        return Promise.resolve()
      },
    })
    await steps.up(never)
    await steps.down()
    expect(log).toEqual(['set-up a?', '+a', 'set-up b?', '+b', 'tear-down b?', '-b', 'tear-down a?', '-a'])
  })
})

describe('a deadline', () => {
  it('aborts with its name', async () => {
    const { signal } = deadlineSignal(1, 'bringing the lab up')
    await delay(10)
    expect(signal.reason).toMatchObject({
      code: 'ZT_LAB_DEADLINE',
      message: expect.stringContaining('bringing the lab up'),
    })
  })

  it('passes an outer cancel on, and lets go when done', () => {
    const outer = new AbortController()
    const inner = deadlineSignal(10_000, 'x', outer.signal)
    outer.abort()
    expect(inner.signal.aborted).toBe(true)
    inner.done()
  })
})
