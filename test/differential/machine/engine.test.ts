import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { RecordType } from '../../../contract/journal.js'
import { readRecords, replayJournal, writeJournal } from '../../../twin/forward/index.js'
import { KEYS } from '../../machine/support/bench.js'
import { INVALID_PROGRAMS } from '../../machine/support/invalid-programs.js'
import { frameCount, runSeed } from '../../support/run-seed.js'
import { arbitraryCase } from './arbitrary.js'
import { caseSeeds, framesIn, makeCase, runTwin, type CaseSeed } from './cases.js'
import { EngineBench, MODES } from './engine.js'
import { randomProgram } from './programs.js'
import { explainMismatch, shrinkCase } from './mismatch.js'

/** `ZT_CASE=program:inputs:count` runs that case alone. */
function casesToRun(seed: number): Iterable<CaseSeed> {
  const given = process.env['ZT_CASE']
  if (given === undefined) return caseSeeds(seed)
  const [program, inputs, count] = given.split(':').map(Number)
  if (program === undefined || inputs === undefined || count === undefined || !Number.isInteger(count)) {
    throw new Error(`ZT_CASE is ${given}: give program:inputs:count`)
  }
  return [{ program, inputs, count }]
}

describe('twin and engine', () => {
  const bench = new EngineBench()
  let keep = false
  afterAll(() => {
    if (!keep) bench.remove()
  })

  test(
    '[CTRL-9] give the same journals, octet by octet, and the same tables in the end, with the flow cache on and off, in vectors of 1, 7 and 64',
    { timeout: 24 * 3600 * 1000 },
    () => {
      const seed = runSeed('twin and engine')
      const frames = frameCount(100_000)
      let compared = 0
      const rowsSeen = new Map<string, number>()
      for (const one of casesToRun(seed)) {
        const made = makeCase(one)
        const run = runTwin(made)
        for (const [table, rows] of Object.entries<readonly unknown[]>({ ...run.tables }))
          rowsSeen.set(table, (rowsSeen.get(table) ?? 0) + rows.length)
        for (const mode of MODES) {
          if (bench.run(run, made.keys, mode) === undefined) continue
          keep = true
          const { small, failure } = shrinkCase(bench, made, mode)
          expect.fail(explainMismatch(bench, small, failure, one))
        }
        compared += framesIn(made)
        if (compared >= frames) break
      }
      process.stdout.write(`twin and engine: ${compared} frames, ${MODES.length} modes, no mismatch\n`)
      expect(compared).toBeGreaterThan(0)
      // One case alone need not have all of them.
      const empty = [...rowsSeen].filter(([, rows]) => rows === 0).map(([table]) => table)
      expect(process.env['ZT_CASE'] === undefined ? empty : []).toEqual([])
    },
  )

  test('differ in no generated case, however it shrinks', () => {
    fc.assert(
      fc.property(arbitraryCase(), fc.constantFrom(...MODES), (one, mode) => {
        const failure = bench.run(runTwin(one), one.keys, mode)
        expect(failure && [failure.stderr, ...failure.tables]).toBeUndefined()
      }),
      { numRuns: 100 },
    )
  })

  test('an output altered in a journal is found by the engine too', () => {
    const made = makeCase({ program: 11, inputs: 12, count: 40 })
    const { journal } = runTwin(made)
    const output = readRecords(journal).records.findLast(({ type }) => type === RecordType.FrameOut)
    const altered = journal.slice()
    const at = output!.offset + 16 + output!.payload.length - 1
    altered[at] = altered[at]! ^ 1
    expect(bench.run({ journal }, made.keys, MODES[0]!)).toBeUndefined()
    expect(bench.run({ journal: altered }, made.keys, MODES[0]!)?.status).toBe('1')
  })

  test.each(INVALID_PROGRAMS)(
    'a program that contradicts itself is refused by both: %s',
    (_what, program) => {
      const journal = writeJournal([[{ kind: 'load', now: 0n, program }, []]])
      expect(() => replayJournal(journal, KEYS)).toThrow('ZT_PROGRAM_INVALID')
      expect(bench.run({ journal }, KEYS, MODES[0]!)?.status).toBe('2')
    },
  )

  test('a sealed journal without its keys is bad input for the engine too', () => {
    const made = makeCase({ program: sealedProgram(), inputs: 1, count: 5 })
    expect(bench.run(runTwin(made), new Map(), MODES[0]!)?.status).toBe('2')
  })
})

/** A seed whose program has a macsec interface. */
function sealedProgram(): number {
  for (let seed = 0; ; seed++) {
    if (randomProgram(seed).interfaces.some(({ kind }) => kind === 'macsec')) return seed
  }
}
