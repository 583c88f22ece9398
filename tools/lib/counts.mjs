/**
 * What a stage counted, and the rules that make the count honest.
 *
 * @module
 */
import { z } from 'zod'

/** A stage's own account, as it lies in the file that `ZT_COUNTS` names. */
export const countsSchema = z.strictObject({
  passed: z.int().nonnegative(),
  failed: z.int().nonnegative(),
  skipped: z.array(z.strictObject({ name: z.string(), reason: z.string() })),
  /** One line for each failure, to be repeated at the end. */
  failures: z.array(z.string()),
})

/**
 * @typedef {z.infer<typeof countsSchema>} Counts
 */

const closingLine = /^(\d+) passed, (\d+) failed, (\d+) skipped$/
const skipLine = /^SKIP ([^:]+): (.+)$/

/**
 * Whether a line is a stage's closing line; it is not relayed, so that the run's own is the only one.
 *
 * @param {string} line
 */
export function isClosingLine(line) {
  return closingLine.test(line)
}

/**
 * The account in a command's output: its last closing line, and every `SKIP name: reason`.
 *
 * @param {readonly string[]} lines
 * @returns {Counts | undefined} `undefined` without closing line
 */
export function countsOfOutput(lines) {
  const match = lines.map((line) => closingLine.exec(line)).findLast((found) => found !== null)
  if (match === undefined || match === null) return undefined
  const skipped = lines.flatMap((line) => {
    const found = skipLine.exec(line)
    return found === null ? [] : [{ name: found[1] ?? '', reason: found[2] ?? '' }]
  })
  const counts = { passed: Number(match[1]), failed: Number(match[2]), skipped, failures: [] }
  for (let missing = Number(match[3]) - skipped.length; missing > 0; missing--) {
    counts.skipped.push({ name: 'unnamed', reason: '' })
  }
  return counts
}

/**
 * The account to believe: silence, an empty run, an exit status that contradicts the count and a skip without
 * reason are failures.
 *
 * @param {Counts | undefined} counts what the stage said
 * @param {string | undefined} broken why the process is to be distrusted, such as `exited 2`
 * @returns {Counts}
 */
export function judge(counts, broken) {
  if (counts === undefined) {
    return { passed: 0, failed: 1, skipped: [], failures: [broken ?? 'said nothing about what it counted'] }
  }
  const failures = [...counts.failures]
  let { failed } = counts
  const fail = (/** @type {string} */ why) => {
    failed += 1
    failures.push(why)
  }
  const ran = counts.passed + counts.failed + counts.skipped.length > 0
  if (!ran) fail(broken === undefined ? 'ran no test' : `ran no test and ${broken}`)
  else if (broken !== undefined && failed === 0) fail(`${broken}, yet named no failure`)
  for (const { name, reason } of counts.skipped) {
    if (reason.trim() === '') fail(`${name}: skipped without reason`)
  }
  return { passed: counts.passed, failed, skipped: counts.skipped, failures }
}

/**
 * @param {readonly Counts[]} all
 * @returns {string} the line that closes a run
 */
export function total(all) {
  const sum = (/** @type {(counts: Counts) => number} */ of) => all.reduce((to, counts) => to + of(counts), 0)
  return `${sum((c) => c.passed)} passed, ${sum((c) => c.failed)} failed, ${sum((c) => c.skipped.length)} skipped`
}
