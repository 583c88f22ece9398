/**
 * What every suite of `ztos test` must do: hold on a sound fabric, and say why of each that is broken, by what is seen of it and by what its
 * nodes run.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import type { Plan } from '../../../contract/plan.js'
import { runSuite, type SuiteName } from '../../../sdk/suite/run-suite.js'
import { brokenPlan, type BrokenFabric } from '../../support/broken-fabrics.js'
import { planOf, twinOf, witnessed } from './demo.js'

/** Runs a suite on the twin of a plan. @param broken what nodes run instead */
export async function runOnTwin(suite: SuiteName, plan: Plan, broken?: Plan) {
  return runSuite(twinOf(plan, broken === undefined ? {} : { runs: broken }), suite)
}

const tellAll = (reasons: readonly { row: string; column: string; message: string }[]) =>
  reasons.map(({ row, column, message }) => `${row} | ${column} | ${message}`).join('\n')

/** The tests. @param rows of docs/features.tsv */
export function suiteTests(
  rows: string,
  suite: SuiteName,
  name: string,
  broken: readonly BrokenFabric[],
): void {
  describe(`${rows} ztos test ${suite}, of ${name}`, () => {
    const plan = planOf(name)

    test('holds on the fabric as it is, and every row was judged', async () => {
      const { exit, reasons, rows: judged } = await runOnTwin(suite, plan)
      expect(tellAll(reasons)).toBe('')
      expect(exit).toBe(0)
      expect(judged.length).toBeGreaterThan(8)
      for (const row of judged)
        expect(Object.keys(row.cells).length, `${row.name} was judged`).toBeGreaterThan(0)
    })

    test('says that engines do not run the plan, and that guards are gone, where there is a lab', async () => {
      const [first] = broken
      if (first === undefined) throw new TypeError('nothing is broken')
      const witness = witnessed(brokenPlan(plan, first), (node) => ({
        installed: node !== 'leaf2',
        dropped: 1,
      }))
      const { exit, reasons } = await runSuite(twinOf(plan, { witness }), suite)
      expect(exit).toBe(1)
      expect(tellAll(reasons)).toMatch(/the engine of leaf1 does not run the plan: /)
      expect(reasons.some(({ message }) => message.startsWith('nothing keeps the kernel of leaf2'))).toBe(
        suite !== 'vxlan',
      )
    })

    test.each(broken)('fails when $name, and says so', async (one) => {
      const { exit, reasons } = await runOnTwin(suite, plan, brokenPlan(plan, one))
      expect(exit).toBe(1)
      expect(tellAll(reasons.filter(({ row }) => row.startsWith(one.row)))).toMatch(one.says)
    })
  })
}
