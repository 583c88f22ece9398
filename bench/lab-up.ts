/**
 * From nothing to the first frame through the fabric, beside what `ip` alone needs for the same namespaces and cables.
 *
 * @module
 */
import type { Plan } from '../contract/plan.js'
import { newLabId } from '../lab/names.js'
import { createNetwork, removeNamespaces } from '../lab/netns/driver.js'
import { networkScript } from '../lab/netns/script.js'
import { wiringOf } from '../lab/netns/wiring.js'
import { demoPlan } from './demo.js'
import { spreadOf, whyNoLab, type Bench, type BenchContext, type Figure, type Skip } from './figure.js'
import { probeFrame } from './frame.js'
import { withTimedLab } from './timed-lab.js'

export const labUpBench: Bench = {
  name: 'lab-up',
  what: 'lab up until it forwards, beside `ip -batch` alone',
  run,
}

interface UpTimes {
  /** ms until `labUp` returned, and until a frame from leaf to leaf had arrived. */
  readonly up: number
  readonly forwards: number
  readonly steps: ReadonlyMap<string, number>
}

async function run({ runs, signal, say }: BenchContext): Promise<readonly (Figure | Skip)[]> {
  const reason = whyNoLab()
  if (reason !== undefined) return [{ name: 'lab up', reason }]
  const plan = demoPlan()
  const ups: UpTimes[] = []
  const wirings: number[] = []
  for (let n = 1; n <= runs; n++) {
    say(`run ${n}`)
    ups.push(await timeUp(plan, signal))
    wirings.push(await timeWiring(plan, signal))
  }
  const steps = [...(ups[0]?.steps.keys() ?? [])].map((step): [string, number] => [
    `${step}, ms`,
    Math.round(spreadOf(ups.map((one) => one.steps.get(step) ?? 0)).median),
  ])
  const size = { nodes: plan.nodes.length, hosts: plan.hosts.length, links: plan.links.length }
  return [
    {
      name: 'lab up until it forwards',
      unit: 'ms',
      tier: 'lab',
      runs: ups.map(({ forwards }) => forwards),
      target: { atMost: 3000 },
      detail: { ...size, ...Object.fromEntries(steps) },
    },
    { name: 'lab up', unit: 'ms', tier: 'lab', runs: ups.map(({ up }) => up), detail: size },
    {
      name: '`ip -batch` alone, same namespaces and cables',
      unit: 'ms',
      tier: 'kernel',
      runs: wirings,
      detail: size,
    },
  ]
}

function timeUp(plan: Plan, signal: AbortSignal): Promise<UpTimes> {
  return withTimedLab(plan, signal, async (lab, { began, up, steps }) => {
    const target = await lab.target()
    const { arrivals } = await target.send([
      { trace: 1, at: { host: 'shop/web1' }, frame: probeFrame(plan, 'shop/web1', 'shop/web2') },
    ])
    const forwards = performance.now() - began
    if (!arrivals.some(({ host, foreign }) => host === 'shop/web2' && !foreign)) {
      throw new Error('the lab is up and forwards nothing')
    }
    return { up, forwards, steps }
  })
}

async function timeWiring(plan: Plan, signal: AbortSignal): Promise<number> {
  const id = newLabId()
  const { rest: script } = networkScript(wiringOf(id, plan))
  try {
    const began = performance.now()
    await createNetwork(script, signal)
    return performance.now() - began
  } finally {
    await removeNamespaces(id)
  }
}
