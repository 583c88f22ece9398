/**
 * `ztos plan`.
 *
 * @module
 */
import { ExitStatus } from '../../record/exit-status.js'
import { planBytes, planDigest } from '../../twin/program/index.js'
import { CliError } from '../errors.js'
import { compileFile, readPlan } from '../fabric-input.js'
import type { Run } from '../invocation.js'
import { named } from '../names.js'
import { diffPlans, planDiffText } from '../plan-diff.js'
import { nodeText, planText } from '../plan-text.js'

export const run: Run<'plan'> = ({ arguments: { file }, options: { node, digest, diff } }) => {
  const views = Object.entries({
    '--node': node !== undefined,
    '--digest': digest,
    '--diff': diff !== undefined,
  })
    .filter(([, asked]) => asked)
    .map(([name]) => name)
  if (views.length > 1) {
    throw new CliError('ZT_CLI_USAGE', `${views.join(' and ')} are different views of a plan`, {
      remedy: 'give one of them',
    })
  }
  const plan = compileFile(file)
  const exit = ExitStatus.Holds
  if (node !== undefined) {
    const found = named('node', node, plan.nodes, ({ name }) => name, file)
    return { exit, json: () => found.program, text: () => nodeText(found) }
  }
  if (diff !== undefined) {
    const changes = diffPlans(readPlan(diff), plan)
    return {
      exit,
      json: () => ({ format: 'ztos-plan-diff', version: 1, from: diff, to: file, changes }),
      text: () => planDiffText(changes),
    }
  }
  const sha256 = planDigest(plan)
  if (digest) {
    return {
      exit,
      json: () => ({ format: 'ztos-plan-digest', version: 1, fabric: plan.fabric, sha256 }),
      text: () => `${sha256}\n`,
    }
  }
  return { exit, json: () => planBytes(plan), text: () => planText(plan, sha256) }
}
