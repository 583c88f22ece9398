/**
 * `ztos lab control`.
 *
 * @module
 */
import { EngineRequest } from '../../contract/control.js'
import { ExitStatus } from '../../record/exit-status.js'
import { CliError } from '../errors.js'
import { parseJson, readText } from '../fabric-input.js'
import type { Run } from '../invocation.js'
import { untilInterrupted } from '../interrupt.js'
import { withLab } from '../lab-access.js'
import { named } from '../names.js'

export const run: Run<'lab control'> = async ({ arguments: { id, node, request }, io }) => {
  const parsed = requestOf(request)
  const answer = await withLab(id, async (lab) => {
    named('node', node, lab.plan.nodes, ({ name }) => name, `lab ${id}`)
    return untilInterrupted(lab.control(node, parsed), io.signal)
  })
  return {
    exit: ExitStatus.Holds,
    json: () => answer,
    text: () => `${JSON.stringify(answer, null, 2)}\n`,
  }
}

/** @throws CliError `ZT_CLI_INPUT` naming the field that no engine understands */
function requestOf(text: string): Omit<EngineRequest, 'id'> {
  const file = text.startsWith('@') ? text.slice(1) : undefined
  const where = file ?? 'request'
  const value = parseJson(file === undefined ? text : readText(file, 'the request'), where)
  const parsed = EngineRequest.safeParse(typeof value === 'object' ? { id: 0, ...value } : value)
  if (parsed.success) {
    const { id: _, ...request } = parsed.data
    return request
  }
  const issue = parsed.error.issues[0]
  const place = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `
  throw new CliError('ZT_CLI_INPUT', `this is no request to an engine: ${place}${issue?.message ?? ''}`, {
    where,
    remedy: 'see `ztos schema control`',
  })
}
