/**
 * YAML 1.2 to a tree, without the parts of YAML that surprise: anchors and aliases, tags, merge keys, several documents,
 * keys that are no text.
 *
 * @module
 */
import {
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  parseDocument,
  type Node,
  type YAMLError,
} from 'yaml'
import type { Problems } from './problem.js'
import { Lines, type Source, type Span } from './source.js'
import { formatPath, type Path, type Scalar, type Tree, type TreeEntry } from './tree.js'

/** The deepest a fabric file goes is 7; more is a mistake or an attack on the stack. */
const MAX_DEPTH = 24
/** No key or item of a block stands further right: that bounds the depth of blocks, which nest by indentation. */
const MAX_BLOCK_COLUMN = 200

/** Place in `source` of a stretch of its text. */
function spanOf(source: Source, lines: Lines, start: number, end: number): Span {
  return { file: source.file, source: source.index, start: lines.at(start), end: lines.at(end) }
}

/**
 * Parses one file.
 *
 * @returns `undefined` when there is nothing to go on with; what was wrong is in `problems`.
 */
export function parseYaml(source: Source, problems: Problems): Tree | undefined {
  const lines = new Lines(source.text)
  const whole = spanOf(source, lines, 0, 0)
  const deep = tooDeepAt(source.text)
  if (deep !== undefined) {
    tooDeep(spanOf(source, lines, deep, deep + 1), '', problems)
    return undefined
  }
  const document = parseDocument(source.text, {
    version: '1.2',
    schema: 'core',
    prettyErrors: false,
    // Said with both places by the reader below.
    uniqueKeys: false,
  })
  if (
    document.directives?.yaml.explicit === true ||
    Object.keys(document.directives?.tags ?? {}).length > 1
  ) {
    problems.add('ZT_FABRIC_YAML_TAG', { at: whole, path: '' }, 'the file has a % directive', 'take it out')
    return undefined
  }
  // What follows the first is its consequence more often than not.
  const [error] = document.errors
  if (error !== undefined) {
    addSyntaxError(source, lines, error, problems)
    return undefined
  }
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    problems.add('ZT_FABRIC_TYPE', { at: whole, path: '' }, 'the file is empty', 'describe a fabric in it')
    return undefined
  }
  return new TreeReader(source, lines, problems).read(document.contents, [], whole)
}

function addSyntaxError(source: Source, lines: Lines, error: YAMLError, problems: Problems): void {
  const at = spanOf(source, lines, error.pos[0], error.pos[1])
  const where = { at, path: '' }
  switch (error.code) {
    case 'TAB_AS_INDENT':
      problems.add('ZT_FABRIC_YAML_TAB', where, 'a tab is used as indentation', 'indent with spaces')
      return
    case 'MULTIPLE_DOCS':
      problems.add(
        'ZT_FABRIC_YAML_DOCUMENTS',
        where,
        'the file has a second document',
        'put it in a file of its own and include it',
      )
      return
    case 'BAD_ALIAS':
      refuseAlias(where, problems)
      return
    case 'TAG_RESOLVE_FAILED':
      refuseTag(where, problems)
      return
    case 'ALIAS_PROPS':
    case 'BAD_COLLECTION_TYPE':
    case 'BAD_DIRECTIVE':
    case 'BAD_DQ_ESCAPE':
    case 'BAD_INDENT':
    case 'BAD_PROP_ORDER':
    case 'BAD_SCALAR_START':
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'BLOCK_IN_FLOW':
    case 'DUPLICATE_KEY':
    case 'IMPOSSIBLE':
    case 'KEY_OVER_1024_CHARS':
    case 'MISSING_CHAR':
    case 'MULTILINE_IMPLICIT_KEY':
    case 'MULTIPLE_ANCHORS':
    case 'MULTIPLE_TAGS':
    case 'NON_STRING_KEY':
    case 'RESOURCE_EXHAUSTION':
    case 'UNEXPECTED_TOKEN':
      problems.add(
        'ZT_FABRIC_YAML_SYNTAX',
        where,
        `this is not YAML: ${firstLine(error.message)}`,
        'check indentation, quotes and brackets here and on the line above',
      )
  }
}

function firstLine(message: string): string {
  const line = message.split('\n', 1)[0] ?? ''
  return line.charAt(0).toLowerCase() + line.slice(1)
}

function refuseAlias(where: { readonly at: Span; readonly path: string }, problems: Problems): void {
  problems.add(
    'ZT_FABRIC_YAML_ALIAS',
    where,
    'anchors, aliases and merge keys are not used in fabric files',
    'write it out, or use ranges such as leaf[1-3]',
  )
}

function refuseTag(where: { readonly at: Span; readonly path: string }, problems: Problems): void {
  problems.add('ZT_FABRIC_YAML_TAG', where, 'tags are not used in fabric files', 'write a plain value')
}

function tooDeep(at: Span, path: string, problems: Problems): void {
  problems.add(
    'ZT_FABRIC_YAML_DEPTH',
    { at, path },
    `the file is nested more than ${MAX_DEPTH} deep`,
    'look for brackets that are not closed',
  )
}

