/**
 * `ztos doctor`.
 *
 * @module
 */
import { doctor, doctorText, type Tier } from '../../lab/doctor/index.js'
import { ExitStatus } from '../../record/exit-status.js'
import { untilInterrupted } from '../interrupt.js'
import type { Run } from '../invocation.js'

/** What each target needs of a host. */
const tierOf = {
  twin: 'twin',
  netns: 'engine',
  containerlab: 'containerlab',
  vm: 'reference-vm',
} as const satisfies Record<string, Tier>

export const run: Run<'doctor'> = async ({ options: { on }, io, progress }) => {
  const report = await progress.stage('looking at this host', async () =>
    untilInterrupted(doctor(io.env), io.signal),
  )
  const wanted = new Set<Tier>(on.map((target) => tierOf[target]))
  const able = report.tiers.every(({ tier, available }) => available || !wanted.has(tier))
  return {
    exit: able ? ExitStatus.Holds : ExitStatus.Unjudged,
    json: () => ({ format: 'ztos-doctor', version: 1, on, able, ...report }),
    text: () => doctorText(report),
  }
}
