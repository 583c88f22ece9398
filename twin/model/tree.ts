/**
 * A fabric file as data with places: what YAML says, before anyone asks whether it makes sense.
 *
 * @module
 */
import type { Span } from './source.js'

export type Tree = TreeScalar | TreeList | TreeMap
export type Scalar = string | number | boolean | null

export interface TreeScalar {
  readonly kind: 'scalar'
  readonly value: Scalar
  readonly at: Span
}
export interface TreeList {
  readonly kind: 'list'
  readonly items: Tree[]
  readonly at: Span
}
export interface TreeMap {
  readonly kind: 'map'
  readonly entries: Map<string, TreeEntry>
  readonly at: Span
}
export interface TreeEntry {
  /** Of the key. */
  readonly at: Span
  readonly value: Tree
}

export type Path = readonly (string | number)[]

/** The plain value, as `JSON.parse` would give it. */
export function plain(tree: Tree): unknown {
  switch (tree.kind) {
    case 'scalar':
      return tree.value
    case 'list':
      return tree.items.map(plain)
    case 'map':
      return Object.fromEntries([...tree.entries].map(([key, entry]) => [key, plain(entry.value)]))
  }
}

/** The subtree at a path. */
export function find(tree: Tree, path: Path): Tree | undefined {
  let here: Tree | undefined = tree
  for (const step of path) here = here === undefined ? undefined : child(here, step)
  return here
}

function child(tree: Tree, step: string | number): Tree | undefined {
  if (tree.kind === 'map') return tree.entries.get(String(step))?.value
  if (tree.kind === 'list' && typeof step === 'number') return tree.items[step]
  return undefined
}

/** Place of the key at a path; of the item, in a list; of what holds it, when it is not there. */
export function placeOfKey(tree: Tree, path: Path): Span {
  const last = path.at(-1)
  if (last === undefined) return tree.at
  const parent = find(tree, path.slice(0, -1))
  if (parent?.kind === 'map') {
    const entry = parent.entries.get(String(last))
    if (entry !== undefined) return entry.at
  }
  return placeOfValue(tree, path)
}

/** Place of the value at a path; of what holds it, when it is not there. */
export function placeOfValue(tree: Tree, path: Path): Span {
  for (let length = path.length; length > 0; length--) {
    const prefix = path.slice(0, length)
    const found = find(tree, prefix)
    if (found === undefined) continue
    return length === path.length ? found.at : placeOfKey(tree, prefix)
  }
  return tree.at
}

/** `tenants.shop.hosts.web1`, `links[0].from`. */
export function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`),
    '',
  )
}
