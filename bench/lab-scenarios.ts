/**
 * Scenarios a second in a lab that is brought up once.
 *
 * @module
 */
import { openTarget } from '../sdk/vitest/open-target.js'
import { demoPlan } from './demo.js'
import { whyNoLab, type Bench, type BenchContext, type Figure, type Skip } from './figure.js'
import { runScenarios, scenarioDetail } from './scenario.js'
import type { ScenarioTally } from './scenario.js'

const COUNT = 40

export const labScenarios: Bench = {
  name: 'lab-scenarios',
  what: 'scenarios a second in a lab, without redeployment between them',
  run,
}

async function run({ runs, signal, say }: BenchContext): Promise<readonly (Figure | Skip)[]> {
  const name = 'lab scenarios'
  const reason = whyNoLab()
  if (reason !== undefined) return [{ name, reason }]
  const target = await openTarget(demoPlan(), { on: 'netns', lab: undefined })
  try {
    await runScenarios(target, { count: COUNT, seed: 0, signal })
    const tallies: ScenarioTally[] = []
    for (let seed = 1; seed <= runs; seed++) {
      say(`run ${seed}`)
      tallies.push(await runScenarios(target, { count: COUNT, seed, signal }))
    }
    const values = tallies.map(({ scenarios, ms }) => (scenarios * 1000) / ms)
    return [
      {
        name,
        unit: 'scenarios/s',
        tier: 'lab',
        runs: values,
        target: { atLeast: 20 },
        detail: scenarioDetail(tallies),
      },
    ]
  } finally {
    await target.close()
  }
}
