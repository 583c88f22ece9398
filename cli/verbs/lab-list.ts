/**
 * `ztos lab list`.
 *
 * @module
 */
import { listLabs } from '../../lab/index.js'
import { ExitStatus } from '../../record/exit-status.js'
import type { Run } from '../invocation.js'
import { table } from '../table.js'

export const run: Run<'lab list'> = () => {
  const labs = listLabs().map(({ id, phase, state, seals, driver }) => ({
    id,
    phase,
    fabric: state?.fabric,
    on: driver,
    created: state?.created,
    attached: state?.attached,
    labd: state?.labd.pid,
    seals,
  }))
  return {
    exit: ExitStatus.Holds,
    json: () => ({ format: 'ztos-labs', version: 1, labs }),
    text: () =>
      labs.length === 0
        ? 'no lab runs\n'
        : `${table(
            ['id', 'phase', 'fabric', 'on', 'since', 'owner'],
            labs.map(({ id, phase, fabric, on, created, attached }) => [
              id,
              phase,
              fabric ?? '?',
              on,
              created ?? '?',
              attached === undefined ? '?' : attached ? 'a command' : '-',
            ]),
          ).join('\n')}\n`,
  }
}
