/**
 * The order of test files within a stage: those first that take long, so that no worker is left with one of them at the end. Vitest knows by
 * itself how long each took the last time, but on a fresh clone there is no last time, and it goes by the size of files.
 *
 * @module
 */
import { BaseSequencer } from 'vitest/node'

/** Files that take a minute or more on two cores, the longest first. */
const LONGEST = [
  'test/lab/survive.test.ts',
  'test/lab/daemons-faults.test.ts',
  'test/lab/rib.test.ts',
  'test/lab/dynamics.test.ts',
  'test/lab/agent.test.ts',
  'test/lab/daemons-hostile.test.ts',
]

export class LongestFirst extends BaseSequencer {
  /** @override @param {Parameters<BaseSequencer['sort']>[0]} files */
  async sort(files) {
    const rank = (/** @type {string} */ file) => {
      const at = LONGEST.findIndex((name) => file.endsWith(`/${name}`))
      return at < 0 ? LONGEST.length : at
    }
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => rank(a.moduleId) - rank(b.moduleId))
  }
}
