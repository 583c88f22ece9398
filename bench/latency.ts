/**
 * Latency over leaf, spine and leaf at an offer that is not too much, beside the same number of bare AF_XDP forwarders in the same
 * minute. Open loop: a frame counts from when it was due.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { labUp } from '../lab/index.js'
import { SEED_LENGTH } from '../twin/program/index.js'
import { demoPlan } from './demo.js'
import { whyNoLab, type Bench, type BenchContext, type Figure } from './figure.js'

const CALM = { rate: 2000, count: 4000 }
const FAR = ['shop/web1', 'shop/web2'] as const

export const latencyBench: Bench = {
  name: 'latency',
  what: 'latency through engines, beside bare forwarders in the same run',
  run: async (context) => {
    const reason = whyNoLab()
    return reason === undefined ? latencies(context) : [{ name: 'latency', reason }]
  },
}

async function latencies({ runs, signal, say }: BenchContext): Promise<readonly Figure[]> {
  const [from, to] = FAR
  const lab = await labUp(demoPlan(), { keysSeed: randomBytes(SEED_LENGTH), signal })
  const target = await lab.target({ ownsLab: true })
  const taken: { readonly engine: readonly number[]; readonly floor: readonly number[] }[] = []
  try {
    for (let n = 1; n <= runs; n++) {
      signal.throwIfAborted()
      say(`latency: run ${n}`)
      const measured = await target.latency?.({ from, to, ...CALM })
      if (measured?.floor === undefined) throw new Error('the lab measures no latency, or no floor')
      taken.push({ engine: measured.samples, floor: measured.floor })
    }
  } finally {
    await target.close()
  }
  const detail = { 'frames/s': CALM.rate, frames: CALM.count, nodes: 3 }
  return ([50, 99] as const).flatMap((percent): Figure[] =>
    (['engine', 'floor'] as const).map((which) => ({
      name: `latency P${percent}, ${which === 'engine' ? 'three engines' : 'three bare forwarders'}`,
      unit: 'µs',
      tier: 'lab',
      runs: taken.map((one) => percentile(one[which], percent) / 1000),
      detail,
    })),
  )
}

/** Nearest rank. */
function percentile(samples: readonly number[], percent: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? NaN
}
