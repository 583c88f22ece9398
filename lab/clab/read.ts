/**
 * A topology file of containerlab, read: variables, YAML, shape, and what must fit together.
 *
 * What containerlab runs and the lab does not (kinds of network operating systems) is read like all else.
 *
 * @module
 */
import { LineCounter, parseDocument } from 'yaml'
import { TOPOLOGY_VERSION, TopologyFile, type LabTopology } from '../../contract/lab-topology.js'
import { tooDeepAt } from '../../twin/model/yaml.js'
import { checkTopology } from './check.js'
import { expandVariables, UnclosedVariable, type Expanded } from './expand.js'
import type { TopologyProblem } from './problem.js'
import { formatPath, ShapeReader } from './reader.js'

export interface ReadOptions {
  /** For messages. */
  readonly file: string
  /** What `$NAME` stands for; absent where containerlab has replaced it already. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}
export type ReadResult =
  | { readonly topology: LabTopology; readonly problems?: undefined }
  | { readonly topology?: undefined; readonly problems: readonly TopologyProblem[] }

/** Octets; the largest that are shared have some 100 KiB. */
const MAX_FILE = 4 * 1024 * 1024
const MAX_PROBLEMS = 200

/** Reads a file's text; templates have to be rendered before. */
export function readTopology(text: string, { file, environment }: ReadOptions): ReadResult {
  const problems: TopologyProblem[] = []
  const lines = new LineCounter()
  for (let at = 0; at >= 0; at = text.indexOf('\n', at) + 1 || -1) lines.addNewLine(at)
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col }
  }
  const fail = (
    code: TopologyProblem['code'],
    offset: number,
    reason: string,
    remedy: string,
  ): ReadResult => ({
    problems: [{ code, at: place(offset), path: '', reason, remedy }],
  })
  if (text.length > MAX_FILE)
    return fail(
      'ZT_TOPOLOGY_YAML',
      0,
      `the file has more than ${MAX_FILE} octets`,
      'split it into several labs',
    )
  let expanded: Expanded
  try {
    expanded =
      environment === undefined ? { text, origin: (offset) => offset } : expandVariables(text, environment)
  } catch (error) {
    if (!(error instanceof UnclosedVariable)) throw error
    return fail(
      'ZT_TOPOLOGY_VARIABLE',
      error.offset,
      'the brace of this variable is not closed on its line',
      'close it, or write $$ for a dollar',
    )
  }
  const deep = tooDeepAt(expanded.text)
  if (deep !== undefined)
    return fail(
      'ZT_TOPOLOGY_YAML',
      expanded.origin(deep),
      'the file is nested too deep',
      'look for brackets that are not closed',
    )
  // Texts as they stand: what is a number or a truth value is said by where it is.
  const document = parseDocument(expanded.text, {
    schema: 'failsafe',
    prettyErrors: false,
    uniqueKeys: false,
  })
  const [error] = document.errors
  if (error !== undefined) {
    const reason = error.message.split('\n', 1)[0] ?? ''
    return fail(
      'ZT_TOPOLOGY_YAML',
      expanded.origin(error.pos[0]),
      `this is no YAML: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}`,
      'look at indentation, quotes and brackets here',
    )
  }
  const reader = new ShapeReader(document, {
    bad: (code, offset, path, reason, remedy) => {
      if (problems.length < MAX_PROBLEMS)
        problems.push({ code, at: place(expanded.origin(offset)), path: formatPath(path), reason, remedy })
    },
  })
  const read = TopologyFile.safeParse(reader.read(document.contents, TopologyFile, []))
  if (read.success)
    checkTopology(read.data, (code, path, reason, remedy) => reader.bad(code, path, reason, remedy))
  problems.sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column)
  if (problems.length > 0) return { problems }
  // A file of nothing: all else that does not parse was said where it was read.
  if (!read.success) return fail('ZT_TOPOLOGY_YAML', 0, 'the file is empty', 'describe a lab in it')
  return { topology: { format: 'ztos-topology', version: TOPOLOGY_VERSION, ...read.data } }
}
