/**
 * Harmless changes stay green: a judge that complains of any of them is as wrong as one that misses a fault.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { viewOf } from '../../sdk/fabric-view.js'
import { toHex } from '../../twin/packet/index.js'
import { deriveKeys } from '../../twin/program/index.js'
import { harmlessPlans } from './harmless/plans.js'
import { harmlessSources } from './harmless/sources.js'
import { Corpus } from './support/corpus.js'
import { judgeEverything } from './support/everything.js'
import { runEngine } from './support/engine.js'
import { wrongTwin } from './support/judging.js'
import { loadMutated } from './support/mutated-twin.js'
import { recordJudges } from './support/recorded-traffic.js'
import { shipped, type Subject } from './support/subjects.js'
import { Table } from './support/table.js'

/** Cases on which a twin in other words is held against the engine: the edges, and random ones. */
const CASES = 36

const demo = shipped('demo')
const table = new Table('harmless')
const corpus = new Corpus()
const folder = mkdtempSync(path.join(tmpdir(), 'ztos-harmless-'))
afterAll(() => {
  table.write()
  corpus.remove()
  rmSync(folder, { recursive: true, force: true })
})

describe('harmless', () => {
  test('there are fifteen and more', () => {
    expect(harmlessPlans.length + harmlessSources.length).toBeGreaterThanOrEqual(15)
  })

  for (const { id, why, make } of harmlessPlans) {
    test(`[B05] ${id}: ${why}`, async () => {
      const plan = make(demo.plan)
      expect(plan.nodes.map(({ program }) => program)).not.toEqual(
        demo.plan.nodes.map(({ program }) => program),
      )
      const keys = deriveKeys(plan, new Uint8Array(32).fill(7))
      const subject: Subject = { name: id, plan, keys, view: viewOf(plan) }
      const verdicts = await judgeEverything(wrongTwin(subject, plan))
      const judged = verdicts.filter(({ kind }) => kind !== 'latency' && kind !== 'survive')
      const complaints = judged
        .filter(({ judgement }) => judgement !== 'holds')
        .map(({ name, judgement, findings }) => `${name} ${judgement}: ${findings[0]?.message ?? ''}`)
      const disputes = await disputesOf(subject)
      table.add({
        mutant: id,
        family: 'harmless change',
        site: 'demo',
        on: 'twin',
        state: complaints.length + disputes.length === 0 ? 'green' : 'complained of',
        killedBy: [],
        note: why,
      })
      expect(judged.length).toBeGreaterThan(5)
      expect({ complaints, disputes }).toEqual({ complaints: [], disputes: [] })
    })
  }

  for (const source of harmlessSources) {
    test(`[B05] ${source.id}: ${source.meaning}`, async () => {
      const { forward } = await loadMutated(source)
      const disputes: string[] = []
      let tried = 0
      for (const { name, journal, keys } of corpus.for(source.clause)) {
        if (tried++ === CASES) break
        const [mismatch] = forward.replayJournal(journal, keys, { limit: 1 }).mismatches
        if (mismatch !== undefined) disputes.push(`${name}: ${mismatch.message}`)
      }
      table.add({
        mutant: source.id,
        family: 'harmless change',
        site: source.clause,
        on: 'replay',
        state: disputes.length === 0 ? 'green' : 'complained of',
        killedBy: [],
        note: source.meaning,
      })
      expect(tried).toBeGreaterThan(CASES)
      expect(disputes).toEqual([])
    })
  }
})

/** Nodes of which the engine says otherwise than the twin. */
async function disputesOf(subject: Subject): Promise<readonly string[]> {
  const keyFile = path.join(folder, `${subject.name}.json`)
  const keys = Object.fromEntries([...subject.keys].map(([reference, key]) => [reference, toHex(key)]))
  writeFileSync(keyFile, JSON.stringify(keys), { mode: 0o600 })
  return [...(await recordJudges(subject))].flatMap(([node, journal]) => {
    const journalFile = path.join(folder, `${subject.name}-${node}.ztj`)
    writeFileSync(journalFile, journal)
    return runEngine({ journalFile, keyFile }).outcome === 'equal' ? [] : [node]
  })
}
