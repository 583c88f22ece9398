/**
 * A host at rest, before something is measured on it.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

/** Of a tenth of a second each, in which a host that is at rest has less than a tenth of its processors busy. */
const QUIET_LOOKS = 5

/**
 * Waits for it, ten seconds at most: the kernel cleans up behind namespaces for a second after they are gone, and whoever comes next would pay for
 * whoever was there before.
 *
 * @param memory MiB that are to be there at once for what is measured
 * @throws Error when there is not as much memory
 */
export async function atRest(signal: AbortSignal, memory = 0): Promise<void> {
  touchMemory(memory)
  for (let looks = 100, quiet = 0; looks > 0 && quiet < QUIET_LOOKS; looks--) {
    const before = processorTimes()
    await delay(100, undefined, { signal })
    const after = processorTimes()
    quiet = after.busy - before.busy <= 0.1 * (after.all - before.all) ? quiet + 1 : 0
  }
}

/** ms, of all cores together. */
function processorTimes(): { readonly busy: number; readonly all: number } {
  const times = cpus().map((core) => core.times)
  const all = sum(times.flatMap((one) => Object.values(one)))
  return { busy: all - sum(times.map(({ idle }) => idle)), all }
}

/**
 * A virtual machine gives memory back to its host while nothing runs, and the first to take it again pays for that, up to half of all
 * the time that daemons take: both begin with memory that is there.
 */
function touchMemory(memory: number): void {
  if (memory === 0) return
  const touch = `for (const kept = []; kept.length < ${memory / 64};) kept.push(Buffer.alloc(64 << 20, 1))`
  const { status } = spawnSync(process.execPath, ['-e', touch])
  if (status !== 0) throw new Error(`${memory} MiB of memory are not to be had`)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
