/**
 * Family 1: the same wrong plan on both sides. No comparison can notice; the intents, which speak from the file, must.
 */
import { afterAll, describe, expect, test } from 'vitest'
import { applySite, planMutants } from './plan/index.js'
import { invariantsOf, judgeUntil, JUDGED, wrongTwin } from './support/judging.js'
import { generated, shipped } from './support/subjects.js'
import { Table, testId } from './support/table.js'

const subjects = [shipped('demo'), shipped('demo-v6'), generated(Number(process.env['ZT_MUTANT_SEED'] ?? 1))]
const table = new Table('same-plan')
afterAll(() => table.write())

for (const subject of subjects) {
  describe(subject.name, () => {
    test('the right plan holds', async () => {
      const { verdicts } = await judgeUntil(wrongTwin(subject, subject.plan), JUDGED, () => false)
      expect(verdicts.filter(({ judgement }) => judgement !== 'holds')).toEqual([])
      expect(verdicts.length).toBeGreaterThan(3)
    })

    for (const mutant of planMutants) {
      const tags = mutant.rows.map((row) => `[${row}]`).join('')
      test(`${tags} ${mutant.id}: ${mutant.foundBy.join(' or ')} is violated`, async (context) => {
        const sites = mutant.sites(subject.plan)
        const wrong: string[] = []
        for (const site of sites) {
          const target = wrongTwin(subject, applySite(subject.plan, site))
          // What is said to be equivalent must be found by no intent of any kind.
          const kinds = site.equivalent === undefined ? mutant.foundBy : JUDGED
          const { found } = await judgeUntil(target, kinds, ({ judgement }) => judgement === 'violated')
          const state =
            found !== undefined ? 'killed' : site.equivalent === undefined ? 'survived' : 'equivalent'
          table.add({
            mutant: mutant.id,
            family: 'same plan on both sides',
            site: `${subject.name} ${site.where}`,
            on: 'twin',
            state,
            killedBy: found === undefined ? [] : [testId(context), found.name],
            ...(found === undefined ? {} : { invariants: [...invariantsOf(found)] }),
            ...(site.equivalent === undefined ? {} : { note: site.equivalent }),
          })
          if (state === 'survived') wrong.push(`${site.where}: no intent is violated`)
          if (found !== undefined && site.equivalent !== undefined) {
            wrong.push(
              `${site.where}: said to be equivalent (${site.equivalent}), but ${found.name} is violated`,
            )
          }
        }
        expect(wrong).toEqual([])
        // The shipped fabrics have sites for every mutant; a generated one need not.
        if (subject.name !== 'generated') expect(sites.length).toBeGreaterThan(0)
      })
    }
  })
}
