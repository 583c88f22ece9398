import { describe, expect, test } from 'vitest'
import { countsOfOutput, isClosingLine, judge, total } from './counts.mjs'

const clean = { passed: 3, failed: 0, skipped: [], failures: [] }

describe('the account in a command’s output', () => {
  test('is its last closing line', () => {
    expect(
      countsOfOutput(['1 passed, 0 failed, 0 skipped', 'noise', '3 passed, 1 failed, 0 skipped', '']),
    ).toEqual({
      passed: 3,
      failed: 1,
      skipped: [],
      failures: [],
    })
  })

  test('names each skip with its reason', () => {
    expect(countsOfOutput(['SKIP mmap: no huge pages', '3 passed, 0 failed, 1 skipped'])?.skipped).toEqual([
      { name: 'mmap', reason: 'no huge pages' },
    ])
  })

  test('holds a skip that was counted and not named', () => {
    expect(countsOfOutput(['3 passed, 0 failed, 1 skipped'])?.skipped).toEqual([
      { name: 'unnamed', reason: '' },
    ])
  })

  test.each(['all good', '3 passed', 'x: 3 passed, 0 failed, 0 skipped', '3 passed, 0 failed, 0 skipped!'])(
    'is missing from %j',
    (line) => {
      expect(countsOfOutput([line])).toBeUndefined()
      expect(isClosingLine(line)).toBe(false)
    },
  )
})

describe('the account to believe', () => {
  test('is the stage’s own when nothing speaks against it', () => {
    expect(judge(clean, undefined)).toEqual(clean)
  })

  test('has a failure when the stage said nothing', () => {
    expect(judge(undefined, undefined)).toMatchObject({ passed: 0, failed: 1 })
  })

  test('has a failure when no test ran', () => {
    expect(judge({ ...clean, passed: 0 }, undefined)).toMatchObject({ failed: 1, failures: ['ran no test'] })
  })

  test('has one failure when no test ran and the process said so too', () => {
    expect(judge({ ...clean, passed: 0 }, 'exited 1')).toMatchObject({
      failed: 1,
      failures: ['ran no test and exited 1'],
    })
  })

  test('has a failure when the process failed and the count did not', () => {
    expect(judge(clean, 'exited 2')).toMatchObject({
      failed: 1,
      failures: ['exited 2, yet named no failure'],
    })
  })

  test('does not count one failure twice', () => {
    expect(judge({ ...clean, failed: 1 }, 'exited 1')).toMatchObject({ failed: 1 })
  })

  test('has a failure for a skip without reason', () => {
    const skipped = [{ name: 'a', reason: ' ' }]
    expect(judge({ ...clean, skipped }, undefined)).toMatchObject({ failed: 1, skipped })
  })
})

test('the total sums the stages', () => {
  const skipped = [{ name: 'a', reason: 'not root' }]
  expect(total([clean, { ...clean, failed: 2, skipped }])).toBe('6 passed, 2 failed, 1 skipped')
})
