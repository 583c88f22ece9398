/**
 * A topology as a file: keys in the order of the contract, ends of links on one line, comments where they help.
 *
 * @module
 */
import { Document, isMap, isPair, isScalar, isSeq, type Node, type Scalar } from 'yaml'
import { TopologyFile, type LabTopology } from '../../contract/lab-topology.js'
import { formatPath, isPlainText, type Path } from './reader.js'

export interface WriteOptions {
  /** At the top of the file, a line each. */
  readonly heading?: readonly string[]
  /** Before a key, by its path as in {@link formatPath}: `topology.nodes.leaf1`. */
  readonly comments?: ReadonlyMap<string, string>
  /** Texts that stay as they are: variables of whoever deploys. */
  readonly verbatim?: readonly string[]
}

const MERGE = 'tag:yaml.org,2002:merge'

/** Lists of short things. */
const ON_ONE_LINE: ReadonlySet<unknown> = new Set(['endpoints', 'test', 'cap-add', 'devices', 'aliases'])

/** @returns the text; read again, by this project or by containerlab, it is the same topology whatever the environment */
export function writeTopology(
  topology: LabTopology,
  { heading = [], comments = new Map(), verbatim = [] }: WriteOptions = {},
): string {
  const { format: _, version: __, ...file } = topology
  // Texts that containerlab's YAML, which is 1.1, would take for something else are quoted. `<<` as a key is a text as well: nothing is merged.
  const document = new Document(asWritten(TopologyFile.parse(file)), {
    schema: 'yaml-1.1',
    customTags: (tags) => tags.filter((one) => typeof one === 'string' || one.tag !== MERGE),
  })
  const { contents } = document
  if (contents !== null) dress(contents, [], { comments, verbatim })
  if (heading.length > 0) document.commentBefore = heading.map((line) => ` ${line}`).join('\n')
  return document.toString({ lineWidth: 0, flowCollectionPadding: false, nullStr: '' })
}

/** That a link is brief is said by its ends alone. */
function asWritten({ topology, ...outer }: TopologyFile): object {
  const links = topology.links?.map(({ type, ...link }) => (type === 'brief' ? link : { type, ...link }))
  return { ...outer, topology: { ...topology, ...(links === undefined ? {} : { links }) } }
}

type Dressing = Required<Pick<WriteOptions, 'comments' | 'verbatim'>>

/** Comments, flow style, and dollars that stay dollars. */
function dress(node: Node, path: Path, dressing: Dressing): void {
  const { comments, verbatim } = dressing
  if (isScalar(node)) {
    keepText(node, verbatim)
  } else if (isSeq(node)) {
    if (node.items.every(isSimple) && ON_ONE_LINE.has(path.at(-1))) node.flow = true
    for (const [i, item] of node.items.entries()) dress(item as Node, [...path, i], dressing)
  } else if (isMap(node)) {
    const isEnd = path.at(-2) === 'endpoints' || path.at(-1) === 'endpoint'
    if (isEnd || path.at(-2) === 'wait-for') node.flow = true
    for (const pair of node.items) {
      if (!isPair(pair) || !isScalar(pair.key)) continue
      const here = [...path, String(pair.key.value)]
      const comment = comments.get(formatPath(here))
      if (comment !== undefined)
        pair.key.commentBefore = comment
          .split('\n')
          .map((line) => ` ${line}`)
          .join('\n')
      keepText(pair.key, verbatim)
      if (pair.value !== null) dress(pair.value as Node, here, dressing)
    }
  }
}

/** What may stand between brackets without quotes, to YAML 1.1 as well. */
function isSimple(item: unknown): boolean {
  return isScalar(item) && typeof item.value === 'string' && /^[\w./:=${}-]+$/.test(item.value)
}

/** A dollar that would begin a variable is written twice, and no text is taken for anything else. */
function keepText(scalar: Scalar, verbatim: readonly string[]): void {
  if (typeof scalar.value !== 'string' || verbatim.includes(scalar.value)) return
  if (scalar.value === '<<' || !isPlainText(scalar.value)) scalar.type = 'QUOTE_DOUBLE'
  scalar.value = scalar.value.replaceAll(/\$(?=[\p{L}\p{Nd}_{$])/gu, '$$$$')
}
