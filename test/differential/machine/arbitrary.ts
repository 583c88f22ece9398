/**
 * Cases as fast-check arbitraries: they shrink by leaving inputs out, each input being made from a seed of its own.
 *
 * @module
 */
import * as fc from 'fast-check'
import type { Case } from './cases.js'
import { randomInput, sequence } from './inputs.js'
import { keysOf, randomProgram } from './programs.js'
import { vocabularyOf } from './vocabulary.js'

const seed = fc.nat(0xffff_ffff)

/** A random program and inputs for it. */
export function arbitraryCase(maxInputs = 60): fc.Arbitrary<Case> {
  return fc
    .record({
      program: seed,
      start: fc.bigInt({ min: 0n, max: 2n ** 63n }),
      inputs: fc.array(fc.record({ seed, place: fc.nat(0xfff_ffff) }), { maxLength: maxInputs }),
    })
    .map(({ program: programSeed, start, inputs }) => {
      const program = randomProgram(programSeed)
      const keys = keysOf(program)
      const words = vocabularyOf(program, keys)
      return {
        keys,
        inputs: sequence(
          program,
          start,
          inputs.map((one) => randomInput(words, one)),
        ),
      }
    })
}
