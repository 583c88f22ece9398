import { describe, expect, test } from 'vitest'
import { FabricNode, type Effect, type Input } from '../../../twin/forward/index.js'
import { toHex } from '../../../twin/packet/index.js'
import { runSeed } from '../../support/run-seed.js'
import { caseSeeds, makeCase, type Case } from './cases.js'

/* What holds of `apply` whatever it says, of the twin alone. */

const CASES = 40
const cases = function* (): Generator<Case> {
  let made = 0
  for (const seed of caseSeeds(runSeed('apply in the twin'))) {
    yield makeCase(seed)
    if (++made === CASES) return
  }
}

/** What came of an input. */
interface Outcome {
  readonly input: Input
  readonly refused: boolean
  readonly effects: readonly string[]
}

/** What came of each input behind the program, and what the node had learned in the end. */
function run({ keys }: Case, inputs: readonly Input[]): { outcomes: Outcome[]; learned: unknown } {
  const [first, ...rest] = inputs
  if (first?.kind !== 'load') throw new Error('a case starts with a program')
  const node = new FabricNode(first.program, keys)
  const outcomes = rest.map((input): Outcome => {
    if (input.kind !== 'control') return { input, refused: false, effects: said(node.input(input)) }
    const { effects, refusal } = node.control(input.now, input.request)
    return { input, refused: refusal !== undefined, effects: said(effects) }
  })
  return { outcomes, learned: node.learned() }
}

function said(effects: readonly Effect[]): string[] {
  return effects.map((effect) =>
    effect.kind === 'fate' ? effect.fate : `${effect.kind} ${effect.interface} ${toHex(effect.frame)}`,
  )
}

const isApply = (
  request: unknown,
): request is { readonly op: 'apply'; readonly changes: readonly unknown[] } =>
  typeof request === 'object' && request !== null && 'op' in request && request.op === 'apply'

describe('[CTRL-6] apply', () => {
  test('a list that is refused might as well not have been given', () => {
    let refused = 0
    for (const one of cases()) {
      const all = run(one, one.inputs)
      const kept = all.outcomes.filter((outcome) => !outcome.refused)
      refused += all.outcomes.length - kept.length
      expect(all.outcomes.filter((outcome) => outcome.refused && outcome.effects.length > 0)).toEqual([])
      const without = run(one, [one.inputs[0]!, ...kept.map(({ input }) => input)])
      expect(without.outcomes.map(({ effects }) => effects)).toEqual(kept.map(({ effects }) => effects))
      expect(without.learned).toEqual(all.learned)
    }
    expect(refused).toBeGreaterThan(CASES)
  })

  test('a list does what its changes do one after the other', () => {
    let parted = 0
    for (const one of cases()) {
      const all = run(one, one.inputs)
      const parts = all.outcomes.flatMap(({ input, refused }): Input[] => {
        if (refused || input.kind !== 'control' || !isApply(input.request)) return [input]
        parted += input.request.changes.length
        return input.request.changes.map((change) => ({
          ...input,
          request: { id: 1, op: 'apply', changes: [change] },
        }))
      })
      const singly = run(one, [one.inputs[0]!, ...parts])
      expect(singly.outcomes.flatMap(({ effects }) => effects)).toEqual(
        all.outcomes.flatMap(({ effects }) => effects),
      )
      expect(singly.learned).toEqual(all.learned)
    }
    expect(parted).toBeGreaterThan(CASES)
  })
})
