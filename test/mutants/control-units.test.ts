/**
 * Wrong simulations of the control plane, by the tests that stand beside its sources: each fault fails one that should know.
 */
import { afterAll, describe, expect, test } from 'vitest'
import { simulationMutants } from './control/simulation.js'
import { RIGHT } from './support/compile-twin.js'
import { mutatedCopy } from './support/mutated-twin.js'
import { Table } from './support/table.js'
import { runUnits } from './support/units.js'

const THE_RIGHT_ONE = 'right'
const fileOf = (name: string) => `twin/control/${name}.test.ts`
const files = [...new Set(simulationMutants.flatMap(({ tests }) => tests.map(fileOf)))].toSorted()

const table = new Table('control-units')
afterAll(() => table.write())

const results = runUnits([
  { name: THE_RIGHT_ONE, folder: RIGHT, tests: files },
  ...simulationMutants.map((mutant) => ({
    name: mutant.id,
    folder: mutatedCopy(mutant),
    tests: mutant.tests.map(fileOf),
  })),
])

describe('a wrong simulation fails the tests beside its sources', () => {
  test('the right one passes all of them', () => {
    const all = results.get(THE_RIGHT_ONE) ?? []
    expect(all.filter(({ state }) => state !== 'passed')).toEqual([])
    expect(new Set(all.map((one) => one.test.split(' > ')[0]))).toEqual(new Set(files))
  })

  for (const { id, clause, meaning } of simulationMutants) {
    test(`[${clause}] ${id}: ${meaning}`, () => {
      const ended = results.get(id) ?? []
      expect(ended.filter(({ state }) => state === 'broken')).toEqual([])
      const failed = ended.filter(({ state }) => state === 'failed').map((one) => one.test)
      table.add({
        mutant: id,
        family: 'simulated control plane',
        site: clause,
        on: 'twin',
        state: failed.length === 0 ? 'survived' : 'killed',
        killedBy: failed,
      })
      expect(failed, 'no test fails by it').not.toEqual([])
    })
  }
})
