/**
 * Eighteen nodes from nothing to a converged control plane: a lab, and a bare script with the same daemons; what daemons take of memory.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Plan } from '../contract/plan.js'
import { compareRibs, describeDifference } from '../lab/compare/rib.js'
import type { Lab } from '../lab/index.js'
import { controlPlaneOf } from '../twin/fabric-control.js'
import { atRest } from './at-rest.js'
import { BareRouting } from './bare-routing.js'
import { planOfFile } from './demo.js'
import { spreadOf, whyNoLab, type Bench, type BenchContext, type Figure, type Skip } from './figure.js'
import { withTimedLab } from './timed-lab.js'

const FABRIC = 'topologies/leaf-spine-16.yaml'
/** MiB. A lab of it takes 760; the kernel hands out other pages, too, than those that were used last. */
const MEMORY = 3072

export const convergeBench: Bench = {
  name: 'converge',
  what: '18 nodes cold to converged, beside a bare script; memory of daemons',
  run,
}

interface Up {
  readonly seconds: number
  readonly steps: ReadonlyMap<string, number>
  /** MiB of a node's daemons, by node. */
  readonly memory: ReadonlyMap<string, number>
  /** MiB */
  readonly agents: number
}

async function run({ runs, signal, say }: BenchContext): Promise<readonly (Figure | Skip)[]> {
  const reason = whyNoLab()
  if (reason !== undefined) return [{ name: 'cold to converged', reason }]
  const plan = planOfFile(FABRIC)
  const ups: Up[] = []
  const bares: number[] = []
  for (let n = 1; n <= runs; n++) {
    say(`run ${n}`)
    await atRest(signal, MEMORY)
    ups.push(await timeLab(plan, signal))
    await atRest(signal, MEMORY)
    bares.push(await timeBare(plan, signal))
  }
  const steps = [...(ups[0]?.steps.keys() ?? [])].map((step): [string, number] => [
    `${step}, ms`,
    Math.round(spreadOf(ups.map((one) => one.steps.get(step) ?? 0)).median),
  ])
  const size = { nodes: plan.nodes.length, links: plan.links.length, hosts: plan.hosts.length }
  const largest = ups.map(({ memory }) => Math.max(...memory.values()))
  const mean = ups.map(({ memory }) => sum([...memory.values()]) / memory.size)
  const agents = spreadOf(ups.map((one) => one.agents)).median
  return [
    {
      name: '18 nodes cold to converged',
      unit: 's',
      tier: 'lab',
      runs: ups.map(({ seconds }) => seconds),
      detail: { ...size, ...Object.fromEntries(steps) },
    },
    { name: '18 nodes by a bare script', unit: 's', tier: 'kernel', runs: bares, detail: size },
    {
      name: 'the lab beside the bare script',
      unit: 'x',
      tier: 'lab',
      runs: ups.map(({ seconds }, n) => seconds / (bares[n] ?? Number.NaN)),
      target: { atMost: 1.15 },
      detail: { 'the script has': 'the same daemons and files, plain cables, no engine, no agent, no host' },
    },
    {
      name: 'daemons of a node, proportional set size',
      unit: 'MiB',
      tier: 'lab',
      runs: largest,
      target: { atMost: 30 },
      detail: {
        'of the largest node; on average, MiB': Number(spreadOf(mean).median.toPrecision(3)),
        'agents of all leaves, one process, MiB': Number(agents.toPrecision(3)),
      },
    },
  ]
}

function timeLab(plan: Plan, signal: AbortSignal): Promise<Up> {
  return withTimedLab(plan, signal, async (lab, { up, steps }) => ({
    seconds: up / 1000,
    steps,
    ...(await memoryOf(lab)),
  }))
}

async function memoryOf(lab: Lab): Promise<Pick<Up, 'memory' | 'agents'>> {
  const { daemons, agents } = await lab.processes()
  const memory = new Map<string, number>()
  for (const { node, pid } of daemons) {
    if (pid !== null) memory.set(node, (memory.get(node) ?? 0) + proportionalSetSize(pid))
  }
  return { memory, agents: agents === null ? 0 : proportionalSetSize(agents) }
}

/** MiB: what is shared counts by its share (proc(5)). */
function proportionalSetSize(pid: number): number {
  const text = readFileSync(path.join('/proc', String(pid), 'smaps_rollup'), 'utf8')
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(text)?.[1]
  if (kilobytes === undefined) throw new Error(`the kernel does not tell what process ${pid} takes`)
  return Number(kilobytes) / 1024
}

/** @throws Error when the daemons of the script come to other tables than those of the twin: then it is no peer */
async function timeBare(plan: Plan, signal: AbortSignal): Promise<number> {
  const bare = new BareRouting(plan)
  try {
    const wanted = controlPlaneOf(plan)?.rows() ?? []
    const { seconds, rows } = await bare.run(signal, (found) => compareRibs(wanted, found).length === 0)
    const [first] = compareRibs(wanted, rows)
    if (first !== undefined)
      throw new Error(`the bare script came to something else: ${describeDifference(first)}`)
    return seconds
  } finally {
    await bare.close()
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
