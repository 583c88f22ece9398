/**
 * `ztos lab apply`.
 *
 * @module
 */
import { labApply } from '../../lab/index.js'
import { ExitStatus } from '../../record/exit-status.js'
import { applyText } from '../apply-text.js'
import { readPlan } from '../fabric-input.js'
import type { Run } from '../invocation.js'
import { keySourcesOf } from '../key-sources.js'
import { withLab } from '../lab-access.js'

export const run: Run<'lab apply'> = async ({ arguments: { id, file }, options, io, progress, colours }) => {
  const plan = readPlan(file)
  const dryRun = options['dry-run']
  const asked = { dryRun, ...keySourcesOf(options, io), env: io.env, signal: io.signal }
  const applied = await withLab(id, async (lab) =>
    dryRun
      ? labApply(lab, plan, asked)
      : progress.stage(`changing lab ${id}`, async (say) =>
          labApply(lab, plan, { ...asked, onProgress: ({ step, phase }) => say(`${step}: ${phase}`) }),
        ),
  )
  return {
    exit: ExitStatus.Holds,
    json: () => ({ format: 'ztos-lab-apply', version: 1, id, fabric: plan.fabric, dryRun, ...applied }),
    text: () => applyText(applied, !dryRun, colours),
  }
}
