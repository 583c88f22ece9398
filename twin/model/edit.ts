/**
 * Changing a YAML file to say something else, touching only what differs.
 *
 * @module
 */
import {
  isCollection,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  type Document,
  type Node,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { isRecord, printFile, type Data } from './print.js'
import { spliceYaml } from './splice.js'

/**
 * The text, changed to say what `data` says. Comments and order stay; where the layout is too unusual for replacing stretches,
 * spaces and line breaks may not.
 */
export function editYaml(text: string, data: Data): string {
  const spliced = spliceYaml(text, data)
  if (says(spliced, data)) return spliced
  const document = parseDocument(text, { version: '1.2', schema: 'core' })
  if (!isMap(document.contents)) return printFile(data)
  changeMap(document, document.contents, data)
  return document.toString({ lineWidth: 0 })
}

function says(text: string, data: Data): boolean {
  const document = parseDocument(text, { version: '1.2', schema: 'core' })
  return document.errors.length === 0 && isEqual(document.toJS(), data)
}

/** Of plain data; the order of keys does not matter. */
function isEqual(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, i) => isEqual(item, b[i]))
  }
  if (!isRecord(a) || !isRecord(b)) return a === b
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]))
  )
}

function changeMap(document: Document, map: YAMLMap, data: Data): void {
  map.items = map.items.filter((pair) => Object.hasOwn(data, keyOf(pair.key)))
  for (const [key, value] of Object.entries(data)) {
    const pair = map.items.find((candidate) => keyOf(candidate.key) === key)
    if (pair === undefined) map.items.push(document.createPair(key, changed(document, null, value)))
    else pair.value = changed(document, pair.value as Node | null, value)
  }
}

function changeList(document: Document, list: YAMLSeq, values: readonly unknown[]): void {
  const items = list.items as Node[]
  list.items = values.map((value, i) => changed(document, items[i] ?? null, value))
}

/** The node, made to say the value, or a new one in its place. */
function changed(document: Document, node: Node | null, value: unknown): Node {
  if (isMap(node) && isRecord(value)) changeMap(document, node, value)
  else if (isSeq(node) && Array.isArray(value)) changeList(document, node, value)
  else if (isScalar(node) && !isRecord(value) && !Array.isArray(value)) node.value = value
  else {
    const created = document.createNode(value, { aliasDuplicateObjects: false, flow: true }) as Node
    if (isCollection(created)) created.flow = true
    return created
  }
  return node
}

function keyOf(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key)
}
