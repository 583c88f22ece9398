/**
 * Forwarding in the lab beside bare AF_XDP forwarders in the same minute: the rate through one node at an offer that is too
 * much, and the latency of the longest path at an offer that is not.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Plan } from '../contract/plan.js'
import { labUp, type Lab } from '../lab/index.js'
import { SEED_LENGTH } from '../twin/program/index.js'
import { demoPlan } from './demo.js'
import { spreadOf, whyNoLab, type Bench, type BenchContext, type Figure, type Skip } from './figure.js'
import { probeFrame } from './frame.js'

const RUN = 0x62656e63
/** Frames a second, far above what two cores can move. */
const OVERLOAD = { rate: 2_000_000, count: 200_000 }
const CALM = { rate: 2000, count: 4000 }
/** On one leaf; and over leaf, spine, leaf. */
const NEAR = ['shop/web1', 'shop/web3'] as const
const FAR = ['shop/web1', 'shop/web2'] as const

export const forwardingBench: Bench = {
  name: 'forwarding',
  what: 'AF_XDP through engines, beside bare forwarders in the same run',
  run,
}

/** Of the probe's answer to `latency` (dataplane/src/probe/README.md). */
const Measured = z.object({
  sent: z.int(),
  received: z.int(),
  elapsed: z.number(),
  samples: z.array(z.number()),
})

async function run(context: BenchContext): Promise<readonly (Figure | Skip)[]> {
  const reason = whyNoLab()
  if (reason !== undefined) return [{ name: 'forwarding', reason }]
  return [...(await rates(context)), ...(await latencies(context))]
}

/** Without journals: a lab that forwards alone. */
async function rates({ runs, signal, say }: BenchContext): Promise<readonly Figure[]> {
  const plan = demoPlan()
  const engine: number[] = []
  const bare: number[] = []
  const lab = await labUp(plan, { keysSeed: randomBytes(SEED_LENGTH), journal: false, signal })
  try {
    const data = await acquainted(lab, plan)
    const [from, to] = NEAR
    for (let n = 1; n <= runs; n++) {
      signal.throwIfAborted()
      say(`rate: run ${n}`)
      engine.push(rateOf(await lab.probe({ op: 'latency', from, to, data, run: RUN, ...OVERLOAD })))
      bare.push(rateOf(await lab.floor({ hops: 1, data, run: RUN, ...OVERLOAD })))
    }
  } finally {
    await lab.down()
  }
  const detail = { octets: frameLength(plan), hops: 1, 'offered frames/s': OVERLOAD.rate }
  const unit = 'frames/s'
  return [
    { name: 'forwarded by one engine, too much offered', unit, tier: 'lab', runs: engine, detail },
    { name: 'forwarded by one bare forwarder, the same', unit, tier: 'lab', runs: bare, detail },
    {
      name: 'engine to bare forwarder, rate',
      unit: 'ratio',
      tier: 'lab',
      runs: engine.map((rate, n) => rate / (bare[n] ?? NaN)),
      target: { atLeast: 0.95 },
      detail,
    },
  ]
}

/** Both hosts speak, so that the leaf knows where they are. @returns the frame to measure with, base64 */
async function acquainted(lab: Lab, plan: Plan): Promise<string> {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
  const [from, to] = NEAR
  const frames = [
    { host: to, data: base64(probeFrame(plan, to, from)) },
    { host: from, data: base64(probeFrame(plan, from, to)) },
  ]
  await lab.probe({ op: 'send', frames })
  return base64(probeFrame(plan, from, to))
}

function rateOf(answer: unknown): number {
  const { received, elapsed } = Measured.parse(answer)
  if (received === 0) throw new Error('nothing arrived')
  return (received * 1e9) / elapsed
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
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? spreadOf(samples).median
}

function frameLength(plan: Plan): number {
  return probeFrame(plan, ...NEAR).length
}
