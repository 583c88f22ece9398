import { expect, test } from 'vitest'
import { excess, sharedRuns } from './for-all.js'

test('properties that are alike share the cases of twenty, and have two at least', () => {
  expect([1, 20, 40, 380, 10_000].map((alike) => sharedRuns(100, alike))).toEqual([100, 100, 50, 6, 2])
  expect([20, 380].map((alike) => sharedRuns(12, alike))).toEqual([12, 2])
  expect(sharedRuns(1, 380)).toBe(1)
})

test('as few of their cases begin with nobody known as of the cases of twenty', () => {
  expect([1, 20, 120].map(excess)).toEqual([1, 1, 1])
  expect(excess(380)).toBeCloseTo(3.17)
})
