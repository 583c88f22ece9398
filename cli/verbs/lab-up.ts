/**
 * `ztos lab up`.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { labUp } from '../../lab/index.js'
import { ExitStatus } from '../../record/exit-status.js'
import { SEED_LENGTH } from '../../twin/program/index.js'
import { compileFile } from '../fabric-input.js'
import type { Run } from '../invocation.js'
import { keySourcesOf } from '../key-sources.js'
import { counted } from '../table.js'

export const run: Run<'lab up'> = async ({ arguments: { file }, options, io, progress }) => {
  const plan = compileFile(file)
  const lab = await progress.stage(`bringing up a lab of ${plan.fabric}`, async (say) =>
    labUp(plan, {
      keysSeed: randomBytes(SEED_LENGTH),
      ...keySourcesOf(options, io),
      attached: false,
      driver: options.on,
      signal: io.signal,
      onProgress: ({ step, phase }) => say(`${step}: ${phase}`),
    }),
  )
  lab.close()
  const { id } = lab
  return {
    exit: ExitStatus.Holds,
    json: () => ({
      format: 'ztos-lab-up',
      version: 1,
      id,
      fabric: plan.fabric,
      nodes: plan.nodes.map(({ name }) => name),
      hosts: plan.hosts.map((host) => host.id),
      links: plan.links.map((link) => link.id),
    }),
    text: () =>
      options.id
        ? `${id}\n`
        : [
            `lab ${id} of ${plan.fabric} is up: ${counted(plan.nodes.length, 'node')}, ${counted(plan.hosts.length, 'host')}`,
            `  ztos lab exec ${id} ${plan.nodes[0]?.name ?? 'NODE'} -- ip -br link`,
            `  ztos verify ${file} --lab ${id}`,
            `  ztos lab down ${id}`,
            '',
          ].join('\n'),
  }
}
