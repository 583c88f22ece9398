import { expect, test } from 'vitest'
import { ctrfReport, stableTestId } from '../../record/ctrf.js'
import { ctrfFaults } from './testing/ctrf.js'

const report = ctrfReport({
  tests: (['passed', 'failed', 'skipped', 'pending', 'other'] as const).map((status) => ({
    id: stableTestId(status),
    name: status,
    status,
    duration: 1,
    suite: ['twin', 'a.test.ts'],
    extra: { on: 'twin' },
  })),
  runId: 'r',
  version: '0.1.0',
  start: 1000,
  stop: 2000,
})

test('[T10] a CTRF report has every key that the published schema demands, and none that it does not know', () => {
  expect(ctrfFaults(report)).toEqual([])
  expect(report.results.summary).toMatchObject({
    tests: 5,
    passed: 1,
    failed: 1,
    skipped: 1,
    pending: 1,
    other: 1,
  })
})

test.each(['tests', 'passed', 'failed', 'skipped', 'pending', 'other', 'start', 'stop'] as const)(
  '[T10] a CTRF report without summary.%s is found out',
  (key) => {
    const { [key]: _, ...summary } = report.results.summary
    expect(ctrfFaults({ ...report, results: { ...report.results, summary } })).toEqual([
      `summary.${key}: missing`,
    ])
  },
)

test('[T10] a key that the CTRF schema does not know is found out', () => {
  expect(ctrfFaults({ ...report, runId: 'r' })).toEqual(['report.runId: not known'])
})
