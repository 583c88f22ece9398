/**
 * `ztos validate`.
 *
 * @module
 */
import { ExitStatus } from '../../record/exit-status.js'
import type { Fabric } from '../../twin/model/index.js'
import type { Colours } from '../colours.js'
import { CliError } from '../errors.js'
import { lookAt, type Looked } from '../fabric-input.js'
import type { Answer, Run } from '../invocation.js'
import { neededKeys, neededText } from '../needed-keys.js'
import { printableLine } from '../printable.js'
import { githubAnnotations, sarifLog } from '../problem-formats.js'
import { problemJson, problemText, warned, warningText } from '../problem-text.js'
import { counted } from '../table.js'
import { packageVersion } from '../../sdk/version.js'

export const run: Run<'validate'> = ({ arguments: { files }, options, json, colours }): Answer => {
  const format = options.format ?? (json ? 'json' : 'text')
  if (json && format !== 'json' && format !== 'sarif') {
    throw new CliError('ZT_CLI_USAGE', `--json and --format ${format} contradict each other`, {
      remedy: 'give one of them',
    })
  }
  const looked = files.map(lookAt)
  const said = looked.flatMap(({ problems, warnings }) => [...problems, ...warnings])
  const document = () => (format === 'sarif' ? sarifLog(said, packageVersion()) : reportJson(looked))
  return {
    exit: looked.every(({ fabric }) => fabric !== undefined) ? ExitStatus.Holds : ExitStatus.BadInput,
    json: document,
    text: () => {
      if (format === 'github') return githubAnnotations(said)
      if (format === 'text') return reportText(looked, colours)
      return `${JSON.stringify(document(), null, 2)}\n`
    },
  }
}

function reportText(looked: readonly Looked[], colours: Colours): string {
  return looked
    .map((one) => {
      const { file, fabric, warnings } = one
      if (fabric === undefined) return problemText(one, colours)
      const counts = countsOf(fabric)
      const parts = [
        counted(counts.nodes, 'node'),
        counted(counts.links, 'link'),
        counted(counts.tenants, 'tenant'),
        counted(counts.hosts, 'host'),
        counted(counts.intents, 'intent'),
        ...(warnings.length === 0 ? [] : [colours.warning(warned(warnings))]),
      ]
      const sound = `${printableLine(file)}: ${colours.good('sound')}: ${fabric.name}, ${parts.join(', ')}\n`
      const needs = neededKeys(fabric).map((needed) => `  ${neededText(needed)}\n`)
      return `${warningText(one, colours)}${sound}${needs.join('')}`
    })
    .join('')
}

function reportJson(looked: readonly Looked[]): unknown {
  return {
    format: 'ztos-validation',
    version: 1,
    sound: looked.every(({ fabric }) => fabric !== undefined),
    files: looked.map(({ file, fabric, problems, warnings }) => {
      const said = { problems: problems.map(problemJson), warnings: warnings.map(problemJson) }
      return fabric === undefined
        ? { file, sound: false, ...said }
        : {
            file,
            sound: true,
            ...said,
            fabric: { name: fabric.name, ...countsOf(fabric) },
            needs: neededKeys(fabric),
          }
    }),
  }
}

/** Intents as the file gives them; isolation between tenants is implied besides. */
function countsOf({ nodes, links, tenants, intents }: Fabric) {
  return {
    nodes: nodes.length,
    links: links.length,
    tenants: tenants.length,
    hosts: tenants.reduce((sum, { hosts }) => sum + hosts.length, 0),
    intents: intents.length,
  }
}
