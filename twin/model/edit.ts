/**
 * Changing a YAML document to say something else, touching only what differs: comments, order and quotes of all the rest
 * stay.
 *
 * @module
 */
import {
  Document,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  visit,
  type Node,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'

const FORMAT = { lineWidth: 0, flowCollectionPadding: true } as const

type Data = Readonly<Record<string, unknown>>

/** Text of a new document. */
export function toYaml(data: Data): string {
  const document = new Document(data, { version: '1.2', schema: 'core', aliasDuplicateObjects: false })
  for (const pair of isMap(document.contents) ? document.contents.items : [])
    flowInside(pair.value as Node | null)
  return document.toString(FORMAT)
}

/** The text, changed to say what `data` says; the text itself when it already does. */
export function editYaml(text: string, data: Data): string {
  const document = parseDocument(text, { version: '1.2', schema: 'core' })
  const { contents } = document
  if (!isMap(contents)) return toYaml(data)
  return new Editor(document).map(contents, data) ? document.toString(FORMAT) : text
}

/** Writes collections of plain values in one line, as people do. */
function flowInside(node: Node | null): void {
  if (node === null) return
  visit(node, {
    Collection: (_, collection) => {
      const parts = isMap(collection) ? collection.items.map((pair) => pair.value) : collection.items
      if (parts.every((part) => isScalar(part) || (isSeq(part) && part.items.every(isScalar)))) {
        collection.flow = true
        return visit.SKIP
      }
      return undefined
    },
  })
}

class Editor {
  readonly #document: Document

  constructor(document: Document) {
    this.#document = document
  }

  /** Makes a map say what `data` says; true when that changed it. */
  map(map: YAMLMap, data: Data): boolean {
    const kept = map.items.filter((pair) => keyOf(pair.key) in data)
    let changed = kept.length < map.items.length
    map.items = kept
    for (const [key, value] of Object.entries(data)) {
      const pair = map.items.find((candidate) => keyOf(candidate.key) === key)
      if (pair === undefined) {
        map.items.push(this.#document.createPair(key, this.#create(value)))
        changed = true
        continue
      }
      const replacement = this.#change(pair.value as Node | null, value)
      if (replacement === 'same') continue
      changed = true
      if (replacement !== 'inside') pair.value = replacement
    }
    return changed
  }

  /** A new node for the value, unless the old one said it already or could be changed to. */
  #change(node: Node | null, value: unknown): Node | 'same' | 'inside' {
    if (isMap(node) && isRecord(value)) return this.map(node, value) ? 'inside' : 'same'
    if (isSeq(node) && Array.isArray(value)) return this.#list(node, value) ? 'inside' : 'same'
    if (isScalar(node) && !isRecord(value) && !Array.isArray(value)) {
      if (node.value === value) return 'same'
      node.value = value
      return 'inside'
    }
    return this.#create(value)
  }

  #list(list: YAMLSeq, values: readonly unknown[]): boolean {
    let changed = list.items.length > values.length
    list.items.length = Math.min(list.items.length, values.length)
    for (const [i, value] of values.entries()) {
      const item = list.items[i] as Node | undefined
      const replacement = item === undefined ? this.#create(value) : this.#change(item, value)
      if (replacement === 'same') continue
      changed = true
      if (replacement !== 'inside') list.items[i] = replacement
    }
    return changed
  }

  #create(value: unknown): Node {
    const node = this.#document.createNode(value, { aliasDuplicateObjects: false }) as Node
    flowInside(node)
    return node
  }
}

function keyOf(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key)
}

function isRecord(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
