/**
 * Shape of a fabric file: the schema of `contract/fabric.ts` against a tree, with places and remedies taken from the
 * schema's own descriptions and examples.
 *
 * @module
 */
import { z } from 'zod'
import { FabricFile } from '../../contract/fabric.js'
import { didYouMean } from './names.js'
import type { Problems } from './problem.js'
import type { Span } from './source.js'
import {
  find,
  formatPath,
  placeOfKey,
  placeOfValue,
  plain,
  type Path,
  type Scalar,
  type Tree,
} from './tree.js'
import { comesLater } from './later.js'

/** A schema node, looked into only by the functions of this file. */
type Schema = z.core.$ZodType
type Issue = z.core.$ZodIssue

export interface Shaped {
  /** What is sound of the file; parts with problems are left out. */
  readonly file: FabricFile
  /** Top-level keys from which something was left out: what refers to them cannot be judged. */
  readonly damaged: ReadonlySet<string>
}

/**
 * Judges a tree. Faulty parts are taken out of the tree, so that all the rest can still be judged.
 *
 * @returns `undefined` when a part is missing without which nothing else makes sense
 */
export function shape(tree: Tree, problems: Problems): Shaped | undefined {
  const damaged = new Set<string>()
  // Each round takes out at least one part; parts uncovered by it are judged in the next.
  for (;;) {
    const parsed = FabricFile.safeParse(plain(tree))
    if (parsed.success) return { file: parsed.data, damaged }
    for (const issue of parsed.error.issues) report(tree, issue, problems)
    const faulty = parsed.error.issues.flatMap(faultyParts)
    // Resolved before anything is taken out, since that moves what follows in a list.
    const cuts = faulty.map((path) => cutAt(tree, path))
    for (const [i, cut] of cuts.entries()) {
      const top = String(faulty[i]?.[0])
      damaged.add(top)
      if (cut !== undefined) cut()
      else if (tree.kind !== 'map' || !(top in standIns)) return undefined
      else
        tree.entries.set(top, {
          at: tree.at,
          value: { kind: 'scalar', value: standIns[top] ?? null, at: tree.at },
        })
    }
  }
}

/** Nothing else depends on these: the rest can be judged without them. */
const standIns: Readonly<Record<string, Scalar>> = { ztos: 1, name: 'unnamed' }

/** What an issue makes unusable. */
function faultyParts(issue: Issue): Path[] {
  const path = pathOf(issue)
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => [...path, key])
  return [path]
}

function pathOf(issue: Issue): Path {
  return issue.path.map((step) => (typeof step === 'number' ? step : String(step)))
}

/** How to take out the smallest part that holds the path and may be absent. */
function cutAt(tree: Tree, path: Path): (() => void) | undefined {
  for (let length = path.length; length > 0; length--) {
    const here = path.slice(0, length)
    const parent = find(tree, here.slice(0, -1))
    const step = here.at(-1)
    const target = find(tree, here)
    if (parent === undefined || step === undefined || target === undefined) continue
    if (length > 1 && isRequired(here)) continue
    if (length === 1 && isRequired(here)) return undefined
    if (parent.kind === 'map') return () => void parent.entries.delete(String(step))
    if (parent.kind === 'list') {
      return () => {
        const at = parent.items.indexOf(target)
        if (at >= 0) parent.items.splice(at, 1)
      }
    }
  }
  return undefined
}

/** A key that its map cannot be without. */
function isRequired(path: Path): boolean {
  const parent = schemaAt(path.slice(0, -1))
  const field = parent instanceof z.ZodObject ? parent.shape[String(path.at(-1))] : undefined
  return field !== undefined && !(field instanceof z.ZodOptional)
}

/** The schema of the value at a path, optional ones unwrapped. */
function schemaAt(path: Path): Schema | undefined {
  let here: Schema | undefined = FabricFile
  for (const step of path) here = here === undefined ? undefined : inside(unwrap(here), step)
  return here === undefined ? undefined : unwrap(here)
}

function unwrap(schema: Schema): Schema {
  return schema instanceof z.ZodOptional ? unwrap(schema.unwrap()) : schema
}

function inside(schema: Schema, step: string | number): Schema | undefined {
  if (schema instanceof z.ZodObject) return schema.shape[String(step)] as Schema | undefined
  if (schema instanceof z.ZodRecord) return schema.valueType
  if (schema instanceof z.ZodArray) return schema.element
  if (schema instanceof z.ZodUnion) {
    const list = schema.options.find((option) => option instanceof z.ZodArray)
    return list === undefined ? undefined : inside(list, step)
  }
  return undefined
}

function report(tree: Tree, issue: Issue, problems: Problems): void {
  const path = pathOf(issue)
  switch (issue.code) {
    case 'unrecognized_keys':
      for (const key of issue.keys) reportUnknownKey(tree, path, key, problems)
      return
    case 'invalid_key':
      reportName(tree, path, problems)
      return
    case 'invalid_union': {
      // Of a value or a list of such values: speak of the item that is wrong, if it is a list.
      const value = find(tree, path)
      const inner = value?.kind === 'list' ? issue.errors.find(isAboutItems) : undefined
      if (inner === undefined) reportValue(tree, path, problems)
      else for (const item of inner) report(tree, { ...item, path: [...issue.path, ...item.path] }, problems)
      return
    }
    case 'invalid_type':
      if (find(tree, path) === undefined) reportMissing(tree, path, problems)
      else reportValue(tree, path, problems)
      return
    case 'invalid_format':
    case 'invalid_value':
    case 'too_big':
    case 'too_small':
    case 'not_multiple_of':
    case 'invalid_element':
    case 'custom':
      reportValue(tree, path, problems)
  }
}

