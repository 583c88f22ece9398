/**
 * Names a loop from the places where frames were last.
 *
 * @module
 */
const MOST_NAMED = 8

/**
 * One sentence about frames that do not come to rest.
 *
 * @param hops - `node:interface` of the frames that were received last, and of those on their way.
 */
export function describeLoop(hops: readonly string[], limit: number): string {
  const counts = new Map<string, number>()
  for (const hop of hops) counts.set(hop, (counts.get(hop) ?? 0) + 1)
  const busiest = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, MOST_NAMED)
  const named = busiest.map(([hop, count]) => `${hop} (${count})`).join(', ')
  const where = named === '' ? 'packets are held for ever' : `frames go round by ${named}`
  return `the fabric did not come to rest after ${limit} frames: ${where}`
}
