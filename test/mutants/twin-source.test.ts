/**
 * Family 3, the twin: its source with one thing changed, against the engine's word on the same inputs.
 */
import { afterAll, describe, expect, test } from 'vitest'
import { twinMutants, type SourceMutant } from './source/index.js'
import { Corpus } from './support/corpus.js'
import { loadMutatedMachine, type TwinModules } from './support/mutated-twin.js'
import { Table, testId } from './support/table.js'

const corpus = new Corpus()
const table = new Table('twin-source')
afterAll(() => {
  table.write()
  corpus.remove()
})

describe('a wrong twin is not what the engine is', () => {
  for (const mutant of twinMutants) {
    test(`[B02][B05]${rowOf(mutant)}[${mutant.clause}] ${mutant.id}: ${mutant.meaning}`, async (context) => {
      const forward = await loadMutatedMachine(mutant)
      const found = firstDifference(mutant, forward)
      table.add({
        mutant: mutant.id,
        family: 'source of the twin',
        site: mutant.clause,
        on: 'replay',
        state: found === undefined ? 'survived' : 'killed',
        killedBy: found === undefined ? [] : [testId(context)],
        ...(found === undefined ? {} : { note: found }),
      })
      expect(found, 'no case shows the fault').toBeDefined()
    })
  }

  test('the engine agreed with the right twin on every case that was used', () => {
    expect(corpus.disputed).toEqual([])
  })
})

function rowOf({ row }: SourceMutant): string {
  return row === undefined ? '' : `[${row}]`
}

/** The first output of any case that is not as the engine has it. */
function firstDifference({ clause }: SourceMutant, forward: TwinModules['forward']): string | undefined {
  for (const { name, journal, keys } of corpus.for(clause)) {
    try {
      const [mismatch] = forward.replayJournal(journal, keys, { limit: 1 }).mismatches
      if (mismatch !== undefined) return `${name}, input ${mismatch.input}: ${mismatch.message}`
    } catch (error) {
      // A machine that falls over is not the engine's either.
      return `${name}: ${String(error)}`
    }
  }
  return undefined
}
