/**
 * `ztos lab wg`.
 *
 * @module
 */
import { wireguardDump, wireguardState } from '../../lab/index.js'
import { ExitStatus } from '../../record/exit-status.js'
import { untilInterrupted } from '../interrupt.js'
import type { Run } from '../invocation.js'
import { withLab } from '../lab-access.js'
import { named } from '../names.js'

export const run: Run<'lab wg'> = async ({ arguments: { id, node, interface: only }, io }) => {
  const all = await withLab(id, async (lab) => {
    named('node', node, lab.plan.nodes, ({ name }) => name, `lab ${id}`)
    return untilInterrupted(wireguardState(lab, node), io.signal)
  })
  const interfaces =
    only === undefined ? all : [named('wireguard interface', only, all, ({ name }) => name, node)]
  return {
    exit: ExitStatus.Holds,
    json: () => ({ format: 'ztos-wireguard', version: 1, id, node, interfaces }),
    text: () => wireguardDump(interfaces, only),
  }
}
