/**
 * `ztos lab export`.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { exportLab } from '../../lab/containerlab/export.js'
import { nodeImageReference } from '../../lab/image/node-image.js'
import { resolveKeys } from '../../lab/keys/resolve.js'
import { ExitStatus } from '../../record/exit-status.js'
import { SEED_LENGTH } from '../../twin/program/index.js'
import { CliError } from '../errors.js'
import { compileFile } from '../fabric-input.js'
import type { Run } from '../invocation.js'
import { keySourcesOf } from '../key-sources.js'
import { makeFolder } from '../output-file.js'
import { counted } from '../table.js'

export const run: Run<'lab export'> = async ({ arguments: { file }, options, io }) => {
  const plan = compileFile(file)
  const { out = `${plan.fabric}.lab`, image = await nodeImageReference() } = options
  const { keySources: sources } = keySourcesOf(options, io)
  const keys = await resolveKeys(plan, {
    seed: randomBytes(SEED_LENGTH),
    sources,
    env: io.env,
    signal: io.signal,
  })
  const files = exportLab(plan, { keys, image })
  makeFolder(out)
  // Two labs in one folder would be one that is neither.
  if (readdirSync(out).length > 0)
    throw new CliError('ZT_CLI_OUTPUT', 'the folder is not empty', {
      where: out,
      remedy: 'name another with --out',
    })
  for (const [name, { text, mode }] of files) {
    const at = path.join(out, name)
    mkdirSync(path.dirname(at), { recursive: true })
    writeFileSync(at, text, { mode })
    // Whatever the umask is: not all that reads in a container is root.
    chmodSync(at, mode)
    if (path.dirname(name) !== '.') chmodSync(path.dirname(at), 0o755)
  }
  const names = [...files.keys()]
  const topology = path.join(out, names[0] ?? '')
  return {
    exit: ExitStatus.Holds,
    json: () => ({
      format: 'ztos-lab-export',
      version: 1,
      fabric: plan.fabric,
      folder: out,
      topology,
      image,
      files: names,
    }),
    text: () =>
      [
        `${topology}: ${plan.fabric}, ${counted(plan.nodes.length, 'node')}, ${counted(plan.hosts.length, 'host')}, ${counted(plan.links.length, 'link')}`,
        `  ztos lab image --load`,
        `  containerlab deploy -t ${topology}`,
        `  containerlab destroy -t ${topology} --cleanup`,
        '',
      ].join('\n'),
  }
}