/**
 * Where a text nests too deep to be a file of ours, from its lexemes. The parser's own recursion cannot be relied on to fail in good order:
 * a stack that runs out inside a regular expression ends the process.
 */
export function tooDeepAt(text: string): number | undefined {
  let offset = 0
  let lineStart = 0
  let flowDepth = 0
  for (const lexeme of new Lexer().lex(text)) {
    // Marks of the lexer's own, which are not in the text.
    if (lexeme === '\u0002' || lexeme === '\u0018' || lexeme === '\u001f') continue
    if (lexeme === '[' || lexeme === '{') flowDepth++
    if (lexeme === ']' || lexeme === '}') flowDepth = Math.max(0, flowDepth - 1)
    const indicates = lexeme === '-' || lexeme === '?' || lexeme === ':'
    if (flowDepth > MAX_DEPTH) return offset
    if (flowDepth === 0 && indicates && offset - lineStart > MAX_BLOCK_COLUMN) return offset
    offset += lexeme.length
    const lineBreak = lexeme.lastIndexOf('\n')
    if (lineBreak >= 0) lineStart = offset - (lexeme.length - lineBreak - 1)
  }
  return undefined
}

class TreeReader {
  readonly #source: Source
  readonly #lines: Lines
  readonly #problems: Problems

  constructor(source: Source, lines: Lines, problems: Problems) {
    this.#source = source
    this.#lines = lines
    this.#problems = problems
  }

  /** `holder` is the place of what holds the node, for nodes without a place of their own. */
  read(node: Node | null, path: Path, holder: Span): Tree {
    if (node === null) return { kind: 'scalar', value: null, at: holder }
    const at = this.#spanOf(node) ?? holder
    const where = { at, path: formatPath(path) }
    if (isAlias(node)) {
      refuseAlias(where, this.#problems)
      return { kind: 'scalar', value: null, at }
    }
    if (node.anchor !== undefined) refuseAlias(where, this.#problems)
    if (this.#hasTag(node)) refuseTag(where, this.#problems)
    if (path.length > MAX_DEPTH) {
      tooDeep(at, where.path, this.#problems)
      return { kind: 'scalar', value: null, at }
    }
    if (isMap(node)) return this.#readMap(node.items, path, at)
    if (isSeq(node)) {
      const items = node.items.map((item, i) => this.read(item as Node | null, [...path, i], at))
      return { kind: 'list', items, at }
    }
    return { kind: 'scalar', value: isScalar(node) ? (node.value as Scalar) : null, at }
  }

  #readMap(pairs: readonly { readonly key: unknown; readonly value: unknown }[], path: Path, at: Span): Tree {
    const entries = new Map<string, TreeEntry>()
    for (const pair of pairs) {
      const key = pair.key as Node | null
      const keyAt = (key === null ? undefined : this.#spanOf(key)) ?? at
      const name = this.#keyName(key, keyAt, path)
      const value = this.read(pair.value as Node | null, [...path, name ?? '?'], keyAt)
      if (name === undefined) continue
      const first = entries.get(name)
      if (first === undefined) {
        entries.set(name, { at: keyAt, value })
        continue
      }
      this.#problems.add(
        'ZT_FABRIC_YAML_DUPLICATE_KEY',
        { at: keyAt, path: formatPath([...path, name]) },
        `the key ${name} stands here twice`,
        'keep one of them',
        [{ at: first.at, message: 'the first one' }],
      )
    }
    return { kind: 'map', entries, at }
  }

  #keyName(key: Node | null, at: Span, path: Path): string | undefined {
    const where = { at, path: formatPath(path) }
    if (isAlias(key) || (isScalar(key) && key.value === '<<')) {
      refuseAlias(where, this.#problems)
      return undefined
    }
    if (isScalar(key) && (key.anchor !== undefined || this.#hasTag(key))) {
      if (key.anchor === undefined) refuseTag(where, this.#problems)
      else refuseAlias(where, this.#problems)
      return undefined
    }
    // A key named so would reach into JavaScript's objects; it is no name anyway.
    if (isScalar(key) && typeof key.value === 'string' && key.value !== '__proto__') return key.value
    const shown = isScalar(key) ? String(key.value) : isCollection(key) ? 'a collection' : 'nothing'
    this.#problems.add(
      'ZT_FABRIC_YAML_KEY',
      where,
      `a key must be text, this is ${shown}`,
      'write a name, in quotes if it looks like a number, true, false or null',
    )
    return undefined
  }

  /** A tag was written (the parser also sets `tag` on what it made from a tag alone). */
  #hasTag(node: Node): boolean {
    return 'tag' in node && typeof node.tag === 'string'
  }

  #spanOf(node: Node): Span | undefined {
    if (node.range === null || node.range === undefined) return undefined
    return spanOf(this.#source, this.#lines, node.range[0], node.range[1])
  }
}
