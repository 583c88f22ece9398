/**
 * `ztos validate`.
 *
 * @module
 */
import { ExitStatus } from '../../record/exit-status.js'
import type { Fabric, Problem } from '../../twin/model/index.js'
import type { Colours } from '../colours.js'
import { CliError, UnsoundFabric } from '../errors.js'
import { tryFabric } from '../fabric-input.js'
import type { Answer, Run } from '../invocation.js'
import { printableLine } from '../printable.js'
import { githubAnnotations, sarifLog } from '../problem-formats.js'
import { problemJson, problemText } from '../problem-text.js'
import { counted } from '../table.js'
import { packageVersion } from '../../sdk/version.js'

interface Validated {
  readonly file: string
  readonly result: Fabric | UnsoundFabric
}

export const run: Run<'validate'> = ({ arguments: { files }, options, json, colours }): Answer => {
  const format = options.format ?? (json ? 'json' : 'text')
  if (json && format !== 'json' && format !== 'sarif') {
    throw new CliError('ZT_CLI_USAGE', `--json and --format ${format} contradict each other`, {
      remedy: 'give one of them',
    })
  }
  const validated = files.map((file): Validated => ({ file, result: tryFabric(file) }))
  const problems = validated.flatMap(problemsOf)
  const document = () => (format === 'sarif' ? sarifLog(problems, packageVersion()) : reportJson(validated))
  return {
    exit: problems.length === 0 ? ExitStatus.Holds : ExitStatus.BadInput,
    json: document,
    text: () => {
      if (format === 'github') return githubAnnotations(problems)
      if (format === 'text') return reportText(validated, colours)
      return `${JSON.stringify(document(), null, 2)}\n`
    },
  }
}

function problemsOf({ result }: Validated): readonly Problem[] {
  return result instanceof UnsoundFabric ? result.problems : []
}

function reportText(validated: readonly Validated[], colours: Colours): string {
  return validated
    .map(({ file, result }) => {
      if (result instanceof UnsoundFabric) return problemText(result, colours)
      const counts = countsOf(result)
      const parts = [
        counted(counts.nodes, 'node'),
        counted(counts.links, 'link'),
        counted(counts.tenants, 'tenant'),
        counted(counts.hosts, 'host'),
        counted(counts.intents, 'intent'),
      ]
      return `${printableLine(file)}: ${colours.good('sound')}: ${result.name}, ${parts.join(', ')}\n`
    })
    .join('')
}

function reportJson(validated: readonly Validated[]): unknown {
  return {
    format: 'ztos-validation',
    version: 1,
    sound: validated.every(({ result }) => !(result instanceof UnsoundFabric)),
    files: validated.map(({ file, result }) =>
      result instanceof UnsoundFabric
        ? { file, sound: false, problems: result.problems.map(problemJson) }
        : { file, sound: true, problems: [], fabric: { name: result.name, ...countsOf(result) } },
    ),
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