function isAboutItems(issues: readonly Issue[]): boolean {
  return issues.some((issue) => issue.path.length > 0 || issue.code === 'too_small')
}

function reportUnknownKey(tree: Tree, path: Path, key: string, problems: Problems): void {
  const full = [...path, key]
  const where = { at: placeOfKey(tree, full), path: formatPath(full) }
  const later = comesLater(full)
  if (later !== undefined) {
    problems.add('ZT_FABRIC_UNSUPPORTED', where, `${later} not supported yet`, 'leave it out')
    return
  }
  const parent = schemaAt(path)
  const known = parent instanceof z.ZodObject ? Object.keys(parent.shape) : []
  const holder = path.length === 0 ? 'a fabric file' : formatPath(path)
  problems.add(
    'ZT_FABRIC_UNKNOWN_KEY',
    where,
    `${holder} has no key ${key}${didYouMean(key, known)}`,
    `write one of ${known.join(', ')}`,
  )
}

function reportMissing(tree: Tree, path: Path, problems: Problems): void {
  const key = String(path.at(-1))
  const parent = path.slice(0, -1)
  const holder = parent.length === 0 ? 'the file' : formatPath(parent)
  const { description, example } = meaningOf(schemaAt(path))
  problems.add(
    'ZT_FABRIC_MISSING_KEY',
    { at: placeOfKey(tree, parent), path: formatPath(path) },
    `${holder} has no ${key}`,
    `give ${description}, such as ${key}: ${example}`,
  )
}

function reportName(tree: Tree, path: Path, problems: Problems): void {
  const name = String(path.at(-1))
  const parent = schemaAt(path.slice(0, -1))
  const { description, example } = meaningOf(parent instanceof z.ZodRecord ? parent.keyType : undefined)
  problems.add(
    'ZT_FABRIC_NAME',
    { at: placeOfKey(tree, path), path: formatPath(path) },
    `${shorten(JSON.stringify(name))} cannot be a name here`,
    `write ${description}, such as ${example}`,
  )
}

function reportValue(tree: Tree, path: Path, problems: Problems): void {
  const value = find(tree, path)
  const at: Span = placeOfValue(tree, path)
  const where = { at, path: formatPath(path) }
  const schema = schemaAt(path)
  const { description, example } = meaningOf(schema)
  const key = path.length === 0 ? 'the file' : String(path.at(-1))
  const remedy = `write ${description}, such as ${example}`
  const later =
    value?.kind === 'scalar'
      ? comesLater(path, String(value.value))
      : comesLater(path, undefined, value?.kind)
  if (later !== undefined) {
    problems.add('ZT_FABRIC_UNSUPPORTED', where, `${later} not supported yet`, remedy)
    return
  }
  if (value === undefined || !accepts(schema, value)) {
    const what = value === undefined ? 'nothing' : describe(value)
    problems.add('ZT_FABRIC_TYPE', where, `${key} is ${what}`, remedy)
    return
  }
  const known = schema instanceof z.ZodEnum ? schema.options.map(String) : []
  const text = value.kind === 'scalar' ? String(value.value) : ''
  // A key's value in the place of its name must not end up in a log.
  const shown = path.at(-1) === 'key' || value.kind !== 'scalar' ? '' : ` ${shorten(text)}`
  const isName = schema !== undefined && z.globalRegistry.get(schema)?.id === 'Name'
  problems.add(
    isName ? 'ZT_FABRIC_NAME' : 'ZT_FABRIC_VALUE',
    where,
    `${key}${shown} is not what belongs here${didYouMean(text, known)}`,
    known.length > 1 ? `write one of ${known.join(', ')}` : remedy,
  )
}

/** True when the kind of value is right, so that what is wrong is the value. */
function accepts(schema: Schema | undefined, value: Tree): boolean {
  if (schema instanceof z.ZodUnion) return schema.options.some((option) => accepts(option, value))
  if (schema instanceof z.ZodArray) return value.kind === 'list'
  if (schema instanceof z.ZodObject || schema instanceof z.ZodRecord) return value.kind === 'map'
  if (value.kind !== 'scalar') return false
  if (schema instanceof z.ZodString || schema instanceof z.ZodEnum) return typeof value.value === 'string'
  return typeof value.value === 'number'
}

function describe(value: Tree): string {
  switch (value.kind) {
    case 'map':
      return 'a map'
    case 'list':
      return value.items.length === 0 ? 'an empty list' : 'a list'
    case 'scalar':
      if (value.value === null || value.value === '') return 'empty'
      return `${typeof value.value === 'string' ? 'the text' : `the ${typeof value.value}`} ${shorten(String(value.value))}`
  }
}

function meaningOf(schema: Schema | undefined): { readonly description: string; readonly example: string } {
  const meta = schema === undefined ? undefined : z.globalRegistry.get(schema)
  const example: unknown = meta?.examples instanceof Array ? meta.examples[0] : undefined
  return { description: meta?.description ?? 'another value', example: String(example) }
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
