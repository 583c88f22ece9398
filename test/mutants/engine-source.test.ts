/**
 * Family 3, the engine: every fault that is compiled into its build for mutants, against the twin's word.
 */
import { afterAll, describe, expect, test } from 'vitest'
import { Corpus } from './support/corpus.js'
import { engineMutants, runEngine, type EngineMode, type EngineMutant } from './support/engine.js'
import { Table, testId } from './support/table.js'

/** The fast way and the slow way; some faults are in one alone. */
const MODES: readonly EngineMode[] = [
  { cache: 'on', vector: 64 },
  { cache: 'off', vector: 1 },
]

/** Rows of docs/features.tsv that clauses of a section are the proof of, or what one fault is about. */
const ROWS: Readonly<Record<string, string>> = {
  HASH: '[C14]',
  LEARN: '[C09]',
  SNOOP: '[C11]',
  MACSEC: '[Z09]',
  WG: '[Z06]',
  macsec_mode_keeps_protect: '[Z10]',
  macsec_clear_over_vxlan: '[Z11]',
}
const sectionOf = (clause: string) => clause.replace(/-\d+$/, '')
const rowsOf = ({ name, clause }: EngineMutant) => ROWS[name] ?? ROWS[sectionOf(clause)] ?? ''

const corpus = new Corpus()
const table = new Table('engine-source')
const mutants = engineMutants()
afterAll(() => {
  table.write()
  corpus.remove()
})

describe('a wrong engine is not what the twin is', () => {
  test('there are faults in every section', () => {
    expect(mutants.length).toBeGreaterThanOrEqual(25)
    const sections = new Set(mutants.map(({ clause }) => sectionOf(clause)))
    for (const section of [
      'BRIDGE',
      'LEARN',
      'FLOOD',
      'ARP',
      'ND',
      'NEIGH',
      'ROUTE',
      'ICMP',
      'VXLAN',
      'MACSEC',
      'HASH',
    ]) {
      expect(sections).toContain(section)
    }
  })

  for (const mutant of mutants) {
    const { name, clause, meaning } = mutant
    test(`[B02][B05]${rowsOf(mutant)} ${name} (${clause}): ${meaning}`, (context) => {
      const found = firstDifference(mutant)
      table.add({
        mutant: name,
        family: 'source of the engine',
        site: clause,
        on: 'replay',
        state: found === undefined ? 'survived' : 'killed',
        killedBy: found === undefined ? [] : [testId(context)],
        ...(found === undefined ? {} : { note: found }),
      })
      expect(found, 'no case shows the fault').toBeDefined()
    })
  }

  test('the right engine agreed with the twin on every case that was used', () => {
    expect(corpus.disputed).toEqual([])
  })
})

function firstDifference({ name, clause }: EngineMutant): string | undefined {
  for (const one of corpus.for(clause)) {
    for (const mode of MODES) {
      const { outcome, detail } = runEngine(one, mode, name)
      if (outcome !== 'equal') return `${one.name}, cache ${mode.cache}: ${detail || outcome}`
    }
  }
  return undefined
}
