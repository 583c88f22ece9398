import { describe, expect, test } from 'vitest'
import { judgeIntent } from '../../sdk/judge/intent.js'
import { planOf, twinOf } from './testing/demo.js'

const plan = planOf('demo')
const WITHIN = 2e5
const ABOVE = 39e6

interface Measurement {
  /** ns, of every packet. */
  readonly value: number
  /** ns, of every packet through bare forwarders. */
  readonly floor: number
}

/** The verdict on `web-fast`, at most 20 ms, where measurements are these; the last one again and again. */
async function judged(...measurements: readonly Measurement[]) {
  let made = 0
  const target = twinOf(plan, {
    latency: async ({ count }) => {
      const { value, floor } = measurements[Math.min(made, measurements.length - 1)] ?? quiet
      made++
      const all = (ns: number) => Array.from({ length: count }, () => ns)
      return { tier: 'engine', sent: count, samples: all(value), floor: all(floor) }
    },
  })
  const { judgement, reason } = await judgeIntent(target, target.fabric.intent('web-fast'))
  return { judgement, reason, made }
}

const quiet = { value: WITHIN, floor: 1e5 }
const slow = { value: ABOVE, floor: 1e5 }
const busy = { value: ABOVE, floor: ABOVE }

describe('[T08] a latency intent', () => {
  test('holds by one measurement within its target', async () => {
    expect(await judged(quiet, slow)).toMatchObject({ judgement: 'holds', made: 1 })
  })

  test('is violated when the median of three is above the target', async () => {
    expect(await judged(slow)).toMatchObject({ judgement: 'violated', made: 3 })
    expect(await judged(slow, quiet, slow)).toMatchObject({ judgement: 'violated', made: 3 })
  })

  test('holds by the median where one burst made the first slow, and says all three', async () => {
    const verdict = await judged(slow, quiet)
    expect(verdict).toMatchObject({ judgement: 'holds', made: 3 })
    expect(verdict.reason).toContain('the median of 3 measurements (39.00 ms, 200.0 us, 200.0 us)')
  })

  test('is unjudged where bare forwarders are above the target three times, whatever the fabric was', async () => {
    expect(await judged(busy)).toMatchObject({ judgement: 'unjudged', made: 3 })
    expect(await judged(slow, busy, slow, busy)).toMatchObject({ judgement: 'unjudged', made: 5 })
  })

  test('does not count a measurement on a busy host', async () => {
    expect(await judged(busy, quiet)).toMatchObject({ judgement: 'holds', made: 2 })
  })
})
