/**
 * `ztos lab down`.
 *
 * @module
 */
import { labDown, listLabs, type LabDownResult } from '../../lab/index.js'
import { ExitStatus } from '../../record/exit-status.js'
import { CliError } from '../errors.js'
import type { Run } from '../invocation.js'
import { printableLine } from '../printable.js'

export const run: Run<'lab down'> = async ({ arguments: { ids }, options: { all }, progress }) => {
  if (all === ids.length > 0) {
    throw new CliError('ZT_CLI_USAGE', all ? '--all leaves no lab to name' : 'no lab is named', {
      remedy: 'name labs, or give --all',
    })
  }
  const down: LabDownResult[] = []
  const failures: unknown[] = []
  // Not ended by an interruption, nor by one that fails: what is half removed is worse than what is not.
  for (const id of all ? listLabs().map((lab) => lab.id) : ids) {
    try {
      down.push(
        await progress.stage(`taking lab ${id} down`, async (say) =>
          labDown(id, { onProgress: ({ step, phase }) => say(`${step}: ${phase}`) }),
        ),
      )
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return {
    exit: ExitStatus.Holds,
    json: () => ({ format: 'ztos-lab-down', version: 1, labs: down }),
    text: () =>
      down.length === 0
        ? 'no lab runs\n'
        : down
            .flatMap(({ id, lodgers }) => [
              `lab ${id} is down`,
              ...lodgers.map((one) => `  ${printableLine(one)}`),
            ])
            .map((line) => `${line}\n`)
            .join(''),
  }
}
