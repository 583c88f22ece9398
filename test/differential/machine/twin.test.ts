import { expect, test } from 'vitest'
import { replayJournal } from '../../../twin/forward/index.js'
import { runSeed } from '../../support/run-seed.js'
import { caseSeeds, framesIn, makeCase, runTwin } from './cases.js'
import { Coverage, gaps } from './coverage.js'

test('scratch', () => {
  const coverage = new Coverage()
  const seed = runSeed('machine twin')
  let frames = 0
  const t = performance.now()
  for (const one of caseSeeds(seed, 100000)) {
    const made = makeCase(one)
    frames += framesIn(made)
    let journal
    try {
      journal = runTwin(made, coverage)
    } catch (e) {
      console.log(one)
      throw e
    }
    if (Math.random() < 0.01) expect(replayJournal(journal, made.keys).ok).toBe(true)
  }
  console.log(frames, 'frames', (performance.now() - t) / 1000)
  console.log(
    [...coverage.fates]
      .sort((a, b) => a[1] - b[1])
      .map((x) => x.join(' '))
      .join('\n'),
  )
  console.log(
    [...coverage.outcomes]
      .sort()
      .map((x) => x.join(' '))
      .join('\n'),
  )
  console.log(gaps(coverage))
})
