/**
 * The control plane of a fat tree of 500 devices in the twin: from nothing to its rest with all tables, and after one link goes down;
 * all failures of two in a leaf-spine.
 *
 * @module
 */
import { ControlPlaneSim, forEachFailure } from '../twin/control/index.js'
import { fatTree, leafSpine } from '../twin/control/testdata/fabric.js'
import type { Bench, BenchContext, Figure } from './figure.js'

const PODS = 20
const LEAVES = 16
/** In turn one of each tier. */
const LINKS = ['leaf0--upper0-0', 'core5--upper3-0', 'leaf119--upper11-9', 'core99--upper19-9']

export const controlPlaneBench: Bench = {
  name: 'control-plane',
  what: 'BGP and EVPN of 500 devices in the twin, whole and one link down',
  run,
}

async function run({ runs, signal, say }: BenchContext): Promise<readonly Figure[]> {
  const nodes = fatTree(PODS)
  const whole: Time[] = []
  const change: Time[] = []
  const failures: Time[] = []
  const detail: Record<string, number | string> = {
    devices: nodes.length,
    sessions: nodes.reduce((sum, { control }) => sum + control.sessions.length, 0) / 2,
  }
  const few: Record<string, number | string> = {}
  for (let n = 1; n <= runs; n++) {
    say(`run ${n}`)
    const sim = timed(whole, () => {
      const made = new ControlPlaneSim(nodes)
      detail['routes in tables'] = made.names.reduce((sum, name) => sum + made.tables(name).routes.length, 0)
      return made
    })
    timed(change, () => {
      const changed = sim.update({ down: { links: [LINKS[n % LINKS.length] ?? ''] } })
      for (const name of changed) sim.tables(name)
    })
    timed(failures, () => allFailures(few))
    signal.throwIfAborted()
    // Who wants to stop the benches is heard between runs.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return [
    { ...figure('control plane of 500 devices', whole, detail), target: { atMost: 30 } },
    byCpu('control plane of 500 devices', whole, detail),
    { ...figure('the same, one link down', change, detail), target: { atMost: 0.3 } },
    byCpu('the same, one link down', change, detail),
    figure('all failures of two, 2 x 16', failures, few),
    byCpu('all failures of two, 2 x 16', failures, few),
  ]
}

interface Time {
  /** s */
  readonly wall: number
  /** s, of all threads: collecting garbage is part of it. */
  readonly cpu: number
}

function timed<T>(times: Time[], work: () => T): T {
  const [begin, before] = [performance.now(), process.cpuUsage()]
  const result = work()
  const { user, system } = process.cpuUsage(before)
  times.push({ wall: (performance.now() - begin) / 1000, cpu: (user + system) / 1e6 })
  return result
}

function figure(name: string, times: readonly Time[], detail: Figure['detail']): Figure {
  return { name, unit: 's', tier: 'twin', runs: times.map(({ wall }) => wall), detail }
}

function byCpu(name: string, times: readonly Time[], detail: Figure['detail']): Figure {
  const runs = times.map(({ cpu }) => cpu)
  return { name: `${name}, by CPU time`, unit: 'CPU s', tier: 'twin', runs, detail }
}

/** Every set of at most two links or nodes of a leaf-spine, with the tables that each changes. */
function allFailures(detail: Record<string, number | string>): void {
  const nodes = leafSpine(
    2,
    Array.from({ length: LEAVES }, (_, leaf) => [1, 2 + (leaf % 4)]),
  )
  const sim = new ControlPlaneSim(nodes)
  const links = new Set(nodes.flatMap(({ control }) => control.sessions.map(({ link }) => link)))
  let sets = 0
  let tables = 0
  forEachFailure(sim, { links: [...links], nodes: sim.names, most: 2 }, (_failure, { changed }) => {
    sets += 1
    for (const name of changed) if (sim.tables(name).routes.length > 0) tables += 1
  })
  detail['sets'] = sets
  detail['tables'] = tables
}
