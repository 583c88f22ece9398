/**
 * Family 1: the same wrong plan on both sides. No comparison can notice; the intents, which speak from the file, must.
 *
 * @module
 */
import { afterAll, describe, expect, test, type TestContext } from 'vitest'
import { applySite, planMutants, type PlanMutant, type Site } from '../plan/index.js'
import { invariantsOf, judgeUntil, JUDGED, wrongTwin } from '../support/judging.js'
import type { Subject } from '../support/subjects.js'
import { Table, testId, type Row } from '../support/table.js'

/** Tests of every mutant at every site of a fabric. */
export function samePlanSuite(subject: Subject): void {
  const table = new Table(`same-plan-${subject.name}`)
  afterAll(() => table.write())

  describe(subject.name, () => {
    test('the right plan holds', async () => {
      const { verdicts } = await judgeUntil(wrongTwin(subject, subject.plan), JUDGED, () => false)
      expect(verdicts.filter(({ judgement }) => judgement !== 'holds')).toEqual([])
      expect(verdicts.length).toBeGreaterThan(3)
    })

    for (const mutant of planMutants) {
      const tags = mutant.rows.map((row) => `[${row}]`).join('')
      test(`${tags} ${mutant.id}: ${mutant.foundBy.join(' or ')} is violated`, async (context) => {
        const rows: Row[] = []
        for (const site of mutant.sites(subject.plan)) rows.push(await tryOut(subject, mutant, site, context))
        for (const row of rows) table.add(row)
        expect(rows.filter(({ state }) => state === 'survived').map(({ site }) => site)).toEqual([])
        // A proof that is refuted is as bad as none.
        expect(rows.filter(({ state, note }) => state === 'killed' && note !== undefined)).toEqual([])
        // The shipped fabrics have a site for every mutant; a generated one need not.
        expect(subject.name === 'generated' || rows.length > 0).toBe(true)
      })
    }
  })
}

async function tryOut(subject: Subject, mutant: PlanMutant, site: Site, context: TestContext): Promise<Row> {
  const target = wrongTwin(subject, applySite(subject.plan, site))
  const { equivalent } = site
  // What is said to be equivalent must be found by no intent of any kind.
  const kinds = equivalent === undefined ? mutant.foundBy : JUDGED
  const { found } = await judgeUntil(target, kinds, ({ judgement }) => judgement === 'violated')
  const unfound = equivalent === undefined ? 'survived' : 'equivalent'
  return {
    mutant: mutant.id,
    family: 'same plan on both sides',
    site: `${subject.name} ${site.where}`,
    on: 'twin',
    state: found === undefined ? unfound : 'killed',
    killedBy: found === undefined ? [] : [testId(context), found.name],
    ...(found === undefined ? {} : { invariants: [...invariantsOf(found)] }),
    ...(equivalent === undefined ? {} : { note: equivalent }),
  }
}
