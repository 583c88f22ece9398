/**
 * Wrong simulations of the control plane, judges, and labs, by the tests that stand beside their sources: each fault fails one that should know.
 */
import { afterAll, describe, expect, test } from 'vitest'
import { faultMutants } from './control/faults.js'
import { readerMutants, surviveMutants } from './control/judges.js'
import { changeMutants, topologyMutants } from './control/labs.js'
import type { ControlMutant } from './control/mutant.js'
import { sessionMutants } from './control/sessions.js'
import { sealJudgeMutants } from './control/seals.js'
import { simulationMutants } from './control/simulation.js'
import { RIGHT } from './support/compile-twin.js'
import { mutatedCopy } from './support/mutated-twin.js'
import { Table, type Row } from './support/table.js'
import { runUnits } from './support/units.js'

const THE_RIGHT_ONE = 'right'
const FAMILIES: readonly (readonly [Row['family'], readonly ControlMutant[]])[] = [
  ['simulated control plane', [...simulationMutants, ...sessionMutants, ...faultMutants]],
  ['judge of what survives', surviveMutants],
  ['judge of seals', sealJudgeMutants],
  ['reader of fabric files', readerMutants],
  ['topology definition file', topologyMutants],
  ['change in place', changeMutants],
]
const all = FAMILIES.flatMap(([, mutants]) => mutants)
const files = [...new Set(all.flatMap(({ tests }) => tests))].toSorted()

const table = new Table('control-units')
afterAll(() => table.write())

const results = runUnits([
  { name: THE_RIGHT_ONE, folder: RIGHT, tests: files },
  ...all.map((mutant) => ({ name: mutant.id, folder: mutatedCopy(mutant), tests: mutant.tests })),
])

test('the right ones pass all of them', () => {
  const ended = results.get(THE_RIGHT_ONE) ?? []
  expect(ended.filter(({ state }) => state !== 'passed')).toEqual([])
  expect(new Set(ended.map((one) => one.test.split(' > ')[0]))).toEqual(new Set(files))
})

describe.each(FAMILIES)('a wrong %s fails the tests beside its sources', (family, mutants) => {
  test.each(mutants.map((mutant) => [`[${mutant.clause}] ${mutant.id}: ${mutant.meaning}`, mutant] as const))(
    '%s',
    (_name, { id, clause }) => {
      const ended = results.get(id) ?? []
      expect(ended.filter(({ state }) => state === 'broken')).toEqual([])
      const failed = ended.filter(({ state }) => state === 'failed').map((one) => one.test)
      table.add({
        mutant: id,
        family,
        site: clause,
        on: 'twin',
        state: failed.length === 0 ? 'survived' : 'killed',
        killedBy: failed,
      })
      expect(failed, 'no test fails by it').not.toEqual([])
    },
  )
})
