/**
 * Scenarios a second in the twin, sealing what is looked at, and sealing everything.
 *
 * @module
 */
import { openTarget } from '../sdk/vitest/open-target.js'
import { demoPlan } from './demo.js'
import type { Bench, BenchContext, Figure } from './figure.js'
import { runScenarios, scenarioDetail } from './scenario.js'
import type { ScenarioTally } from './scenario.js'

const COUNT = 400

export const twinScenarios: Bench = {
  name: 'twin-scenarios',
  what: 'scenarios a second in the twin',
  run,
}

async function run({ runs, signal, say }: BenchContext): Promise<readonly Figure[]> {
  const target = await openTarget(demoPlan(), { on: 'twin', lab: undefined })
  try {
    // Long enough for the compiler of the JavaScript engine to have settled.
    await runScenarios(target, { count: COUNT, seed: 0, signal })
    const lazy: ScenarioTally[] = []
    const sealed: ScenarioTally[] = []
    // In turn, so that a busy minute of the host falls on both.
    for (let seed = 1; seed <= runs; seed++) {
      say(`run ${seed}`)
      lazy.push(await runScenarios(target, { count: COUNT, seed, signal }))
      sealed.push(await runScenarios(target, { count: COUNT, seed, signal, readWire: true }))
    }
    const figure = (name: string, tallies: readonly ScenarioTally[]): Figure => ({
      name,
      unit: 'scenarios/s',
      tier: 'twin',
      runs: tallies.map(({ scenarios, ms }) => (scenarios * 1000) / ms),
      detail: scenarioDetail(tallies),
    })
    return [
      { ...figure('twin scenarios, sealing lazily', lazy), target: { atLeast: 1000 } },
      {
        ...figure('the same, by CPU time', lazy),
        unit: 'scenarios/CPU s',
        runs: lazy.map(({ scenarios, cpu }) => (scenarios * 1000) / cpu),
      },
      figure('twin scenarios, every frame sealed', sealed),
    ]
  } finally {
    await target.close()
  }
}
