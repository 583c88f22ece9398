/**
 * The rate of one node in the lab at an offer that is too much, beside that of a bare AF_XDP forwarder in the same minute.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Plan } from '../contract/plan.js'
import { labUp, type Lab } from '../lab/index.js'
import { SEED_LENGTH } from '../twin/program/index.js'
import { demoPlan } from './demo.js'
import { whyNoLab, type Bench, type BenchContext, type Figure, type Skip } from './figure.js'
import { probeFrame } from './frame.js'

const RUN = 0x62656e63
/** Frames a second, far above what two cores can move. */
const OVERLOAD = { rate: 2_000_000, count: 200_000 }
/** Hosts of one leaf. */
const NEAR = ['shop/web1', 'shop/web3'] as const

export const forwardingBench: Bench = {
  name: 'forwarding',
  what: 'rate of AF_XDP through an engine, beside a bare forwarder in the same run',
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
  return rates(context)
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
      const measures = [
        async () =>
          engine.push(rateOf(await lab.probe({ op: 'latency', from, to, data, run: RUN, ...OVERLOAD }))),
        async () => bare.push(rateOf(await lab.floor({ hops: 1, data, run: RUN, ...OVERLOAD }))),
      ]
      // Each goes first as often as the other: a load that comes or goes favours neither.
      for (const measure of n % 2 === 0 ? measures : measures.toReversed()) await measure()
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

function frameLength(plan: Plan): number {
  return probeFrame(plan, ...NEAR).length
}
