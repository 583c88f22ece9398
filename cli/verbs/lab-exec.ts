/**
 * `ztos lab exec`.
 *
 * @module
 */
import { constants } from 'node:os'
import type { ExecOptions, ExecResult } from '../../lab/index.js'
import { ExitStatus } from '../../record/exit-status.js'
import type { Invocation, Run } from '../invocation.js'
import { withLab } from '../lab-access.js'
import { named } from '../names.js'

export const run: Run<'lab exec'> = async (invocation) => {
  const { id, node, argv } = invocation.arguments
  const result = await withLab(id, async (lab) => {
    const places = [...lab.plan.nodes.map(({ name }) => name), ...lab.plan.hosts.map((host) => host.id)]
    named('node or host', node, places, (name) => name, `lab ${id}`)
    return lab.exec(node, argv, optionsOf(invocation))
  })
  const exit = exitOf(result)
  return {
    exit,
    json: () => ({ format: 'ztos-lab-exec', version: 1, id, node, argv, ...result, exit }),
    // Written as it came.
    text: () => '',
  }
}

function optionsOf({ io, options, json }: Invocation<'lab exec'>): ExecOptions {
  const { TERM } = io.env
  return {
    signal: io.signal,
    ...(options.stdin ? { input: io.stdin() } : {}),
    ...(TERM === undefined ? {} : { term: TERM }),
    ...(json
      ? {}
      : {
          onStdout: (data) => void io.stdout.write(data),
          onStderr: (data) => void io.stderr.write(data),
        }),
  }
}

/** As a shell has it: 128 and the number of the signal for a command that a signal ended. */
function exitOf({ code, signal }: ExecResult): number {
  if (code !== null) return code
  const numbers: Readonly<Record<string, number>> = constants.signals
  return signal === null ? ExitStatus.Internal : 128 + (numbers[signal] ?? 0)
}
