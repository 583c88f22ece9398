import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NodeProgram } from '../../../contract/program.js'
import { FabricNode, replayJournal, type Effect } from '../../../twin/forward/index.js'
import { toHex } from '../../../twin/packet/index.js'
import { frameCount, runSeed } from '../../support/run-seed.js'
import { arbitraryCase } from './arbitrary.js'
import { caseSeeds, framesIn, makeCase, runTwin, type Case } from './cases.js'
import { CLAUSE_EXCEPTIONS, Coverage, FATE_EXCEPTIONS, gaps, missingProofs } from './coverage.js'
import { randomProgram } from './programs.js'

/* What holds of the twin alone, so that the engine is compared with something worth comparing with. */

describe('generated inputs', () => {
  test('reach every clause of the page and every fate, but those that are excepted for a reason', () => {
    const coverage = new Coverage()
    const wanted = Math.max(50_000, frameCount(50_000))
    let frames = 0
    for (const seed of caseSeeds(runSeed('coverage of the machine'))) {
      const made = makeCase(seed)
      runTwin(made, coverage)
      frames += framesIn(made)
      // What is seldom may take longer by chance; what is not there at all is missed however long it takes.
      if (frames >= 4 * wanted || (frames >= wanted && gaps(coverage).length === 0)) break
    }
    expect(gaps(coverage)).toEqual([])
  })

  test('programs are valid by the contract', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), (seed) => {
        expect(NodeProgram.safeParse(randomProgram(seed)).error).toBeUndefined()
      }),
      { numRuns: 200 },
    )
  })
})

test('every exception names tests that exist', () => {
  expect(missingProofs({ ...CLAUSE_EXCEPTIONS, ...FATE_EXCEPTIONS })).toEqual([])
})

describe('properties of the twin', () => {
  test('what it recorded it replays', () => {
    fc.assert(
      fc.property(arbitraryCase(), (one) => {
        const result = replayJournal(runTwin(one).journal, one.keys)
        expect(result.mismatches).toEqual([])
      }),
      { numRuns: 200 },
    )
  })

  test('sealing when somebody looks gives the same octets', () => {
    fc.assert(
      fc.property(arbitraryCase(), (one) => {
        expect(effectsOf(one, true)).toEqual(effectsOf(one, false))
      }),
      { numRuns: 200 },
    )
  })

  test('[MODEL-4] every copy ends: no frame comes in without an effect, but those that are held', () => {
    fc.assert(
      fc.property(arbitraryCase(), (one) => {
        const node = nodeOf(one, false)
        for (const input of one.inputs.slice(1)) {
          const { held } = node
          const effects = node.input(input)
          // What a port without carrier is given does not come in (PORT-6).
          const isFrame =
            input.kind === 'punt' || (input.kind === 'frame' && node.hasCarrier(input.interface))
          expect(!isFrame || effects.length > 0 || node.held > held).toBe(true)
        }
      }),
      { numRuns: 200 },
    )
  })
})

function nodeOf(one: Case, lazySeal: boolean): FabricNode {
  const [first] = one.inputs
  if (first?.kind !== 'load') throw new Error('a case starts with a program')
  return new FabricNode(first.program, one.keys, { lazySeal })
}

/** All effects, sealed frames looked at last of all. */
function effectsOf(one: Case, lazySeal: boolean): string[] {
  const node = nodeOf(one, lazySeal)
  const effects: Effect[] = one.inputs.slice(1).flatMap((input) => node.input(input))
  return effects.map((effect) =>
    effect.kind === 'fate' ? effect.fate : `${effect.kind} ${effect.interface} ${toHex(effect.frame)}`,
  )
}
