/**
 * `ztos lab import`.
 *
 * @module
 */
import type { LabTopology } from '../../contract/lab-topology.js'
import { effectiveNode, KERNEL_KINDS, longLink, writeTopology } from '../../lab/clab/index.js'
import { loadTopology, type LoadResult } from '../../lab/containerlab/load.js'
import { ExitStatus } from '../../record/exit-status.js'
import type { Colours } from '../colours.js'
import { readText } from '../fabric-input.js'
import type { Run } from '../invocation.js'
import { writeOutput } from '../output-file.js'
import { printableLine } from '../printable.js'
import { counted, indented, table } from '../table.js'

export const run: Run<'lab import'> = async ({ arguments: { file }, options, io, colours }) => {
  // That it can be read is said as of any other file.
  readText(file, 'the topology')
  const loaded = await loadTopology(file, {
    environment: io.env,
    variables: options.vars,
    signal: io.signal,
  })
  const { topology, problems = [] } = loaded
  if (topology !== undefined && options.out !== undefined)
    writeOutput(options.out, writeTopology(topology, { heading: [`From ${file}.`] }))
  const nodes = topology === undefined ? [] : nodesOf(topology)
  return {
    exit: topology === undefined ? ExitStatus.BadInput : ExitStatus.Holds,
    json: () => ({
      format: 'ztos-lab-import',
      version: 1,
      file,
      sound: topology !== undefined,
      template: loaded.isTemplate,
      problems,
      ...(topology === undefined
        ? {}
        : { topology, nodes, links: (topology.topology.links ?? []).map(longLink) }),
    }),
    text: () =>
      topology === undefined ? problemsText(loaded, colours) : topologyText(file, topology, nodes, colours),
  }
}

/** What each node is in the end, and whether it can run here. */
function nodesOf({ topology }: LabTopology) {
  return Object.keys(topology.nodes ?? {}).map((name) => {
    const definition = effectiveNode(topology, name)
    return { name, runsHere: KERNEL_KINDS.has(definition.kind ?? ''), definition }
  })
}

function topologyText(
  file: string,
  { name, topology }: LabTopology,
  nodes: ReturnType<typeof nodesOf>,
  colours: Colours,
): string {
  const links = topology.links ?? []
  const others = nodes.filter(({ runsHere }) => !runsHere)
  const rows = nodes.map(({ name: node, definition: { kind = '', image = '' }, runsHere }) => [
    node,
    kind,
    image,
    String(links.filter((link) => endsAt(link, node)).length),
    runsHere ? '' : 'kept, not run here',
  ])
  const lines = [
    `${printableLine(file)}: ${colours.good('sound')}: ${name}, ${counted(nodes.length, 'node')}, ${counted(links.length, 'link')}`,
    ...(nodes.length === 0 ? [] : indented(table(['node', 'kind', 'image', 'links', ''], rows))),
    ...(others.length === 0
      ? []
      : [
          `${counted(others.length, 'node')} of kinds other than ${[...KERNEL_KINDS].join(', ')}: kept in what is written, not run here`,
        ]),
  ]
  return `${lines.join('\n')}\n`
}

function endsAt(link: NonNullable<LabTopology['topology']['links']>[number], node: string): boolean {
  const long = longLink(link)
  if (long === undefined) return false
  return ('endpoints' in long ? long.endpoints : [long.endpoint]).some((end) => end.node === node)
}

/** Each with the line that it stands in. */
function problemsText({ text, problems = [] }: LoadResult, colours: Colours): string {
  const lines = text.split('\n')
  return problems
    .map(({ at, code, reason, remedy }) => {
      const line = printableLine(lines[at.line - 1] ?? '')
      return [
        `${printableLine(at.file)}:${at.line}:${at.column}: ${colours.error('error')}: ${code}: ${printableLine(reason)}`,
        `  ${line}`,
        `  ${' '.repeat(Math.max(0, at.column - 1))}^`,
        `  remedy: ${printableLine(remedy)}`,
      ].join('\n')
    })
    .map((one) => `${one}\n`)
    .join('')
}
