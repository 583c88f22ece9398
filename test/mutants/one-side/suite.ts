/**
 * Family 2: a wrong plan on one side only. Whatever the intents say, the two interpreters must be found to differ.
 *
 * The inputs are those of the judges' own traffic; the engine has replayed every node's journal with the right program and
 * agrees, so that the recorded outputs are its word.
 *
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { NodeProgram } from '../../../contract/program.js'
import { compareNodes } from '../../../lab/compare/node.js'
import type { Verdict } from '../../../record/verdict.js'
import { judgeNodes } from '../../../sdk/judge/agreement.js'
import { toHex } from '../../../twin/packet/index.js'
import { applySite, planMutants, unseenMutants, type Site } from '../plan/index.js'
import { runEngine } from '../support/engine.js'
import { invariantsOf, judgeUntil, JUDGED, wrongTwin } from '../support/judging.js'
import { recordJudges, withProgram } from '../support/recorded-traffic.js'
import type { Subject } from '../support/subjects.js'
import { Table, testId, type Row } from '../support/table.js'

/** Tests of every mutant at every site of a fabric. */
export function oneSideSuite(subject: Subject): void {
  const table = new Table(`one-side-${subject.name}`)
  const folder = mkdtempSync(path.join(tmpdir(), 'ztos-one-side-'))
  const journalFile = path.join(folder, 'journal.ztj')
  const keyFile = path.join(folder, 'keys.json')
  let journals: ReadonlyMap<string, Uint8Array> = new Map()
  beforeAll(async () => {
    journals = await recordJudges(subject)
    const keys = Object.fromEntries([...subject.keys].map(([reference, key]) => [reference, toHex(key)]))
    writeFileSync(keyFile, JSON.stringify(keys), { mode: 0o600 })
  })
  afterAll(() => {
    table.write()
    rmSync(folder, { recursive: true, force: true })
  })

  function engineSays(journal: Uint8Array): string {
    writeFileSync(journalFile, journal)
    return runEngine({ journalFile, keyFile }).outcome
  }

  function journalWith(program: NodeProgram): Uint8Array {
    return withProgram(journals.get(program.node) ?? new Uint8Array(), program)
  }

  /** The twin runs the site's programs, the engine has run the right ones. */
  function compareSite({ programs }: Site): Verdict {
    const changed = programs.map((program): [string, Uint8Array] => [program.node, journalWith(program)])
    return judgeNodes(compareNodes(new Map(changed), subject.keys), 'twin')
  }

  describe(subject.name, () => {
    test('[B02] twin and engine agree on what the judges send through the right plan', () => {
      expect([...journals].filter(([, journal]) => engineSays(journal) !== 'equal')).toEqual([])
      expect(judgeNodes(compareNodes(journals, subject.keys), 'twin')).toMatchObject({ judgement: 'holds' })
    })

    const fitting = [...planMutants, ...unseenMutants].filter(({ sites }) => sites(subject.plan).length > 0)
    test('every mutant that no intent sees fits somewhere, but those of IPv4 alone', () => {
      const unfit = unseenMutants.filter((mutant) => !fitting.includes(mutant)).map(({ id }) => id)
      expect(unfit).toEqual(
        subject.plan.underlay === 'ipv6' ? ['outer-df-differs', 'udp-checksum-mode-differs'] : [],
      )
    })

    for (const mutant of fitting) {
      const sites = mutant.sites(subject.plan)
      test(`[B02][B05] ${mutant.id}: disputed`, (context) => {
        const rows = sites.map((site): Row => {
          const verdict = compareSite(site)
          const found = verdict.judgement === 'disputed'
          return {
            mutant: mutant.id,
            family: 'plan of one side',
            site: `${subject.name} ${site.where}`,
            on: 'replay',
            state: found ? 'killed' : site.equivalent === undefined ? 'survived' : 'equivalent',
            killedBy: found ? [testId(context), verdict.name] : [],
            invariants: [...invariantsOf(verdict)],
            ...(found || site.equivalent === undefined ? {} : { note: site.equivalent }),
          }
        })
        for (const row of rows) table.add(row)
        expect(rows.filter(({ state }) => state === 'survived').map(({ site }) => site)).toEqual([])
      })

      // The other way round costs a process each: one site.
      test(`[B02][B05] ${mutant.id} in the engine alone: disputed`, () => {
        const site = sites.find(({ equivalent }) => equivalent === undefined)
        const said = site?.programs.map((program) => engineSays(journalWith(program)))
        expect(said).toContain('different')
      })
    }

    for (const mutant of unseenMutants.filter((one) => fitting.includes(one))) {
      test(`[B05] ${mutant.id}: no intent notices, on both sides`, async () => {
        const [site] = mutant.sites(subject.plan)
        const plan = site === undefined ? subject.plan : applySite(subject.plan, site)
        const { verdicts } = await judgeUntil(wrongTwin(subject, plan), JUDGED, () => false)
        expect(
          verdicts
            .filter(({ judgement }) => judgement !== 'holds')
            .map(({ name, findings }) => [name, findings[0]?.message]),
        ).toEqual([])
      })
    }
  })
}
