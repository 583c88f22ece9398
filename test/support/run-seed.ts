/**
 * Seeds and sizes of randomised runs.
 *
 * @module
 */

/** `ZT_SEED`, or a fresh seed; printed, so that a run can be had again. */
export function runSeed(what: string): number {
  const given = process.env['ZT_SEED']
  const seed = given === undefined ? Math.floor(Math.random() * 0x7fff_ffff) : Number(given)
  if (!Number.isInteger(seed)) throw new Error(`ZT_SEED is ${given ?? ''}: give an integer`)
  process.stdout.write(`${what}: ZT_SEED=${seed}\n`)
  return seed
}

/** `ZT_FRAMES`, or the number that is usual. */
export function frameCount(usual: number): number {
  const given = process.env['ZT_FRAMES']
  const count = given === undefined ? usual : Number(given)
  if (!Number.isInteger(count) || count < 1)
    throw new Error(`ZT_FRAMES is ${given ?? ''}: give a positive integer`)
  return count
}
