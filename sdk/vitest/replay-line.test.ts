import { describe, expect, test } from 'vitest'
import { readEnvironment } from './environment.js'
import { replayLine } from './replay-line.js'

const failed = {
  file: '/here/tests/shop.test.ts',
  name: "bank doesn't (ever) hear",
  seed: 7,
  path: '3:0',
  shrunkOn: 'twin',
} as const
const lineOf = (env: Record<string, string>, more: Partial<Parameters<typeof replayLine>[1]> = {}) =>
  replayLine(readEnvironment(env), { ...failed, ...more }, '/here')

describe('the line that shows a failure again', () => {
  test('names seed, path, file and test, quoted for a shell and for a pattern', () => {
    expect(lineOf({})).toBe(
      String.raw`ZTOS_SEED=7 ZTOS_PATH=3:0 npx vitest run tests/shop.test.ts -t 'bank doesn'\''t \(ever\) hear'`,
    )
  })

  test('says all that the run was told', () => {
    expect(
      lineOf({ ZTOS_ON: 'netns', ZTOS_LAB: 'k3f9a2', ZTOS_FABRIC: 'a b.yaml', ZTOS_RUNS: '500' }),
    ).toMatch(/^ZTOS_ON=netns ZTOS_FABRIC='a b\.yaml' ZTOS_LAB=k3f9a2 ZTOS_RUNS=500 ZTOS_SEED=7 /)
    expect(lineOf({ ZTOS_PLAN: 'plan.json', ZTOS_FABRIC: 'a.yaml' })).toMatch(
      /^ZTOS_PLAN=plan\.json ZTOS_SEED=7 /,
    )
  })

  test('of a run with a record names the record, where it lies and where the case fails', () => {
    const env = { ZTOS_RUN: 'r1', ZTOS_RUN_DIR: '/here/runs/r1', ZTOS_COMMAND: './ztos' }
    expect(lineOf(env)).toBe('./ztos replay r1')
    expect(lineOf({ ...env, ZTOS_RUN_DIR: '/elsewhere/r1' })).toBe('./ztos replay r1 --runs ../elsewhere')
    expect(lineOf(env, { shrunkOn: 'netns' })).toBe('./ztos replay r1 --on netns')
  })
})
