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
  const whole: number[] = []
  const change: number[] = []
  const detail: Record<string, number | string> = {}
  for (let n = 1; n <= runs; n++) {
    say(`run ${n}`)
    const begin = performance.now()
    const sim = new ControlPlaneSim(nodes)
    const tables = sim.names.map((name) => sim.tables(name))
    whole.push((performance.now() - begin) / 1000)
    const link = LINKS[n % LINKS.length] ?? ''
    const cut = performance.now()
    const changed = [...sim.update({ down: { links: [link] } })]
    for (const name of changed) sim.tables(name)
    change.push((performance.now() - cut) / 1000)
    detail['devices'] = nodes.length
    detail['sessions'] = nodes.reduce((sum, { control }) => sum + control.sessions.length, 0) / 2
    detail['routes in tables'] = tables.reduce((sum, { routes }) => sum + routes.length, 0)
    detail['nodes with other tables'] = changed.length
    signal.throwIfAborted()
    // Who wants to stop the benches is heard between runs.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const failures: number[] = []
  const few: Record<string, number | string> = {}
  for (let n = 1; n <= runs; n++) {
    say(`failures, run ${n}`)
    failures.push(allFailures(few))
    signal.throwIfAborted()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return [
    figure('control plane of 500 devices', whole, 30, detail),
    figure('the same, one link down', change, 0.3, detail),
    { name: 'all failures of two, 2 x 16', unit: 's', tier: 'twin', runs: failures, detail: few },
  ]
}

/** Every set of at most two links or nodes of a leaf-spine, with the tables that each changes. */
function allFailures(detail: Record<string, number | string>): number {
  const nodes = leafSpine(
    2,
    Array.from({ length: LEAVES }, (_, leaf) => [1, 2 + (leaf % 4)]),
  )
  const sim = new ControlPlaneSim(nodes)
  const links = new Set(nodes.flatMap(({ control }) => control.sessions.map(({ link }) => link)))
  let sets = 0
  let tables = 0
  const begin = performance.now()
  forEachFailure(sim, { links: [...links], nodes: sim.names, most: 2 }, (_failure, changed) => {
    sets += 1
    for (const name of changed) if (sim.tables(name).routes.length > 0) tables += 1
  })
  detail['sets'] = sets
  detail['tables'] = tables
  return (performance.now() - begin) / 1000
}

function figure(
  name: string,
  runs: readonly number[],
  atMost: number,
  detail: Readonly<Record<string, number | string>>,
): Figure {
  return { name, unit: 's', tier: 'twin', runs, target: { atMost }, detail }
}
