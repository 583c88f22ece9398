/**
 * Delta debugging (Zeller and Hildebrandt): the fewest inputs that still fail.
 *
 * @module
 */

/**
 * A part of `items`, in their order, that still fails, and from which no single one can be left out.
 *
 * @param fails - must hold for all of `items`.
 * @param limit - most calls of `fails`; then the best so far is given.
 */
export function shrink<T>(
  items: readonly T[],
  fails: (some: readonly T[]) => boolean,
  limit = 2000,
): readonly T[] {
  let best = items
  let calls = 0
  let parts = 2
  while (best.length > 1 && calls < limit) {
    const size = Math.ceil(best.length / parts)
    let smaller: readonly T[] | undefined
    // From the end: what comes behind the failure goes first.
    for (let start = (Math.ceil(best.length / size) - 1) * size; start >= 0 && calls < limit; start -= size) {
      const rest = [...best.slice(0, start), ...best.slice(start + size)]
      calls++
      if (rest.length > 0 && fails(rest)) {
        smaller = rest
        break
      }
    }
    if (smaller !== undefined) {
      best = smaller
      parts = Math.max(parts - 1, 2)
    } else if (size === 1) {
      break
    } else {
      parts = Math.min(parts * 2, best.length)
    }
  }
  return best
}
