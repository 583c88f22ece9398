/**
 * Changing a YAML text to say something else by replacing stretches of it, so that all the rest stays to the octet: comments,
 * order, quotes, spaces.
 *
 * @module
 */
import { isMap, isScalar, isSeq, parseDocument, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml'
import { isRecord, printEntry, printFile, printFlow, printItem, type Data } from './print.js'

interface Replacement {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** The text, changed to say what `data` says; the text itself when it already does. */
export function spliceYaml(text: string, data: Data): string {
  const { contents } = parseDocument(text, { version: '1.2', schema: 'core' })
  if (!isMap(contents)) return printFile(data)
  const splicer = new Splicer(text)
  splicer.map(contents, data)
  return splicer.result()
}

class Splicer {
  readonly #text: string
  readonly #replacements: Replacement[] = []

  constructor(text: string) {
    this.#text = text
  }

  /** The text with everything replaced, from the end so that places stay right. */
  result(): string {
    return this.#replacements
      .toSorted((a, b) => b.start - a.start || b.end - a.end)
      .reduce(
        (text, { start, end, text: inserted }) => text.slice(0, start) + inserted + text.slice(end),
        this.#text,
      )
  }

  #change(node: Node, value: unknown): void {
    if (isMap(node) && isRecord(value)) this.map(node, value)
    else if (isSeq(node) && Array.isArray(value)) this.#list(node, value)
    else if (!isScalar(node) || node.value !== value)
      this.#replace(startOf(node), this.#endOf(node), printFlow(value))
  }

  #replace(start: number, end: number, text: string): void {
    this.#replacements.push({ start, end, text })
  }

  map(map: YAMLMap, data: Data): void {
    const pairs = map.items as Pair<Node, Node | null>[]
    const present = new Set(pairs.map(keyOf))
    const gone = pairs.filter((pair) => !Object.hasOwn(data, keyOf(pair)))
    const added = Object.entries(data).filter(([key]) => !present.has(key))
    const last = pairs.at(-1)
    if (
      last === undefined ||
      gone.length === pairs.length ||
      (map.flow === true && gone.length + added.length > 0)
    ) {
      if (gone.length + added.length > 0) this.#replace(startOf(map), this.#endOf(map), printFlow(data))
      return
    }
    for (const pair of pairs) {
      const key = keyOf(pair)
      if (!Object.hasOwn(data, key)) this.#removeLines(startOf(pair.key), this.#endOfPair(pair), pairs, pair)
      else if (pair.value === null)
        this.#replace(this.#endOfPair(pair), this.#endOfPair(pair), ` ${printFlow(data[key])}`)
      else this.#change(pair.value, data[key])
    }
    const indent = ' '.repeat(this.#columnOf(startOf(pairs[0]?.key ?? map)))
    this.#append(
      this.#endOfPair(last),
      added.map(([key, value]) => printEntry(key, value, indent)),
    )
  }

  #list(list: YAMLSeq, values: readonly unknown[]): void {
    const items = list.items as Node[]
    const last = items.at(-1)
    if (last === undefined || values.length === 0 || (list.flow === true && values.length !== items.length)) {
      if (values.length !== items.length) this.#replace(startOf(list), this.#endOf(list), printFlow(values))
      return
    }
    for (const [i, item] of items.entries()) {
      if (i < values.length) this.#change(item, values[i])
      else this.#deleteLines(startOf(item), this.#endOf(item))
    }
    const indent = ' '.repeat(this.#columnOf(startOf(list)))
    this.#append(
      this.#endOf(last),
      values.slice(items.length).map((value) => printItem(value, indent)),
    )
  }

  /** Adds lines behind the line in which something ends. */
  #append(end: number, lines: readonly string[]): void {
    if (lines.length === 0) return
    const at = this.#lineEnd(end)
    const lineFeed = this.#text[at - 1] === '\n' ? '' : '\n'
    this.#replace(at, at, lineFeed + lines.map((line) => `${line}\n`).join(''))
  }

  /** A pair that begins behind the dash of a list gives its place to the next. */
  #removeLines(
    start: number,
    end: number,
    pairs: readonly Pair<Node, Node | null>[],
    pair: Pair<Node, Node | null>,
  ): void {
    const next = pairs[pairs.indexOf(pair) + 1]
    const before = this.#text.slice(this.#lineStart(start), start)
    if (before.trim() === '' || next === undefined) this.#deleteLines(start, end)
    else this.#replace(start, startOf(next.key), '')
  }

  #deleteLines(start: number, end: number): void {
    this.#replace(this.#lineStart(start), this.#lineEnd(end), '')
  }

  #lineStart(offset: number): number {
    return this.#text.lastIndexOf('\n', offset - 1) + 1
  }

  /** Behind the line feed of the line in which a stretch that ends here has its last character. */
  #lineEnd(end: number): number {
    const lineFeed = this.#text.indexOf('\n', end)
    return lineFeed < 0 ? this.#text.length : lineFeed + 1
  }

  #columnOf(offset: number): number {
    return offset - this.#lineStart(offset)
  }

  /** Behind the last character of a node; comments that follow are not its own. */
  #endOf(node: Node): number {
    const own = node.range?.[1] ?? 0
    if (isMap(node) && node.flow !== true) {
      const last = node.items.at(-1) as Pair<Node, Node | null> | undefined
      return last === undefined ? own : this.#endOfPair(last)
    }
    if (isSeq(node) && node.flow !== true) {
      const last = node.items.at(-1) as Node | undefined
      return last === undefined ? own : this.#endOf(last)
    }
    // A block scalar's range takes the line feeds behind it.
    return this.#text.slice(0, own).trimEnd().length
  }

  #endOfPair({ key, value }: Pair<Node, Node | null>): number {
    // A value that is left out has a place of its own with some parsers and none with others.
    if (value !== null && (!isScalar(value) || value.source !== '')) return this.#endOf(value)
    return this.#text.indexOf(':', this.#endOf(key)) + 1
  }
}

function startOf(node: Node): number {
  return node.range?.[0] ?? 0
}

function keyOf({ key }: Pair<Node, Node | null>): string {
  return isScalar(key) ? String(key.value) : ''
}
