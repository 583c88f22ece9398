import { expect, test } from 'vitest'
import { combineExit, exitMeanings, exitOfVerdicts, ExitStatus } from './exit-status.js'
import type { CombinedVerdict, Judgement } from './verdict.js'

const combined = (judgement: Judgement): CombinedVerdict => ({
  name: judgement,
  kind: 'reach',
  combined: judgement,
  verdicts: [],
})

test.each<[readonly ExitStatus[], ExitStatus]>([
  [[0], 0],
  [[0, 3], 3],
  [[3, 1], 1],
  [[1, 5], 5],
  [[5, 2], 2],
  [[2, 4], 4],
  [[4, 130], 130],
  [[0, 1, 2, 3, 4, 5, 130], 130],
  [[0, 3, 1, 5], 5],
])('of %j the status is %i', (statuses, expected) => {
  expect(combineExit(statuses)).toBe(expected)
  expect(combineExit(statuses.toReversed())).toBe(expected)
})

test('nothing verified is bad input, never success', () => {
  expect(combineExit([])).toBe(ExitStatus.BadInput)
  expect(exitOfVerdicts([])).toBe(ExitStatus.BadInput)
})

test.each<[readonly Judgement[], ExitStatus]>([
  [['holds', 'holds'], 0],
  [['holds', 'unjudged'], 3],
  [['unjudged', 'violated'], 1],
  [['violated', 'disputed', 'unjudged'], 5],
])('verdicts %j exit with %i', (judgements, expected) => {
  expect(exitOfVerdicts(judgements.map(combined))).toBe(expected)
})

test('every status has a meaning for help and documentation', () => {
  expect(exitMeanings.map(([status]) => status)).toEqual(Object.values(ExitStatus))
})
